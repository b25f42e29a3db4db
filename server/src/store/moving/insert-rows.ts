import { statement, type Queries, type Value } from '../../database/database.ts'

/** The rows of one statement, since each statement on PostgreSQL is a round trip. */
const atOnce = 100

/** The statement for one row and for many; an existing row stays as it is. */
export function insertsOf(columns: readonly string[], table: string) {
  const row = (index: number) => `(${columns.map((_, column) => `$${index * columns.length + column + 1}`).join(', ')})`
  const inserts = (rows: number) =>
    statement(
      `insert into ${table} (${columns.join(', ')}) values ${Array.from({ length: rows }, (_, index) => row(index)).join(', ')} on conflict do nothing`,
    )
  return { one: inserts(1), many: inserts(atOnce) }
}

/** Inserts rows, many with each statement; returns how many of them were new. */
export async function insertRows(tx: Queries, { one, many }: ReturnType<typeof insertsOf>, rows: readonly Value[][]): Promise<number> {
  let inserted = 0
  let at = 0
  for (; at + atOnce <= rows.length; at += atOnce) inserted += await tx.run(many, ...rows.slice(at, at + atOnce).flat())
  for (const row of rows.slice(at)) inserted += await tx.run(one, ...row)
  return inserted
}
