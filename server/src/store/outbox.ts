import { statement, type Queries } from '../database/database.ts'

/** A call to another service that is due: its payload, and the number of attempts, this one included. */
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
// Of two nodes that want the same rows, the second waits for the first and then finds that they are no longer due.
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

/** Appends an entry, in the transaction of the change that causes it. The caller wakes the runner after the commit. */
export async function appendToOutbox(tx: Queries, kind: string, payload: unknown, now: number) {
  await tx.run(insert, kind, JSON.stringify(payload), now)
}

export async function isOutboxDue(db: Queries, now: number) {
  return (await db.get(selectDue, now)) !== undefined
}

/** Leases at most `limit` due entries until then: no other node takes them. */
export async function leaseFromOutbox(tx: Queries, now: number, until: number, limit: number): Promise<OutboxEntry[]> {
  const rows = await tx.all(lease, now, until, limit)
  return rows.map(row => ({ ...row, payload: JSON.parse(row.payload) as unknown }))
}

/** False if the lease has expired and another node has taken the entry. */
export async function removeFromOutbox(tx: Queries, { id, attempts }: OutboxEntry) {
  return (await tx.run(remove, id, attempts)) === 1
}

export async function postponeInOutbox(tx: Queries, { id, attempts }: OutboxEntry, until: number) {
  await tx.run(postpone, id, attempts, until)
}

/** The number of entries of each kind, the time of the oldest, and when the first is due. */
export async function outboxFigures(db: Queries) {
  return db.all(selectWaiting)
}

/** The entry that has been due longest without being leased; undefined if none is due. */
export async function longestDue(db: Queries, now: number): Promise<{ kind: string; milliseconds: number } | undefined> {
  const row = await db.get(selectLongestDue, now)
  return row && { kind: row.kind, milliseconds: now - row.nextAt }
}
