import { startPostgres, type OwnPostgres } from '../../server/test/support/postgres.ts'
import { onPostgres } from '../support/postgres-client.ts'

/** Runs statements. */
export const execute = (url: string, text: string) => onPostgres(url, client => client.query(text))

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
