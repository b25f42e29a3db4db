import { statement, type Queries } from '../database/database.ts'
import { lockChannel } from './channels.ts'
import type { Place } from './places.ts'

/*
 * Messages that were redacted or deleted are rows of viewer 0 in unread_corrections. A row can go once the ordinals of all messages and read
 * positions before it have been raised by one: then the difference of ordinals no longer has that message in it
 * (docs/decisions/0018-unread-counts.md).
 */

const gone = `channel_id = $1 and sub_channel_id = $2 and viewer_id = 0`
const selectPlace = statement<Place>(`
  select channel_id as "channelId", sub_channel_id as "subChannelId" from unread_corrections
  where (channel_id, sub_channel_id) > ($1, $2) order by channel_id, sub_channel_id limit 1`)
const selectEnd = statement<{ arrival: number }>(`select arrival from unread_corrections where ${gone} order by arrival limit 1 offset $3`)
/** The newest of the messages that are gone and were sent before that time. */
const selectNewest = statement<{ sequence: number }>(`
  select sequence from unread_corrections where ${gone} and created_at < $3 order by created_at desc, sequence desc limit 1`)
/** Times and sequences of messages rise together. */
const selectBefore = statement<{ count: number; at: number | null }>(`
  select count(*) as count, max(created_at) as at from (
    select created_at, sequence from messages where channel_id = $1 and sub_channel_id = $2 and private = $3
    order by created_at, sequence limit $4) first
  where sequence <= $5`)

/**
 * SQL: of rows with two columns of a key and an arrival, how many messages that are gone have arrived after each, up to $3. They are counted
 * in one pass over both.
 */
const goneAfter = (rows: string) => `
  select k0, k1, gone from (
    select k0, k1, is_gone, sum(is_gone) over (order by arrival desc, is_gone rows between unbounded preceding and current row) as gone
    from (
      select 0 as k0, 0 as k1, arrival, 1 as is_gone from unread_corrections where ${gone} and arrival <= $3
      union all
      ${rows}) placed) counted
  where is_gone = 0 and gone > 0`
const raiseMessages = statement(`
  update messages set ordinal = messages.ordinal + found.gone from (
    ${goneAfter(`
      select created_at, sequence, coalesce(released, sequence), 0 from messages
      where channel_id = $1 and sub_channel_id = $2 and private = $4 and created_at <= $5`)}) found
  where messages.channel_id = $1 and messages.sub_channel_id = $2 and messages.private = $4
    and messages.created_at = found.k0 and messages.sequence = found.k1`)
/**
 * Own messages of a position that was set back are in own_after, also if they are gone. A read marker may move a position without a lock on
 * the channel. PostgreSQL then compares the new row with what was found for the old one, so the arrival has to be the same.
 */
const raisePositions = statement(`
  update read_positions set ordinal = read_positions.ordinal + found.gone - case when own_after = 0 then 0 else (
      select count(*) from unread_corrections u where u.channel_id = $1 and u.sub_channel_id = $2 and u.viewer_id = 0
        and u.arrival > read_positions.arrival and u.arrival <= $3 and u.sender_id = read_positions.member_id) end
  from (
    ${goneAfter(`
      select p.member_id, p.arrival, p.arrival, 0 from memberships m
      join read_positions p on p.member_id = m.member_id and p.channel_id = m.channel_id and p.sub_channel_id = m.sub_channel_id
      where m.channel_id = $1 and m.sub_channel_id = $2 and p.arrival < $3`)}) found
  where read_positions.member_id = found.k0 and read_positions.arrival = found.k1
    and read_positions.channel_id = $1 and read_positions.sub_channel_id = $2`)
const deleteGone = statement(`delete from unread_corrections where ${gone} and arrival <= $3`)

/** The first place with corrections after another one, in the order of ids. */
export async function nextCorrected(db: Queries, { channelId, subChannelId }: Place): Promise<Place | undefined> {
  return db.get(selectPlace, channelId, subChannelId)
}

/** Whether at least so many messages of the place are in its corrections because they are gone. */
export async function hasGone(db: Queries, { channelId, subChannelId }: Place, rows: number): Promise<boolean> {
  return (await db.get(selectEnd, channelId, subChannelId, rows - 1)) !== undefined
}

/**
 * Removes the oldest `rows` messages that are gone from the corrections of a place, and raises the ordinals before them. Returns how many it
 * has removed: none if there are fewer, if the channel is deleted, or if more than `mostMessages` messages are older. Also none
 * unless the newest message that is gone and was sent before the time `before`, in milliseconds, was sent no earlier than the last of these
 * arrived: a read marker that has read the channel earlier must be stored by now.
 */
export async function settleCorrections(
  tx: Queries,
  { channelId, subChannelId }: Place,
  { rows, mostMessages, before }: { rows: number; mostMessages: number; before: number },
): Promise<number> {
  const place = [channelId, subChannelId] as const
  if (!(await lockChannel(tx, channelId))) return 0
  const end = await tx.get(selectEnd, ...place, rows - 1)
  if (!end) return 0
  const newest = await tx.get(selectNewest, ...place, before)
  if (!newest || newest.sequence < end.arrival) return 0
  const older = []
  for (const isPrivate of [0, 1]) {
    const { count, at } = (await tx.get(selectBefore, ...place, isPrivate, mostMessages + 1, end.arrival))!
    if (count > mostMessages) return 0
    if (at !== null) older.push({ isPrivate, at })
  }
  for (const { isPrivate, at } of older) await tx.run(raiseMessages, ...place, end.arrival, isPrivate, at)
  await tx.run(raisePositions, ...place, end.arrival)
  return tx.run(deleteGone, ...place, end.arrival)
}
