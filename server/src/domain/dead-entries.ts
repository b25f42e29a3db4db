import type { Database, Queries } from '../database/database.ts'
import { deadAfter, dropDead, reviveDead } from '../store/outbox-dead.ts'

/** The most entries that one transaction moves, so that other transactions do not wait long. */
const step = 100
const stepsAtOnce = 10

/**
 * What an operator decides about an entry that was given up: to deliver it again, or to drop it. Resolves to false if there is no such
 * entry.
 */
type Decision = (tx: Queries, id: number) => Promise<boolean>

export const retrying =
  (now: number): Decision =>
  (tx, id) =>
    reviveDead(tx, id, now)

export const dropping: Decision = dropDead

/** Applies a decision to these entries, in small transactions. Resolves to how many of them existed. */
export async function decideOn(db: Database, ids: readonly number[], decide: Decision): Promise<number> {
  let done = 0
  for (let at = 0; at < ids.length; at += step) {
    done += await db.transaction(async tx => {
      let moved = 0
      for (const id of ids.slice(at, at + step)) if (await decide(tx, id)) moved++
      return moved
    })
  }
  return done
}

/**
 * Applies a decision to the first thousand entries of a lane, or of all lanes, that were given up by then: an entry that is delivered again
 * may be given up again. `hasMore` says whether there may be more.
 */
export async function decideOnFirst(
  db: Database,
  { lane, until }: { readonly lane: string | undefined; readonly until: number },
  decide: Decision,
): Promise<{ count: number; hasMore: boolean }> {
  let count = 0
  for (let steps = 0; steps < stepsAtOnce; steps++) {
    const entries = (await deadAfter(db, 0, step, lane)).filter(({ diedAt }) => diedAt <= until)
    const ids = entries.map(({ id }) => id)
    count += await decideOn(db, ids, decide)
    if (entries.length < step) return { count, hasMore: false }
  }
  return { count, hasMore: true }
}
