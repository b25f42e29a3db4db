import type { Database, Queries } from '../database/database.ts'
import { markDelivered, markFailed, markPaused } from '../store/outbox-lanes.ts'
import { BoundedMap } from '../tools/bounded-map.ts'
import { Seldom } from '../tools/seldom.ts'
import type { AskedPause } from './delivery.ts'

/** The least time between two writes of a lane's state. */
const markMilliseconds = 5000
const pausesAtMost = 1000

/**
 * Writes the last success, failure and pause of a lane, for `carillon outbox status`. It does so rarely, successes and failures in
 * transactions that run anyway.
 */
export class LaneLog {
  readonly #deliveries = new Seldom(markMilliseconds)
  readonly #failures = new Seldom(markMilliseconds)
  readonly #paused = new BoundedMap<string, AskedPause>(pausesAtMost)

  /** The first success after a failure is always written, so that a lane that works does not look as if it failed. */
  async delivered(tx: Queries, lane: string, now: number) {
    const hasFailed = this.#failures.forget(lane)
    if (this.#deliveries.isDue(lane) || hasFailed) await markDelivered(tx, lane, now)
  }

  async failed(tx: Queries, lane: string, now: number, error: string) {
    if (this.#failures.isDue(lane)) await markFailed(tx, lane, now, error)
  }

  /** Each pause is written once. */
  async paused(db: Database, lane: string, pause: AskedPause, now: number) {
    if (this.#paused.get(lane) === pause) return
    const until = Math.ceil(now + pause.until - performance.now())
    await db.transaction(tx => markPaused(tx, lane, until, pause.why))
    this.#paused.set(lane, pause)
  }
}
