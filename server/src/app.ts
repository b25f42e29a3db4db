import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { AnsweredTokens } from './answered-tokens.ts'
import { createVerifier } from './auth/sigv4.ts'
import type { Environment } from './call.ts'
import type { Config, RootKey } from './config.ts'
import { operations, type OperationName } from './contract/index.ts'
import { keptRootKey } from './credentials.ts'
import { dispatchOf, type Dispatch } from './http/dispatch.ts'
import { createServer } from './http/server.ts'
import { jobsOf } from './jobs/index.ts'
import { Purge } from './jobs/purge.ts'
import { schedule } from './jobs/schedule.ts'
import { createLog, type Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { PageTokens } from './page-token.ts'
import type { Database } from './store/database.ts'
import { migratePostgres, migrateSqlite } from './store/migrate.ts'
import { isAnswering, settledOnce } from './store/settings.ts'
import { SqliteDatabase } from './store/sqlite.ts'

/** A server that serves. */
export interface App {
  /** `http://host:port`, with the real port. */
  readonly url: string
  readonly rootKey: RootKey
  /** The shared credentials file, where the root key is kept in one. */
  readonly credentialsFile: string | undefined
  readonly db: Database
  /** Finishes what has been asked, refuses what comes, and ends within ten seconds. */
  close(): Promise<void>
}

/** How long requests that are being answered may take once the server is closing. */
const drainMilliseconds = 8000

async function openDatabase({ databaseUrl, data }: Config, log: Log): Promise<Database> {
  if (databaseUrl !== undefined) {
    // Loaded only where it is used.
    const { PostgresDatabase } = await import('./store/postgres.ts')
    return PostgresDatabase.open(databaseUrl, {
      prepare: client => migratePostgres(client, 'The PostgreSQL database'),
      onError: error => log.warn({ err: error }, 'A connection to PostgreSQL has broken'),
      connections: 10,
    })
  }
  if (data === ':memory:') return SqliteDatabase.open(data, database => migrateSqlite(database, 'The database in memory'))
  const file = join(resolve(data), 'carillon.db')
  return SqliteDatabase.open(file, database => migrateSqlite(database, file))
}

interface OpenedKey {
  readonly key: RootKey
  readonly file: string | undefined
  readonly forget: () => Promise<void>
}

async function openRootKey({ rootKey, databaseUrl, data, region }: Config): Promise<OpenedKey> {
  const forget = async () => {}
  if (rootKey) return { key: rootKey, file: undefined, forget }
  if (databaseUrl !== undefined) {
    throw new Error(
      'With --database-url the root key is given by CARILLON_ACCESS_KEY_ID and CARILLON_SECRET_ACCESS_KEY: all nodes use the same one.',
    )
  }
  if (data === ':memory:') {
    // Clients still need a file to read the key from; it goes when the server does.
    const folder = await mkdtemp(join(tmpdir(), 'carillon-'))
    return { ...(await keptRootKey(folder, region)), forget: () => rm(folder, { recursive: true, force: true }) }
  }
  return { ...(await keptRootKey(resolve(data), region)), forget }
}

/**
 * The wiring: the only file that knows all parts. It listens first, so that /health can say that the server is starting, and
 * resolves when it serves. `now` is the clock of everything but signatures, which keep real time.
 */
export async function startApp(config: Config, { now = Date.now }: { now?: () => number } = {}): Promise<App> {
  const log = createLog(config.logLevel)
  const metrics = createMetrics()
  if (config.databaseUrl === undefined && config.data !== ':memory:') await mkdir(resolve(config.data), { recursive: true, mode: 0o700 })
  const { key, file, forget } = await openRootKey(config)

  let dispatches: Record<OperationName, Dispatch> | undefined
  let db: Database | undefined
  const server = createServer({
    log,
    metrics,
    dispatch: () => dispatches,
    isHealthy: async () => db !== undefined && (await isAnswering(db)),
  })
  await server.listen({ host: config.host, port: config.port })
  const { port } = server.server.address() as AddressInfo

  let stopJobs = async () => {}
  try {
    db = await openDatabase(config, log)
    const purge = new Purge({ db, now, log, metrics })
    const environment: Environment = {
      db,
      now,
      region: config.region,
      account: config.account,
      pageTokens: new PageTokens(Buffer.from(await settledOnce(db, 'page-token-key', () => randomBytes(32).toString('hex')), 'hex')),
      answeredTokens: new AnsweredTokens(),
      purgeSoon: () => purge.soon(),
    }
    const verify = createVerifier({ findKey: id => (id === key.accessKeyId ? key : undefined) })
    dispatches = Object.fromEntries(
      Object.entries(operations).map(([name, operation]) => [name, dispatchOf(name as OperationName, operation, { verify, environment })]),
    ) as Record<OperationName, Dispatch>
    const stopSchedule = schedule(jobsOf(environment), { log, metrics })
    stopJobs = async () => {
      await stopSchedule()
      await purge.stop()
    }
  } catch (error) {
    await server.close()
    await db?.close()
    await forget()
    throw error
  }
  metrics.serving.set(1)

  let closing: Promise<void> | undefined
  const close = async () => {
    dispatches = undefined
    metrics.serving.set(0)
    const impatience = setTimeout(() => server.server.closeAllConnections(), drainMilliseconds)
    await server.close()
    clearTimeout(impatience)
    await stopJobs()
    await db.close()
    await forget()
  }
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  return { url: `http://${host}:${port}`, rootKey: key, credentialsFile: file, db, close: () => (closing ??= close()) }
}
