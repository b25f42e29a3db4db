import { createHash } from 'node:crypto'

/** What a query takes and gives: text, integers up to 2^53 and null exist in both databases. */
export type Value = string | number | null

/**
 * One SQL text for both databases, prepared once a connection. Parameters are `$1`, `$2`, …; `Row` is what comes back.
 * Statements are made when a module loads, never on the way of a request.
 */
export interface Statement<Row> {
  readonly name: string
  readonly text: string
  /**
   * The same for several at once, where PostgreSQL is to do that in transactions that are shared: each parameter is a list, and
   * the rows say in `whose` for which of them they are, counted from 1. A `run` has changed a row where there is one.
   */
  readonly many?: Statement<unknown> | undefined
  /** Never set: it carries the type. */
  readonly row?: Row
}

export function statement<Row = never>(text: string, many?: string): Statement<Row> {
  return { name: createHash('sha1').update(text).digest('hex'), text, many: many === undefined ? undefined : statement(many) }
}

/** What can be asked of a connection. */
export interface Queries {
  all<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]>
  get<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined>
  /** Resolves to the number of rows that changed. */
  run(statement: Statement<never>, ...values: Value[]): Promise<number>
}

/** What can be asked in a transaction, and what follows from it. */
export interface Transaction extends Queries {
  /** Whether what sockets hear is kept for a while, for other nodes that have missed it. */
  readonly keepsEvents: boolean
  /**
   * Hands over what follows from the commit: it follows after the commit, and never where there is none. What follows in one
   * channel does so in commit order; for that the transaction has locked the channel's row before it says so.
   */
  afterCommit(what: unknown, channelId?: number): void
}

/** Takes what follows from a commit, in commit order for each channel, before the transaction resolves or soon after. */
export type Follow = (what: unknown) => void

/** What a database does with what follows from its commits. */
export interface CommitListener {
  readonly follow: Follow
  /** Called where a database knows that nothing more follows for now, after the answers have left. */
  readonly settled?: () => void
}

/** What is done in a transaction. */
export interface Work<Result> {
  (tx: Transaction): Promise<Result>
  /**
   * It may be held in one transaction with others that are shareable, step by step beside each other, and again where one of them has
   * failed. So only those may be for which it makes no difference what such others do between their steps.
   */
  readonly isShareable?: boolean
}

/** The same work, declared to be shareable where the other one is. */
export const shareableAs = <Result>({ isShareable = false }: Pick<Work<unknown>, 'isShareable'>, work: Work<Result>): Work<Result> =>
  Object.assign(work, { isShareable })

/** What many transactions may be about at once, and lock: `channel 7`, `app instance 2`. */
export type Place = `channel ${number}` | `app instance ${number}`

/**
 * The port that SQLite and PostgreSQL implement.
 *
 * Queries outside a transaction see only what is committed. `transaction` resolves after the commit is on disk, so whoever
 * answers then has lost nothing; where it rejects, nothing of the work has happened. `work` may be run again (PostgreSQL
 * repeats it after a deadlock, and everywhere after a RetryTransaction), so it holds SQL and pure computation only, and it
 * awaits nothing but its own queries.
 */
export interface Database extends Queries {
  readonly kind: 'sqlite' | 'postgres'
  transaction<Result>(work: Work<Result>): Promise<Result>
  /** The same for work on one channel or app instance: where somebody has locked that, its transactions leave the others room. */
  of(place: Place): Database
  /** Gives back some of the space that deleted rows have left, where the database does not do so by itself; true where there is more. */
  tidy(): Promise<boolean>
  close(): Promise<void>
}

/** Thrown inside a transaction that has met a concurrent twin: undo, and run the work again on what the twin has committed. */
export class RetryTransaction extends Error {}

/** How often a transaction is tried before its error reaches the caller. */
export const transactionAttempts = 5
