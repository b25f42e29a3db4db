import { statement, type Queries } from '../database/database.ts'

/** SQL: the time of PostgreSQL at the beginning of a statement, in epoch milliseconds. The clocks of nodes may differ. */
export const statementTime = `(extract(epoch from statement_timestamp()) * 1000)::bigint`

const selectClock = {
  postgres: statement<{ at: number }>(`select (extract(epoch from clock_timestamp()) * 1000)::bigint as at`),
  sqlite: statement<{ at: number }>(`select cast(unixepoch('subsec') * 1000 as integer) as at`),
}

/** Resolves to the time of the database's clock, in epoch milliseconds. With SQLite it is the clock of this machine. */
export const clockOf = async (db: Queries & { readonly kind: keyof typeof selectClock }) => (await db.get(selectClock[db.kind]))!.at
