import { randomUUID } from 'node:crypto'
import { statement, type Database, type Queries } from '../database/database.ts'

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
const forgetChanges = statement(`delete from search_changes`)
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

/** From here on changes are not noted. */
export async function endSearch(db: Database) {
  if (!(await isSearchOn(db))) return
  await db.transaction(async tx => {
    await tx.run(end)
    await tx.run(forgetChanges)
  })
}
