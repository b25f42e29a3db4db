import { setTimeout } from 'node:timers/promises'
import { firstInOutbox, partsOfLane, removeDelivered, type OutboxEntry } from '../store/outbox.ts'
import { buryInOutbox } from '../store/outbox-dead.ts'
import { holdLane, releaseLane } from '../store/outbox-lanes.ts'
import { attempt, messageOf, Refused, type OrderedDelivery } from './delivery.ts'
import type { LaneTools } from './lane-tools.ts'
import { Window } from './window.ts'

/** How many entries of a lane are in memory at the most. */
const windowAtMost = 1000
/** After this many batches other lanes have their turn. */
const batchesAtMost = 50
/** How long a node holds a lane. No other node works on the lane meanwhile, and a batch begins only if there is time enough for it. */
const leaseMilliseconds = 12_000
const leaseLeft = 7000
/** How long a lane waits after failures, in which nothing has arrived: 100 ms, 200 ms, … */
const pauseOf = (failures: number) => Math.min(30_000, 50 * 2 ** failures)
/** How often the log repeats that a lane fails. */
const remindMilliseconds = 10 * 60 * 1000
/** How often a lane looks for new entries while a node works on it. */
const lookMilliseconds = 100
/** How long a lane that has delivered everything waits for more, so that what comes bit by bit leaves in few calls. */
const gatherMilliseconds = 100

/** What is left after some work: nothing, more, or what has to wait. */
type Left = 'nothing' | 'more' | { readonly pauseMilliseconds: number }

/**
 * One lane whose sub-lanes keep their order. One node at a time works on it. Where nothing arrives it pauses, for longer each time, and
 * begins again with a single entry; meanwhile nothing of it is in memory.
 */
export class OrderedLane {
  readonly #lane: string
  readonly #delivery: OrderedDelivery
  readonly #tools: LaneTools
  /** Until when it is this node's. */
  #until: number | undefined
  #failures = 0
  #warnedAt: number | undefined

  constructor(lane: string, delivery: OrderedDelivery, tools: LaneTools) {
    this.#lane = lane
    this.#delivery = delivery
    this.#tools = tools
  }

  /** Whether nothing of it has to be remembered while nothing is in it. */
  get isIdle(): boolean {
    return this.#failures === 0 && (this.#until === undefined || this.#until < this.#tools.now())
  }

  /** Delivers what is in the lane, for a while. Ends early when the signal aborts. */
  async work(stopping: AbortSignal): Promise<Left> {
    const { db } = this.#tools
    const window = new Window()
    let readAt = 0
    for (let batches = 0; batches < batchesAtMost && !stopping.aborted; batches++) {
      // Somebody else works on it.
      if (!(await this.#hold())) return { pauseMilliseconds: 1000 }
      const isLow = window.size < windowAtMost / 2 && performance.now() - readAt > lookMilliseconds
      if (window.size === 0 && batches > 0) return { pauseMilliseconds: gatherMilliseconds }
      if (window.size === 0 || isLow) {
        window.add(await firstInOutbox(db, this.#lane, this.#failures > 0 ? 1 : windowAtMost))
        readAt = performance.now()
      }
      if (window.size === 0) {
        this.#failures = 0
        return 'nothing'
      }
      const batch = this.#batch(window)
      if (batch.length === 0) await setTimeout(lookMilliseconds, undefined, { signal: stopping }).catch(() => {})
      else if (!(await this.#send(window, batch, stopping))) return { pauseMilliseconds: pauseOf(this.#failures) }
    }
    return 'more'
  }

  /** Leaves the lane to the other nodes. */
  async release() {
    const mine = this.#until
    if (mine !== undefined) await this.#tools.db.transaction(tx => releaseLane(tx, this.#lane, mine))
  }

  async #hold(): Promise<boolean> {
    const { db, now } = this.#tools
    const at = now()
    if (this.#until !== undefined && this.#until - at > leaseLeft) return true
    const until = at + leaseMilliseconds
    const isHeld = await db.transaction(tx => holdLane(tx, this.#lane, at, until, this.#until))
    this.#until = isHeld ? until : undefined
    return isHeld
  }

  #batch(window: Window): OutboxEntry[] {
    const size = this.#delivery.batch(partsOfLane(this.#lane).destination)
    return window.batch(this.#failures > 0 ? { ...size, entries: 1 } : size, performance.now())
  }

  /** False where nothing has arrived. */
  async #send(window: Window, batch: readonly OutboxEntry[], stopping: AbortSignal): Promise<boolean> {
    const { destination } = partsOfLane(this.#lane)
    // Of a batch that has failed as a whole nobody knows which entry is at fault: none is given up.
    const failed = (reason: unknown) => batch.map(() => new Error(messageOf(reason), { cause: reason }))
    const outcomes = await attempt(stopping, signal => this.#delivery.deliver(destination, batch, signal)).catch(failed)
    // Delivered again, by another node or after the next start.
    if (stopping.aborted && outcomes.every(outcome => outcome !== undefined)) return false
    const delivered = batch.filter((_, index) => outcomes[index] === undefined)
    const refused = batch.flatMap((entry, index) => (outcomes[index] instanceof Refused ? [{ entry, error: outcomes[index] }] : []))
    const left = [...delivered, ...refused.map(({ entry }) => entry)]
    const first = outcomes.find(outcome => outcome !== undefined)
    await this.#store(delivered, refused, first)
    window.remove(left)
    const isLeft = new Set(left)
    const now = performance.now()
    for (const entry of batch) if (!isLeft.has(entry)) window.failed(entry, now)
    this.#tell(batch.length - left.length, delivered.length, refused, first)
    if (left.length > 0) this.#failures = 0
    else this.#failures++
    return left.length > 0
  }

  async #store(delivered: readonly OutboxEntry[], refused: readonly { entry: OutboxEntry; error: Error }[], first: Error | undefined) {
    const { db, now, states } = this.#tools
    await db.transaction(async tx => {
      await removeDelivered(tx, delivered)
      for (const { entry, error } of refused) await buryInOutbox(tx, entry, now(), error.message)
      if (delivered.length > 0) await states.delivered(tx, this.#lane, now())
      if (first) await states.failed(tx, this.#lane, now(), first.message)
    })
  }

  /** Counts, and says in the log when the destination begins to fail, again after a while, and when it works. */
  #tell(failed: number, delivered: number, refused: readonly { error: Error }[], first: Error | undefined) {
    const { log, metrics, labels } = this.#tools
    const label = labels.of(this.#lane)
    const about = partsOfLane(this.#lane)
    metrics.outboxDelivered.inc(label, delivered)
    metrics.outboxRetries.inc(label, failed)
    metrics.outboxFailed.inc(label, refused.length)
    for (const { error } of refused.slice(0, 1))
      log.warn(
        { ...about, reason: messageOf(error), entries: refused.length },
        'A delivery has failed for good; carillon outbox list has it',
      )
    if (!first && this.#warnedAt !== undefined) {
      log.info(about, 'A destination takes deliveries again')
      this.#warnedAt = undefined
    } else if (failed > 0 && delivered === 0) {
      if (this.#warnedAt !== undefined && performance.now() - this.#warnedAt < remindMilliseconds) return
      this.#warnedAt = performance.now()
      log.warn({ ...about, reason: messageOf(first) }, 'A destination takes no deliveries; they wait and will be tried again')
    }
  }
}
