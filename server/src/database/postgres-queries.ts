import { types, type PoolClient, type PoolConfig, type QueryResult } from 'pg'
import type { Queries, Statement, Value } from './database.ts'

/** bigint and count(*) are text by default; each of ours fits a number. */
export const parsers: PoolConfig['types'] = {
  getTypeParser: (oid, format) => (oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format)),
}

/** Runs a statement on a connection, or on any connection of a pool. */
export type Ask = (statement: Statement<unknown>, values: (Value | Value[])[]) => Promise<QueryResult>

/**
 * Statements with names are parsed and planned once per connection. `hasNames` is called once there is a connection, which shows whether
 * there is a pooler.
 */
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

/** A caller that waits for its row. */
export interface Waiting {
  readonly values: readonly Value[]
  readonly resolve: (row: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * Sends several calls at once, by a statement that takes a list for each parameter and returns in `whose` which call a row belongs to,
 * counted from 1; resolves each call with its row. If it rejects, no call was resolved.
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

/** Queries with one round trip each. */
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
