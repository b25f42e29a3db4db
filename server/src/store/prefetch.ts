import { statement, type Queries } from '../database/database.ts'
import { channelColumns, summaryOf, type ChannelRow, type ChannelSummary } from './channel-summary.ts'
import type { Place } from './places.ts'
import type { RowOf } from './text.ts'

/** The order in which channels are chosen for a prefetch (docs/service/sessions.md#prefetch). */
export type PrefetchOrder = 'unread' | 'last-message-timestamp'

/** The version of what all members see of a channel: the channel's number, and a number that rises when names of users and bots change. */
export interface ChannelVersion {
  readonly sequence: number
  readonly identities: number
}

/** A channel of a member; in an elastic channel one of its sub-channels. */
export interface PrefetchedChannel extends ChannelVersion, Place {
  /** The read marker, in epoch milliseconds. */
  readonly readAt: number | undefined
  /** Whether there are messages that the member sees and not all members see. */
  readonly hasPrivate: boolean
}

const isUnread = 'case when r.last_at is not null and (r.read_at is null or r.last_at > r.read_at) then 0 else 1 end'
const newest = 'r.last_at desc nulls last, r.id'

/**
 * One index range of the member's rows with one key look-up each, whatever their number; further columns are read for the chosen
 * rows only.
 */
const best = (order: string) =>
  statement<RowOf<PrefetchedChannel>>(`
    with places as (
      select m.id, m.channel_id, m.sub_channel_id, m.read_at, m.last_private_at, case when m.sub_channel_id = 0 then c.last_message_at
        else (select s.last_message_at from sub_channels s where s.id = m.sub_channel_id) end as public_at
      from memberships m join channels c on c.id = m.channel_id
      where m.member_id = $1 and c.deleted_at is null),
    rated as (
      select places.*, case
        when public_at is null or last_private_at > public_at then last_private_at else public_at end as last_at
      from places)
    select r.channel_id as "channelId", r.sub_channel_id as "subChannelId", r.read_at as "readAt",
      case when exists (select 1 from private_messages p where p.channel_id = r.channel_id
        and p.sub_channel_id = r.sub_channel_id and p.viewer_id = $1) then 1 else 0 end as "hasPrivate",
      c.sequence, a.identities_version as identities
    from (select * from rated r order by ${order} limit $2) r
    join channels c on c.id = r.channel_id
    join app_instances a on a.id = c.app_instance_id
    order by ${order}`)
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
  return rows.map(row => ({ ...row, readAt: row.readAt ?? undefined, hasPrivate: row.hasPrivate === 1 }))
}

interface ShownRow extends ChannelRow, ChannelVersion {
  readonly subChannelName: string | null
  readonly publicAt: number | null
  readonly privateAt: number | null
}

/** An id that no user has: such a viewer sees what all members see. */
export const nobody = 0

const selectShown = statement<ShownRow>(`
  select ${channelColumns}, s.external_id as "subChannelName",
    case when s.id is null then c.last_message_at else s.last_message_at end as "publicAt",
    (select m.last_private_at from memberships m where m.channel_id = c.id and m.member_id = $3 and m.sub_channel_id = $2) as "privateAt",
    c.sequence, a.identities_version as identities
  from channels c
  join app_instances a on a.id = c.app_instance_id
  left join sub_channels s on s.id = $2
  where c.id = $1 and c.deleted_at is null`)

/** A channel with its version; in an elastic channel the sub-channel's last message and SubChannelId. */
export interface ShownChannel {
  readonly channel: ChannelSummary
  readonly subChannelName: string | undefined
  readonly version: ChannelVersion
}

/** The channel as that member sees it, or `nobody`. Undefined if it is deleted. */
export async function channelToShow(
  db: Queries,
  { channelId, subChannelId, viewerId }: Place & { viewerId: number },
): Promise<ShownChannel | undefined> {
  const row = await db.get(selectShown, channelId, subChannelId, viewerId)
  return (
    row && {
      channel: summaryOf(row, row.publicAt, row.privateAt),
      subChannelName: row.subChannelName ?? undefined,
      version: { sequence: row.sequence, identities: row.identities },
    }
  )
}
