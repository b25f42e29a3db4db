import type { Queries } from '../database/database.ts'
import {
  importCorrections,
  importPins,
  importReactions,
  importReplies,
  type NewCorrection,
  type NewPin,
  type NewReaction,
  type NewReply,
} from '../store/moving/imported-beside-messages.ts'
import { importMemberships, type NewMembershipOfImport } from '../store/moving/imported-channels.ts'
import { importMessages, raiseChannels, type NewMessageOfImport } from '../store/moving/imported-messages.ts'

/** The rows of each kind to insert together, collected while the lines are of one type. */
export interface Together {
  readonly membership: NewMembershipOfImport[]
  readonly message: NewMessageOfImport[]
  readonly reply: NewReply[]
  readonly reaction: NewReaction[]
  readonly pin: NewPin[]
  readonly unreadCorrection: NewCorrection[]
}

export const noRows = (): Together => ({ membership: [], message: [], reply: [], reaction: [], pin: [], unreadCorrection: [] })

const twice: { readonly [Type in keyof Together]: string } = {
  membership: 'The membership',
  message: 'A message in this place of the channel',
  reply: 'The reply',
  reaction: 'The reaction',
  pin: 'The pin',
  unreadCorrection: 'The correction',
}

/** Inserts the rows. If one of them existed already, returns its name, with which a sentence can begin; otherwise undefined. */
export async function insertTogether(tx: Queries, rows: Together): Promise<string | undefined> {
  const inserted = {
    membership: await importMemberships(tx, rows.membership),
    message: await importMessages(tx, rows.message, Date.now()),
    reply: await importReplies(tx, rows.reply),
    reaction: await importReactions(tx, rows.reaction),
    pin: await importPins(tx, rows.pin),
    unreadCorrection: await importCorrections(tx, rows.unreadCorrection),
  }
  await raiseChannels(tx, usedBy(rows))
  return (Object.keys(twice) as (keyof Together)[]).filter(type => inserted[type] !== rows[type].length).map(type => twice[type])[0]
}

/** The numbers of channels that rows have: a running server may have used some since the channel was read. */
const usedBy = ({ membership, reaction, pin }: Together) => [
  ...membership.map(({ channelId, position }) => ({ channelId, sequence: position?.arrival ?? 0, at: position?.at ?? 0 })),
  ...[...reaction, ...pin].map(({ channelId, sequence }) => ({ channelId, sequence, at: 0 })),
]
