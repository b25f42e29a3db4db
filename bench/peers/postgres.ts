import { PostgresDatabase } from '../../server/src/database/postgres.ts'
import { startPostgres, type OwnPostgres } from '../../server/test/support/postgres.ts'

type Prepare = Parameters<typeof PostgresDatabase.open>[1]['prepare']

/** Carillon's own access to a database that `prepare` has prepared. */
export const openPostgres = (url: string, prepare: Prepare) =>
  PostgresDatabase.open(url, { prepare, follow: () => {}, onError: () => {}, connections: 2, storesEvents: false })

/** Runs statements. */
export async function execute(url: string, text: string) {
  const database = await openPostgres(url, async client => {
    await client.query(text)
  })
  await database.close()
}

/** An own PostgreSQL for the length of a part. */
export class Postgres implements AsyncDisposable {
  readonly #server: OwnPostgres
  readonly pid: number

  private constructor(server: OwnPostgres, pid: number) {
    this.#server = server
    this.pid = pid
  }

  static async start(): Promise<Postgres> {
    const server = await startPostgres(['-c', 'shared_buffers=1GB'])
    return new Postgres(server, await server.pid())
  }

  /** Creates an empty database; resolves to its URL. */
  async create(database: string): Promise<string> {
    await execute(this.#server.url, `create database ${database}`)
    return this.#server.url.replace(/[^/]+$/, database)
  }

  async [Symbol.asyncDispose]() {
    await this.#server.remove()
  }
}

/** Updates the planner's statistics, so that PostgreSQL does not do so during a measurement. */
export const settle = (url: string) => execute(url, 'vacuum analyze')
