import { Client, type ClientBase } from 'pg'
import { CommitOrder, type FollowUps } from './commit-order.ts'
import {
  RetryTransaction,
  transactionAttempts,
  type Database,
  type LockName,
  type Statement,
  type Follow,
  type Transaction,
  type Value,
  type Work,
} from './database.ts'
import { LookUps } from './look-ups.ts'
import { isOutage } from './outage.ts'
import { connectionOf, PostgresConnections } from './postgres-connections.ts'
import { PostgresUnderLock } from './postgres-under-lock.ts'
import { Asking, type Ask } from './postgres-queries.ts'
import { SharedTransactions } from './shared-transactions.ts'
import { TransactionTurns } from './transaction-turns.ts'

const deadlockDetected = '40P01'
const serializationFailure = '40001'

class OpenTransaction extends Asking implements Transaction {
  readonly keepsEvents: boolean
  readonly #followUps: FollowUps

  constructor(ask: Ask, followUps: FollowUps, keepsEvents: boolean) {
    super(ask)
    this.#followUps = followUps
    this.keepsEvents = keepsEvents
  }

  afterCommit(what: unknown, channelId?: number) {
    this.#followUps.add(what, channelId)
  }
}

/** PostgreSQL behind the port. `onError` is called for connections that break while they are idle. */
export class PostgresDatabase extends Asking implements Database {
  readonly kind = 'postgres'
  readonly #connections: PostgresConnections
  readonly #lookUps: LookUps
  readonly #shared: SharedTransactions
  readonly #order: CommitOrder
  readonly #turns: TransactionTurns
  readonly #keepsEvents: boolean

  private constructor(connections: PostgresConnections, most: number, follow: Follow, keepsEvents: boolean) {
    super(connections.ask)
    this.#connections = connections
    this.#keepsEvents = keepsEvents
    this.#lookUps = new LookUps(connections.ask)
    this.#turns = new TransactionTurns(most)
    this.#shared = new SharedTransactions({
      once: work => this.#turns.briefly(lockMilliseconds => this.#once(lockMilliseconds, work)),
      alone: (work, place) => this.#alone(work, place),
      keepsEvents,
    })
    this.#order = new CommitOrder(follow)
  }

  /** `prepare` migrates the schema, on a connection of its own without time-outs. */
  static async open(
    url: string,
    {
      prepare,
      follow,
      onError,
      connections: most,
      keepsEvents,
    }: {
      prepare: (client: ClientBase) => Promise<void>
      follow: Follow
      onError: (error: Error) => void
      connections: number
      keepsEvents: boolean
    },
  ): Promise<PostgresDatabase> {
    const client = await firstConnection(url)
    client.on('error', onError)
    try {
      await prepare(client)
    } catch (error) {
      throw isOutage(error) ? unusable(url, error) : error
    } finally {
      await client.end()
    }
    return new PostgresDatabase(new PostgresConnections(url, { most, onError }), most, follow, keepsEvents)
  }

  override async get<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined> {
    return this.#lookUps.get(statement, values)
  }

  async transaction<Result>(work: Work<Result>, place?: LockName): Promise<Result> {
    return work.isShareable ? this.#shared.run(work, place) : this.#alone(work, place)
  }

  of(place: LockName): Database {
    return new PostgresUnderLock(this, place)
  }

  async #alone<Result>(work: Work<Result>, place: LockName | undefined): Promise<Result> {
    return this.#turns.alone(place, lockMilliseconds => this.#repeated(lockMilliseconds, work))
  }

  async #repeated<Result>(lockMilliseconds: number, work: Work<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(lockMilliseconds, async (ask, followUps) => work(new OpenTransaction(ask, followUps, this.#keepsEvents)))
      } catch (error) {
        if (!isRepeatable(error) || attempt === transactionAttempts) throw error
      }
    }
  }

  async #once<Result>(lockMilliseconds: number, work: (ask: Ask, followUps: FollowUps) => Promise<Result>): Promise<Result> {
    const followUps = this.#order.begin()
    try {
      const result = await this.#connections.transaction(lockMilliseconds, ask => work(ask, followUps))
      followUps.end('committed')
      return result
    } catch (error) {
      followUps.end('undone')
      throw error
    }
  }

  /** Autovacuum does it. */
  async tidy(): Promise<boolean> {
    return false
  }

  async close(): Promise<void> {
    await this.#connections.close()
  }
}

/** Names the server and the database, never the password. */
function unusable(url: string, error: unknown): Error {
  const { host, pathname } = new URL(url)
  const { message, code } = error as NodeJS.ErrnoException
  return new Error(`PostgreSQL at ${host}${pathname} cannot be used: ${message || code}.`, { cause: error })
}

async function firstConnection(url: string): Promise<Client> {
  try {
    const client = new Client(connectionOf(url))
    await client.connect()
    return client
  } catch (error) {
    throw unusable(url, error)
  }
}

function isRepeatable(error: unknown): boolean {
  if (error instanceof RetryTransaction) return true
  const code = (error as { code?: unknown }).code
  return code === deadlockDetected || code === serializationFailure
}
