import { statement, type Queries } from '../database/database.ts'
import { keyValues, type MessageKey } from './message-keys.ts'

/*
 * The viewers of a message that not all members see: a row for each of them, and in the membership of each the time of its newest such
 * message.
 */

const ofMessage = `channel_id = $1 and sub_channel_id = $2 and created_at = $3 and sequence = $4`
const insert = statement(`
  insert into private_messages (channel_id, sub_channel_id, created_at, sequence, viewer_id, failed) values ($1, $2, $3, $4, $5, $6)
  on conflict do nothing`)
const fail = statement(`update private_messages set failed = 1 where ${ofMessage} and viewer_id = $5`)
const remove = statement(`delete from private_messages where ${ofMessage} and viewer_id in ($5, $6)`)
const raise = statement(`
  update memberships set last_private_at = $4
  where channel_id = $1 and sub_channel_id = $2 and member_id = $3 and (last_private_at is null or last_private_at < $4)`)
const recompute = statement(`
  update memberships set last_private_at = (
    select max(p.created_at) from private_messages p
    where p.channel_id = $1 and p.sub_channel_id = $2 and p.viewer_id = memberships.member_id and p.failed = 0)
  where channel_id = $1 and sub_channel_id = $2 and member_id in ($3, $4)`)

/** The viewer sees the message, whose time is `at` for its viewers; one that has FAILED is nobody's last message. */
export async function insertViewer(tx: Queries, key: MessageKey, viewerId: number, at: number, hasFailed = false) {
  await tx.run(insert, ...keyValues(key), viewerId, hasFailed ? 1 : 0)
  if (!hasFailed) await tx.run(raise, key.channelId, key.subChannelId, viewerId, at)
}

/** A message that the viewer still sees has FAILED. */
export async function failViewer(tx: Queries, key: MessageKey, viewerId: number) {
  await tx.run(fail, ...keyValues(key), viewerId)
  await tx.run(recompute, key.channelId, key.subChannelId, viewerId, viewerId)
}

/** These two do not see the message any more. */
export async function removeViewers(tx: Queries, key: MessageKey, one: number, other = one) {
  await tx.run(remove, ...keyValues(key), one, other)
  await tx.run(recompute, key.channelId, key.subChannelId, one, other)
}
