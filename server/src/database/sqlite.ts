import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import {
  RetryTransaction,
  statement,
  transactionAttempts,
  type Besides,
  type Database,
  type CommitListener,
  type Statement,
  type Transaction,
  type Value,
} from './database.ts'
import { DatabaseMissing } from './outage.ts'
import { Connection } from './sqlite-connection.ts'

/**
 * In bytes. A row without a rowid may fill about a quarter of a page, and takes a whole page more if it is longer: with SQLite's own 4096
 * that is what a message of 1,000 characters costs.
 */
export const pageSize = 8192

/**
 * WAL with synchronous=FULL: a commit is on disk before it is answered, and readers never wait for the writer.
 * auto_vacuum and the page size must be set before the first table exists.
 */
const pragmas = `
  pragma busy_timeout = 10000;
  pragma page_size = ${pageSize};
  pragma auto_vacuum = incremental;
  pragma journal_mode = wal;
  pragma synchronous = full;
  pragma cache_size = -65536;
  pragma temp_store = memory;
`

/** The most pages that are freed at once, so that other transactions do not wait long. */
const releasePages = statement<unknown>('pragma incremental_vacuum(128)')
const countFreePages = statement<{ freelist_count: number }>('pragma freelist_count')

const freePages = async (tx: Transaction) => (await tx.get(countFreePages))!.freelist_count

interface Waiting {
  readonly work: (tx: Transaction) => Promise<unknown>
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * The embedded database. One connection writes, and also reads while it has no transaction open: it keeps its cached pages over its
 * own commits, whereas another connection drops its pages at each of them. The other connection reads while a transaction is open.
 * Transactions that arrive in one turn of the event loop share one COMMIT. Each runs in its own SAVEPOINT, so a failed one does not
 * affect the others, and all resolve after the COMMIT.
 */
export class SqliteDatabase implements Database {
  readonly kind = 'sqlite'
  readonly #writer: Connection
  /** Undefined for a database in memory. */
  readonly #reader: Connection | undefined
  readonly #listener: CommitListener
  readonly #requireFiles: () => void
  readonly #besides: Besides
  #waiting: Waiting[] = []
  /** Set while the writer has a transaction open that only reads. */
  #reading: NodeJS.Immediate | undefined
  #flushing: Promise<void> | undefined

  private constructor(
    writer: DatabaseSync,
    reader: DatabaseSync | undefined,
    given: CommitListener & { besides: Besides; requireFiles: () => void },
  ) {
    const { requireFiles, besides, ...listener } = given
    this.#requireFiles = requireFiles
    this.#besides = besides
    this.#listener = listener
    this.#writer = new Connection(writer)
    this.#reader = reader && new Connection(reader)
  }

  /** `prepare` migrates the schema before anything else uses the file. */
  static async open(
    path: string,
    {
      prepare,
      storesEvents = false,
      feedsSearch = false,
      ...listener
    }: CommitListener & Partial<Besides> & { prepare: (database: DatabaseSync) => void },
  ): Promise<SqliteDatabase> {
    let writer: DatabaseSync | undefined
    try {
      writer = new DatabaseSync(path)
      writer.exec(pragmas)
      prepare(writer)
      const reader = path === ':memory:' ? undefined : new DatabaseSync(path, { readOnly: true })
      reader?.exec('pragma busy_timeout = 10000; pragma temp_store = memory;')
      return new SqliteDatabase(writer, reader, { ...listener, besides: { storesEvents, feedsSearch }, requireFiles: filesOf(path) })
    } catch (error) {
      writer?.close()
      if (!(error instanceof Error && 'errcode' in error)) throw error
      throw new Error(`The database ${path} cannot be opened: ${error.message}.`, { cause: error })
    }
  }

  async all<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]> {
    return (this.#snapshot() ?? (await this.#settled())).all(statement, values)
  }

  async get<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined> {
    return (this.#snapshot() ?? (await this.#settled())).get(statement, values)
  }

  async run(statement: Statement<never>, ...values: Value[]): Promise<number> {
    return this.transaction(tx => tx.run(statement, ...values))
  }

  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (result: unknown) => void, reject })
      this.#flushing ??= new Promise(resolve => setImmediate(() => resolve(this.#flush())))
    })
  }

  /** Transactions run one after the other here, whatever they are about. */
  of(): Database {
    return this
  }

  async tidy(): Promise<boolean> {
    return this.transaction(async tx => {
      const before = await freePages(tx)
      if (before === 0) return false
      await tx.all(releasePages)
      const after = await freePages(tx)
      return after > 0 && after < before
    })
  }

  async close(): Promise<void> {
    await this.#flushing
    this.#endReading()
    this.#reader?.database.close()
    this.#writer.database.close()
  }

  /**
   * Returns the connection that sees exactly the committed data; undefined if the caller must wait for it. All reads on the writer in one
   * turn share one transaction: starting and ending one costs more than a look-up.
   */
  #snapshot(): Connection | undefined {
    const { database } = this.#writer
    if (!this.#reading) {
      if (database.isTransaction) return this.#reader
      database.exec('begin')
      this.#reading = setImmediate(() => this.#endReading())
    }
    return this.#writer
  }

  #endReading() {
    if (!this.#reading) return
    clearImmediate(this.#reading)
    this.#reading = undefined
    undo(this.#writer.database)
  }

  async #settled(): Promise<Connection> {
    await this.#flushing
    return this.#snapshot() ?? this.#writer
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0))
    this.#flushing = undefined
  }

  async #commit(batch: Waiting[]): Promise<void> {
    const settle: (() => void)[] = []
    const { database } = this.#writer
    try {
      this.#requireFiles()
      this.#endReading()
      database.exec('begin immediate')
      for (const waiting of batch) settle.push(await this.#attempt(waiting))
      database.exec('commit')
    } catch (error) {
      for (const { reject } of batch) reject(error)
      // If this fails too, the next begin also fails, and retries it.
      if (database.isTransaction) undo(database)
      return
    }
    for (const each of settle) each()
    // After all callers that wait for the transactions have continued.
    if (this.#listener.settled) process.nextTick(this.#listener.settled)
  }

  /** Runs one transaction in its savepoint; the returned function settles its caller after the commit. */
  async #attempt({ work, resolve, reject }: Waiting): Promise<() => void> {
    const { database } = this.#writer
    for (let attempt = 1; ; attempt++) {
      const tx = new OpenTransaction(this.#writer, this.#besides)
      const turn = endOfTurn()
      database.exec('savepoint work')
      try {
        const result = await Promise.race([work(tx), turn.ended])
        database.exec('release work')
        return () => {
          for (const what of tx.following) this.#listener.follow(what)
          resolve(result)
        }
      } catch (error) {
        // SQLite itself rolls back the whole transaction on some errors, such as a full disk; then all transactions of the batch
        // have failed.
        if (!database.isTransaction) throw error
        database.exec('rollback to work; release work')
        if (!(error instanceof RetryTransaction) || attempt === transactionAttempts) return () => reject(error)
      } finally {
        turn.cancel()
        tx.end()
      }
    }
  }
}

/**
 * Writing to a removed file causes no error: the data exists until the last handle closes. So each commit checks whether the files
 * are still in their place, and continues when they come back.
 */
function filesOf(path: string): () => void {
  if (path === ':memory:') return () => {}
  const { ino } = statSync(path)
  return () => {
    const isThere = statSync(path, { throwIfNoEntry: false })?.ino === ino && existsSync(`${path}-wal`)
    if (!isThere) throw new DatabaseMissing(`${path} has been removed or replaced while it is in use`)
  }
}

/** Rolls back a transaction that has failed or has only read. Its callers already know the result. */
function undo(database: DatabaseSync) {
  try {
    database.exec('rollback')
  } catch {
    // The next begin fails too, and its callers get the error.
  }
}

/** Rejects when the event loop turns: a transaction that still runs then has awaited something other than its queries. */
function endOfTurn() {
  const { promise, reject } = Promise.withResolvers<never>()
  const immediate = setImmediate(() => reject(new Error('A transaction awaited something other than its own queries')))
  return { ended: promise, cancel: () => clearImmediate(immediate) }
}

class OpenTransaction implements Transaction {
  readonly storesEvents: boolean
  readonly feedsSearch: boolean
  readonly following: unknown[] = []
  #connection: Connection | undefined

  constructor(connection: Connection, { storesEvents, feedsSearch }: Besides) {
    this.#connection = connection
    this.storesEvents = storesEvents
    this.feedsSearch = feedsSearch
  }

  async all<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]> {
    return this.#open().all(statement, values)
  }

  async get<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined> {
    return this.#open().get(statement, values)
  }

  async run(statement: Statement<never>, ...values: Value[]): Promise<number> {
    return this.#open().run(statement, values)
  }

  afterCommit(what: unknown) {
    this.following.push(what)
  }

  end() {
    this.#connection = undefined
  }

  #open(): Connection {
    if (!this.#connection) throw new Error('This transaction has ended')
    return this.#connection
  }
}
