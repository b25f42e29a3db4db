import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import type { Database, Hearing } from './database.ts'
import { migratePostgres, migrateSqlite } from './migrate.ts'
import { SqliteDatabase } from './sqlite.ts'

/** The absolute path of the data folder, which is made where it is missing. */
export async function dataFolder(data: string): Promise<string> {
  const folder = resolve(data)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Error(`The data folder ${folder} cannot be made: ${String(error)}.`, { cause: error })
  }
  return folder
}

const embedded = (folder: string) => join(folder, 'carillon.db')

const nothing = () => {}

/** The database of the configuration, with its schema up to date. */
export async function openDatabase({ databaseUrl, data }: Config, { log, ...hearing }: Hearing & { log: Log }): Promise<Database> {
  if (databaseUrl !== undefined) {
    // Loaded only where it is used.
    const { PostgresDatabase } = await import('./postgres.ts')
    return PostgresDatabase.open(databaseUrl, {
      prepare: client => migratePostgres(client, 'The PostgreSQL database'),
      tell: hearing.tell,
      onError: error => log.warn({ err: error }, 'A connection to PostgreSQL has broken'),
      connections: 12,
    })
  }
  if (data === ':memory:')
    return SqliteDatabase.open(data, { prepare: database => migrateSqlite(database, 'The database in memory'), ...hearing })
  const file = embedded(await dataFolder(data))
  return SqliteDatabase.open(file, { prepare: database => migrateSqlite(database, file), ...hearing })
}

/** The database as it stands, to look at what is in it: nothing is made or migrated. Undefined where there is none yet. */
export async function openAsItStands({ databaseUrl, data }: Config): Promise<Database | undefined> {
  if (databaseUrl !== undefined) {
    const { PostgresDatabase } = await import('./postgres.ts')
    return PostgresDatabase.open(databaseUrl, { prepare: async () => {}, tell: nothing, onError: nothing, connections: 1 })
  }
  const file = embedded(resolve(data))
  if (data === ':memory:' || !existsSync(file)) return undefined
  return SqliteDatabase.open(file, { prepare: nothing, tell: nothing })
}
