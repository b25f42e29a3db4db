import type { Database } from '../database/database.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { dueLanes, partsOfLane } from '../store/outbox.ts'
import type { Aliveness } from '../tools/aliveness.ts'
import { OnDemand } from '../tools/on-demand.ts'
import type { Delivery, OrderedDelivery } from './delivery.ts'
import { LaneLabels } from './lane-labels.ts'
import { LaneLog } from './lane-log.ts'
import type { LaneTools } from './lane-tools.ts'
import { OrderedLane } from './ordered-lane.ts'
import { SingleLanes } from './single-lanes.ts'

/** How often a node reads due entries of other nodes. Its own entries wake it immediately. */
const pollMilliseconds = 1000
/** How many ordered lanes a node works on at once. */
const workedOnAtMost = 64

/** The state of an ordered lane on this node. */
interface Ordered {
  readonly lane: OrderedLane
  work: Promise<void> | undefined
  /** Whether entries have been added while it was worked on. */
  isWanted: boolean
  /** The end of its pause, on the monotonic clock. */
  pausedUntil: number
}

interface Tools {
  readonly db: Database
  readonly now: () => number
  readonly log: Log
  readonly metrics: Metrics
  readonly nodeId: string
  readonly aliveness: Aliveness
}

/** Delivers the entries of the outbox, lane by lane; every node runs one. `soon` wakes it, `stop` ends it. */
export class OutboxRunner {
  readonly #deliveries: Readonly<Record<string, Delivery>>
  readonly #tools: LaneTools
  readonly #stopping = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #looking: OnDemand
  readonly #single: SingleLanes
  readonly #ordered = new Map<string, Ordered>()
  /** The lanes to read. */
  readonly #wanted = new Set<string>()
  #isPolling = true
  #isAway = false

  constructor(deliveries: Readonly<Record<string, Delivery>>, { aliveness, ...tools }: Tools) {
    this.#deliveries = deliveries
    let alive: AbortSignal | undefined
    let both = this.#stopping.signal
    const working = () => {
      const { signal } = aliveness
      if (signal !== alive) both = AbortSignal.any([this.#stopping.signal, (alive = signal)])
      return both
    }
    this.#tools = { ...tools, labels: new LaneLabels(), states: new LaneLog(), working }
    this.#single = new SingleLanes(this.#tools)
    this.#looking = new OnDemand(
      () => this.#look(),
      error => {
        if (!this.#isAway) tools.log.warn({ err: error }, 'The outbox cannot be read; the read will be retried')
        this.#isAway = true
      },
    )
    this.#timer = setInterval(() => {
      this.#isPolling = true
      this.#looking.soon()
    }, pollMilliseconds)
    this.#looking.soon()
  }

  /** Called when the lane has new entries. */
  soon(lane: string) {
    this.#wanted.add(lane)
    this.#looking.soon()
  }

  /** Aborts the deliveries in flight; they are retried after the next start, or by another node. */
  async stop() {
    clearInterval(this.#timer)
    this.#stopping.abort()
    await this.#looking.stop()
    await this.#single.ended()
    for (const { work, lane } of this.#ordered.values()) {
      await work
      await lane.release().catch(() => {})
    }
  }

  /** Leases due entries, as many as there is room for. */
  async #look() {
    const { db, now } = this.#tools
    if (this.#isPolling) {
      for (const lane of await dueLanes(db, now())) this.#wanted.add(lane)
      this.#isPolling = false
      for (const [name, { work, lane }] of this.#ordered) if (!work && lane.isIdle) this.#ordered.delete(name)
    }
    // Lanes that are woken meanwhile wait for the next round, so that this one ends and polls are not late.
    const wanted = [...this.#wanted]
    for (const lane of wanted) {
      if (this.#stopping.signal.aborted) return
      this.#wanted.delete(lane)
      const delivery = this.#deliveries[partsOfLane(lane).kind]
      // Unknown kinds are left to a newer node.
      if (delivery?.isOrdered) this.#workOn(lane, delivery)
      else if (delivery && !(await this.#single.take(lane, delivery, () => this.soon(lane)))) {
        this.#wanted.add(lane)
        break
      }
    }
    this.#isAway = false
  }

  #workOn(name: string, delivery: OrderedDelivery) {
    const known = this.#ordered.get(name)
    const ordered = known ?? { lane: new OrderedLane(name, delivery, this.#tools), work: undefined, isWanted: false, pausedUntil: 0 }
    if (ordered.work) ordered.isWanted = true
    if (ordered.work || ordered.pausedUntil > performance.now()) return
    if ([...this.#ordered.values()].filter(({ work }) => work !== undefined).length >= workedOnAtMost) {
      // It begins when another lane ends.
      this.#wanted.add(name)
      return
    }
    this.#ordered.set(name, ordered)
    ordered.isWanted = false
    ordered.work = this.#worked(name, ordered)
  }

  async #worked(name: string, ordered: Ordered) {
    const left = await ordered.lane.work().catch((error: unknown) => {
      const about = { err: error, ...partsOfLane(name) }
      this.#tools.log.warn(about, 'The outcome of a delivery could not be stored; the entries will be delivered again')
      return { pauseMilliseconds: 1000 }
    })
    ordered.work = undefined
    if (typeof left === 'object') {
      ordered.pausedUntil = performance.now() + left.pauseMilliseconds
      if (!this.#stopping.signal.aborted) setTimeout(() => this.soon(name), left.pauseMilliseconds).unref()
    } else if (left === 'more' || ordered.isWanted) this.#wanted.add(name)
    if (this.#wanted.size > 0) this.#looking.soon()
  }
}
