import type { Config } from '../settings/config.ts'
import { createLog } from '../observe/log.ts'
import { openAsItStands } from '../database/open.ts'
import { longestDue, outboxFigures } from '../store/outbox.ts'
import type { Finding } from './findings.ts'

/** A running node takes a due entry within a second, and an attempt takes five. */
const overdueMilliseconds = 60_000

/** The findings about the outbox: whether an entry has been due for long without being delivered. */
export async function outboxFindings(config: Config, now: number): Promise<Finding[]> {
  try {
    const db = await openAsItStands(config, createLog(config.logLevel))
    if (!db) return []
    try {
      const due = await longestDue(db, now)
      if (!due || due.milliseconds < overdueMilliseconds) return []
      const entries = (await outboxFigures(db)).reduce((sum, figures) => sum + figures.entries, 0)
      const what = `The outbox is stuck: of its ${entries} entries one (${due.kind}) has been due for ${Math.round(due.milliseconds / 1000)} seconds`
      return [{ kind: 'fault', what, instead: 'Check that a server is running on this database, and look for the outbox in its log.' }]
    } finally {
      await db.close()
    }
  } catch (error) {
    return [{ kind: 'advice', what: 'The outbox could not be checked', instead: error instanceof Error ? error.message : String(error) }]
  }
}
