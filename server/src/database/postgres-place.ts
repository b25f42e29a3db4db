import type { Database, Place, Sharing, Statement, Transaction, Value } from './database.ts'

/** The database that a place is in. */
interface Whole extends Database {
  transaction<Result>(work: (tx: Transaction) => Promise<Result>, sharing?: Sharing, place?: Place): Promise<Result>
}

/** PostgreSQL for the work on one channel or app instance. */
export class PostgresPlace implements Database {
  readonly kind = 'postgres'
  readonly #database: Whole
  readonly #place: Place

  constructor(database: Whole, place: Place) {
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

  async transaction<Result>(work: (tx: Transaction) => Promise<Result>, sharing?: Sharing): Promise<Result> {
    return this.#database.transaction(work, sharing, this.#place)
  }

  of(place: Place): Database {
    return this.#database.of(place)
  }

  async tidy(): Promise<boolean> {
    return this.#database.tidy()
  }

  async close(): Promise<void> {
    return this.#database.close()
  }
}
