import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { OnDemand } from '../tools/on-demand.ts'
import type { Database, Transaction } from '../database/database.ts'
import { isOutboxDue, leaseFromOutbox, postponeInOutbox, removeFromOutbox, type OutboxEntry } from '../store/outbox.ts'

/** How one kind of entry is delivered. An entry may be delivered more than once. */
export interface Delivery {
  /** The number of attempts after which an entry is given up. */
  readonly attempts: number
  /** Rejects if the delivery failed, with Refused if another attempt would not help. Ends early when the signal aborts. */
  readonly deliver: (payload: unknown, signal: AbortSignal) => Promise<void>
  /** Called in the transaction that removes an entry which is given up, with the error of the last attempt. */
  readonly giveUp: (tx: Transaction, payload: unknown, error: unknown) => Promise<void>
}

/** The other side has refused the delivery for good. */
export class Refused extends Error {}

/** The most entries that a node delivers at once. */
const inFlightAtMost = 32
/** How long one attempt may take. */
const tryMilliseconds = 5000
/**
 * The length of a lease: how long the entries of a stopped node wait for another one. It is longer than an attempt and the writes
 * after it.
 */
const leaseMilliseconds = 10_000
/** How often a node looks for entries that others have left; it is woken at once for its own. */
const pollMilliseconds = 1000
const longestBackOff = 5 * 60 * 1000

/** 1 s, 2 s, 4 s, …, each with a random difference. */
const backOff = (attempts: number) => Math.min(longestBackOff, 500 * 2 ** attempts) * (0.8 + 0.2 * Math.random())

interface Tools {
  readonly db: Database
  readonly now: () => number
  readonly log: Log
  readonly metrics: Metrics
}

/** Delivers the entries of the outbox, on every node, each entry on one node at a time. `soon` wakes it, `stop` ends it. */
export class OutboxRunner {
  readonly #deliveries: Readonly<Record<string, Delivery>>
  readonly #tools: Tools
  readonly #inFlight = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #looking: OnDemand
  #isAway = false

  constructor(deliveries: Readonly<Record<string, Delivery>>, tools: Tools) {
    this.#deliveries = deliveries
    this.#tools = tools
    this.#looking = new OnDemand(
      () => this.#look(),
      error => {
        if (!this.#isAway) tools.log.warn({ err: error }, 'The outbox cannot be read and will be tried again')
        this.#isAway = true
      },
    )
    this.#timer = setInterval(() => this.soon(), pollMilliseconds)
    this.soon()
  }

  soon() {
    this.#looking.soon()
  }

  /** Aborts the deliveries in progress; they are retried after the next start, or by another node. */
  async stop() {
    clearInterval(this.#timer)
    this.#stopping.abort()
    await this.#looking.stop()
    await Promise.all(this.#inFlight)
  }

  /** Leases due entries, as many as there is room for. Each delivery that ends causes another look. */
  async #look() {
    const { db, now } = this.#tools
    const room = inFlightAtMost - this.#inFlight.size
    if (room === 0) return
    const isDue = await isOutboxDue(db, now())
    this.#isAway = false
    if (!isDue) return
    const leased = await db.transaction(tx => leaseFromOutbox(tx, now(), now() + leaseMilliseconds, room))
    for (const entry of leased) this.#start(entry)
    if (leased.length > 0) this.soon()
  }

  #start(entry: OutboxEntry) {
    const delivered = this.#deliver(entry).catch((error: unknown) => {
      this.#tools.log.warn(
        { err: error, kind: entry.kind },
        'The outcome of a delivery could not be stored; the entry will be delivered again',
      )
    })
    this.#inFlight.add(delivered)
    void delivered.finally(() => {
      this.#inFlight.delete(delivered)
      this.soon()
    })
  }

  async #deliver(entry: OutboxEntry) {
    const { db, now, log, metrics } = this.#tools
    const { kind, payload, attempts } = entry
    const delivery = this.#deliveries[kind]
    try {
      // Left for a newer node.
      if (!delivery) throw new Error(`This node does not deliver ${kind}`)
      await this.#try(delivery, payload)
      await db.transaction(tx => removeFromOutbox(tx, entry))
      metrics.outboxDelivered.inc({ kind })
    } catch (error) {
      if (this.#stopping.signal.aborted) return db.transaction(tx => postponeInOutbox(tx, entry, now()))
      const reason = error instanceof Error ? error.message : String(error)
      if (!(error instanceof Refused) && (!delivery || attempts < delivery.attempts)) {
        metrics.outboxRetries.inc({ kind })
        log.info({ kind, attempts, reason }, 'A delivery has failed and will be tried again')
        return db.transaction(tx => postponeInOutbox(tx, entry, Math.ceil(now() + backOff(attempts))))
      }
      await db.transaction(async tx => {
        if (await removeFromOutbox(tx, entry)) await delivery?.giveUp(tx, payload, error)
      })
      metrics.outboxFailed.inc({ kind })
      log.warn({ kind, attempts, reason }, 'A delivery has failed for good')
    }
  }

  /** One attempt. It frees its place in time, even if the delivery ignores its signal. */
  async #try(delivery: Delivery, payload: unknown) {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(tryMilliseconds)])
    const brokenOff = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => brokenOff.reject(signal.reason as Error), { once: true })
    if (signal.aborted) throw signal.reason as Error
    await Promise.race([delivery.deliver(payload, signal), brokenOff.promise])
  }
}
