import type { Queries } from '../database/database.ts'
import { markDelivered, markFailed } from '../store/outbox-lanes.ts'
import { BoundedMap } from '../tools/bounded-map.ts'

/** The least time between two writes of a lane's state. */
const markMilliseconds = 5000
const lanesAtMost = 1000

/** Writes the last success and failure of a lane, for `carillon outbox status`. It does so rarely, in transactions that run anyway. */
export class LaneLog {
  readonly #delivered = new BoundedMap<string, number>(lanesAtMost)
  readonly #failed = new BoundedMap<string, number>(lanesAtMost)

  /** The first success after a failure is always written, so that a lane that works does not look as if it failed. */
  async delivered(tx: Queries, lane: string, now: number) {
    const hasFailed = this.#failed.delete(lane)
    if (this.#isDue(this.#delivered, lane) || hasFailed) await markDelivered(tx, lane, now)
  }

  async failed(tx: Queries, lane: string, now: number, error: string) {
    if (this.#isDue(this.#failed, lane)) await markFailed(tx, lane, now, error)
  }

  #isDue(marked: Map<string, number>, lane: string) {
    const at = performance.now()
    const before = marked.get(lane)
    if (before !== undefined && at - before < markMilliseconds) return false
    marked.set(lane, at)
    return true
  }
}
