import { sayGone } from '../domain/memberships.ts'
import type { Database } from '../database/database.ts'
import { nextDeleted, purgePart } from '../store/purge.ts'

/**
 * Removes the next part of a deleted resource, in one small transaction that also emits which memberships have ended. False if
 * nothing is left. Several nodes may run it at once.
 */
export async function purgeStep(db: Database, now: number): Promise<boolean> {
  const deleted = await nextDeleted(db)
  if (!deleted) return false
  await db.transaction(async tx => {
    for (const ended of await purgePart(tx, deleted, now)) await sayGone(tx, ended)
  })
  return true
}
