import type { Log } from '../observe/log.ts'
import type { Database } from '../database/database.ts'
import { longestDue, partsOfLane } from '../store/outbox.ts'
import { repeated } from '../tools/repeated.ts'
import { Seldom } from '../tools/seldom.ts'

const lookMilliseconds = 5000
/** An entry that has been due for longer than this is overdue. A node with room leases an entry within a second. */
const overdueMilliseconds = 30_000
/** How often the log repeats the warning. */
const remindMilliseconds = 10 * 60 * 1000

/**
 * Logs a warning if entries of the outbox are overdue. It has a timer of its own, so it notices a runner that has stopped as well as one
 * that is too slow. Returns a function that ends it.
 */
export function watchOutbox({ db, now, log }: { db: Database; now: () => number; log: Log }): () => Promise<void> {
  const reminders = new Seldom(remindMilliseconds)

  async function look() {
    const [due, ...others] = await longestDue(db, now(), overdueMilliseconds)
    if (!due) {
      if (reminders.forget()) log.info('The outbox delivers again')
    } else if (reminders.isDue()) {
      const seconds = Math.round(due.milliseconds / 1000)
      const about = { ...partsOfLane(due.lane), seconds, otherLanes: others.length }
      log.warn(about, 'A lane of the outbox is stuck: an entry has been due for this many seconds without being delivered')
    }
  }

  // If the database is unavailable, the runner logs that.
  return repeated(lookMilliseconds, look, () => {})
}
