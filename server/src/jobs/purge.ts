import { setTimeout } from 'node:timers/promises'
import { sayGone } from '../domain/memberships.ts'
import { ApiError } from '../errors.ts'
import type { Database } from '../database/database.ts'
import { nextDeleted, purgePart } from '../store/purge.ts'

/** How long a purge waits after a step that others have prevented, in milliseconds. */
const pauseMilliseconds = 100
/** After this many prevented steps in a row, the last one fails. */
const mostPrevented = 20

/** How many steps in a row others have prevented. */
const prevented = new WeakMap<Database, number>()

/**
 * Removes the next part of a deleted resource, in one small transaction that also emits which memberships have ended. Undefined if
 * nothing is left. Several nodes may run it at once: each takes the first part, so one of them removes it while the others wait for its
 * locks. A wait that takes too long is no failure, and the step was 'prevented'; it throws once that has happened many times in a row.
 */
export async function purgeStep(db: Database, now: number): Promise<'worked' | 'prevented' | undefined> {
  const deleted = await nextDeleted(db)
  if (!deleted) return undefined
  try {
    await db.transaction(async tx => {
      for (const ended of await purgePart(tx, deleted, now)) await sayGone(tx, ended)
    })
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 503)) throw error
    const inARow = (prevented.get(db) ?? 0) + 1
    prevented.set(db, inARow % mostPrevented)
    if (inARow === mostPrevented) throw error
    await setTimeout(pauseMilliseconds)
    return 'prevented'
  }
  prevented.delete(db)
  return 'worked'
}
