import type { Queries } from '../database/database.ts'
import { markDelivered, markFailed } from '../store/outbox-lanes.ts'
import { BoundedMap } from '../tools/bounded-map.ts'

/** How often the state of a lane is written at most. */
const markMilliseconds = 5000
const lanesAtMost = 1000

/** Writes how a lane is doing, in transactions that are held anyway, and seldom: what `carillon outbox status` shows. */
export class LaneLog {
  readonly #delivered = new BoundedMap<string, number>(lanesAtMost)
  readonly #failed = new BoundedMap<string, number>(lanesAtMost)

  /** The first success after a failure is written in any case, so that nobody sees a lane that works as one that fails. */
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
