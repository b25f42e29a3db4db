import type { NatsLink } from './nats-link.ts'
import { isSocketEvent, type BusEvent, type SocketEvent, type Step } from './socket-events.ts'
import { numberMessage, otherMessage, stepMessage, subjectOf, subjectsOfPeople, type Subjects } from './wire.ts'

/** How often the server has to confirm what was published. */
const confirmMilliseconds = 1000
/**
 * The most channels in memory of which other nodes may have missed something. For further channels the other nodes find that out by
 * comparison.
 */
const mostUnconfirmed = 10_000

/**
 * Publishes events to the other nodes. For what may have been lost on the way to the server, it publishes the number that the
 * channel has reached, so that the others read the rest from the database.
 */
export class Publisher {
  readonly #link: NatsLink
  readonly #subjects: Subjects
  readonly #timer: NodeJS.Timeout
  #unconfirmed = new Map<number, number>()
  #confirming: Promise<void> | undefined
  #step: { channelId: number; sequence: number | undefined; events: SocketEvent[] } | undefined
  /** Called for each step before it is published. */
  readonly #onStep: (step: Step) => void

  constructor(link: NatsLink, subjects: Subjects, onStep: (step: Step) => void) {
    this.#link = link
    this.#subjects = subjects
    this.#onStep = onStep
    this.#timer = setInterval(() => this.#confirm(), confirmMilliseconds).unref()
  }

  /** Events of one number are published together. */
  publish(event: BusEvent) {
    if (!isSocketEvent(event)) {
      this.#flush()
      this.#link.publish(subjectOf(this.#subjects, event), otherMessage(event))
      return
    }
    const { channelId, sequence } = event
    const step = this.#step
    if (step && step.channelId === channelId && step.sequence === sequence && sequence !== undefined) {
      step.events.push(event)
      return
    }
    this.#flush()
    this.#step = { channelId, sequence, events: [event] }
    // All events of a commit are published in one turn.
    queueMicrotask(() => this.#flush())
  }

  /** Sends everything that was published so far. */
  #flush() {
    const step = this.#step
    if (!step) return
    this.#step = undefined
    this.#onStep(step)
    this.#send(step)
  }

  /** Publishes the numbers that other nodes may have missed. */
  repeat() {
    const unconfirmed = this.#unconfirmed
    this.#unconfirmed = new Map()
    for (const [channelId, sequence] of unconfirmed) this.#sendNumber(channelId, sequence)
  }

  /** Resolves once everything published is confirmed, or cannot be. */
  async close() {
    this.#flush()
    clearInterval(this.#timer)
    await this.#confirming
  }

  #send(step: Step) {
    const { channelId, sequence } = step
    const data = stepMessage('step', step)
    const isSmall = data.byteLength <= this.#link.mostBytes
    if (!isSmall || !this.#link.publish(this.#subjects.channel(channelId), data)) {
      if (sequence !== undefined) this.#sendNumber(channelId, sequence)
      return
    }
    this.#note(channelId, sequence)
    const people = subjectsOfPeople(this.#subjects, step)
    if (people.size === 0) return
    const copy = stepMessage('copy', step)
    for (const subject of people) this.#link.publish(subject, copy)
  }

  #sendNumber(channelId: number, sequence: number) {
    this.#link.publish(this.#subjects.channel(channelId), numberMessage(channelId, sequence))
    this.#note(channelId, sequence)
  }

  #note(channelId: number, sequence: number | undefined) {
    if (sequence === undefined) return
    if (this.#unconfirmed.size < mostUnconfirmed || this.#unconfirmed.has(channelId)) this.#unconfirmed.set(channelId, sequence)
  }

  #confirm() {
    if (this.#unconfirmed.size === 0 || !this.#link.isConnected) return
    this.#confirming ??= this.#confirmed().finally(() => (this.#confirming = undefined))
  }

  async #confirmed() {
    const sent = this.#unconfirmed
    this.#unconfirmed = new Map()
    if (await this.#link.confirm()) return
    const since = this.#unconfirmed
    this.#unconfirmed = sent
    for (const [channelId, sequence] of since) this.#note(channelId, sequence)
    // The connection may be back already.
    if (this.#link.isConnected) this.repeat()
  }
}
