import type { Database, LockName, Statement, Value, Work } from './database.ts'

/** The database that a place belongs to. */
interface Whole extends Database {
  transaction<Result>(work: Work<Result>, place?: LockName): Promise<Result>
}

/** PostgreSQL for the work on one channel or app instance. */
export class PostgresUnderLock implements Database {
  readonly kind = 'postgres'
  readonly #database: Whole
  readonly #place: LockName

  constructor(database: Whole, place: LockName) {
    this.#database = database
    this.#place = place
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
    return this.#database.transaction(work, this.#place)
  }

  of(place: LockName): Database {
    return this.#database.of(place)
  }

  async tidy(): Promise<boolean> {
    return this.#database.tidy()
  }

  async close(): Promise<void> {
    return this.#database.close()
  }
}
