import { Pool, type ClientBase, type QueryResult } from 'pg'
import { statement } from './database.ts'
import { clientOfHosts, type PostgresHosts } from './postgres-hosts.ts'
import { askOf, parsers, type Ask } from './postgres-queries.ts'
import { isReadOnly, isUnanswered, Standby } from './outage.ts'

/** The longest time to connect, and to wait for a free connection of the pool. */
export const connectMilliseconds = 3000
/** The longest statement, unless the database is opened with another time. */
const usualStatementMilliseconds = 5000
/** The longest wait for a lock outside a transaction. */
const longestLockMilliseconds = usualStatementMilliseconds - 1000
/** So long after the end of the longest statement the connection is given up if there is no answer: PostgreSQL would have ended it. */
const answerMilliseconds = 1000
/** PostgreSQL rolls back a transaction whose node sends nothing for this time, and releases its locks. */
const idleMilliseconds = 10_000

const connectionParameters = (statementMilliseconds: number) => ({
  statement_timeout: statementMilliseconds,
  lock_timeout: longestLockMilliseconds,
  idle_in_transaction_session_timeout: idleMilliseconds,
})

/**
 * The options of every connection by the URL of a host. `sslmode` means what PostgreSQL's documentation says; by default the library
 * would treat `require` as `verify-full`, and warn.
 */
export function connectionOf(url: string) {
  const compatible = new URL(url)
  if (!compatible.searchParams.has('uselibpqcompat')) compatible.searchParams.set('uselibpqcompat', 'true')
  return {
    connectionString: compatible.href,
    application_name: 'carillon',
    connectionTimeoutMillis: connectMilliseconds,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

/** The connections to PostgreSQL. Every wait for one is bounded. */
export class PostgresConnections {
  readonly #hosts: PostgresHosts
  readonly #pool: Pool
  readonly #parameters: ReturnType<typeof connectionParameters>
  /**
   * Whether there is a pooler such as PgBouncer, which may give each transaction another session of PostgreSQL. Then statements
   * have no names, and session settings are sent in each transaction.
   */
  #isPooled = false
  readonly #hasNames = () => !this.#isPooled
  /** Runs a query on any connection, outside transactions. */
  readonly ask: Ask
  isClosed = false

  /** `onError` is called for connections that break while they are idle. */
  constructor(
    hosts: PostgresHosts,
    {
      most,
      onError,
      statementMilliseconds = usualStatementMilliseconds,
    }: { most: number; onError: (error: Error) => void; statementMilliseconds?: number | undefined },
  ) {
    this.#hosts = hosts
    this.#parameters = connectionParameters(statementMilliseconds)
    this.#pool = new Pool({
      Client: clientOfHosts(hosts, connectionOf),
      types: parsers,
      max: most,
      // The time for which a call waits for a free connection.
      connectionTimeoutMillis: connectMilliseconds,
      query_timeout: statementMilliseconds + answerMilliseconds,
      // The pool waits for the promise, which its types do not say.
      onConnect: client => this.#begin(client) as unknown as void,
    })
    this.#pool.on('error', onError)
    this.ask = askOf(this.#pool, this.#hasNames)
  }

  /**
   * Runs a transaction on a connection of its own, in which a wait for a lock is bounded by that time; rolled back if `work`
   * rejects. `unsure` is called with the id of the transaction if its COMMIT has failed: it may have happened.
   */
  async transaction<Result>(lockMilliseconds: number, work: (ask: Ask) => Promise<Result>, unsure: (id: string) => void): Promise<Result> {
    const client = await this.#pool.connect()
    let broken: Error | boolean = false
    let committing: string | undefined
    try {
      const begun: unknown = await client.query(this.#beginning(lockMilliseconds))
      const result = await work(askOf(client, this.#hasNames))
      committing = (begun as QueryResult<{ id: string }>[]).at(-1)!.rows[0]!.id
      await client.query('commit')
      return result
    } catch (error) {
      if (committing !== undefined) unsure(committing)
      if (isUnanswered(error)) broken = true
      else await client.query('rollback').catch((cause: Error) => (broken = cause))
      // The server has become a standby; a new connection finds the one that accepts writes.
      if (isReadOnly(error)) broken = true
      throw error
    } finally {
      client.release(broken)
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
    await this.#pool.end()
  }

  #beginning(lockMilliseconds: number) {
    const settings = this.#isPooled ? { ...this.#parameters, lock_timeout: lockMilliseconds } : { lock_timeout: lockMilliseconds }
    const set = Object.entries(settings).map(([name, value]) => `set local ${name} = ${value}`)
    // The role or the database may have another isolation level as its default.
    return ['begin isolation level read committed', ...set, 'select cast(pg_current_xact_id() as text) as id'].join('; ')
  }

  /**
   * Whether a transaction with that id has been committed; undefined while it is in progress. After a crash or a failover it may be another
   * one, if ours was lost.
   */
  async isCommitted(id: string): Promise<boolean | undefined> {
    const { rows } = await this.ask(outcomeOf, [id])
    const { outcome } = (rows as { outcome: string | null }[])[0]!
    return outcome === 'in progress' ? undefined : outcome === 'committed'
  }

  /** Prepares a new connection. A pooler reports another process id than that of the session behind it. */
  async #begin(client: ClientBase) {
    const { processID, url } = client as ClientBase & { processID: number | null; url: string }
    // If no pooler shares the session, the role may have a time-out, which would end the idle connections of the pool.
    const settings = Object.entries({ ...this.#parameters, idle_session_timeout: 0 }).map(
      ([name, value]) => `set_config('${name}', '${value}', false)`,
    )
    const isOwn = `pg_backend_pid() = ${processID ?? 0}`
    const asked = client.query<{ isOwn: boolean; isStandby: boolean }>(`
      select ${isOwn} as "isOwn", pg_is_in_recovery() as "isStandby", case when ${isOwn} then concat(${settings.join(', ')}) end`)
    // A pooler may accept connections while its server does not answer.
    asked.catch(() => this.#hosts.failed(url))
    const { rows } = await asked
    const [{ isOwn: isDirect, isStandby } = { isOwn: true, isStandby: false }] = rows
    if (!isDirect) this.#isPooled = true
    if (!isStandby) return
    this.#hosts.failed(url)
    throw new Standby('PostgreSQL is a standby, which does not accept writes')
  }
}

const outcomeOf = statement<{ outcome: string | null }>(`select pg_xact_status(cast($1 as xid8)) as outcome`)
