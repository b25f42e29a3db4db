import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { migrateSqlite } from '../../server/src/database/migrate.ts'
import { SqliteDatabase } from '../../server/src/database/sqlite.ts'
import { startPostgres } from '../../server/test/support/postgres.ts'
import { fillPostgres } from './fill-postgres.ts'
import { fill, type Shape } from './fill.ts'
import { onPostgres } from './postgres-client.ts'
import { cpuSeconds, start, treeCpuSeconds, type Started } from './process.ts'
import { rootKey } from './signed.ts'

const main = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url))

interface Serving {
  readonly tls?: boolean
  readonly flags?: readonly string[]
  /** A data folder that stays, with its store, for the next run. */
  readonly folder?: string | undefined
  /** Further variables. */
  readonly environment?: Readonly<Record<string, string>>
}

/** A data folder with a store of that shape: a new one, or the given one, which is filled if it has no store yet. */
export async function filledFolder(shape: Shape, kept?: string): Promise<string> {
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'carillon-bench-')))
  const file = join(folder, 'carillon.db')
  if (existsSync(file)) return folder
  await mkdir(folder, { recursive: true })
  const store = await SqliteDatabase.open(file, { prepare: database => migrateSqlite(database, file), follow: () => {} })
  await fill(store, shape)
  await store.close()
  return folder
}

export const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true })

/** The server as a user starts it, with the address of its plain listener, or of the one over TLS. */
export function serve(folder: string, { tls = false, flags = [], environment: more = {} }: Serving = {}): Promise<Started> {
  const environment = {
    ...more,
    CARILLON_ACCESS_KEY_ID: rootKey.accessKeyId,
    CARILLON_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
    CARILLON_LOG_LEVEL: 'warn',
    ...(tls ? { CARILLON_TLS_PORT: '0' } : { CARILLON_TLS: 'off' }),
  }
  // As `npm start` does.
  const args = ['--max-semi-space-size=4', main, 'serve', '--port', '0', '--data', folder, ...flags]
  return start(args, environment, tls ? /ready on http:\S+ and (https:\S+)/ : /ready on (http:\S+)/)
}

/** A server over a filled store of its own. */
export interface Site {
  readonly server: Started
  /** CPU seconds of the server, and of PostgreSQL where the store is there. */
  cpu(): { readonly server: number; readonly database: number }
  /** The bytes of the store on disk; the log of SQLite included, that of PostgreSQL not. */
  storedBytes(): Promise<number>
  /** Where it is on PostgreSQL. */
  readonly databaseUrl: string | undefined
  close(): Promise<void>
}

async function sqliteSite(shape: Shape, serving: Serving): Promise<Site> {
  const folder = await filledFolder(shape, serving.folder)
  const server = await serve(folder, serving)
  const sizeOf = async (name: string) => (await stat(join(folder, name)).catch(() => ({ size: 0 }))).size
  return {
    server,
    cpu: () => ({ server: cpuSeconds(server.pid), database: 0 }),
    async storedBytes() {
      const files = ['carillon.db', 'carillon-search.db'].flatMap(name => [name, `${name}-wal`])
      return (await Promise.all(files.map(sizeOf))).reduce((sum, size) => sum + size)
    },
    databaseUrl: undefined,
    async close() {
      await server.stop()
      if (serving.folder === undefined) await removeFolder(folder)
    },
  }
}

const databaseBytes = (url: string): Promise<number> =>
  onPostgres(url, async client => {
    const { rows } = await client.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes')
    return Number(rows[0]!.bytes)
  })

async function postgresSite(shape: Shape, serving: Serving): Promise<Site> {
  const postgres = await startPostgres(['-c', 'shared_buffers=1GB', '-c', 'max_wal_size=8GB'])
  const folder = await mkdtemp(join(tmpdir(), 'carillon-bench-'))
  await fillPostgres(postgres.url, shape)
  const postmaster = await postgres.pid()
  const server = await serve(folder, { ...serving, flags: ['--database-url', postgres.url, ...(serving.flags ?? [])] })
  return {
    server,
    cpu: () => ({ server: cpuSeconds(server.pid), database: treeCpuSeconds(postmaster) }),
    storedBytes: () => databaseBytes(postgres.url),
    databaseUrl: postgres.url,
    async close() {
      await server.stop()
      await postgres.remove()
      await removeFolder(folder)
    },
  }
}

/** Fills a store and starts a server on it: SQLite's in a folder, or a PostgreSQL that is started for it. */
export const openSite = async (shape: Shape, { postgres = false, ...serving }: Serving & { postgres?: boolean } = {}): Promise<Site> =>
  postgres ? postgresSite(shape, serving) : sqliteSite(shape, serving)
