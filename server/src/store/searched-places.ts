import { statement, type Queries } from '../database/database.ts'
import { channelArn } from './arns.ts'
import type { NamedPlace } from './places.ts'
import type { RowOf } from './text.ts'

/** A channel or sub-channel whose messages a member may search. */
export interface PlaceOfMember extends NamedPlace {
  /** Whether the member has targeted messages there, sent or received. */
  readonly hasPrivate: boolean
}

interface Row extends RowOf<PlaceOfMember> {
  readonly lastAt: number | null
}

const selectPlaces = statement<Row>(`
  select m.channel_id as "channelId", ${channelArn} as "channelArn", m.sub_channel_id as "subChannelId", sub.external_id as "subChannelName",
    case when sub.id is null then c.last_message_at else sub.last_message_at end as "lastAt",
    case when exists (
      select 1 from private_messages p
      where p.channel_id = m.channel_id and p.sub_channel_id = m.sub_channel_id and p.viewer_id = m.member_id) then 1 else 0 end as "hasPrivate"
  from memberships m
  join channels c on c.id = m.channel_id and c.deleted_at is null
  join app_instances a on a.id = c.app_instance_id
  left join sub_channels sub on sub.id = m.sub_channel_id and sub.deleted_at is null
  where m.member_id = $1 and (m.sub_channel_id = 0 or sub.id is not null)
    and ($2 = 1 or not exists (select 1 from bans b where b.channel_id = m.channel_id and b.identity_id = m.member_id))
  order by m.id desc limit $3`)

/** How many of a member's channels and sub-channels are considered, the most recently joined first. */
const mostMemberships = 1000

/**
 * The places of a member, at most `most`: those with the newest messages among the thousand that it has joined last. `isAll` says whether it
 * has no others.
 */
export async function placesOfMember(
  db: Queries,
  { memberId, isAdmin }: { memberId: number; isAdmin: boolean },
  most: number,
): Promise<{ places: PlaceOfMember[]; isAll: boolean }> {
  const rows = await db.all(selectPlaces, memberId, isAdmin ? 1 : 0, mostMemberships)
  const places = rows
    .toSorted((a, b) => (b.lastAt ?? 0) - (a.lastAt ?? 0))
    .slice(0, most)
    .map(({ channelId, channelArn, subChannelId, subChannelName, hasPrivate }) => ({
      channelId,
      channelArn,
      subChannelId,
      subChannelName: subChannelName ?? undefined,
      hasPrivate: hasPrivate === 1,
    }))
  return { places, isAll: rows.length <= most }
}
