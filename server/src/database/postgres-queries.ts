import { types, type PoolClient, type PoolConfig, type QueryResult } from 'pg'
import type { Queries, Statement, Value } from './database.ts'

/** bigint and count(*) come as text by default; every one of ours fits a number. */
export const parsers: PoolConfig['types'] = {
  getTypeParser: (oid, format) => (oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format)),
}

/** Asks on a connection, or on any of a pool. */
export type Ask = (statement: Statement<unknown>, values: (Value | Value[])[]) => Promise<QueryResult>

/** Statements with names are parsed and planned once a connection. Whether they have one is asked for once there is a connection. */
export function askOf(asker: Pick<PoolClient, 'query'>, hasNames: () => boolean): Ask {
  return async ({ name, text }, values) =>
    asker.query({
      text,
      values,
      get name() {
        return hasNames() ? name : undefined
      },
    })
}

/** Somebody who asks, and waits. */
export interface Waiting {
  readonly values: readonly Value[]
  readonly resolve: (row: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * Asks for several at once, by a statement that takes a list for each parameter, and whose rows say in `whose` for which of
 * them they are, counted from 1; tells each its row. Where it rejects, nobody has been told anything.
 */
export async function askMany(ask: Ask, many: Statement<unknown>, asked: readonly Waiting[]): Promise<void> {
  const lists = asked[0]!.values.map((_, parameter) => asked.map(({ values }) => values[parameter]!))
  const { rows } = await ask(many, lists)
  const found = new Map<number, unknown>()
  for (const row of rows as { whose?: number }[]) {
    found.set(row.whose!, row)
    delete row.whose
  }
  for (const [index, { resolve }] of asked.entries()) resolve(found.get(index + 1))
}

/** What can be asked, each thing in a round trip of its own. */
export class Asking implements Queries {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  async all<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]> {
    const { rows } = await this.#ask(statement, values)
    return rows as Row[]
  }

  async get<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined> {
    const { rows } = await this.#ask(statement, values)
    return rows[0] as Row | undefined
  }

  async run(statement: Statement<never>, ...values: Value[]): Promise<number> {
    const { rowCount } = await this.#ask(statement, values)
    return rowCount ?? 0
  }
}
