import type { Config } from '../settings/config.ts'
import { createLog } from '../observe/log.ts'
import type { Database } from '../database/database.ts'
import { openExistingDatabase } from '../database/open.ts'
import { configOf, type Flags } from './settings.ts'

/**
 * Works on the database of these settings, beside a server that serves too. A command makes no database: in the wrong folder it
 * would be an empty one. There are no sockets here to be told.
 */
export async function withDatabase(flags: object, work: (db: Database, config: Config) => Promise<void>) {
  const config = configOf(flags as Flags)
  const db = await openExistingDatabase(config, { log: createLog(config.logLevel), follow: () => {} })
  try {
    await work(db, config)
  } finally {
    await db.close()
  }
}

/** Lines with columns as wide as they need to be. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]!.length))) ?? []
  return rows
    .map(
      row =>
        `${row
          .map((text, column) => text.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
