import type { OutboxEntry } from '../store/outbox.ts'
import type { BatchSize } from './delivery.ts'

interface Waiting {
  readonly entries: OutboxEntry[]
  /** How often its first entry has failed, and when it may be retried, on the monotonic clock. */
  failures: number
  retryAt: number
}

/** The pause of a sub-lane whose first entry the destination has not accepted: 100 ms, 200 ms, … */
const backOff = (failures: number) => Math.min(5000, 50 * 2 ** failures)

/** The first entries of an ordered lane, in memory: a queue for each sub-lane. */
export class Window {
  readonly #known = new Set<number>()
  readonly #subLanes = new Map<string, Waiting>()

  get size(): number {
    return this.#known.size
  }

  /** Adds entries that are not in it yet; they are in the order of their numbers. */
  add(entries: readonly OutboxEntry[]) {
    for (const entry of entries) {
      if (this.#known.has(entry.id)) continue
      this.#known.add(entry.id)
      const subLane = entry.subLane ?? ''
      const waiting = this.#subLanes.get(subLane)
      if (waiting) waiting.entries.push(entry)
      else this.#subLanes.set(subLane, { entries: [entry], failures: 0, retryAt: 0 })
    }
  }

  /** Returns the entries that may be sent now: the first ones of the sub-lanes that do not wait for a retry. */
  batch({ entries, bytes, isOneOfEachSubLane }: BatchSize, now: number): OutboxEntry[] {
    const batch: OutboxEntry[] = []
    let size = 0
    for (const waiting of this.#subLanes.values()) {
      if (waiting.retryAt > now) continue
      for (const entry of isOneOfEachSubLane ? waiting.entries.slice(0, 1) : waiting.entries) {
        size += Buffer.byteLength(entry.payload)
        if (batch.length === entries || (size > bytes && batch.length > 0)) return batch
        batch.push(entry)
      }
    }
    return batch
  }

  /** Removes entries that have left the lane. */
  remove(left: readonly OutboxEntry[]) {
    for (const { id, subLane } of left) {
      this.#known.delete(id)
      const waiting = this.#subLanes.get(subLane ?? '')
      if (!waiting) continue
      waiting.entries.splice(
        waiting.entries.findIndex(entry => entry.id === id),
        1,
      )
      waiting.failures = 0
      if (waiting.entries.length === 0) this.#subLanes.delete(subLane ?? '')
    }
  }

  /** The later entries of its sub-lane wait with it. */
  failed({ subLane }: OutboxEntry, now: number) {
    const waiting = this.#subLanes.get(subLane ?? '')
    if (waiting) waiting.retryAt = now + backOff(++waiting.failures)
  }
}
