import { setTimeout } from 'node:timers/promises'
import { sayGone } from '../domain/memberships.ts'
import type { Database } from '../database/database.ts'
import { PreventedAttempts } from '../database/prevented.ts'
import { nextDeleted, purgePart } from '../store/purge.ts'

/** How long a purge waits after a step that others have prevented, in milliseconds. */
const pauseMilliseconds = 100

const preventedIn = new WeakMap<Database, PreventedAttempts>()

/**
 * Removes the next part of a deleted resource, in one small transaction that also emits which memberships have ended. Undefined if
 * nothing is left. Several nodes may run it at once: each takes the first part, so one of them removes it, and the step of the others is
 * 'prevented', or throws once that has happened many times in a row.
 */
export async function purgeStep(db: Database, now: number): Promise<'worked' | 'prevented' | undefined> {
  const deleted = await nextDeleted(db)
  if (!deleted) return undefined
  const prevented = preventedIn.get(db) ?? new PreventedAttempts()
  preventedIn.set(db, prevented)
  try {
    await db.transaction(async tx => {
      for (const ended of await purgePart(tx, deleted, now)) await sayGone(tx, ended)
    })
  } catch (error) {
    if (!prevented.add(error)) throw error
    await setTimeout(pauseMilliseconds)
    return 'prevented'
  }
  prevented.end()
  return 'worked'
}
