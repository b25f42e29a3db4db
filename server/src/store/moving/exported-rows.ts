import type { Value } from '../../database/database.ts'
import { parsed } from '../text.ts'

export type Row = Record<string, Value>

/** Users and bots are named by their number in the database, since a deleted one may have had the same id as another. */
export const reference = (column: string) => `cast(${column} as text)`

const flags = new Set(['isOpen', 'placed', 'redacted', 'presenceOff'])

const nothing: ReadonlySet<string> = new Set()

/** The row without null and omitted columns; columns with JSON are parsed. */
export function shown(row: Row, json: ReadonlySet<string>, leftOut = nothing): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  for (const [column, value] of Object.entries(row)) {
    if (value === null || leftOut.has(column)) continue
    made[column] = json.has(column) ? parsed<unknown>(value as string) : flags.has(column) ? value === 1 : value
  }
  return made
}
