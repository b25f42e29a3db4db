import { types, type PoolClient, type PoolConfig, type QueryResult } from 'pg'
import type { Queries, Statement, Value } from './database.ts'

/** bigint and count(*) come as text by default; every one of ours fits a number. */
export const parsers: PoolConfig['types'] = {
  getTypeParser: (oid, format) => (oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format)),
}

/** A pool, or one connection of it. */
export type Asker = Pick<PoolClient, 'query'>

/** Named statements are parsed and planned once a connection. */
async function ask(asker: Asker, { name, text }: Statement<unknown>, values: readonly (Value | Value[])[]): Promise<QueryResult> {
  return asker.query({ name, text, values: [...values] })
}

/**
 * Asks for several at once, by a statement that takes a list for each parameter, and whose rows say in `whose` for which of
 * them they are, counted from 1. Returns the row of each, in their order.
 */
export async function askMany(asker: Asker, many: Statement<unknown>, asked: readonly (readonly Value[])[]): Promise<unknown[]> {
  const lists = asked[0]!.map((_, parameter) => asked.map(values => values[parameter]!))
  const { rows } = await ask(asker, many, lists)
  const found = Array.from<unknown>({ length: asked.length })
  for (const row of rows as { whose?: number }[]) {
    found[row.whose! - 1] = row
    delete row.whose
  }
  return found
}

/** What can be asked, each thing in a round trip of its own. */
export class Asking implements Queries {
  readonly #asker: Asker

  constructor(asker: Asker) {
    this.#asker = asker
  }

  async all<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]> {
    const { rows } = await ask(this.#asker, statement, values)
    return rows as Row[]
  }

  async get<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined> {
    const { rows } = await ask(this.#asker, statement, values)
    return rows[0] as Row | undefined
  }

  async run(statement: Statement<never>, ...values: Value[]): Promise<number> {
    const { rowCount } = await ask(this.#asker, statement, values)
    return rowCount ?? 0
  }
}
