import { isOutboxDue, leaseFromOutbox, partsOfLane, postponeInOutbox, removeFromOutbox, type OutboxEntry } from '../store/outbox.ts'
import { moveToDead } from '../store/outbox-dead.ts'
import { messageOf } from '../tools/error-text.ts'
import { attempt, Refused, tryMilliseconds, type SingleDelivery } from './delivery.ts'
import type { LaneTools } from './lane-tools.ts'

/** How many entries a node delivers at once: of one lane, and of all lanes together. */
const ofLaneAtMost = 32
const inAllAtMost = 512
/**
 * How much longer a lease lasts than an attempt, so that there is time for the writes after it. Until a lease ends, other nodes do not
 * deliver the entries of a node, unless it counts as dead.
 */
const writeMilliseconds = 5000
const longestBackOff = 5 * 60 * 1000

/** The pause before a retry: 1 s, 2 s, 4 s, …, each with a random part. */
const backOff = (attempts: number) => Math.min(longestBackOff, 500 * 2 ** attempts) * (0.8 + 0.2 * Math.random())

/**
 * The lanes whose entries are delivered one by one, each by the node that has leased it. The deliveries in flight are bounded, for each
 * lane and in all. The more there are in all, the fewer one lane may have, so that slow destinations leave room for others.
 */
export class SingleLanes {
  readonly #tools: LaneTools
  /** The deliveries in flight, by lane. */
  readonly #ofLane = new Map<string, number>()
  /** The deliveries in flight, by kind of lane. */
  readonly #ofKind = new Map<SingleDelivery, number>()
  readonly #inFlight = new Set<Promise<void>>()

  constructor(tools: LaneTools) {
    this.#tools = tools
  }

  /**
   * Leases due entries of a lane, as many as there is room for. `ended` is called after each delivery. False if there is no room at all.
   */
  async take(lane: string, delivery: SingleDelivery, ended: () => void): Promise<boolean> {
    const { db, now, nodeId, states } = this.#tools
    // What is leased under a signal is delivered under it: once that aborts, the others take the entries over.
    const working = this.#tools.working()
    const free = inAllAtMost - this.#inFlight.size
    if (free === 0) return false
    const freeOfKind = Math.min(free, (delivery.inAllAtMost ?? inAllAtMost) - (this.#ofKind.get(delivery) ?? 0))
    // The next poll tries again.
    if (freeOfKind <= 0) return true
    const pause = delivery.pauseOf?.(lane)
    if (pause) {
      await states.paused(db, lane, pause, now())
      return true
    }
    const most = Math.max(1, Math.min(ofLaneAtMost, Math.floor(freeOfKind / 8)))
    const room = Math.min(freeOfKind, most - (this.#ofLane.get(lane) ?? 0))
    // The end of a delivery tries again.
    if (room <= 0 || working.aborted || !(await isOutboxDue(db, lane, now()))) return true
    const milliseconds = (delivery.patience ?? tryMilliseconds) + writeMilliseconds
    const leased = await db.transaction(tx => leaseFromOutbox(tx, lane, now(), now() + milliseconds, room, nodeId))
    for (const entry of leased) this.#start(entry, delivery, working, ended)
    return true
  }

  async ended() {
    await Promise.all(this.#inFlight)
  }

  #start(entry: OutboxEntry, delivery: SingleDelivery, working: AbortSignal, ended: () => void) {
    const { lane } = entry
    this.#ofLane.set(lane, (this.#ofLane.get(lane) ?? 0) + 1)
    this.#ofKind.set(delivery, (this.#ofKind.get(delivery) ?? 0) + 1)
    const delivered = this.#deliver(entry, delivery, working).catch((error: unknown) => {
      this.#tools.log.warn(
        { err: error, ...partsOfLane(lane) },
        'The outcome of a delivery could not be stored; the entry will be delivered again',
      )
    })
    this.#inFlight.add(delivered)
    void delivered.finally(() => {
      this.#inFlight.delete(delivered)
      this.#ofKind.set(delivery, this.#ofKind.get(delivery)! - 1)
      const left = this.#ofLane.get(lane)! - 1
      if (left > 0) this.#ofLane.set(lane, left)
      else this.#ofLane.delete(lane)
      ended()
    })
  }

  async #deliver(entry: OutboxEntry, delivery: SingleDelivery, working: AbortSignal) {
    const { db, now, log, metrics, labels, states } = this.#tools
    const { lane, attempts } = entry
    const about = { ...partsOfLane(lane), attempts }
    try {
      const follow = await attempt(working, signal => delivery.deliver(entry, signal), delivery.patience)
      await db.transaction(async tx => {
        if ((await removeFromOutbox(tx, entry)) && follow) await follow(tx)
        await states.delivered(tx, lane, now())
      })
      metrics.outboxDelivered.inc(labels.of(lane))
    } catch (error) {
      if (working.aborted) return db.transaction(tx => postponeInOutbox(tx, entry, now()))
      const reason = messageOf(error)
      if (!(error instanceof Refused) && attempts < delivery.attempts) {
        metrics.outboxRetries.inc(labels.of(lane))
        log.info({ ...about, reason }, 'A delivery has failed and will be retried')
        return db.transaction(async tx => {
          await postponeInOutbox(tx, entry, Math.ceil(now() + backOff(attempts)))
          await states.failed(tx, lane, now(), reason)
        })
      }
      await db.transaction(async tx => {
        if (!delivery.giveUp) await moveToDead(tx, entry, now(), reason)
        else if (await removeFromOutbox(tx, entry)) await delivery.giveUp(tx, entry, error)
        await states.failed(tx, lane, now(), reason)
      })
      metrics.outboxFailed.inc(labels.of(lane))
      log.warn({ ...about, reason }, 'A delivery has failed for good')
    }
  }
}
