import { statement, type Queries } from '../database/database.ts'
import { firstRow } from './queries.ts'

/* What the bus compares its numbers with. Lists of numbers are JSON, for PostgreSQL only: SQLite has one node. */

const list = (parameter: string) => `select value::bigint from json_array_elements_text(${parameter}::json)`

const selectReached = statement<{ id: number; sequence: number; at: number }>(`
  select id, sequence, last_event_at as at from channels where id in (${list('$1')})`)
const selectLiving = statement<{ id: number }>(`
  select i.id from identities i join app_instances a on a.id = i.app_instance_id and a.deleted_at is null
  where i.deleted_at is null and i.id in (${list('$1')})`)
const selectNew = statement<{ id: number; userId: number; channelId: number; subChannelId: number; createdAt: number }>(`
  select m.id, m.member_id as "userId", m.channel_id as "channelId", m.sub_channel_id as "subChannelId", m.created_at as "createdAt"
  from memberships m where m.member_id in (${list('$1')}) and m.id > $2 order by m.id limit $3`)
const selectNewest = statement<{ id: number | null }>(`select max(id) as id from memberships`)

/** How far channels are: their last numbers, and times before which there is no later event. Purged ones are left out. */
export async function reachedChannels(db: Queries, channelIds: readonly number[]) {
  const rows = await db.all(selectReached, JSON.stringify(channelIds))
  return new Map(rows.map(({ id, sequence, at }) => [id, { sequence, at }]))
}

/** The last number and time of one channel, on either database; undefined if it is purged. */
export const reachedChannel = firstRow<{ sequence: number; at: number }, [channelId: number]>(
  `select sequence, last_event_at as at from channels where id = $1`,
)

/** Which of the users are deleted, or have a deleted app instance. */
export async function goneUsers(db: Queries, userIds: readonly number[]): Promise<number[]> {
  const living = new Set((await db.all(selectLiving, JSON.stringify(userIds))).map(({ id }) => id))
  return userIds.filter(id => !living.has(id))
}

/** Memberships of these users with an id above that one. */
export async function newMemberships(db: Queries, userIds: readonly number[], after: number, limit: number) {
  return db.all(selectNew, JSON.stringify(userIds), after, limit)
}

/** The greatest id of a membership. */
export async function newestMembership(db: Queries): Promise<number> {
  return (await db.get(selectNewest))?.id ?? 0
}
