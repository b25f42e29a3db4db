import { statement, type Queries } from '../database/database.ts'
import { identityArn } from './arns.ts'
import type { Place } from './places.ts'
import { subChannelsOf } from './sub-channels.ts'
import { json, parsedIfGiven, type RowOf } from './text.ts'
import { changeRow } from './queries.ts'

export type PresenceStatus = 'AVAILABLE' | 'BUSY' | 'AWAY' | 'DO_NOT_DISTURB' | 'INVISIBLE'

/** The stored part of a user's presence. */
export interface StoredPresence {
  readonly arn: string
  readonly status: PresenceStatus | undefined
  readonly statusText: string | undefined
  /** When the user was last seen. While it is online, and for a minute afterwards, this is out of date. */
  readonly lastSeenAt: number | undefined
  /** Whether others see it: not that of a deleted or INVISIBLE user, nor where the app instance has switched presence off. */
  readonly isShown: boolean
}

interface Row extends RowOf<Omit<StoredPresence, 'isShown'>> {
  readonly isLiving: number
}

const selectOne = statement<Row>(`
  select ${identityArn('i')} as arn, p.status, p.status_text as "statusText", p.last_seen_at as "lastSeenAt",
    case when i.deleted_at is null and a.deleted_at is null and a.presence_off = 0 then 1 else 0 end as "isLiving"
  from identities i
  join app_instances a on a.id = i.app_instance_id
  left join presences p on p.identity_id = i.id
  where i.id = $1 and i.kind = 'user'`)
const upsertStatus = statement(`
  insert into presences (identity_id, status, status_text) values ($1, $2, $3)
  on conflict (identity_id) do update set status = excluded.status, status_text = excluded.status_text`)
const selectMembers = statement<{ id: number; memberId: number }>(`
  select m.id, m.member_id as "memberId" from memberships m
  where m.channel_id = $1 and m.sub_channel_id = $2 and m.type = 'DEFAULT' and m.id > $3 order by m.id limit $4`)

const selectVersion = statement<{ members: number; newest: number | null }>(`
  select c.member_count as members, (
    select max((select max(m.id) from memberships m where m.channel_id = $1 and m.sub_channel_id = p.id and m.type = t.type))
    from (select 0 as id union all select s.id from sub_channels s where s.channel_id = $1) p
    cross join (select 'DEFAULT' as type union all select 'HIDDEN') t) as newest
  from channels c where c.id = $1`)

/** Another user is looked up in this many of the oldest channels of a user, and in as many of the newest. */
const mostLookedUp = 500
const common = (one: string, other: string, order: 'asc' | 'desc') => `exists (
  select 1 from (
    select x.channel_id from memberships x where x.member_id = ${one} and x.type = 'DEFAULT' and x.sub_channel_id = 0
    order by x.id ${order} limit ${mostLookedUp}) theirs
  join memberships m on m.channel_id = theirs.channel_id and m.member_id = ${other} and m.sub_channel_id = 0 and m.type = 'DEFAULT'
  join channels c on c.id = m.channel_id and c.deleted_at is null)`
const selectCommon = statement<{ shares: number }>(`
  select case when ${common('$1', '$2', 'asc')} or ${common('$2', '$1', 'asc')}
    or ${common('$1', '$2', 'desc')} or ${common('$2', '$1', 'desc')} then 1 else 0 end as shares`)

/** Undefined for a bot, or a user that is purged. */
export async function presenceOf(db: Queries, userId: number): Promise<StoredPresence | undefined> {
  const row = await db.get(selectOne, userId)
  return (
    row && {
      arn: row.arn,
      status: row.status ?? undefined,
      statusText: parsedIfGiven(row.statusText),
      lastSeenAt: row.lastSeenAt ?? undefined,
      isShown: row.isLiving === 1 && row.status !== 'INVISIBLE',
    }
  )
}

export async function putStatus(tx: Queries, userId: number, status: PresenceStatus, statusText: string | undefined) {
  await tx.run(upsertStatus, userId, status, statusText === undefined ? null : json(statusText))
}

/** The user was seen then, or later. */
export const putSeen = changeRow<[userId: number, at: number]>(`
  insert into presences (identity_id, last_seen_at) select id, $2 from identities where id = $1 and deleted_at is null
  on conflict (identity_id) do update set last_seen_at = excluded.last_seen_at
  where presences.last_seen_at is null or presences.last_seen_at < excluded.last_seen_at`)

/**
 * Whether both are DEFAULT members of an ordinary channel. If both are in more than a thousand, a channel counts that is among the oldest or
 * the newest 500 of one of them: the channels of everybody, and those of the present work.
 */
export async function shareChannel(db: Queries, one: number, other: number): Promise<boolean> {
  return (await db.get(selectCommon, one, other))?.shares === 1
}

/** A page of the DEFAULT members of a channel or sub-channel, by their memberships. */
export const defaultMembers = async (db: Queries, place: Place, after: number, limit: number) =>
  db.all(selectMembers, place.channelId, place.subChannelId, after, limit)

/**
 * A text that is another one once a membership of the channel has begun or ended: how many there are, and the newest one. A new membership
 * has a higher id than all before.
 */
export async function versionOfMembers(db: Queries, channelId: number): Promise<string> {
  const { members, newest } = (await db.get(selectVersion, channelId)) ?? {}
  return `${members} ${newest}`
}

/** The sub-channels in which a channel has members; 0 for an ordinary channel. */
export async function placesOfMembers(db: Queries, channelId: number): Promise<readonly number[]> {
  return [0, ...(await subChannelsOf(db, channelId)).map(({ id }) => id)]
}
