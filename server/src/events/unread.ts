import { parseArn } from '../arn.ts'
import type { ShownMessage } from '../present/messages.ts'
import type { Transaction } from '../database/database.ts'
import { findIdentity } from '../store/identities.ts'
import { sequenceOf } from '../store/message-ids.ts'
import { mentionsIn } from '../store/messages.ts'
import { advanceReadPosition, arrivalOf, clearMentionsOf, correctFor, insertReadPositions, mention } from '../store/read-positions.ts'
import type { EventOf } from './events.ts'
import type { Follower } from './follower.ts'

const countsAsUnread = ({ type, persistence }: ShownMessage) => type === 'STANDARD' && persistence === 'PERSISTENT'

/** The ids of the users and bots that the message mentions, its sender excepted. */
async function mentionedIn(tx: Transaction, { attributes, sender }: ShownMessage): Promise<ReadonlySet<number>> {
  const ids = new Set<number>()
  for (const text of new Set(mentionsIn(attributes))) {
    const arn = parseArn(text)
    const found = arn && (arn.kind === 'user' || arn.kind === 'bot') ? await findIdentity(tx, arn) : undefined
    if (found && found.id !== sender.id) ids.add(found.id)
  }
  return ids
}

/** A new member has read all earlier messages. One statement serves all members who join a channel or sub-channel together. */
export const joinedToUnread: Follower<EventOf<'MembersJoined'>> = async (tx, { memberships }) => {
  const places = Map.groupBy(memberships, ({ subChannelId, type }) => `${subChannelId} ${type}`)
  for (const joined of places.values()) await insertReadPositions(tx, joined[0]!, joined.length)
}

/** The sender of a message has read all earlier messages. */
export const sentToUnread: Follower<EventOf<'MessageSent' | 'MessageHeld'>> = async (tx, { moment, message, place }) => {
  if (!moment || !countsAsUnread(message) || sequenceOf(message.messageId) !== moment.sequence) return
  const { channelId, subChannelId } = place
  await advanceReadPosition(tx, { memberId: message.sender.id, channelId, subChannelId }, moment)
}

/**
 * Writes corrections for the viewers for whom a message counts differently: its sender after a flow, its target, and users that it
 * mentions.
 */
export const messageToUnread: Follower<EventOf<'MessageSent'>> = async (tx, { moment, message, place }) => {
  if (!moment || !countsAsUnread(message)) return
  const { messageId, sender, target, createdAt } = message
  const sequence = sequenceOf(messageId) ?? moment.sequence
  const arrival = { ...place, arrival: moment.sequence, at: createdAt.getTime(), sequence }
  const mentioned = await mentionedIn(tx, message)
  if (target) {
    if (target.id !== sender.id) await correctFor(tx, target.id, arrival, { unread: 1, mentions: mentioned.has(target.id) ? 1 : 0 })
    return
  }
  if (sequence !== moment.sequence) await correctFor(tx, sender.id, arrival, { unread: -1, mentions: 0 })
  for (const id of mentioned) await mention(tx, id, arrival)
}

/** An edit may change which users a message mentions. */
export const editToUnread: Follower<EventOf<'MessageEdited'>> = async (tx, { message, place }) => {
  if (!countsAsUnread(message)) return
  const arrival = await arrivalOf(tx, place, message.messageId)
  if (!arrival) return
  await clearMentionsOf(tx, arrival)
  for (const id of await mentionedIn(tx, message)) {
    if (!message.target || message.target.id === id) await mention(tx, id, arrival)
  }
}
