import type { Database } from '../database/database.ts'
import { longestDue, outboxFigures } from '../store/outbox.ts'
import { deadFigures } from '../store/outbox-dead.ts'
import { laneStates } from '../store/outbox-lanes.ts'
import { advice, fault, good, type Finding } from './finding.ts'

/** A running node takes a due entry within a second, and an attempt takes five. */
const overdueMilliseconds = 60_000

/** The findings about the outbox: lanes in which an entry has been due for long, and entries that were given up. */
export async function outboxFindings(db: Database, now: number): Promise<Finding[]> {
  const states = new Map((await laneStates(db)).map(state => [state.lane, state]))
  const entriesOf = new Map((await outboxFigures(db)).map(({ lane, entries }) => [lane, entries]))
  const stuck = (await longestDue(db, now, overdueMilliseconds)).map(({ lane, milliseconds }) => {
    const error = states.get(lane)?.error
    return fault(
      `The outbox is stuck: an entry of the lane ${lane} has been due for ${Math.round(milliseconds / 1000)} seconds; entries in the lane: ${entriesOf.get(lane)}`,
      error ? `The last error: ${error}` : 'Check that a server is running on this database, and look for the outbox in its log.',
    )
  })
  const dead = (await deadFigures(db)).map(({ lane, entries }) =>
    advice(
      `The outbox keeps ${entries === 1 ? 'a dead entry' : `${entries} dead entries`} of the lane ${lane}`,
      'carillon outbox list shows why; carillon outbox retry or drop decides on them.',
    ),
  )
  if (stuck.length > 0) return [...stuck, ...dead]
  const waiting = [...entriesOf.values()].reduce((sum, entries) => sum + entries, 0)
  return [
    good(waiting === 0 ? 'The outbox is empty' : `No entry of the outbox has been due for more than a minute; waiting: ${waiting}`),
    ...dead,
  ]
}
