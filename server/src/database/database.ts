import { createHash } from 'node:crypto'

/** The types of parameters and columns: strings, integers up to 2^53, bytes and null exist in both databases. */
export type Value = string | number | Uint8Array | null

/**
 * One SQL text for both databases, prepared once per connection. Parameters are `$1`, `$2`, …; `Row` is the type of a result row.
 * Statements are made when a module loads, never during a request.
 */
export interface Statement<Row> {
  readonly name: string
  readonly text: string
  /**
   * The same for several calls at once, for shared transactions on PostgreSQL: each parameter is a list, and the column `whose` of
   * a row says which call it belongs to, counted from 1. For a `run`, a row means that a row has changed.
   */
  readonly many?: Statement<unknown> | undefined
  /** Never set: it carries the type. */
  readonly row?: Row
}

export function statement<Row = never>(text: string, many?: string): Statement<Row> {
  return { name: createHash('sha1').update(text).digest('hex'), text, many: many === undefined ? undefined : statement(many) }
}

/** The queries of a connection. */
export interface Queries {
  all<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]>
  get<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined>
  /** Resolves to the number of changed rows. */
  run(statement: Statement<never>, ...values: Value[]): Promise<number>
}

/** The queries of a transaction, and what follows from it. */
export interface Transaction extends Queries {
  /** Whether events for sockets are stored for some minutes, for other nodes that miss them and for clients that reconnect. */
  readonly storesEvents: boolean
  /** Whether changes of messages are noted for the search index. */
  readonly feedsSearch: boolean
  /**
   * Registers something that follows after the commit; it is dropped if the transaction is rolled back. Within a channel the order
   * is that of the commits; for that, the transaction must have locked the channel's row before the call.
   */
  afterCommit(what: unknown, channelId?: number): void
}

/** Called with what follows from a commit, in commit order for each channel, before the transaction resolves or soon after. */
export type Follow = (what: unknown) => void

/** The functions that a database calls after its commits. */
export interface CommitListener {
  readonly follow: Follow
  /**
   * Whether the database shows that what would follow from a transaction has happened. Asked if PostgreSQL has not answered the COMMIT:
   * it may say that a transaction with that id is committed although it has lost ours, since a crash or a failover lets another
   * transaction have the same id. By default all has happened.
   */
  readonly isStored?: (what: unknown) => Promise<boolean>
  /** Called when a database knows that nothing more follows for now, after the callers of the transactions have continued. */
  readonly settled?: () => void
}

/** What the transactions of a database write in addition to their work. */
export type Besides = Pick<Transaction, 'storesEvents' | 'feedsSearch'>

/** The function of a transaction. */
export interface Work<Result> {
  (tx: Transaction): Promise<Result>
  /**
   * Whether the database may run it in one transaction with other shareable ones, with their steps interleaved, and again if one of
   * them fails. So it must not matter what other shareable work does between its steps.
   */
  readonly isShareable?: boolean
}

/** Declares a function shareable if another one is. */
export const shareableAs = <Result>({ isShareable = false }: Pick<Work<unknown>, 'isShareable'>, work: Work<Result>): Work<Result> =>
  Object.assign(work, { isShareable })

/** The name of a lock for which many transactions may wait at once: `channel 7`, `app instance 2`. */
export type LockName = `channel ${number}` | `app instance ${number}`

/**
 * The port that SQLite and PostgreSQL implement.
 *
 * Queries outside a transaction see only committed data. `transaction` resolves after the commit is on disk; if it rejects, nothing
 * of the work has happened, unless PostgreSQL has not answered the COMMIT: then it may have happened, and what follows from it follows
 * once PostgreSQL shows that it has. `work` may run several times (PostgreSQL repeats it after a deadlock, and both repeat it after a
 * RetryTransaction), so it contains only SQL and pure computation, and awaits nothing but its own queries.
 */
export interface Database extends Queries {
  readonly kind: 'sqlite' | 'postgres'
  transaction<Result>(work: Work<Result>): Promise<Result>
  /**
   * The same database, for work that locks one channel or app instance. If another transaction holds that lock, the waiting ones do not
   * take all connections.
   */
  of(lock: LockName): Database
  /** Frees some of the space of deleted rows, if the database does not do so by itself; true if there is more to free. */
  tidy(): Promise<boolean>
  close(): Promise<void>
}

/**
 * Thrown inside a transaction that another one has overtaken with the same request. The transaction is rolled back, and its work runs again
 * on what the other one has committed.
 */
export class RetryTransaction extends Error {}

/** The most attempts of a transaction before its error reaches the caller. */
export const transactionAttempts = 5
