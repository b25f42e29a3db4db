import type { Database, LockName, Statement, Value, Work } from './database.ts'

/** The database without a lock. */
interface Whole extends Database {
  transaction<Result>(work: Work<Result>, lock?: LockName): Promise<Result>
}

/** PostgreSQL for the work on one channel or app instance. */
export class PostgresUnderLock implements Database {
  readonly kind = 'postgres'
  readonly #database: Whole
  readonly #lock: LockName

  constructor(database: Whole, lock: LockName) {
    this.#database = database
    this.#lock = lock
  }

  async all<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]> {
    return this.#database.all(statement, ...values)
  }

  async get<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined> {
    return this.#database.get(statement, ...values)
  }

  async run(statement: Statement<never>, ...values: Value[]): Promise<number> {
    return this.#database.run(statement, ...values)
  }

  async transaction<Result>(work: Work<Result>): Promise<Result> {
    return this.#database.transaction(work, this.#lock)
  }

  of(lock: LockName): Database {
    return this.#database.of(lock)
  }

  async tidy(): Promise<boolean> {
    return this.#database.tidy()
  }

  async close(): Promise<void> {
    return this.#database.close()
  }
}
