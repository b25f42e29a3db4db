import type { Config } from '../settings/config.ts'
import { createLog } from '../observe/log.ts'
import { openAsItStands } from '../database/open.ts'
import { longestDue, outboxFigures } from '../store/outbox.ts'
import { deadFigures } from '../store/outbox-dead.ts'
import { laneStates } from '../store/outbox-lanes.ts'
import type { Finding } from './findings.ts'

/** A running node takes a due entry within a second, and an attempt takes five. */
const overdueMilliseconds = 60_000

/** The findings about the outbox: lanes in which an entry has been due for long, and entries that were given up. */
export async function outboxFindings(config: Config, now: number): Promise<Finding[]> {
  try {
    const db = await openAsItStands(config, createLog(config.logLevel))
    if (!db) return []
    try {
      const states = new Map((await laneStates(db)).map(state => [state.lane, state]))
      const entriesOf = new Map((await outboxFigures(db)).map(({ lane, entries }) => [lane, entries]))
      const stuck = (await longestDue(db, now, overdueMilliseconds)).map(({ lane, milliseconds }): Finding => {
        const error = states.get(lane)?.error
        return {
          kind: 'fault',
          what: `The outbox is stuck: of the ${entriesOf.get(lane)} entries of the lane ${lane} one has been due for ${Math.round(milliseconds / 1000)} seconds`,
          instead: error
            ? `The last error: ${error}`
            : 'Check that a server is running on this database, and look for the outbox in its log.',
        }
      })
      const dead = (await deadFigures(db)).map(({ lane, entries }): Finding => ({
        kind: 'advice',
        what: `The outbox keeps ${entries} dead entries of the lane ${lane}`,
        instead: 'carillon outbox list shows why; carillon outbox retry or drop decides on them.',
      }))
      return [...stuck, ...dead]
    } finally {
      await db.close()
    }
  } catch (error) {
    return [{ kind: 'advice', what: 'The outbox could not be checked', instead: error instanceof Error ? error.message : String(error) }]
  }
}
