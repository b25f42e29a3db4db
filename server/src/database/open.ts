import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { ClientBase } from 'pg'
import type { Config } from '../settings/config.ts'
import type { Log } from '../observe/log.ts'
import { createOwned } from '../tools/owned-file.ts'
import { databaseFile, dataFolder } from './data-folder.ts'
import type { Besides, CommitListener, Database } from './database.ts'
import { mostConnections } from './outage.ts'
import { migratePostgres, migrateSqlite, NotSetUp, requirePostgresSchema, requireSqliteSchema } from './migrate.ts'
import { SqliteDatabase } from './sqlite.ts'

interface Given extends CommitListener {
  readonly log: Log
  /** The longest statement on PostgreSQL, if it is not that of a server. */
  readonly statementMilliseconds?: number | undefined
}

/** Brings the schema of a database up to date, or requires that it is; `where` names the database in errors. */
interface Prepare {
  readonly sqlite: (database: DatabaseSync, where: string) => void
  readonly postgres: (client: ClientBase, where: string) => Promise<void>
}

/** Whether events are stored with these settings: for other nodes that miss them, and for clients that reconnect. */
export const storesEvents = ({ natsUrl, resume }: Pick<Config, 'natsUrl' | 'resume'>) => natsUrl !== undefined || resume === 'on'

async function open(
  { databaseUrl, natsUrl, resume, search }: Config,
  { log, statementMilliseconds, ...listener }: Given,
  file: () => Promise<string>,
  prepare: Prepare,
): Promise<Database> {
  const besides: Besides = { storesEvents: storesEvents({ natsUrl, resume }), feedsSearch: search === 'on' }
  if (databaseUrl === undefined) {
    const path = await file()
    const where = path === ':memory:' ? 'The database in memory' : path
    return SqliteDatabase.open(path, { prepare: database => prepare.sqlite(database, where), ...listener, ...besides })
  }
  // Loaded only if it is used.
  const { PostgresDatabase } = await import('./postgres.ts')
  return PostgresDatabase.open(databaseUrl, {
    prepare: client => prepare.postgres(client, 'The PostgreSQL database'),
    ...listener,
    onError: error => log.warn({ err: error }, 'A connection to PostgreSQL has broken'),
    connections: mostConnections,
    statementMilliseconds,
    ...besides,
  })
}

/** Opens the database of a server: creates it if there is none, and migrates it. */
export async function openDatabase(config: Config, given: Given): Promise<Database> {
  const file = async () => {
    if (config.data === ':memory:') return config.data
    const path = databaseFile(await dataFolder(config.data))
    // A server of another user could not open what SQLite creates for root.
    if (process.getuid?.() === 0 && !existsSync(path)) await (await createOwned(path, 0o644)).close()
    return path
  }
  return open(config, given, file, { sqlite: migrateSqlite, postgres: migratePostgres })
}

/** The path of the embedded database that a server has made. Throws an Error that names the folder if there is none. */
export function existingFile(data: string): string {
  if (data === ':memory:') throw new Error('With --data :memory: nothing is stored. Give a folder.')
  const file = databaseFile(resolve(data))
  if (existsSync(file)) return file
  throw new NotSetUp(
    `There is no database ${file}. Run the command in the folder where the server was started, or name the data folder of the server ` +
      'by --data or CARILLON_DATA; of a server on PostgreSQL, its database by --database-url or CARILLON_DATABASE_URL. ' +
      'A server that has never been started has no database yet: its first start creates it.',
  )
}

/**
 * Opens the database that a server has made, without changing its schema. Throws an Error if there is none, or if its schema
 * version is another one.
 */
export async function openExistingDatabase(config: Config, given: Given): Promise<Database> {
  return open(config, given, async () => existingFile(config.data), { sqlite: requireSqliteSchema, postgres: requirePostgresSchema })
}
