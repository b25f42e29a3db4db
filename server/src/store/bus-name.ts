import { randomUUID } from 'node:crypto'
import type { Database, Queries } from '../database/database.ts'
import { isOutage } from '../database/outage.ts'
import { changeRow, firstValue } from './queries.ts'
import { findValue, putValue, sharedValue } from './shared-values.ts'

/*
 * The name that the nodes of a database have in common on NATS, and the database that it belongs to. For PostgreSQL only. A restored copy has
 * the rows of the original: its nodes need another name, since they would otherwise exchange events with those of the original.
 */

const busName = 'bus-name'
const busDatabase = 'bus-database'

const putOther = changeRow<[name: string, value: string]>(`
  insert into settings (name, value) values ($1, $2)
  on conflict (name) do update set value = excluded.value where settings.value <> excluded.value`)

/** Identifies a database of a PostgreSQL and its standbys. */
const selectIdentity = firstValue<string>(`
  select concat(system_identifier, ' ', (select oid from pg_database where datname = current_database())) as value
  from pg_control_system()`)

/** What identifies the database that this is; undefined if PostgreSQL does not say so. */
export async function databaseIdentity(db: Database): Promise<string | undefined> {
  return selectIdentity(db).catch((error: unknown) => {
    if (isOutage(error)) throw error
    // The role may not read it, or a service like PostgreSQL does not have it.
    return undefined
  })
}

export const storedBusName = async (db: Queries) => findValue(db, busName)

/** Whether the stored name belongs to another database. A version that did not store the identity left a name that belongs to none. */
export async function isOfOtherDatabase(db: Queries, identity: string | undefined): Promise<boolean> {
  return identity !== undefined && (await storedBusName(db)) !== undefined && (await findValue(db, busDatabase)) !== identity
}

/**
 * The name of this database, made if there is none. If the stored one belongs to another database, it is replaced, or else kept, and belongs
 * to this database from now on. Of nodes that start at once the first decides, since it locks the row of the identity.
 */
export async function settledBusName(db: Database, identity: string | undefined, keepsOther: boolean): Promise<string> {
  return db.transaction(async tx => {
    const isNew = identity !== undefined && (await putOther(tx, busDatabase, identity))
    if (isNew && !keepsOther) await putValue(tx, busName, randomUUID())
    return sharedValue(tx, busName, randomUUID())
  })
}
