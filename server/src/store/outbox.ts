import { statement, type Queries } from '../database/database.ts'

/** Something that has to leave the house. */
export interface OutboxEntry {
  readonly id: number
  readonly lane: string
  /** In a lane that keeps an order: what is in order with it. */
  readonly subLane: string | null
  /** What is to be done, as JSON. */
  readonly payload: string
  /** How often it has been tried, this time included; 0 in a lane that keeps an order. */
  readonly attempts: number
}

/** The lane of a destination: what is done there, and to whom. */
export const laneOf = (kind: string, destination: string) => `${kind} ${destination}`

/** A lane is named by what is done and, after a blank, by the destination; entries of an older Carillon name none. */
export function partsOfLane(lane: string): { readonly kind: string; readonly destination: string } {
  const [kind, destination] = lane.split(' ', 2)
  return { kind: kind!, destination: destination ?? '' }
}

/** SQL: the entry `o` need not wait for an earlier one of its sub-lane. In a lane that keeps an order next_at is 0. */
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
/** Each lane once, by one look into the index for each. */
const allLanes = `
  with recursive lanes (lane) as (
    select min(lane) from outbox
    union all
    select (select min(lane) from outbox where lane > lanes.lane) from lanes where lanes.lane is not null)`
const selectDueLanes = statement<{ lane: string }>(`${allLanes}
  select lane from lanes where exists (select 1 from outbox o where o.lane = lanes.lane and o.next_at <= $1)`)
const selectDue = statement<{ id: number }>(`select id from outbox where lane = $1 and next_at <= $2 limit 1`)
const columns = `id, lane, sub_lane as "subLane", payload, attempts`
// Of two nodes that want the same rows, the second one waits for the first and then finds that they are no longer due.
const lease = statement<OutboxEntry>(`
  update outbox set next_at = $3, attempts = attempts + 1
  where id in (select id from outbox o where lane = $1 and next_at <= $2 and ${isFirst} order by next_at, id limit $4) and next_at <= $2
  returning ${columns}`)
const countInSubLane = statement<{ count: number }>(`
  select count(*) as count from (
    select id from outbox where lane = $1 and sub_lane = $2 and next_at > 0 and sub_lane is not null limit $3) waiting`)
const selectFirst = statement<OutboxEntry>(`select ${columns} from outbox where lane = $1 order by next_at, id limit $2`)
const remove = statement(`delete from outbox where id = $1 and attempts = $2`)
/** So many at once, so that PostgreSQL needs few round trips. */
const removedAtOnce = 100
const removeSeveral = statement(
  `delete from outbox where id in (${Array.from({ length: removedAtOnce }, (_, index) => `$${index + 1}`).join(', ')})`,
)
const replace = statement(`update outbox set payload = $3 where id = $1 and attempts = $2`)
const postpone = statement(`update outbox set next_at = $3 where id = $1 and attempts = $2`)
const postponeLater = statement(`
  update outbox set next_at = $4 where id in (
    select id from outbox where lane = $1 and sub_lane = $2 and id > $3 and next_at > 0 and sub_lane is not null) and next_at < $4`)
const selectFigures = statement<{ lane: string; entries: number; oldest: number; nextAt: number }>(`
  select lane, count(*) as entries, min(created_at) as oldest, min(next_at) as "nextAt" from outbox group by lane order by lane`)
const firstOf = (column: string) => `(select ${column} from outbox o where o.lane = lanes.lane and ${isFirst} order by next_at, id limit 1)`
const selectLongestDue = statement<{ lane: string; since: number }>(`${allLanes},
  firsts as (select lane, ${firstOf('next_at')} as next_at, ${firstOf('created_at')} as created_at from lanes where lane is not null)
  select lane, case when next_at = 0 then created_at else next_at end as since from firsts
  where case when next_at = 0 then created_at else next_at end <= $1
  order by since limit 20`)
const removeLane = statement(`
  delete from outbox where id in (select id from outbox where lane = $1 order by next_at, id limit $2)`)

/**
 * Written in the transaction of the change that it follows from. After the commit the runner is woken. Of a sub-lane one entry at a time
 * is delivered, the earliest; who writes it holds what the sub-lane is about locked.
 */
export async function appendToOutbox(tx: Queries, lane: string, payload: unknown, now: number, subLane: string | null = null) {
  await tx.run(insert, lane, subLane, JSON.stringify(payload), now, now)
}

/** How many entries of a sub-lane wait, counted up to `most`. */
export async function waitingInSubLane(tx: Queries, lane: string, subLane: string, most: number) {
  return (await tx.get(countInSubLane, lane, subLane, most))!.count
}

/** The same in a lane that keeps the order of each sub-lane; who writes it holds what the sub-lane is about locked. */
export async function appendInOrder(tx: Queries, lane: string, subLane: string, payload: string, now: number) {
  await tx.run(insert, lane, subLane, payload, 0, now)
}

/** The lanes in which something is due. */
export async function dueLanes(db: Queries, now: number): Promise<string[]> {
  return (await db.all(selectDueLanes, now)).map(({ lane }) => lane)
}

export async function isOutboxDue(db: Queries, lane: string, now: number) {
  return (await db.get(selectDue, lane, now)) !== undefined
}

/** Takes what is due in a lane, at most `limit` entries: until then they are nobody else's. */
export async function leaseFromOutbox(tx: Queries, lane: string, now: number, until: number, limit: number): Promise<OutboxEntry[]> {
  return tx.all(lease, lane, now, until, limit)
}

/** The first entries of a lane that keeps an order. */
export async function firstInOutbox(db: Queries, lane: string, limit: number): Promise<OutboxEntry[]> {
  return db.all(selectFirst, lane, limit)
}

/** False where the lease was over and somebody else has taken the entry. */
export async function removeFromOutbox(tx: Queries, { id, attempts }: OutboxEntry) {
  return (await tx.run(remove, id, attempts)) === 1
}

/** Removes what a lane that keeps an order has delivered. */
export async function removeDelivered(tx: Queries, entries: readonly OutboxEntry[]) {
  for (let at = 0; at < entries.length; at += removedAtOnce) {
    const some = entries.slice(at, at + removedAtOnce)
    await tx.run(removeSeveral, ...Array.from({ length: removedAtOnce }, (_, index) => some[index]?.id ?? null))
  }
}

/** What waits for the entry in its sub-lane waits at least as long. */
export async function postponeInOutbox(tx: Queries, { id, attempts, lane, subLane }: OutboxEntry, until: number) {
  await tx.run(postpone, id, attempts, until)
  if (subLane !== null) await tx.run(postponeLater, lane, subLane, id, until)
}

/** Removes the first entries of a lane, whatever they are; how many there were. */
export async function emptyLane(tx: Queries, lane: string, limit: number): Promise<number> {
  return tx.run(removeLane, lane, limit)
}

/** How much waits in each lane, since when, and when the first entry of it is due. */
export async function outboxFigures(db: Queries) {
  return db.all(selectFigures)
}

/** The lanes whose first entry has been due for so long without being delivered, the longest first. */
export async function longestDue(db: Queries, now: number, milliseconds: number) {
  const rows = await db.all(selectLongestDue, now - milliseconds)
  return rows.map(({ lane, since }) => ({ lane, milliseconds: now - since }))
}

/** Replaces what is left to do of an entry; false where the lease was over and somebody else has taken it. */
export async function replaceInOutbox(tx: Queries, { id, attempts }: OutboxEntry, payload: unknown) {
  return (await tx.run(replace, id, attempts, JSON.stringify(payload))) === 1
}
