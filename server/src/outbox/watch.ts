import type { Log } from '../observe/log.ts'
import type { Database } from '../database/database.ts'
import { longestDue } from '../store/outbox.ts'

const lookMilliseconds = 5000
/** An entry that has been due for longer is overdue: a node with room leases it within a second. */
const overdueMilliseconds = 30_000
/** How often the log repeats the warning. */
const remindMilliseconds = 10 * 60 * 1000

/**
 * Warns in the log where entries of the outbox are due and no node takes them. It looks by a timer of its own, so it sees a
 * runner that has stopped as well as one that cannot keep up. Returns how to end it.
 */
export function watchOutbox({ db, now, log }: { db: Database; now: () => number; log: Log }): () => Promise<void> {
  let warnedAt: number | undefined
  let looking: Promise<void> | undefined

  async function look() {
    const due = await longestDue(db, now())
    const isOverdue = due !== undefined && due.milliseconds > overdueMilliseconds
    if (!isOverdue) {
      if (warnedAt !== undefined) log.info('The outbox delivers again')
      warnedAt = undefined
    } else if (warnedAt === undefined || performance.now() - warnedAt >= remindMilliseconds) {
      warnedAt = performance.now()
      const seconds = Math.round(due.milliseconds / 1000)
      log.warn({ kind: due.kind, seconds }, 'The outbox is stuck: an entry has been due for this many seconds and no node delivers it')
    }
  }

  const timer = setInterval(() => {
    // Where the database is away the runner says so.
    looking ??= look()
      .catch(() => {})
      .finally(() => (looking = undefined))
  }, lookMilliseconds).unref()
  return async () => {
    clearInterval(timer)
    await looking
  }
}
