import { randomUUID } from 'node:crypto'
import { statement, type Database, type Queries } from '../database/database.ts'
import { deleteSearched } from './search-changes.ts'
import { findValue, putValue } from './shared-values.ts'

/*
 * An index belongs to a generation, which is a shared value in the database. An index of another generation is rebuilt: after the search
 * was off, and if an operator requests it.
 */

const name = 'search generation'

const begin = statement(`
  insert into settings (name, value) values ('search generation', $1)
  on conflict (name) do update set value = excluded.value where settings.value = 'off'`)
const end = statement(`update settings set value = 'off' where name = 'search generation' and value <> 'off'`)
const selectEnds = statement<{ first: number | null; last: number | null }>(`
  select (select min(id) from search_changes) as first, (select max(id) from search_changes) as last`)

/** Whether changes are noted for the index, as set by the server that was started last. */
export async function isSearchOn(db: Queries): Promise<boolean> {
  return ((await findValue(db, name)) ?? 'off') !== 'off'
}

/** From now on changes are noted for the index. It is rebuilt unless they have been noted all the time. */
export async function beginSearch(db: Database) {
  await db.transaction(tx => tx.run(begin, randomUUID()))
}

/** Makes the server rebuild the index. */
export async function renewSearch(db: Database) {
  await db.transaction(tx => putValue(tx, name, randomUUID()))
}

/** Stops noting changes, and deletes those that are noted. */
export async function endSearch(db: Database) {
  if (await isSearchOn(db)) await db.transaction(tx => tx.run(end))
  await deleteUpTo(db, Number.MAX_SAFE_INTEGER)
}

/** How many changes one transaction deletes. */
const step = 1000

async function deleteUpTo(db: Database, last: number) {
  while ((await db.transaction(tx => deleteSearched(tx, last, step))) === step);
}

/**
 * If more changes wait than that, nothing has indexed them for long: they are deleted, and the index is rebuilt once indexing works again.
 * Returns whether that is so.
 */
export async function boundChanges(db: Database, most: number): Promise<boolean> {
  const { first, last } = (await db.get(selectEnds))!
  if (first === null || last === null || last - first < most) return false
  // Before the deletion, since an index must not continue without the deleted changes.
  await renewSearch(db)
  await deleteUpTo(db, last)
  return true
}
