import { setImmediate as turn } from 'node:timers/promises'
import { badRequest } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { Database, Queries, Transaction } from '../database/database.ts'
import { lockChannel } from '../store/channels.ts'
import type { CalledChannel } from '../store/facts.ts'
import type { Identity } from '../store/identities.ts'
import { markNewestRead, markRead, markReadAt, memberCount, messagesBehind, type Marked } from '../store/read-markers.ts'
import { unreadIn, type Unread } from '../store/unread.ts'
import type { ActingInChannel } from './acting.ts'
import { checkOrdinary } from './sub-channels.ts'

/** Sets the actor's read marker to the present. */
export async function moveReadMarker(tx: Transaction, { channel, actor, now }: ActingInChannel) {
  checkOrdinary(channel, 'Read markers')
  await emitMoved(tx, channel, actor, await markRead(tx, channel.id, actor.id, now()), { unread: 0, mentions: 0 })
}

/**
 * Sets the actor's read marker in an ordinary channel to a message, forward or back, and returns its time; undefined if the actor is not a
 * member any more. Retention hides messages before the time `hiddenBefore`.
 */
export async function putReadMarker(db: Database, { channel, actor }: ActingInChannel, messageId: string, hiddenBefore: number) {
  const behind = await messagesBehind(db, channel.id, actor.id, messageId, turn)
  return db.transaction(tx => put(tx, { channel, actor }, messageId, { behind, hiddenBefore }))
}

async function put(
  tx: Transaction,
  { channel, actor }: Pick<ActingInChannel, 'channel' | 'actor'>,
  messageId: string,
  { behind, hiddenBefore }: { behind: Awaited<ReturnType<typeof messagesBehind>>; hiddenBefore: number },
) {
  if (!(await lockChannel(tx, channel.id))) return undefined
  const marked = await markReadAt(tx, channel.id, actor.id, messageId, behind)
  if (!marked) return undefined
  const left = await unreadIn(tx, channel.id, actor.id, hiddenBefore)
  // The time of the last message is that of its release. Otherwise Amazon's list would show the channel as unread.
  const isAllRead = marked.isReleased && left.unread === 0
  const moved = isAllRead ? await markNewestRead(tx, channel.id, actor.id) : marked
  await emitMoved(tx, channel, actor, moved, left)
  return moved?.readAt
}

/**
 * Emits that the actor has read. In channels whose read markers can be listed, all members get the event, unless the actor is a HIDDEN
 * member.
 */
async function emitMoved(
  tx: Transaction,
  { id: channelId, arn: channelArn }: CalledChannel,
  member: Identity,
  marked: Marked | undefined,
  left: Unread,
) {
  if (!marked) return
  const isForAll = marked.type === 'DEFAULT' && marked.members <= listedMembersAtMost
  await emit(tx, { kind: 'ReadMarkerMoved', channelId, channelArn, member, readAt: marked.readAt, isForAll, left })
}

/** The read markers of larger channels cannot be listed. */
const listedMembersAtMost = 100

/** Throws for an elastic channel and for one with more members: their read markers cannot be listed. */
export async function checkListed(db: Queries, channel: CalledChannel) {
  checkOrdinary(channel, 'Read markers')
  const members = await memberCount(db, channel.id)
  if (members <= listedMembersAtMost) return
  // Not how many: members who are not moderators would learn how many HIDDEN ones there are.
  throw badRequest(
    `Read markers can be listed in channels of up to ${listedMembersAtMost} members`,
    `${channel.arn} has more. HIDDEN members count as well.`,
  )
}
