import type { Config } from '../settings/config.ts'
import type { AfterCommit } from '../events/follower.ts'
import { requireSameBus } from '../nodes/heartbeat.ts'
import type { OpenBus } from '../bus/bus.ts'
import { createLog } from '../observe/log.ts'
import type { Database } from '../database/database.ts'
import { openExistingDatabase } from '../database/open.ts'
import { isSearchOn } from '../store/search-generation.ts'
import { configOf, type Flags } from './settings.ts'

/**
 * Runs work on the database of these settings, also while a server uses it. A command never creates a database, since in a wrong folder it
 * would be an empty one. With a bus, sockets get the events of the work.
 */
export async function withDatabase(flags: object, work: (db: Database, config: Config) => Promise<void>) {
  const config = configOf(flags as Flags)
  const log = createLog(config.logLevel)
  let opening: OpenBus | undefined
  const follow = (what: AfterCommit) => 'wake' in what || opening?.bus.publish(what)
  const db = await opened(config, { log, follow: what => void follow(what as AfterCommit) })
  try {
    await requireSameBus(db, config.natsUrl !== undefined)
    if (config.natsUrl !== undefined) {
      // Loaded only where they are used, since loading takes as long as the rest of a command.
      const [{ openNatsBus }, { createMetrics }] = await Promise.all([import('../nodes/open-nats-bus.ts'), import('../observe/metrics.ts')])
      opening = await openNatsBus(config, { db, log, metrics: createMetrics() })
    }
    await work(db, config)
  } finally {
    await opening?.close()
    await db.close()
  }
}

/** Changes are noted for the search index if the server has one, whatever the settings of the command say. */
async function opened(config: Config, given: Parameters<typeof openExistingDatabase>[1]): Promise<Database> {
  const db = await openExistingDatabase(config, given)
  const search = (await isSearchOn(db)) ? 'on' : 'off'
  if (search === config.search) return db
  await db.close()
  return openExistingDatabase({ ...config, search }, given)
}

/** Lines of aligned columns. */
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
