import { setTimeout } from 'node:timers/promises'
import { firstInOutbox, fittingInOutbox, partsOfLane, removeDelivered, type OutboxEntry } from '../store/outbox.ts'
import { moveToDead } from '../store/outbox-dead.ts'
import { holdLane, releaseLane } from '../store/outbox-lanes.ts'
import { Seldom } from '../tools/seldom.ts'
import { messageOf } from '../tools/error-text.ts'
import { attempt, Refused, type OrderedDelivery } from './delivery.ts'
import type { LaneTools } from './lane-tools.ts'
import { Window } from './window.ts'

/**
 * The most entries of a lane in memory, and about the most bytes: several of the largest batches. With messages of 65,536 bytes a thousand
 * entries have a hundred megabytes and more, which take long to read, and many lanes would fill the memory.
 */
const windowAtMost = 1000
const bytesAtMost = 16 * 1024 * 1024
/** After this many batches other lanes get their turn. */
const batchesAtMost = 50
/**
 * The lease of a lane. No other node works on the lane meanwhile, unless this node counts as dead, and a batch begins only if enough time
 * is left.
 */
const leaseMilliseconds = 12_000
const leaseLeft = 7000
/** How long a lane pauses after consecutive batches without a success: 100 ms, 200 ms, … */
const pauseOf = (failures: number) => Math.min(30_000, 50 * 2 ** failures)
/** How often the log repeats that a lane fails. */
const remindMilliseconds = 10 * 60 * 1000
/** How often a lane stores outcomes and reads new entries while a node works on it. */
const lookMilliseconds = 100
/** How long a lane that has delivered everything waits for more entries, so that entries that arrive one by one leave in few calls. */
const gatherMilliseconds = 100

/** What is left in a lane after some work: nothing, more, or entries that have to wait. */
type Left = 'nothing' | 'more' | { readonly pauseMilliseconds: number }

interface Refusal {
  readonly entry: OutboxEntry
  readonly error: Error
}

/** Outcomes that are not stored yet. */
interface Outcomes {
  /** The ids of the entries. */
  delivered: number[]
  refused: Refusal[]
  failure: Error | undefined
}

/**
 * A lane whose sub-lanes are delivered in order. One node at a time works on it. If no entry of a batch can be delivered, the lane pauses,
 * each time for longer, and begins again with a single entry. Each batch that succeeds then doubles the next one, since a destination may be
 * too slow for many at once, and each failure costs the time of an attempt. During a pause no entries are in memory. The outcomes of several
 * batches are stored together, so that no batch waits for the database; after a crash those entries are delivered again.
 */
export class OrderedLane {
  readonly #lane: string
  readonly #delivery: OrderedDelivery
  readonly #tools: LaneTools
  /** The end of this node's lease, and the signal under which it was taken. */
  #until: number | undefined
  #heldUnder: AbortSignal | undefined
  #failures = 0
  /** The most entries of the next batch. */
  #most = Infinity
  /** The most entries that were read last. */
  #windowMost = windowAtMost
  readonly #reminders = new Seldom(remindMilliseconds)

  constructor(lane: string, delivery: OrderedDelivery, tools: LaneTools) {
    this.#lane = lane
    this.#delivery = delivery
    this.#tools = tools
  }

  /** Whether this object can be discarded while the lane is empty. */
  get isIdle(): boolean {
    return this.#failures === 0 && (this.#until === undefined || this.#until < this.#tools.now())
  }

  /** Delivers entries of the lane for some time. Ends early when the node stops, or may soon count as dead. */
  async work(): Promise<Left> {
    const outcomes: Outcomes = { delivered: [], refused: [], failure: undefined }
    const left = await this.#deliver(outcomes)
    await this.#store(outcomes)
    return left
  }

  /** Ends the lease, so that other nodes may work on the lane. */
  async release() {
    const { db, nodeId } = this.#tools
    const until = this.#until
    if (until !== undefined) await db.transaction(tx => releaseLane(tx, this.#lane, { nodeId, until }))
  }

  async #deliver(outcomes: Outcomes): Promise<Left> {
    const window = new Window()
    let lookedAt = 0
    let hasMore = true
    for (let batches = 0; batches < batchesAtMost; batches++) {
      const working = this.#tools.working()
      // Another node works on the lane, or may do so.
      if (working.aborted || !(await this.#hold(working))) return { pauseMilliseconds: 1000 }
      if (window.size === 0 && !hasMore) return { pauseMilliseconds: gatherMilliseconds }
      if (window.size === 0 || performance.now() - lookedAt > lookMilliseconds) {
        // Entries whose outcome is stored are not read again.
        await this.#store(outcomes)
        if (window.size < this.#windowMost / 2) hasMore = await this.#fill(window)
        lookedAt = performance.now()
      }
      if (window.size === 0) {
        this.#failures = 0
        return 'nothing'
      }
      const batch = this.#batch(window)
      if (batch.length === 0) await setTimeout(lookMilliseconds, undefined, { signal: working }).catch(() => {})
      else if (!(await this.#send(window, batch, outcomes, working))) return { pauseMilliseconds: pauseOf(this.#failures) }
    }
    return 'more'
  }

  /** Reads the first entries. True if there are probably more. */
  async #fill(window: Window): Promise<boolean> {
    const { db } = this.#tools
    const most = this.#failures > 0 ? 1 : await fittingInOutbox(db, this.#lane, windowAtMost, bytesAtMost)
    const entries = await firstInOutbox(db, this.#lane, most)
    window.add(entries)
    this.#windowMost = most
    return entries.length === most
  }

  async #hold(working: AbortSignal): Promise<boolean> {
    const { db, now, nodeId } = this.#tools
    const at = now()
    if (this.#until !== undefined && this.#until - at > leaseLeft && this.#heldUnder === working) return true
    const until = at + leaseMilliseconds
    const isHeld = await db.transaction(tx => holdLane(tx, this.#lane, at, { nodeId, until }, this.#until))
    this.#until = isHeld ? until : undefined
    this.#heldUnder = working
    return isHeld
  }

  #batch(window: Window): OutboxEntry[] {
    const size = this.#delivery.batch(partsOfLane(this.#lane).destination)
    return window.batch({ ...size, entries: Math.min(size.entries, this.#most) }, performance.now())
  }

  /** False if nothing was delivered. */
  async #send(window: Window, batch: readonly OutboxEntry[], outcomes: Outcomes, working: AbortSignal): Promise<boolean> {
    const { destination } = partsOfLane(this.#lane)
    // If a whole batch has failed, it is unknown which entry is the cause, so none is given up.
    const failed = (reason: unknown) => batch.map(() => new Error(messageOf(reason), { cause: reason }))
    // The node may have been frozen since it has held the lane.
    if (this.#tools.working() !== working) return false
    const answers = await attempt(working, signal => this.#delivery.deliver(destination, batch, signal)).catch(failed)
    // The entries will be delivered again, by another node or after the next start.
    if (working.aborted && answers.every(answer => answer !== undefined)) return false
    const delivered = batch.filter((_, index) => answers[index] === undefined)
    const refused = batch.flatMap((entry, index) => (answers[index] instanceof Refused ? [{ entry, error: answers[index] }] : []))
    const failure = answers.find(answer => answer !== undefined)
    outcomes.delivered.push(...delivered.map(({ id }) => id))
    outcomes.refused.push(...refused)
    outcomes.failure = failure ?? outcomes.failure
    const left = [...delivered, ...refused.map(({ entry }) => entry)]
    window.remove(left)
    const isLeft = new Set(left)
    const now = performance.now()
    for (const entry of batch) if (!isLeft.has(entry)) window.failed(entry, now)
    this.#countOutcomes(batch.length - left.length, delivered.length, refused, failure)
    if (left.length > 0) {
      this.#failures = 0
      this.#most *= 2
    } else {
      this.#failures++
      this.#most = 1
    }
    return left.length > 0
  }

  /** Stores the outcomes so far, and clears them. */
  async #store(outcomes: Outcomes) {
    const { delivered, refused, failure } = outcomes
    if (delivered.length === 0 && refused.length === 0 && !failure) return
    const { db, now, states } = this.#tools
    await db.transaction(async tx => {
      await removeDelivered(tx, delivered)
      for (const { entry, error } of refused) await moveToDead(tx, entry, now(), error.message)
      if (delivered.length > 0) await states.delivered(tx, this.#lane, now())
      if (failure) await states.failed(tx, this.#lane, now(), failure.message)
    })
    Object.assign(outcomes, { delivered: [], refused: [], failure: undefined })
  }

  /** Counts outcomes, and logs when the destination begins to fail, again after some time, and when it works again. */
  #countOutcomes(failed: number, delivered: number, refused: readonly Refusal[], first: Error | undefined) {
    const { log, metrics, labels } = this.#tools
    const label = labels.of(this.#lane)
    const about = partsOfLane(this.#lane)
    metrics.outboxDelivered.inc(label, delivered)
    metrics.outboxRetries.inc(label, failed)
    metrics.outboxFailed.inc(label, refused.length)
    for (const { error } of refused.slice(0, 1))
      log.warn(
        { ...about, reason: messageOf(error), entries: refused.length },
        'A delivery has failed for good; carillon outbox list shows it',
      )
    if (!first && this.#reminders.forget()) log.info(about, 'A destination accepts deliveries again')
    else if (failed > 0 && delivered === 0 && this.#reminders.isDue())
      log.warn({ ...about, reason: messageOf(first) }, 'A destination does not accept deliveries; they wait and will be retried')
  }
}
