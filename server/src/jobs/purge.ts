import { setTimeout } from 'node:timers/promises'
import { sayGone } from '../domain/memberships.ts'
import { ApiError } from '../errors.ts'
import type { Database } from '../database/database.ts'
import { nextDeleted, purgePart } from '../store/purge.ts'

/** How long a purge waits after a step that others have prevented, in milliseconds. */
const pauseMilliseconds = 100

/**
 * Removes the next part of a deleted resource, in one small transaction that also emits which memberships have ended. False if nothing is
 * left. Several nodes may run it at once: each takes the first part, so one of them removes it while the others wait for its locks, and a
 * wait that takes too long is no failure.
 */
export async function purgeStep(db: Database, now: number): Promise<boolean> {
  const deleted = await nextDeleted(db)
  if (!deleted) return false
  try {
    await db.transaction(async tx => {
      for (const ended of await purgePart(tx, deleted, now)) await sayGone(tx, ended)
    })
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 503)) throw error
    await setTimeout(pauseMilliseconds)
  }
  return true
}
