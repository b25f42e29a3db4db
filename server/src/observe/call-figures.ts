import { Counter, type Metric, type Registry } from 'prom-client'

/** Upper bounds of the buckets of time, in seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]
const histogramName = 'carillon_request_seconds_bucket'

interface Figures {
  /** How many answers had each status. */
  readonly statuses: Map<number, number>
  /**
   * For each bound the calls that took at most that long, and longer than the previous bound. The last number counts those that took longer
   * than all bounds.
   */
  readonly histogram: number[]
  seconds: number
}

/** The figures of all operations together, since the node has started. */
export interface CallTotals {
  readonly calls: number
  readonly refused: number
  readonly failed: number
  readonly messages: number
  readonly bounds: readonly number[]
  readonly histogram: readonly number[]
}

/**
 * Counts the calls of each operation and their times. prom-client's counters cost 2.5 µs a call, so the figures are counted here, and
 * prom-client gets them when /metrics is read.
 */
export class CallFigures {
  readonly #operations = new Map<string, Figures>()

  constructor(registry: Registry) {
    const operations = this.#operations
    const counter = new Counter({
      name: 'carillon_requests_total',
      help: 'Requests that were answered, by operation and status',
      labelNames: ['operation', 'status'] as const,
      registers: [],
      collect() {
        this.reset()
        for (const [operation, { statuses }] of operations) {
          for (const [status, count] of statuses) this.inc({ operation, status }, count)
        }
      },
    })
    registry.registerMetric(counter)
    // A registry needs only these members; a metric of prom-client's own class cannot be set to counts.
    const histogram = {
      name: 'carillon_request_seconds',
      get: async () => ({
        name: 'carillon_request_seconds',
        help: 'Time from the request to its answer, by operation',
        type: 'histogram',
        values: [...operations].flatMap(([operation, figures]) => secondsOf(operation, figures)),
      }),
    }
    registry.registerMetric(histogram as unknown as Metric)
  }

  /** The figures of all operations together. */
  totals(): CallTotals {
    const totals = { calls: 0, refused: 0, failed: 0, messages: 0, bounds, histogram: [...bounds.map(() => 0), 0] }
    for (const [operation, { statuses, histogram }] of this.#operations) {
      for (const [status, count] of statuses) {
        totals.calls += count
        if (status >= 500) totals.failed += count
        else if (status >= 400) totals.refused += count
        else if (operation === 'SendChannelMessage') totals.messages += count
      }
      for (const [index, count] of histogram.entries()) totals.histogram[index]! += count
    }
    return totals
  }

  count(operation: string, status: number, seconds: number) {
    let figures = this.#operations.get(operation)
    if (!figures) {
      figures = { statuses: new Map(), histogram: [...bounds.map(() => 0), 0], seconds: 0 }
      this.#operations.set(operation, figures)
    }
    figures.statuses.set(status, (figures.statuses.get(status) ?? 0) + 1)
    let index = 0
    while (index < bounds.length && seconds > bounds[index]!) index++
    figures.histogram[index]!++
    figures.seconds += seconds
  }
}

/** The lines of one operation in a Prometheus histogram, whose buckets count all below their bound. */
function secondsOf(operation: string, { histogram, seconds }: Figures) {
  let count = 0
  const lines = histogram.map((here, index) => {
    count += here
    return { metricName: histogramName, labels: { operation, le: bounds[index] ?? '+Inf' }, value: count }
  })
  return [
    ...lines,
    { metricName: 'carillon_request_seconds_sum', labels: { operation }, value: seconds },
    { metricName: 'carillon_request_seconds_count', labels: { operation }, value: count },
  ]
}
