import { randomBytes, randomUUID } from 'node:crypto'
import { statement, type Database } from '../database/database.ts'
import { isOutage } from '../database/outage.ts'
import { livingNodes } from './nodes.ts'
import { changeRow, firstValue } from './queries.ts'

const insertValue = statement(`insert into settings (name, value) values ($1, $2) on conflict (name) do nothing`)

const busName = 'bus-name'
const busDatabase = 'bus-database'

export const findValue = firstValue<string, [name: string]>(`select value from settings where name = $1`)

export const putValue = changeRow<[name: string, value: string]>(`
  insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`)

/** A value that is created once and shared by all nodes: the first node that offers one wins. */
async function sharedValue(db: Database, name: string, make: () => string): Promise<string> {
  return db.transaction(async tx => {
    await tx.run(insertValue, name, make())
    return (await findValue(tx, name))!
  })
}

/** A key of 32 bytes that all nodes share, created at the first start. */
export const sharedKey = async (db: Database, name: string) =>
  Buffer.from(await sharedValue(db, name, () => randomBytes(32).toString('hex')), 'hex')

const changeOtherValue = changeRow<[name: string, value: string]>('update settings set value = $2 where name = $1 and value <> $2')

/** Identifies a database of a PostgreSQL and its standbys. */
const databaseIdentity = firstValue<string>(`
  select concat(system_identifier, ' ', (select oid from pg_database where datname = current_database())) as value
  from pg_control_system()`)

/**
 * The name that nodes of this database have in common on NATS. A restored copy has the name of the original in its rows: it gets a new
 * one, since its nodes would otherwise exchange events with those of the original. While nodes are alive the name stays: an upgrade of
 * PostgreSQL, or a switch to another one, changes the identity under nodes that continue with their name.
 */
export async function busNameOf(db: Database): Promise<string> {
  const identity = await databaseIdentity(db).catch((error: unknown) => {
    if (isOutage(error)) throw error
    // The role may not read it, or a service like PostgreSQL does not have it.
    return undefined
  })
  return db.transaction(async tx => {
    if (identity !== undefined) {
      // A copy of a database of a version that did not store the identity has the name of the original too.
      const isFirst = (await tx.run(insertValue, busDatabase, identity)) === 1
      const mayChange = (await livingNodes(tx)).length === 0
      // The row is locked until the commit: nodes that start at once get the same new name.
      if (mayChange && (isFirst || (await changeOtherValue(tx, busDatabase, identity)))) await putValue(tx, busName, randomUUID())
    }
    await tx.run(insertValue, busName, randomUUID())
    return (await findValue(tx, busName))!
  })
}

const removeValue = statement(`delete from settings where name = $1`)

/**
 * Whether the database answers and accepts writes. Only a write proves that: a full disk can still be read. The write leaves no row, and no
 * other node waits for it.
 */
export async function isAnswering(db: Database): Promise<boolean> {
  const name = `health ${randomUUID()}`
  try {
    return await db.transaction(async tx => {
      await tx.run(insertValue, name, '')
      return (await tx.run(removeValue, name)) === 1
    })
  } catch {
    return false
  }
}
