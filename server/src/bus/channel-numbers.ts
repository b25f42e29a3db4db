import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { NumberedStep } from './socket-events.ts'

/** How long a step waits for a missing earlier one, before the missing steps are read from the database. */
const graceMilliseconds = 40
/** The pause before a failed read is retried. */
const retryMilliseconds = 1000
/** The most steps that wait for earlier ones. Further ones are read from the database. */
const mostHeld = 200
/** How many numbers are read at once. */
const portion = 100
/** If more numbers than this are missing, the channel's sockets are closed, so that the clients load the channel again. */
const mostMissed = 1000
/** Events that no other table holds are stored a little longer than this (jobs/index.ts). */
const storedMilliseconds = 10 * 60_000

/** How far a channel is: its last number, and a time before which there is no later message. */
export interface Reached {
  readonly sequence: number
  readonly at: number
}

export interface Missed {
  /** In the order of their numbers. */
  readonly steps: readonly NumberedStep[]
  /** How far the channel was when it was read. */
  readonly reached: Reached
}

export interface MissingRange {
  readonly channelId: number
  readonly after: number
  /** The last number to read. */
  readonly upTo: number
  /** No message to read is older than this. */
  readonly notBefore: number
}

interface Tools {
  readonly hear: (step: NumberedStep) => void
  readonly lost: (channelId: number, since: number) => void
  /** Reads the events of these numbers from the database. */
  readonly missed: (asked: MissingRange) => Promise<Missed>
  readonly metrics: Metrics
  readonly log: Log
}

/** Puts the steps of one channel in the order of their numbers, and reads those that do not arrive. */
export class ChannelNumbers {
  readonly channelId: number
  readonly bornAt = performance.now()
  readonly #tools: Tools
  #last: number
  #notBefore: number
  #sureAt = performance.now()
  /** The last comparison, until everything that it has found is delivered. */
  #compared: (Reached & { readonly askedAt: number }) | undefined
  /** The highest number that other nodes have reported. */
  #wanted = 0
  readonly #held = new Map<number, NumberedStep>()
  #mustLook = false
  #timer: NodeJS.Timeout | undefined
  #isReading = false
  #isEnded = false

  constructor(channelId: number, { sequence, at }: Reached, tools: Tools) {
    this.channelId = channelId
    this.#last = sequence
    this.#notBefore = at
    this.#tools = tools
  }

  /** Delivers the next step immediately. A step that is too early waits, and one that was already delivered is dropped. */
  take(step: NumberedStep) {
    const { sequence } = step
    if (sequence <= this.#last) return
    if (sequence === this.#last + 1 && !this.#isReading) {
      this.#hear(step)
      this.#hearHeld()
      return
    }
    if (this.#held.size < mostHeld) this.#held.set(sequence, step)
    this.expect(sequence)
  }

  /** The channel has reached that number: steps that do not arrive soon are read. */
  expect(sequence: number) {
    if (sequence <= this.#last) return
    this.#wanted = Math.max(this.#wanted, sequence)
    if (!this.#isReading) this.#readAfter(graceMilliseconds)
  }

  /** Reads all further steps. */
  look() {
    this.#mustLook = true
    if (!this.#isReading) this.#readAfter(0)
  }

  /** The last number that was delivered, or that nothing was missing until. */
  get last(): number {
    return this.#last
  }

  /** The channel had reached that number when the comparison read it, or soon after; `known` is the last number before the comparison. */
  compare(reached: Reached, askedAt: number, known: number) {
    this.#settle()
    if (reached.sequence < known) {
      this.#lose(reached, askedAt, 'The database has lost the last events of a channel, as after a failover: its sockets are closed')
      return
    }
    this.#compared = { ...reached, askedAt }
    this.#settle()
    this.expect(reached.sequence)
  }

  /** When the channel was last known to be at its last number; by `performance.now()`. */
  get sureAt(): number {
    this.#settle()
    return this.#sureAt
  }

  /** Once everything that a comparison has found is delivered, nothing from before it is missing. */
  #settle() {
    if (!this.#compared || this.#compared.sequence > this.#last) return
    this.#sureAt = Math.max(this.#compared.askedAt, this.#sureAt)
    this.#notBefore = Math.max(this.#compared.at, this.#notBefore)
    this.#compared = undefined
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  end() {
    this.#isEnded = true
    clearTimeout(this.#timer)
  }

  #hear(step: NumberedStep) {
    this.#last = step.sequence
    this.#tools.hear(step)
  }

  #hearHeld() {
    for (let next = this.#held.get(this.#last + 1); next; next = this.#held.get(this.#last + 1)) {
      this.#held.delete(this.#last + 1)
      this.#hear(next)
    }
  }

  #readAfter(milliseconds: number) {
    if (this.#isEnded) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      if (this.#isBehind) void this.#read()
    }, milliseconds).unref()
  }

  get #isBehind(): boolean {
    return this.#mustLook || this.#wanted > this.#last
  }

  async #read() {
    this.#isReading = true
    this.#mustLook = false
    let pause = graceMilliseconds
    try {
      await this.#readAll()
    } catch (error) {
      pause = retryMilliseconds
      this.#mustLook = true
      this.#tools.log.warn(
        { err: error, channel: this.channelId },
        'Missing events of a channel cannot be read at the moment; the read is retried',
      )
    } finally {
      this.#isReading = false
    }
    if (this.#isEnded) return
    this.#hearHeld()
    if (this.#isBehind) this.#readAfter(pause)
  }

  async #readAll() {
    const { missed, metrics } = this.#tools
    const first = this.#last
    let recovered = 0
    for (;;) {
      const [askedAt, wanted] = [performance.now(), this.#wanted]
      const asked = { channelId: this.channelId, after: this.#last, upTo: this.#last + portion, notBefore: this.#notBefore }
      const { steps, reached } = await missed(asked)
      if (this.#isEnded) return
      if (reached.sequence - first > mostMissed || (reached.sequence > this.#last && askedAt - this.sureAt > storedMilliseconds)) {
        this.#lose(reached, askedAt, 'Too many events of a channel are missing: its sockets are closed')
        return
      }
      if (reached.sequence < wanted) this.#forget(wanted)
      recovered += this.#hearAll(steps, Math.min(asked.upTo, reached.sequence))
      if (this.#last >= reached.sequence) {
        this.#sureAt = askedAt
        if (this.#last === reached.sequence) this.#notBefore = Math.max(reached.at, this.#notBefore)
        break
      }
      await turn()
    }
    metrics.busRecovered.inc(recovered)
    if (recovered > 0) metrics.busGaps.inc()
  }

  /** Delivers the read steps; steps that have arrived meanwhile are delivered as they arrived. Returns how many had to be read. */
  #hearAll(steps: readonly NumberedStep[], upTo: number): number {
    const known = new Map(steps.map(step => [step.sequence, step]))
    let recovered = 0
    for (let sequence = this.#last + 1; sequence <= upTo; sequence++) {
      const arrived = this.#held.get(sequence)
      const step = arrived ?? known.get(sequence)
      this.#held.delete(sequence)
      if (step) this.#hear(step)
      if (step && !arrived) recovered++
    }
    // Not every number has an event for sockets: a new moderator has none.
    this.#last = Math.max(this.#last, upTo)
    return recovered
  }

  /** The database has lost that number, which was reported before it was asked: a later event has it. */
  #forget(wanted: number) {
    if (this.#wanted === wanted) this.#wanted = 0
    // What has arrived during the read is read again.
    if (this.#held.size > 0) this.#mustLook = true
    this.#held.clear()
  }

  #lose(reached: Reached, askedAt: number, why: string) {
    const { metrics, log, lost } = this.#tools
    const since = Date.now() - (performance.now() - this.sureAt)
    metrics.busGaps.inc()
    metrics.busLost.inc()
    log.error({ channel: this.channelId, last: this.#last, reached: reached.sequence }, why)
    this.#forget(this.#wanted)
    this.#last = reached.sequence
    this.#notBefore = reached.at
    this.#sureAt = askedAt
    lost(this.channelId, since)
  }
}
