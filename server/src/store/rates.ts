import { statement, type Database } from '../database/database.ts'
import { statementTime } from './clock.ts'
import { changeRows } from './queries.ts'

/** The longest time for which a bucket refills: it bounds the effect of a clock of the database that goes back. */
const longestRefilling = 60_000

/**
 * Buckets are locked in one order. Inserts the clock plus the spent time, or adds the spent time to the time for which the bucket still
 * refills.
 */
const insertSpent = statement<{ key: string; milliseconds: number }>(`
  insert into rate_buckets as bucket (key, full_at)
  select key, ${statementTime} + spent from json_to_recordset($1::json) as spending (key text, spent bigint) order by key
  on conflict (key) do update
  set full_at = least(excluded.full_at + greatest(bucket.full_at - ${statementTime}, 0), ${statementTime} + ${longestRefilling})
  returning key, full_at - ${statementTime} as milliseconds`)

/** Adds what a node has spent to the shared buckets, and resolves to how long each of them refills. PostgreSQL only. */
export async function addSpent(db: Database, spent: ReadonlyMap<string, number>) {
  const rows = [...spent].map(([key, milliseconds]) => ({ key: key.toWellFormed(), spent: Math.round(milliseconds) }))
  return db.all(insertSpent, JSON.stringify(rows))
}

/** Removes buckets that are full again. */
export const removeFullBuckets = changeRows(`delete from rate_buckets where full_at < ${statementTime}`)
