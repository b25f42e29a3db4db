import type { Config } from '../settings/config.ts'
import type { AfterCommit } from '../events/follower.ts'
import { requireSameBus } from '../nodes/heartbeat.ts'
import type { OpenBus } from '../bus/bus.ts'
import { createLog } from '../observe/log.ts'
import type { Database } from '../database/database.ts'
import { NotSetUp } from '../database/migrate.ts'
import { openDatabase, openExistingDatabase } from '../database/open.ts'
import { isSearchOn } from '../store/search-generation.ts'
import { configOf, type Flags } from './settings.ts'

/**
 * Runs work on the database of these settings, also while a server uses it. With a bus, sockets get the events of the work. If there is no
 * database, it rejects, since in a wrong folder a new one would be empty; with `creates` it creates the database, as the first start of a
 * server does. Its statements may take as long as those of a server, or as `statementMilliseconds` says.
 */
export async function withDatabase(
  flags: object,
  work: (db: Database, config: Config) => Promise<void>,
  { creates = false, statementMilliseconds }: { creates?: boolean; statementMilliseconds?: number } = {},
) {
  const config = configOf(flags as Flags)
  const log = createLog(config.logLevel)
  let opening: OpenBus | undefined
  const follow = (what: AfterCommit) => 'wake' in what || opening?.bus.publish(what)
  const given = { log, statementMilliseconds, follow: (what: unknown) => void follow(what as AfterCommit) }
  const db = await opened(config, given).catch(async (error: unknown) => {
    if (!creates || !(error instanceof NotSetUp)) throw error
    const created = await openDatabase(config, given)
    process.stderr.write('There was no database of these settings; it is created.\n')
    return created
  })
  try {
    await requireSameBus(db, config.natsUrl !== undefined)
    if (config.natsUrl !== undefined) {
      // Loaded only where they are used, since loading takes as long as the rest of a command.
      const [{ openNatsBus }, { NatsUnavailable }, { createMetrics }] = await Promise.all([
        import('../nodes/open-nats-bus.ts'),
        import('../bus/nats-link.ts'),
        import('../observe/metrics.ts'),
      ])
      try {
        opening = await openNatsBus(config, { db, log, metrics: createMetrics() })
      } catch (error) {
        // An outage of NATS must not keep an operator from disabling a key. Nodes find what a command has changed in the database.
        if (!(error instanceof NatsUnavailable)) throw error
        process.stderr.write(
          `carillon: ${error.message} The command runs without it: open sockets hear of its changes within half a minute.\n`,
        )
      }
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
