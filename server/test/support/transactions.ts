import type { Database, Work } from '../../src/database/database.ts'

/** A database whose transactions are run by this function, which gets the database underneath. */
export const withTransactions = (db: Database, transaction: <Result>(work: Work<Result>, db: Database) => Promise<Result>): Database => ({
  kind: db.kind,
  all: (...asked) => db.all(...asked),
  get: (...asked) => db.get(...asked),
  run: (...asked) => db.run(...asked),
  tidy: () => db.tidy(),
  close: () => db.close(),
  of: lock => withTransactions(db.of(lock), transaction),
  transaction: work => transaction(work, db),
})
