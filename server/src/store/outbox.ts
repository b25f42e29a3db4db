import { statement, type Queries } from '../database/database.ts'

/** Something that has to leave the house: what is to be done, and how often it has been tried, this time included. */
export interface OutboxEntry {
  readonly id: number
  readonly kind: string
  readonly payload: unknown
  readonly attempts: number
}

interface Row {
  id: number
  kind: string
  payload: string
  attempts: number
}

const insert = statement(`insert into outbox (kind, payload, next_at, created_at) values ($1, $2, $3, $3)`)
const selectDue = statement<{ id: number }>(`select id from outbox where next_at <= $1 order by next_at, id limit 1`)
// Of two nodes that want the same rows, the second one waits for the first and then finds that they are no longer due.
const lease = statement<Row>(`
  update outbox set next_at = $2, attempts = attempts + 1
  where id in (select id from outbox where next_at <= $1 order by next_at, id limit $3) and next_at <= $1
  returning id, kind, payload, attempts`)
const remove = statement(`delete from outbox where id = $1 and attempts = $2`)
const postpone = statement(`update outbox set next_at = $3 where id = $1 and attempts = $2`)
const selectWaiting = statement<{ kind: string; entries: number; oldest: number; nextAt: number }>(`
  select kind, count(*) as entries, min(created_at) as oldest, min(next_at) as "nextAt" from outbox group by kind`)
const selectLongestDue = statement<{ kind: string; nextAt: number }>(`
  select kind, next_at as "nextAt" from outbox where next_at <= $1 order by next_at, id limit 1`)

/** Written in the transaction of the change that it follows from. After the commit the runner is woken. */
export async function appendToOutbox(tx: Queries, kind: string, payload: unknown, now: number) {
  await tx.run(insert, kind, JSON.stringify(payload), now)
}

export async function isOutboxDue(db: Queries, now: number) {
  return (await db.get(selectDue, now)) !== undefined
}

/** Takes what is due, at most `limit` entries: until then they are nobody else's. */
export async function leaseFromOutbox(tx: Queries, now: number, until: number, limit: number): Promise<OutboxEntry[]> {
  const rows = await tx.all(lease, now, until, limit)
  return rows.map(row => ({ ...row, payload: JSON.parse(row.payload) as unknown }))
}

/** False where the lease was over and somebody else has taken the entry. */
export async function removeFromOutbox(tx: Queries, { id, attempts }: OutboxEntry) {
  return (await tx.run(remove, id, attempts)) === 1
}

export async function postponeInOutbox(tx: Queries, { id, attempts }: OutboxEntry, until: number) {
  await tx.run(postpone, id, attempts, until)
}

/** How much waits of each kind, since when, and when the first entry of it is due. */
export async function outboxFigures(db: Queries) {
  return db.all(selectWaiting)
}

/** The entry that has been due for the longest time without being leased; undefined where none is due. */
export async function longestDue(db: Queries, now: number): Promise<{ kind: string; milliseconds: number } | undefined> {
  const row = await db.get(selectLongestDue, now)
  return row && { kind: row.kind, milliseconds: now - row.nextAt }
}
