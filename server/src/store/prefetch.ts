import { statement, type Queries } from '../database/database.ts'
import { channelColumns, summaryOf, type ChannelRow, type ChannelSummary } from './channel-summary.ts'

/** The order in which channels are chosen for a prefetch (docs/service/sessions.md#prefetch). */
export type PrefetchOrder = 'unread' | 'last-message-timestamp'

/** A channel of a member; in an elastic channel one of its sub-channels, whose last message the summary then has. */
export interface PrefetchedChannel {
  readonly channel: ChannelSummary
  readonly channelId: number
  readonly subChannelId: number
  /** Its SubChannelId. */
  readonly subChannelName: string | undefined
  readonly readAt: Date | undefined
}

interface Row extends ChannelRow {
  subChannelId: number
  subChannelName: string | null
  lastAt: number | null
  readAt: number | null
}

const isUnread = 'case when last_at is not null and (read_at is null or last_at > read_at) then 0 else 1 end'
const newest = 'last_at desc nulls last, id'

/**
 * One index range of the member's rows with one key look-up each, whatever their number; further columns are read for the chosen
 * rows only.
 */
const best = (order: string) =>
  statement<Row>(`
    with places as (
      select m.id, m.channel_id, m.sub_channel_id, m.read_at, m.last_private_at, case when m.sub_channel_id = 0 then c.last_message_at
        else (select s.last_message_at from sub_channels s where s.id = m.sub_channel_id) end as public_at
      from memberships m join channels c on c.id = m.channel_id
      where m.member_id = $1 and c.deleted_at is null),
    rated as (
      select places.*, case
        when public_at is null or last_private_at > public_at then last_private_at else public_at end as last_at
      from places)
    select chosen.sub_channel_id as "subChannelId", s.external_id as "subChannelName",
      ${channelColumns}, chosen.last_at as "lastAt", chosen.read_at as "readAt"
    from (select * from rated order by ${order} limit $2) chosen
    join channels c on c.id = chosen.channel_id
    join app_instances a on a.id = c.app_instance_id
    left join sub_channels s on s.id = chosen.sub_channel_id`)
const selectBest: Readonly<Record<PrefetchOrder, ReturnType<typeof best>>> = {
  unread: best(`${isUnread}, ${newest}`),
  'last-message-timestamp': best(newest),
}

/** The channels of a member that come first in that order. */
export async function channelsToPrefetch(
  db: Queries,
  { memberId, order }: { memberId: number; order: PrefetchOrder },
  limit: number,
): Promise<PrefetchedChannel[]> {
  const rows = await db.all(selectBest[order], memberId, limit)
  return rows.map(row => ({
    channel: summaryOf(row, row.lastAt),
    channelId: row.id,
    subChannelId: row.subChannelId,
    subChannelName: row.subChannelName ?? undefined,
    readAt: row.readAt === null ? undefined : new Date(row.readAt),
  }))
}
