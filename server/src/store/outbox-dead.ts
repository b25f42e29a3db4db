import { statement, type Queries } from '../database/database.ts'
import type { OutboxEntry } from './outbox.ts'
import { pageById, type Cursor } from './page.ts'
import { allRows, changeRow, changeRows } from './queries.ts'
import { storableError } from './text.ts'

/** A dead entry: it was given up, and stays until an operator decides about it. */
export interface DeadEntry extends OutboxEntry {
  readonly diedAt: number
  readonly error: string
}

const bury = statement(`
  insert into outbox_dead (lane, sub_lane, payload, attempts, created_at, died_at, error)
  select lane, sub_lane, payload, attempts, created_at, $2, $3 from outbox where id = $1 and attempts = $4`)
const removeLiving = statement(`delete from outbox where id = $1 and attempts = $2`)
const columns = `id, lane, sub_lane as "subLane", payload, attempts, created_at as "createdAt", died_at as "diedAt", error`
const selectAfter = statement<DeadEntry>(`select ${columns} from outbox_dead where id > $1 order by id limit $2`)
const selectAfterInLane = statement<DeadEntry>(`
  select ${columns} from outbox_dead where id > $1 and lane = $3 order by id limit $2`)
// In an ordered lane entries have next_at 0.
const revive = statement(`
  insert into outbox (lane, sub_lane, payload, next_at, created_at)
  select lane, sub_lane, payload, case when sub_lane is null then cast($2 as bigint) else 0 end, created_at from outbox_dead where id = $1`)
/** SQL: the lane is one of pushes: their kinds begin with push, and no other kind does. */
const isOfPushes = `lane >= 'push' and lane < 'pusi'`

/** Makes an entry dead, with the error of its last attempt. Does nothing if its lease was over and another node has taken it. */
export async function moveToDead(tx: Queries, { id, attempts }: OutboxEntry, now: number, error: string) {
  await tx.run(bury, id, now, storableError(error), attempts)
  await tx.run(removeLiving, id, attempts)
}

/** How many there are in each lane. */
export const deadFigures = allRows<{ lane: string; entries: number }>(
  `select lane, count(*) as entries from outbox_dead group by lane order by lane`,
)

/** Those of a lane, or of all lanes, in the order in which they were given up. */
export async function deadAfter(db: Queries, id: number, limit: number, lane?: string): Promise<DeadEntry[]> {
  return lane === undefined ? db.all(selectAfter, id, limit) : db.all(selectAfterInLane, id, limit, lane)
}

/** Deletes at most `limit` dead pushes: those from before that time, and all but the newest `most`. Returns how many. */
export const deleteDeadPushes = changeRows<[before: number, most: number, limit: number]>(`
  delete from outbox_dead where id in (
    select id from outbox_dead where ${isOfPushes} and (died_at < $1 or id <= (
      select id from outbox_dead where ${isOfPushes} order by id desc limit 1 offset $2)) order by id limit $3)`)

/** A page of them. */
export async function listDead(db: Queries, lane: string | undefined, after: Cursor | undefined, limit: number) {
  const rows = await deadAfter(db, after?.[0] ?? 0, limit + 1, lane)
  return pageById(rows, limit, entry => entry)
}

export const dropDead = changeRow<[id: number]>(`delete from outbox_dead where id = $1`)

/** Moves a dead entry back to the end of its lane; false if there is none of that number. */
export async function reviveDead(tx: Queries, id: number, now: number) {
  await tx.run(revive, id, now)
  return dropDead(tx, id)
}
