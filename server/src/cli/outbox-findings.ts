import type { Database } from '../database/database.ts'
import { laneFigures } from '../domain/lane-figures.ts'
import { longestDue } from '../store/outbox.ts'
import { advice, fault, good, type Finding } from './finding.ts'

/** A running node takes a due entry within a second, and an attempt takes five. */
const overdueMilliseconds = 60_000

/** The findings about the outbox: lanes in which an entry has been due for long, and entries that were given up. */
export async function outboxFindings(db: Database, now: number): Promise<Finding[]> {
  const lanes = await laneFigures(db, now)
  const stuck = (await longestDue(db, now, overdueMilliseconds)).map(({ lane, milliseconds }) => {
    const { error, entries } = lanes.find(each => each.lane === lane) ?? {}
    return fault(
      `The outbox is stuck: an entry of the lane ${lane} has been due for ${Math.round(milliseconds / 1000)} seconds; entries in the lane: ${entries}`,
      error ? `The last error: ${error}` : 'Check that a server is running on this database, and look for errors of the outbox in its log.',
    )
  })
  const dead = lanes
    .filter(each => each.dead > 0)
    .map(({ lane, dead: count }) =>
      advice(
        `The outbox has ${count === 1 ? 'a dead entry' : `${count} dead entries`} of the lane ${lane}`,
        'carillon outbox list shows the errors. Deliver them again with carillon outbox retry, or remove them with carillon outbox drop.',
      ),
    )
  const paused = lanes.flatMap(({ lane, pause }) =>
    pause ? [good(`The lane ${lane} pauses until ${new Date(pause.until).toISOString()}, as its destination has asked: ${pause.why}`)] : [],
  )
  if (stuck.length > 0) return [...stuck, ...paused, ...dead]
  const waiting = lanes.reduce((sum, { entries }) => sum + entries, 0)
  return [
    good(waiting === 0 ? 'The outbox is empty' : `No entry of the outbox has been due for more than a minute; waiting: ${waiting}`),
    ...paused,
    ...dead,
  ]
}
