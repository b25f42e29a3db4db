import { randomUUID } from 'node:crypto'
import { statement, type Database, type Queries } from '../database/database.ts'
import { forgetSearched } from './search-changes.ts'

/*
 * An index belongs to a generation, which is a setting of the database. With another generation the index is built anew: after the search
 * was off, and if an operator asks for it.
 */

const begin = statement(`
  insert into settings (name, value) values ('search generation', $1)
  on conflict (name) do update set value = excluded.value where settings.value = 'off'`)
const renew = statement(`
  insert into settings (name, value) values ('search generation', $1) on conflict (name) do update set value = excluded.value`)
const end = statement(`update settings set value = 'off' where name = 'search generation' and value <> 'off'`)
const selectEnds = statement<{ first: number | null; last: number | null }>(`
  select (select min(id) from search_changes) as first, (select max(id) from search_changes) as last`)
const selectGeneration = statement<{ value: string }>(`select value from settings where name = 'search generation'`)

/** Whether changes are noted for the index, as the server that was started last has said. */
export async function isSearchOn(db: Queries): Promise<boolean> {
  return ((await db.get(selectGeneration))?.value ?? 'off') !== 'off'
}

/** From here on changes are noted for the index; it is built anew unless they have been all the time. */
export async function beginSearch(db: Database) {
  await db.transaction(tx => tx.run(begin, randomUUID()))
}

/** Has the index built anew. */
export async function renewSearch(db: Database) {
  await db.transaction(tx => tx.run(renew, randomUUID()))
}

/** From here on changes are not noted, and none is left. */
export async function endSearch(db: Database) {
  if (await isSearchOn(db)) await db.transaction(tx => tx.run(end))
  await forgetUpTo(db, Number.MAX_SAFE_INTEGER)
}

/** How many changes a transaction forgets. */
const step = 1000

async function forgetUpTo(db: Database, last: number) {
  while ((await db.transaction(tx => forgetSearched(tx, last, step))) === step);
}

/**
 * Where more changes wait than that, nothing has indexed them for long: they are forgotten, and the index is built anew once something
 * indexes again. True if that is so.
 */
export async function boundChanges(db: Database, most: number): Promise<boolean> {
  const { first, last } = (await db.get(selectEnds))!
  if (first === null || last === null || last - first < most) return false
  // First: an index that was built of fewer changes must not go on.
  await renewSearch(db)
  await forgetUpTo(db, last)
  return true
}
