import type { CallTotals } from './call-figures.ts'
import type { Metrics } from './metrics.ts'

/** The figures of the node for a few seconds. */
interface Sample {
  /** The end of the time, in epoch milliseconds. */
  readonly at: number
  readonly seconds: number
  readonly calls: number
  /** Calls that were refused with a status below 500, and those that failed with one of 500 or above. */
  readonly refused: number
  readonly failed: number
  readonly messages: number
  /** At the end of the time. */
  readonly sessions: number
  /** How long a call took, in seconds; 0 without calls. */
  readonly median: number
  readonly percentile99: number
}

const sampleSeconds = 2
/** Five minutes. */
const most = 150

/** The differences between two readings of the totals. */
function sampleOf(before: CallTotals, after: CallTotals): Omit<Sample, 'at' | 'seconds' | 'sessions'> {
  const counts = after.histogram.map((count, index) => count - before.histogram[index]!)
  return {
    calls: after.calls - before.calls,
    refused: after.refused - before.refused,
    failed: after.failed - before.failed,
    messages: after.messages - before.messages,
    median: percentile(counts, after.bounds, 0.5),
    percentile99: percentile(counts, after.bounds, 0.99),
  }
}

/** The time within which that share of the calls was answered, interpolated between the bounds of its bucket. */
function percentile(counts: readonly number[], bounds: readonly number[], share: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  let left = total * share
  for (const [index, count] of counts.entries()) {
    if (count > 0 && left <= count) {
      const lower = bounds[index - 1] ?? 0
      return lower + ((bounds[index] ?? lower) - lower) * (left / count)
    }
    left -= count
  }
  return 0
}

/** The figures of this node for the last five minutes, for plots. */
export class ServerFigures {
  readonly #metrics: Metrics
  readonly #samples: Sample[] = []
  readonly #timer: NodeJS.Timeout
  #totals: CallTotals
  #at = performance.now()

  constructor(metrics: Metrics) {
    this.#metrics = metrics
    this.#totals = metrics.calls.totals()
    this.#timer = setInterval(() => void this.#take(), sampleSeconds * 1000).unref()
  }

  stop() {
    clearInterval(this.#timer)
  }

  /** The samples that ended after that time, the oldest first. */
  after(milliseconds: number): readonly Sample[] {
    return this.#samples.filter(({ at }) => at > milliseconds)
  }

  async #take() {
    const before = this.#totals
    this.#totals = this.#metrics.calls.totals()
    const passed = performance.now() - this.#at
    this.#at += passed
    const { values } = await this.#metrics.sessions.get()
    const sessions = values[0]?.value ?? 0
    this.#samples.push({ at: Date.now(), seconds: Math.max(1, Math.round(passed / 1000)), sessions, ...sampleOf(before, this.#totals) })
    if (this.#samples.length > most) this.#samples.shift()
  }
}
