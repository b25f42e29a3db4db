import { Pool, type PoolClient } from 'pg'
import type { BusEvent } from '../events/events.ts'
import { CommitOrder, type Telling } from './commit-order.ts'
import {
  RetryTransaction,
  transactionAttempts,
  type Database,
  type Sharing,
  type Statement,
  type Tell,
  type Transaction,
  type Value,
} from './database.ts'
import { LookUps } from './look-ups.ts'
import { Asking, parsers } from './postgres-queries.ts'
import { SharedTransactions } from './shared-transactions.ts'

const deadlockDetected = '40P01'
const serializationFailure = '40001'

/** Many wait for the transaction that they share, so it waits for nobody's lock for long; alone each of them does. */
const beginShared = `begin; set local lock_timeout = '1s'`

class OpenTransaction extends Asking implements Transaction {
  readonly #telling: Telling

  constructor(client: PoolClient, telling: Telling) {
    super(client)
    this.#telling = telling
  }

  tell(event: BusEvent) {
    this.#telling.add(event)
  }
}

/** For a connection that breaks between two queries of a transaction: the next one on it rejects. */
const ignored = () => {}

/** PostgreSQL behind the same port. `onError` hears of connections that break while they are idle. */
export class PostgresDatabase extends Asking implements Database {
  readonly kind = 'postgres'
  readonly #pool: Pool
  readonly #lookUps: LookUps
  readonly #shared: SharedTransactions
  readonly #order: CommitOrder

  private constructor(pool: Pool, tell: Tell) {
    super(pool)
    this.#pool = pool
    this.#lookUps = new LookUps(pool)
    this.#shared = new SharedTransactions({
      once: work => this.#once(beginShared, work),
      alone: work => this.#alone(work),
    })
    this.#order = new CommitOrder(tell)
  }

  static async open(
    url: string,
    {
      prepare,
      tell,
      onError,
      connections,
    }: { prepare: (client: PoolClient) => Promise<void>; tell: Tell; onError: (error: Error) => void; connections: number },
  ): Promise<PostgresDatabase> {
    const pool = new Pool({
      connectionString: url,
      keepAlive: true,
      types: parsers,
      max: connections,
      connectionTimeoutMillis: 5000,
      application_name: 'carillon',
    })
    pool.on('error', onError)
    try {
      const client = await firstConnection(pool, url)
      client.on('error', onError)
      try {
        await prepare(client)
      } finally {
        client.off('error', onError)
        client.release()
      }
      return new PostgresDatabase(pool, tell)
    } catch (error) {
      await pool.end()
      throw error
    }
  }

  override async get<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined> {
    return this.#lookUps.get(statement, values)
  }

  async transaction<Result>(work: (tx: Transaction) => Promise<Result>, sharing: Sharing = 'alone'): Promise<Result> {
    return sharing === 'shared' ? this.#shared.run(work) : this.#alone(work)
  }

  async #alone<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once('begin', async (client, telling) => work(new OpenTransaction(client, telling)))
      } catch (error) {
        if (!isRepeatable(error) || attempt === transactionAttempts) throw error
      }
    }
  }

  async #once<Result>(begin: string, work: (client: PoolClient, telling: Telling) => Promise<Result>): Promise<Result> {
    const client = await this.#pool.connect()
    client.on('error', ignored)
    let broken: Error | boolean = false
    const telling = this.#order.begin()
    try {
      await client.query(begin)
      const result = await work(client, telling)
      await client.query('commit')
      telling.end('committed')
      return result
    } catch (error) {
      telling.end('undone')
      await client.query('rollback').catch((cause: Error) => (broken = cause))
      throw error
    } finally {
      client.off('error', ignored)
      client.release(broken)
    }
  }

  /** Autovacuum does. */
  async tidy(): Promise<boolean> {
    return false
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }
}

/** The error of a URL that leads nowhere names the server and the database, never the password. */
async function firstConnection(pool: Pool, url: string): Promise<PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    const { host, pathname } = new URL(url)
    const { message, code } = error as NodeJS.ErrnoException
    throw new Error(`PostgreSQL at ${host}${pathname} cannot be used: ${message || code}.`, { cause: error })
  }
}

function isRepeatable(error: unknown): boolean {
  if (error instanceof RetryTransaction) return true
  const code = (error as { code?: unknown }).code
  return code === deadlockDetected || code === serializationFailure
}
