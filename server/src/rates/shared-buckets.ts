import type { Log } from '../observe/log.ts'
import type { Database } from '../database/database.ts'
import { addSpent, removeFullBuckets } from '../store/rates.ts'
import { repeated } from '../tools/repeated.ts'
import type { TokenBuckets } from '../tools/token-buckets.ts'

const sharingMilliseconds = 250
const removeFullMilliseconds = 1000
const removingMilliseconds = 60_000

interface Tools {
  readonly db: Database
  readonly now: () => number
  readonly log: Log
}

/**
 * Drops full token buckets and, if several nodes share a database, exchanges what each has spent, a few times a second: no call
 * waits for it. While the database is unavailable each node counts alone. Returns a function that ends it.
 */
export function shareBuckets(buckets: TokenBuckets, { db, now, log }: Tools, { shared }: { shared: boolean }): () => Promise<void> {
  const removingFull = setInterval(() => buckets.removeFull(now()), removeFullMilliseconds).unref()
  const share = async () => {
    const spent = buckets.handOverSpent()
    if (spent.size === 0) return
    for (const { key, milliseconds } of await addSpent(db, spent)) buckets.adopt(key, milliseconds, now())
  }
  const failed = (error: unknown) =>
    log.warn({ err: error }, 'The token buckets cannot be shared at the moment: each node limits rates by itself')
  const ends = shared
    ? [repeated(sharingMilliseconds, share, failed), repeated(removingMilliseconds, () => removeFullBuckets(db), failed)]
    : []
  return async () => {
    clearInterval(removingFull)
    await Promise.all(ends.map(end => end()))
  }
}
