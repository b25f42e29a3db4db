import { statement, type Queries } from '../database/database.ts'
import { allRows, countRows, deleteSome, hasRow } from './queries.ts'

/** An entry: something to deliver to another service. */
export interface OutboxEntry {
  readonly id: number
  readonly lane: string
  /** In an ordered lane: entries of one sub-lane are delivered in order. */
  readonly subLane: string | null
  /** What to deliver, as JSON. */
  readonly payload: string
  /** The number of attempts, including the present one; 0 in an ordered lane. */
  readonly attempts: number
  readonly createdAt: number
}

/** The lane of a destination: the kind of delivery, and the destination. */
export const laneOf = (kind: string, destination: string) => `${kind} ${destination}`

/** The name of a lane is the kind of delivery and, after a blank, the destination. Entries of an older Carillon have no destination. */
export function partsOfLane(lane: string): { readonly kind: string; readonly destination: string } {
  const [kind, destination] = lane.split(' ', 2)
  return { kind: kind!, destination: destination ?? '' }
}

/** SQL: the entry `o` does not wait for an earlier one of its sub-lane. In an ordered lane next_at is 0. */
const isFirst = `(o.sub_lane is null or o.next_at = 0 or not exists (
  select 1 from outbox earlier where earlier.lane = o.lane and earlier.sub_lane = o.sub_lane and earlier.id < o.id
    and earlier.next_at > 0 and earlier.sub_lane is not null))`
const insert = statement(
  `insert into outbox (lane, sub_lane, payload, next_at, created_at) values ($1, $2, $3, $4, $5)`,
  `with kept as (
    insert into outbox (lane, sub_lane, payload, next_at, created_at)
    select lane, sub_lane, payload, next_at, created_at
    from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) with ordinality
      as asked (lane, sub_lane, payload, next_at, created_at, whose)
    order by whose)
  select whose from generate_series(1, cardinality($1)) as whose`,
)
/** The lanes, without repetitions: the index is read once for each. */
export const allLanes = `
  with recursive lanes (lane) as (
    select min(lane) from outbox
    union all
    select (select min(lane) from outbox where lane > lanes.lane) from lanes where lanes.lane is not null)`
const selectDueLanes = statement<{ lane: string }>(`${allLanes}
  select lane from lanes where exists (select 1 from outbox o where o.lane = lanes.lane and o.next_at <= $1)`)
const columns = `id, lane, sub_lane as "subLane", payload, attempts, created_at as "createdAt"`
const selectFitting = statement<{ most: number }>(`
  select case when cast($3 as bigint) / max(bytes) < $2 then cast($3 as bigint) / max(bytes) + 1 else cast($2 as bigint) end as most
  from (select octet_length(payload) as bytes from outbox where lane = $1 order by next_at, id limit $2) first`)
const remove = statement(`delete from outbox where id = $1 and attempts = $2`)
/** How many lanes one statement reads, so that PostgreSQL needs few round trips. */
const removedAtOnce = 100
const removeSeveral = statement(
  `delete from outbox where id in (${Array.from({ length: removedAtOnce }, (_, index) => `$${index + 1}`).join(', ')})`,
)
const replace = statement(`update outbox set payload = $3 where id = $1 and attempts = $2`)
const postpone = statement(`update outbox set next_at = $3, leased_by = null where id = $1 and attempts = $2`)
const postponeLater = statement(`
  update outbox set next_at = $4 where id in (
    select id from outbox where lane = $1 and sub_lane = $2 and id > $3 and next_at > 0 and sub_lane is not null) and next_at < $4`)
const firstOf = (column: string) => `(select ${column} from outbox o where o.lane = lanes.lane and ${isFirst} order by next_at, id limit 1)`
const selectLongestDue = statement<{ lane: string; since: number }>(`${allLanes},
  firsts as (select lane, ${firstOf('next_at')} as next_at, ${firstOf('created_at')} as created_at,
    coalesce((select paused_until from outbox_lanes l where l.lane = lanes.lane), 0) as paused_until from lanes where lane is not null),
  dues as (select lane, paused_until, case when next_at = 0 then created_at else next_at end as due_at from firsts),
  waits as (select lane, case when due_at < paused_until then paused_until else due_at end as since from dues)
  select lane, since from waits where since <= $1 order by since limit 20`)

/**
 * Appends an entry, in the transaction of the change that it follows from; after the commit the caller wakes the runner. Only the earliest
 * entry of a sub-lane is delivered at a time. The transaction must have locked the subject of the sub-lane, such as the channel.
 */
export async function appendToOutbox(tx: Queries, lane: string, payload: unknown, now: number, subLane: string | null = null) {
  await tx.run(insert, lane, subLane, JSON.stringify(payload), now, now)
}

/** The number of waiting entries of a sub-lane, counted up to `most`. */
export const waitingInSubLane = countRows<[lane: string, subLane: string, most: number]>(`
  select count(*) as count from (
    select id from outbox where lane = $1 and sub_lane = $2 and next_at > 0 and sub_lane is not null limit $3) waiting`)

/** Appends an entry to an ordered lane. The transaction must have locked the subject of the sub-lane, such as the channel. */
export async function appendInOrder(tx: Queries, lane: string, subLane: string, payload: string, now: number) {
  await tx.run(insert, lane, subLane, payload, 0, now)
}

/** The lanes with due entries. */
export async function dueLanes(db: Queries, now: number): Promise<string[]> {
  return (await db.all(selectDueLanes, now)).map(({ lane }) => lane)
}

export const isOutboxDue = hasRow<[lane: string, now: number]>(`select id from outbox where lane = $1 and next_at <= $2 limit 1`)

/**
 * Leases due entries of a lane for a node until that time, at most `limit`. Of two nodes that want the same rows, the second one waits for
 * the first and then finds that they are no longer due.
 */
export const leaseFromOutbox = allRows<OutboxEntry, [lane: string, now: number, until: number, limit: number, nodeId: string]>(`
  update outbox set next_at = $3, attempts = attempts + 1, leased_by = $5
  where id in (select id from outbox o where lane = $1 and next_at <= $2 and ${isFirst} order by next_at, id limit $4) and next_at <= $2
  returning ${columns}`)

/** The first entries of an ordered lane. */
export const firstInOutbox = allRows<OutboxEntry, [lane: string, limit: number]>(
  `select ${columns} from outbox where lane = $1 order by next_at, id limit $2`,
)

/** How many of the first `limit` entries of an ordered lane have about so many bytes, if all are as long as the longest of them. */
export async function fittingInOutbox(db: Queries, lane: string, limit: number, bytes: number): Promise<number> {
  return (await db.get(selectFitting, lane, limit, bytes))!.most
}

/** False if the lease was over and another node has taken the entry. */
export async function removeFromOutbox(tx: Queries, { id, attempts }: OutboxEntry) {
  return (await tx.run(remove, id, attempts)) === 1
}

/** Removes delivered entries of an ordered lane. */
export async function removeDelivered(tx: Queries, ids: readonly number[]) {
  for (let at = 0; at < ids.length; at += removedAtOnce) {
    const some = ids.slice(at, at + removedAtOnce)
    await tx.run(removeSeveral, ...Array.from({ length: removedAtOnce }, (_, index) => some[index] ?? null))
  }
}

/** Postpones an entry. Later entries of its sub-lane wait at least as long. */
export async function postponeInOutbox(tx: Queries, { id, attempts, lane, subLane }: OutboxEntry, until: number) {
  await tx.run(postpone, id, attempts, until)
  if (subLane !== null) await tx.run(postponeLater, lane, subLane, id, until)
}

/** Removes the first entries of a lane; returns how many. */
export const emptyLane = deleteSome<[lane: string, limit: number]>('outbox', 'id', 'lane = $1 order by next_at, id')

/** The number of entries in each lane, the time of the oldest, and when the first one is due. */
export const outboxFigures = allRows<{ lane: string; entries: number; oldest: number; nextAt: number }>(`
  select lane, count(*) as entries, min(created_at) as oldest, min(next_at) as "nextAt" from outbox group by lane order by lane`)

/**
 * The lanes whose first entry has been due for that long without being delivered, the longest first. The time of a pause that the
 * destination has asked for does not count.
 */
export async function longestDue(db: Queries, now: number, milliseconds: number) {
  const rows = await db.all(selectLongestDue, now - milliseconds)
  return rows.map(({ lane, since }) => ({ lane, milliseconds: now - since }))
}

/** Replaces the payload of an entry by what is left to do; false if the lease was over and another node has taken it. */
export async function replaceInOutbox(tx: Queries, { id, attempts }: OutboxEntry, payload: unknown) {
  return (await tx.run(replace, id, attempts, JSON.stringify(payload))) === 1
}
