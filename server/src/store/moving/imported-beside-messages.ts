import { statement, type Queries } from '../../database/database.ts'
import { keyColumns, keyValues, primaryKeyOf, type MessageKey } from '../message-keys.ts'
import { json } from '../text.ts'
import { insertRows, insertsOf } from './insert-rows.ts'

/*
 * Imports what other tables have about messages: replies, reactions, pins, and corrections of unread counts. Each row names a message that
 * is stored already.
 */

const keys = keyColumns.split(', ')

const selectMessage = statement<{ arrival: number; private: number }>(`
  select coalesce(released, sequence) as arrival, private from messages
  where channel_id = $1 and sub_channel_id = $2 and private in (0, 1) and created_at = $3 and sequence = $4 and nonce = $5 and status is null`)
const replyInserts = insertsOf([...keys, 'root_at', 'root_sequence'], 'thread_messages')
const reactionInserts = insertsOf([...keys, 'identity_id', 'reaction', 'sequence'], 'reactions')
const pinInserts = insertsOf([...keys, 'pinned_by', 'pinned_at', 'sequence'], 'pins')
const correctionInserts = insertsOf(
  ['channel_id', 'sub_channel_id', 'viewer_id', 'arrival', 'created_at', 'sequence', 'unread', 'mentions'],
  'unread_corrections',
)
const countReaction = statement(`
  insert into reaction_counts (${keyColumns}, reaction, count, sequence) values ($1, $2, $3, $4, $5, $6, $7)
  on conflict (${keyColumns}, reaction) do update set count = reaction_counts.count + excluded.count`)

export interface ImportedMessage {
  /** The number of the channel with which it became visible. */
  readonly arrival: number
  /** Whether all members see it. */
  readonly isForAll: boolean
}

/** Undefined if there is no such message. */
export async function importedMessage(tx: Queries, key: MessageKey): Promise<ImportedMessage | undefined> {
  const row = await tx.get(selectMessage, ...primaryKeyOf(key))
  return row && { arrival: row.arrival, isForAll: row.private === 0 }
}

export interface NewReply extends MessageKey {
  readonly rootAt: number
  readonly rootSequence: number
}

/** Returns how many were new, like the functions below. `finishImport` counts the replies of each thread. */
export async function importReplies(tx: Queries, given: readonly NewReply[]): Promise<number> {
  const rows = given.map(each => [...keyValues(each), each.rootAt, each.rootSequence])
  return insertRows(tx, replyInserts, rows)
}

export interface NewReaction extends MessageKey {
  readonly identityId: number
  readonly reaction: string
  /** The numbers of the channel at which the user, and the first of all users, added it. */
  readonly sequence: number
  readonly firstSequence: number
}

export async function importReactions(tx: Queries, given: readonly NewReaction[]): Promise<number> {
  const counts = new Map<string, { readonly of: NewReaction; count: number }>()
  for (const each of given) {
    const name = `${keyValues(each).join(' ')} ${each.reaction}`
    const counted = counts.get(name)
    if (counted) counted.count++
    else counts.set(name, { of: each, count: 1 })
  }
  for (const { of, count } of counts.values()) await tx.run(countReaction, ...keyValues(of), json(of.reaction), count, of.firstSequence)
  const rows = given.map(each => [...keyValues(each), each.identityId, json(each.reaction), each.sequence])
  return insertRows(tx, reactionInserts, rows)
}

export interface NewPin extends MessageKey {
  readonly pinnedBy: number
  readonly pinnedAt: number
  readonly sequence: number
}

export async function importPins(tx: Queries, given: readonly NewPin[]): Promise<number> {
  const rows = given.map(each => [...keyValues(each), each.pinnedBy, each.pinnedAt, each.sequence])
  return insertRows(tx, pinInserts, rows)
}

export interface NewCorrection extends MessageKey {
  readonly viewerId: number
  readonly arrival: number
  readonly unread: number
  readonly mentions: number
}

export async function importCorrections(tx: Queries, given: readonly NewCorrection[]): Promise<number> {
  const rows = given.map(each => {
    const [channelId, subChannelId, at, sequence] = primaryKeyOf(each)
    return [channelId, subChannelId, each.viewerId, each.arrival, at, sequence, each.unread, each.mentions]
  })
  return insertRows(tx, correctionInserts, rows)
}
