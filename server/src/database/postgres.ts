import { setTimeout } from 'node:timers/promises'
import { Client, type ClientBase } from 'pg'
import { CommitOrder, type FollowUps } from './commit-order.ts'
import {
  RetryTransaction,
  transactionAttempts,
  type Besides,
  type Database,
  type LockName,
  type CommitListener,
  type Statement,
  type Transaction,
  type Value,
  type Work,
} from './database.ts'
import { LookUps } from './look-ups.ts'
import { isOutage, isReadOnly, whyNotConnected } from './outage.ts'
import { urlsOfHosts } from '../tools/postgres-hosts.ts'
import { Turns } from '../tools/turns.ts'
import { connectionOf, connectMilliseconds, PostgresConnections } from './postgres-connections.ts'
import { PostgresHosts } from './postgres-hosts.ts'
import { Asking, type Ask } from './postgres-queries.ts'
import { SharedTransactions } from './shared-transactions.ts'
import { TransactionTurns } from './transaction-turns.ts'

const deadlockDetected = '40P01'
const serializationFailure = '40001'
/** How often the database is asked whether a transaction has happened. */
const settleMilliseconds = 250

class OpenTransaction extends Asking implements Transaction {
  readonly storesEvents: boolean
  readonly feedsSearch: boolean
  readonly #followUps: FollowUps

  constructor(ask: Ask, followUps: FollowUps, { storesEvents, feedsSearch }: Besides) {
    super(ask)
    this.#followUps = followUps
    this.storesEvents = storesEvents
    this.feedsSearch = feedsSearch
  }

  afterCommit(what: unknown, channelId?: number) {
    this.#followUps.add(what, channelId)
  }
}

/** Transactions of a database: alone, or together with others. */
class Transactions {
  readonly #connections: PostgresConnections
  readonly #shared: SharedTransactions
  readonly #order: CommitOrder
  /** One question at a time, so that a database that does not answer keeps one connection only. */
  readonly #settling = new Turns(1)
  readonly #turns: TransactionTurns
  readonly #besides: Besides
  readonly #isStored: NonNullable<CommitListener['isStored']>

  constructor(connections: PostgresConnections, most: number, { follow, isStored = async () => true }: CommitListener, besides: Besides) {
    this.#connections = connections
    this.#isStored = isStored
    this.#besides = besides
    this.#turns = new TransactionTurns(most)
    this.#shared = new SharedTransactions({
      once: work => this.#turns.briefly(lockMilliseconds => this.#once(lockMilliseconds, work)),
      alone: (work, lock) => this.#alone(work, lock),
      besides,
    })
    this.#order = new CommitOrder(follow)
  }

  async run<Result>(work: Work<Result>, lock: LockName | undefined): Promise<Result> {
    return work.isShareable ? this.#shared.run(work, lock) : this.#alone(work, lock)
  }

  async #alone<Result>(work: Work<Result>, lock: LockName | undefined): Promise<Result> {
    return this.#turns.alone(lock, lockMilliseconds => this.#repeated(lockMilliseconds, work))
  }

  async #repeated<Result>(lockMilliseconds: number, work: Work<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(lockMilliseconds, async (ask, followUps) => work(new OpenTransaction(ask, followUps, this.#besides)))
      } catch (error) {
        if (!isRepeatable(error) || attempt === transactionAttempts) throw error
      }
    }
  }

  async #once<Result>(lockMilliseconds: number, work: (ask: Ask, followUps: FollowUps) => Promise<Result>): Promise<Result> {
    const followUps = this.#order.begin()
    let unsure: string | undefined
    try {
      const result = await this.#connections.transaction(
        lockMilliseconds,
        ask => work(ask, followUps),
        id => (unsure = id),
      )
      followUps.end('committed')
      return result
    } catch (error) {
      if (unsure === undefined) followUps.end('undone')
      else void this.#settle(unsure, followUps)
      throw error
    }
  }

  /** Finds out whether a transaction has happened whose COMMIT was not answered, as soon as the database can say it. */
  async #settle(id: string, followUps: FollowUps) {
    while (!this.#connections.isClosed) {
      const isCommitted = await this.#settling
        .take(async () => {
          const is = await this.#connections.isCommitted(id)
          if (is) await followUps.keep(this.#isStored)
          return is
        })
        .catch((error: unknown) => (isOutage(error) ? undefined : false))
      if (isCommitted !== undefined) {
        followUps.end(isCommitted ? 'committed' : 'undone')
        return
      }
      await setTimeout(settleMilliseconds, undefined, { ref: false })
    }
  }
}

/** What the databases of all locks share. */
interface Shared {
  readonly connections: PostgresConnections
  readonly lookUps: LookUps
  readonly transactions: Transactions
}

interface Opening extends Partial<Besides>, CommitListener {
  /** Migrates the schema, on a connection of its own without time-outs. */
  readonly prepare: (client: ClientBase) => Promise<void>
  /** Called for connections that break while they are idle. */
  readonly onError: (error: Error) => void
  readonly connections: number
  /** The longest statement, if it is not that of a server. */
  readonly statementMilliseconds?: number | undefined
}

/** PostgreSQL behind the port. */
export class PostgresDatabase extends Asking implements Database {
  readonly kind = 'postgres'
  readonly #shared: Shared
  readonly #lock: LockName | undefined

  private constructor(shared: Shared, lock?: LockName) {
    super(shared.connections.ask)
    this.#shared = shared
    this.#lock = lock
  }

  static async open(url: string, opening: Opening): Promise<PostgresDatabase> {
    const { prepare, onError, connections: most, statementMilliseconds, storesEvents = false, feedsSearch = false } = opening
    const hosts = new PostgresHosts(url)
    const client = await firstConnection(hosts, url)
    client.on('error', onError)
    try {
      await prepare(client)
    } catch (error) {
      throw isOutage(error) ? unusable(url, error) : error
    } finally {
      await client.end()
    }
    const connections = new PostgresConnections(hosts, { most, onError, statementMilliseconds })
    const transactions = new Transactions(connections, most, opening, { storesEvents, feedsSearch })
    return new PostgresDatabase({ connections, lookUps: new LookUps(connections.ask), transactions })
  }

  override async get<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined> {
    return this.#shared.lookUps.get(statement, values)
  }

  async transaction<Result>(work: Work<Result>): Promise<Result> {
    return this.#shared.transactions.run(work, this.#lock)
  }

  of(lock: LockName): Database {
    return new PostgresDatabase(this.#shared, lock)
  }

  /** Autovacuum does it. */
  async tidy(): Promise<boolean> {
    return false
  }

  async close(): Promise<void> {
    await this.#shared.connections.close()
  }
}

/** Names the servers and the database, never the password. */
function unusable(url: string, error: unknown): Error {
  const urls = urlsOfHosts(url).map(one => new URL(one))
  const hosts = urls.map(({ host }) => host).join(', ')
  const why = isReadOnly(error) ? 'it is a standby, or its default_transaction_read_only is on' : whyNotConnected(error)
  return new Error(`PostgreSQL at ${hosts}${urls[0]!.pathname} cannot be used: ${why}.`, { cause: error })
}

/** Connects to the first host that is not a standby. If the only host is a standby, connects to that; it then refuses writes. */
async function firstConnection(hosts: PostgresHosts, url: string): Promise<Client> {
  let failure: unknown
  for (const one of hosts.urls) {
    try {
      const client = await connected(one)
      if (hosts.urls.length === 1 || !(await isStandby(client))) return client
      failure ??= new Error('no host is a primary')
      void client.end().catch(() => {})
    } catch (error) {
      failure = error
    }
    hosts.failed(one)
  }
  throw unusable(url, failure)
}

/** Whether the only host of the URL is a standby. Rejects if it cannot be used. */
export async function isAtStandby(url: string): Promise<boolean> {
  const client = await connected(url)
  const is = await isStandby(client)
  void client.end().catch(() => {})
  return is
}

/** A limit of connections, and how many of them others than Carillon use. -1 for no limit. */
export interface ConnectionLimit {
  readonly of: 'role' | 'database' | 'server'
  readonly name: string
  readonly most: number
  readonly others: number
}

const selectLimits = `
  with others as (select usesysid, datid from pg_stat_activity where datid is not null and application_name is distinct from current_setting('application_name')),
  own as (select oid, rolname, case when rolsuper then -1 else rolconnlimit end as most, rolsuper from pg_roles where rolname = session_user),
  settings as (
    select cast(sum(case name when 'max_connections' then cast(setting as int) else -cast(setting as int) end) as int) as most
    from pg_settings where name in ('max_connections', 'superuser_reserved_connections', 'reserved_connections'))
  select 'role' as of, quote_ident(rolname) as name, most, (select cast(count(*) as int) from others where usesysid = own.oid) as others from own
  union all
  select 'database', quote_ident(datname), case when rolsuper then -1 else datconnlimit end, (select cast(count(*) as int) from others where datid = d.oid)
  from pg_database d, own where datname = current_database()
  union all
  select 'server', '', most, (select cast(count(*) as int) from others) from settings`

/** The limits of connections of a role, a database and PostgreSQL; undefined behind a pooler, where they say nothing about Carillon. */
export async function connectionLimits(url: string): Promise<ConnectionLimit[] | undefined> {
  const client = await firstConnection(new PostgresHosts(url), url)
  try {
    const { processID } = client as Client & { processID: number | null }
    const { rows } = await client.query<{ isOwn: boolean }>(`select pg_backend_pid() = $1 as "isOwn"`, [processID])
    if (!rows[0]!.isOwn) return undefined
    const { rows: limits } = await client.query<ConnectionLimit>(selectLimits)
    return limits
  } finally {
    void client.end().catch(() => {})
  }
}

async function connected(url: string): Promise<Client> {
  const client = new Client(connectionOf(url))
  // The next query rejects.
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Rejects, and ends the connection, if it does not answer in time. */
async function isStandby(client: Client): Promise<boolean> {
  const asked = { text: 'select pg_is_in_recovery() as "isStandby"', query_timeout: connectMilliseconds }
  try {
    return (await client.query<{ isStandby: boolean }>(asked)).rows[0]!.isStandby
  } catch (error) {
    void client.end().catch(() => {})
    throw error
  }
}

function isRepeatable(error: unknown): boolean {
  if (error instanceof RetryTransaction) return true
  const code = (error as { code?: unknown }).code
  return code === deadlockDetected || code === serializationFailure
}
