import { statement, type Queries, type Value } from '../database/database.ts'

/*
 * Makers of queries that are one statement. Such a query takes the connection, and then the parameters $1, $2, … of its statement: `Given` has
 * their names and types.
 */

/** A query that resolves to all rows. */
export function allRows<Row, Given extends Value[] = []>(text: string) {
  const select = statement<Row>(text)
  return async (db: Queries, ...given: Given): Promise<Row[]> => db.all(select, ...given)
}

/** A query that resolves to the first row; undefined if there is none. */
export function firstRow<Row, Given extends Value[] = []>(text: string) {
  const select = statement<Row>(text)
  return async (db: Queries, ...given: Given): Promise<Row | undefined> => db.get(select, ...given)
}

/** A query that resolves to the column `value` of the first row; undefined if there is no row, or if it is null. */
export function firstValue<Result extends Value, Given extends Value[] = []>(text: string) {
  const select = statement<{ value: Result | null }>(text)
  return async (db: Queries, ...given: Given): Promise<Result | undefined> => (await db.get(select, ...given))?.value ?? undefined
}

/** A query that resolves to the column `count` of its only row. */
export function countRows<Given extends Value[] = []>(text: string) {
  const select = statement<{ count: number }>(text)
  return async (db: Queries, ...given: Given): Promise<number> => (await db.get(select, ...given))!.count
}

/** A query that resolves to whether there is a row. */
export function hasRow<Given extends Value[] = []>(text: string) {
  const select = statement<unknown>(text)
  return async (db: Queries, ...given: Given): Promise<boolean> => (await db.get(select, ...given)) !== undefined
}

/** A change that resolves to the number of changed rows. */
export function changeRows<Given extends Value[] = []>(text: string) {
  const change = statement(text)
  return async (tx: Queries, ...given: Given): Promise<number> => tx.run(change, ...given)
}

/** A change of one row; it resolves to false if there is no such row. */
export function changeRow<Given extends Value[] = []>(text: string) {
  const change = statement(text)
  return async (tx: Queries, ...given: Given): Promise<boolean> => (await tx.run(change, ...given)) === 1
}

/** A change that deletes at most `limit` of the rows that `where` selects, by their primary key; it resolves to their number. */
export const deleteSome = <Given extends Value[] = Value[]>(table: string, key: string, where: string, limit = '$2') =>
  changeRows<Given>(`delete from ${table} where (${key}) in (select ${key} from ${table} where ${where} limit ${limit})`)
