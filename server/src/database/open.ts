import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { ClientBase } from 'pg'
import type { Config } from '../settings/config.ts'
import type { Log } from '../observe/log.ts'
import { databaseFile, dataFolder } from './data-folder.ts'
import type { Besides, CommitListener, Database } from './database.ts'
import { migratePostgres, migrateSqlite, NotSetUp, requirePostgresSchema, requireSqliteSchema } from './migrate.ts'
import { SqliteDatabase } from './sqlite.ts'

type Given = CommitListener & { readonly log: Log }
type Opening = Given & Besides
type OpeningPostgres = Opening & { readonly url: string }
type Prepare<Connection, Result> = (connection: Connection, where: string) => Result

async function openPostgres(
  { url, storesEvents, feedsSearch, log, follow }: OpeningPostgres,
  prepare: Prepare<ClientBase, Promise<void>>,
): Promise<Database> {
  // Loaded only if it is used.
  const { PostgresDatabase } = await import('./postgres.ts')
  return PostgresDatabase.open(url, {
    prepare: client => prepare(client, 'The PostgreSQL database'),
    follow,
    onError: error => log.warn({ err: error }, 'A connection to PostgreSQL has broken'),
    connections: 12,
    storesEvents,
    feedsSearch,
  })
}

const openSqlite = (file: string, opening: Opening, prepare: Prepare<DatabaseSync, void>) =>
  SqliteDatabase.open(file, {
    prepare: database => prepare(database, file === ':memory:' ? 'The database in memory' : file),
    ...opening,
  })

/** Stored events are for other nodes that miss them, and for clients that reconnect. */
const besidesOf = ({ natsUrl, resume, search }: Config): Besides => ({
  storesEvents: natsUrl !== undefined || resume === 'on',
  feedsSearch: search === 'on',
})

/** Opens the database of a server: creates it if there is none, and migrates it. */
export async function openDatabase(config: Config, given: Given): Promise<Database> {
  const { databaseUrl, data } = config
  const opening = { ...given, ...besidesOf(config) }
  if (databaseUrl !== undefined) return openPostgres({ ...opening, url: databaseUrl }, migratePostgres)
  const file = data === ':memory:' ? data : databaseFile(await dataFolder(data))
  return openSqlite(file, opening, migrateSqlite)
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
  const { databaseUrl, data } = config
  const opening = { ...given, ...besidesOf(config) }
  if (databaseUrl !== undefined) return openPostgres({ ...opening, url: databaseUrl }, requirePostgresSchema)
  return openSqlite(existingFile(data), opening, requireSqliteSchema)
}
