import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Statement, Value } from './database.ts'

/**
 * SQLite's spelling of the parameters. Its planner looks at the value of a bare parameter (in a `limit`, and since 3.54 beside the
 * condition of a partial index) and then plans the statement again at every execution, which costs more than most of our queries. A
 * sign before the parameter changes neither value nor plan, but makes it an expression, whose value the planner ignores.
 */
const sqliteText = (text: string) => text.replace(/\$(\d+)/g, '+?$1')

interface Prepared {
  readonly statement: StatementSync
  readonly row: (values: unknown[]) => unknown
}

/** A cache of prepared statements for one connection. */
export class Connection {
  readonly database: DatabaseSync
  readonly #statements = new Map<Statement<unknown>, Prepared>()

  constructor(database: DatabaseSync) {
    this.database = database
  }

  all<Row>(statement: Statement<Row>, values: Value[]): Row[] {
    const prepared = this.#prepared(statement)
    return prepared.statement.all(...bound(values)).map(values => prepared.row(values as unknown as unknown[])) as Row[]
  }

  get<Row>(statement: Statement<Row>, values: Value[]): Row | undefined {
    const prepared = this.#prepared(statement)
    const found = prepared.statement.get(...bound(values)) as unknown[] | undefined
    return found && (prepared.row(found) as Row)
  }

  run(statement: Statement<never>, values: Value[]): number {
    return Number(this.#prepared(statement).statement.run(...bound(values)).changes)
  }

  #prepared(statement: Statement<unknown>): Prepared {
    let prepared = this.#statements.get(statement)
    if (!prepared) {
      const made = this.database.prepare(sqliteText(statement.text))
      made.setReturnArrays(true)
      prepared = { statement: made, row: rowOf(made.columns().map(({ name }) => name)) }
      this.#statements.set(statement, prepared)
    }
    return prepared
  }
}

/**
 * Makes rows from the values of these columns. V8 knows no shape for the objects of node:sqlite, so creating and reading one costs
 * three times as much.
 */
function rowOf(columns: readonly string[]): (values: unknown[]) => unknown {
  const blank: Record<string, unknown> = Object.fromEntries(columns.map(name => [name, null]))
  return values => {
    const row = { ...blank }
    for (let index = 0; index < columns.length; index++) row[columns[index]!] = values[index]
    return row
  }
}

/** node:sqlite binds every number as REAL, and `$1 || 'x'` would then give 5.0, so integers are passed as bigint. */
function bound(values: Value[]): SQLInputValue[] {
  return values.map(value => (typeof value === 'number' ? BigInt(value) : value))
}
