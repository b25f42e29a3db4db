import { partsOfLane } from '../store/outbox.ts'

/** How many destinations have figures of their own; the others of a kind share one line. */
const most = 100

/** The labels of a lane in /metrics. They are bounded, since users can name any number of destinations. */
export class LaneLabels {
  readonly #known = new Set<string>()

  of(lane: string): { kind: string; destination: string } {
    const { kind, destination } = partsOfLane(lane)
    if (!this.#known.has(lane) && this.#known.size >= most) return { kind, destination: 'others' }
    this.#known.add(lane)
    return { kind, destination }
  }
}
