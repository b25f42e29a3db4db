import type { Database, Queries } from '../database/database.ts'
import { markDelivered, markFailed, markPaused } from '../store/outbox-lanes.ts'
import { BoundedMap } from '../tools/bounded-map.ts'
import type { AskedPause } from './delivery.ts'

/** The least time between two writes of a lane's state. */
const markMilliseconds = 5000
const lanesAtMost = 1000

/**
 * Writes the last success, failure and pause of a lane, for `carillon outbox status`. It does so rarely, successes and failures in
 * transactions that run anyway.
 */
export class LaneLog {
  readonly #delivered = new BoundedMap<string, number>(lanesAtMost)
  readonly #failed = new BoundedMap<string, number>(lanesAtMost)
  readonly #paused = new BoundedMap<string, AskedPause>(lanesAtMost)

  /** The first success after a failure is always written, so that a lane that works does not look as if it failed. */
  async delivered(tx: Queries, lane: string, now: number) {
    const hasFailed = this.#failed.delete(lane)
    if (this.#isDue(this.#delivered, lane) || hasFailed) await markDelivered(tx, lane, now)
  }

  async failed(tx: Queries, lane: string, now: number, error: string) {
    if (this.#isDue(this.#failed, lane)) await markFailed(tx, lane, now, error)
  }

  /** Each pause is written once. */
  async paused(db: Database, lane: string, pause: AskedPause, now: number) {
    if (this.#paused.get(lane) === pause) return
    const until = Math.ceil(now + pause.until - performance.now())
    await db.transaction(tx => markPaused(tx, lane, until, pause.why))
    this.#paused.set(lane, pause)
  }

  #isDue(marked: Map<string, number>, lane: string) {
    const at = performance.now()
    const before = marked.get(lane)
    if (before !== undefined && at - before < markMilliseconds) return false
    marked.set(lane, at)
    return true
  }
}
