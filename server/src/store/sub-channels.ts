import { elasticOf, type Advancing, type Elastic } from './channels.ts'
import { statement, type Queries } from '../database/database.ts'
import { placedMemberships, returned, type PlacedMembership, type PlacedRow } from './memberships.ts'
import { deleteReadPosition, insertReadPosition } from './read-positions.ts'
import { pageById, type Cursor, type Page } from './page.ts'
import { changeRow, firstRow, firstValue } from './queries.ts'
import type { RowOf } from './text.ts'

/** A sub-channel of an elastic channel. */
export interface SubChannel {
  readonly id: number
  /** Its SubChannelId. */
  readonly name: string
  /** The members that the service has placed there, never more than `capacity`. */
  readonly members: number
  readonly moderators: number
  readonly capacity: number
  /** How many members are still to be moved into it, if SCALE_OUT has created it. */
  readonly wanted: number
  /** False while it is being emptied. */
  readonly isOpen: boolean
}

type Row = RowOf<SubChannel>

const columns = `id, external_id as name, member_count as members, moderator_count as moderators, capacity, wanted, is_open as "isOpen"`

const insert = statement<{ id: number }>(`
  insert into sub_channels (channel_id, external_id, capacity, member_count, wanted, created_at)
  values ($1, $2, $3, $4, $5, $6) returning id`)
const raise = statement<{ counted: number }>(`
  update sub_channels set last_message_at = coalesce($2, last_message_at), counted = counted + $3
  where id = $1 and deleted_at is null returning counted`)
const recompute = statement(`
  update sub_channels set last_message_at = (
    select created_at from messages where channel_id = $1 and sub_channel_id = $2 and private = 0
    order by created_at desc, sequence desc limit 1)
  where id = $2`)
const recomputeChannel = statement(`
  update channels set last_message_at = (select max(last_message_at) from sub_channels where channel_id = $1 and deleted_at is null)
  where id = $1`)
const selectAll = statement<Row>(`select ${columns} from sub_channels where channel_id = $1 and deleted_at is null order by id`)
const selectAfter = statement<Row & { deletedAt: number | null }>(`
  select ${columns}, deleted_at as "deletedAt" from sub_channels where channel_id = $1 and id > $2 order by id limit $3`)
const selectElastic = statement<{ elastic: string | null }>(`select elastic from channels where id = $1 and deleted_at is null`)
const selectElasticIds = statement<{ id: number; appInstanceId: number }>(`
  select id, app_instance_id as "appInstanceId" from channels
  where elastic is not null and deleted_at is null and (app_instance_id, id) > ($1, $2)
    and (select a.deleted_at from app_instances a where a.id = app_instance_id) is null
  order by app_instance_id, id limit $3`)

const movable = `select id from memberships where channel_id = $1 and sub_channel_id = $2 and placed = 1 order by id desc limit $3`
const move = statement<PlacedRow>(`
  update memberships set sub_channel_id = $4, updated_at = $5, last_private_at = (
    select max(p.created_at) from private_messages p
    where p.channel_id = $1 and p.sub_channel_id = $4 and p.viewer_id = memberships.member_id and p.failed = 0)
  where id in (${movable}) returning ${returned}`)
const countMoved = statement(`
  update sub_channels set member_count = member_count + $2, wanted = case when wanted < $3 then 0 else wanted - $3 end where id = $1`)
const setOpen = statement(`update sub_channels set is_open = $2 where id = $1`)
const bury = statement(`
  update sub_channels set deleted_at = $2
  where id = $1 and member_count = 0 and moderator_count = 0 and deleted_at is null`)

const others = `from memberships where channel_id = $1 and sub_channel_id = $2 order by id limit $3`
const uncountOthers = statement(`
  update identities set membership_count = membership_count - 1 where id in (select member_id ${others})`)
const removeOthers = statement<PlacedRow>(`delete from memberships where id in (select id ${others}) returning ${returned}`)
const uncountRemoved = statement(`update sub_channels set moderator_count = moderator_count - $2 where id = $1`)
const uncountInChannel = statement(`update channels set member_count = member_count - $2 where id = $1`)

const subChannel = (row: Row): SubChannel => ({ ...row, isOpen: row.isOpen === 1 })

/** Creates a sub-channel with that many members already counted. */
export async function insertSubChannel(
  tx: Queries,
  given: { channelId: number; name: string; capacity: number; members: number; wanted: number; now: number },
): Promise<number> {
  const { channelId, name, capacity, members, wanted, now } = given
  return (await tx.get(insert, channelId, name, capacity, members, wanted, now))!.id
}

/**
 * Counts one more member in the newest sub-channel with room; undefined if all are full. A sub-channel that is being emptied is
 * used only if no other has room, and then it stays. One index look-up, however many members and sub-channels there are.
 */
export const takeSeatIn = firstRow<{ id: number; name: string }, [channelId: number]>(`
  update sub_channels set member_count = member_count + 1, is_open = 1
  where member_count < capacity and id = (
    select id from sub_channels where channel_id = $1 and member_count < capacity and deleted_at is null
    order by is_open desc, id desc limit 1)
  returning id, external_id as name`)

export const giveSeatBack = changeRow<[subChannelId: number]>(`update sub_channels set member_count = member_count - 1 where id = $1`)

/** Counts one more membership of a moderator; false if the sub-channel is gone. */
export const countModeratorIn = changeRow<[subChannelId: number]>(
  `update sub_channels set moderator_count = moderator_count + 1 where id = $1 and deleted_at is null`,
)

export const uncountModeratorIn = changeRow<[subChannelId: number]>(
  `update sub_channels set moderator_count = moderator_count - 1 where id = $1`,
)

/**
 * Moves the LastMessageTimestamp for a message that all members of the sub-channel see. Returns how many have counted as unread so
 * far; undefined if the sub-channel is gone.
 */
export async function raiseSubChannel(tx: Queries, subChannelId: number, at: number, what: Advancing): Promise<number | undefined> {
  const raised = await tx.get(raise, subChannelId, what === 'other' ? null : at, what === 'counted message' ? 1 : 0)
  return raised?.counted
}

/** Moves the LastMessageTimestamp of the sub-channel, and that of its channel, back to the newest remaining message. */
export async function recomputeSubChannel(tx: Queries, channelId: number, subChannelId: number) {
  await tx.run(recompute, channelId, subChannelId)
  await tx.run(recomputeChannel, channelId)
}

/** The SubChannelId, if the sub-channel is not deleted. */
export const nameOfSubChannel = firstValue<string, [id: number]>(
  `select external_id as value from sub_channels where id = $1 and deleted_at is null`,
)

/** All sub-channels of a channel, in the order of creation; there are no more than its maximum. */
export async function subChannelsOf(db: Queries, channelId: number): Promise<SubChannel[]> {
  return (await db.all(selectAll, channelId)).map(subChannel)
}

/** A page of them. */
export async function listSubChannels(db: Queries, channelId: number, after: Cursor | undefined, limit: number): Promise<Page<SubChannel>> {
  const rows = await db.all(selectAfter, channelId, after?.[0] ?? 0, limit + 1)
  return pageById(rows, limit, ({ deletedAt, ...row }) => (deletedAt === null ? subChannel(row) : undefined))
}

/** Undefined if the channel is ordinary or deleted. */
export async function findElastic(db: Queries, channelId: number): Promise<Elastic | undefined> {
  const row = await db.get(selectElastic, channelId)
  return elasticOf(row?.elastic)
}

/** The elastic channels of all app instances that exist, in portions. */
export async function elasticChannelsAfter(db: Queries, after: { appInstanceId: number; id: number }, limit: number) {
  return db.all(selectElasticIds, after.appInstanceId, after.id, limit)
}

/**
 * Moves the newest members, at most `count`, and their counts; the memberships keep their rows. Returns who was moved. The channel
 * must be locked, and the other sub-channel must have room.
 */
export async function moveMembers(
  tx: Queries,
  given: { channelId: number; from: number; to: number; count: number; now: number },
): Promise<PlacedMembership[]> {
  const { channelId, from, to, count, now } = given
  const moved = await tx.all(move, channelId, from, count, to, now)
  for (const { memberId } of moved) {
    await deleteReadPosition(tx, { memberId, channelId, subChannelId: from })
    await insertReadPosition(tx, { memberId, channelId, subChannelId: to })
  }
  await tx.run(countMoved, from, -moved.length, 0)
  await tx.run(countMoved, to, moved.length, moved.length)
  return placedMemberships(moved)
}

/** Marks that no more members are to be moved into it. */
export const settleSubChannel = changeRow<[id: number]>(`update sub_channels set wanted = 0 where id = $1`)

/** Sets whether it takes members; with false it is to be emptied. */
export async function setSubChannelOpen(tx: Queries, id: number, isOpen: boolean) {
  await tx.run(setOpen, id, isOpen ? 1 : 0)
}

/** Ends at most `limit` memberships of a sub-channel in which only moderators are left, and decrements the counts; returns them. */
export async function removeModeratorsOf(tx: Queries, channelId: number, id: number, limit: number): Promise<PlacedMembership[]> {
  await tx.run(uncountOthers, channelId, id, limit)
  const removed = await tx.all(removeOthers, channelId, id, limit)
  for (const { memberId } of removed) await deleteReadPosition(tx, { memberId, channelId, subChannelId: id })
  await tx.run(uncountRemoved, id, removed.length)
  await tx.run(uncountInChannel, channelId, removed.length)
  return placedMemberships(removed)
}

/** Makes an empty sub-channel and its messages unreachable; the purge removes them. */
export async function burySubChannel(tx: Queries, channelId: number, id: number, now: number) {
  await tx.run(bury, id, now)
  await tx.run(recomputeChannel, channelId)
}
