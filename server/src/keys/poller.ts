import { setTimeout } from 'node:timers/promises'

interface Pace {
  /** Milliseconds between two looks if no caller waits for one. */
  readonly every: number
  /** The least milliseconds between the starts of two looks, however many callers wait. */
  readonly pause: number
  /** After this many milliseconds no caller waits for a look any longer. */
  readonly patience: number
}

/** Checks for changes repeatedly, one check (a look) at a time. */
export class Poller {
  readonly #look: () => Promise<void>
  readonly #pace: Pace
  readonly #timer: NodeJS.Timeout
  #beganAt = -Infinity
  #looking: Promise<void> | undefined
  #next: Promise<void> | undefined
  #hasEnded = false

  /** `look` never rejects. */
  constructor(look: () => Promise<void>, pace: Pace) {
    this.#look = look
    this.#pace = pace
    this.#timer = setInterval(() => void this.soon(), pace.every).unref()
  }

  /** Resolves after a look that began later than this call, or once this caller has waited too long. All callers share that look. */
  async soon(): Promise<void> {
    this.#next ??= this.#begin()
    await Promise.race([this.#next, setTimeout(this.#pace.patience, undefined, { ref: false })])
  }

  /** Resolves once no look is in progress; none starts afterwards. */
  async end(): Promise<void> {
    clearInterval(this.#timer)
    this.#hasEnded = true
    await this.#next
    await this.#looking
  }

  async #begin() {
    // The look in progress may have missed a change that came after its start.
    await this.#looking
    const wait = this.#beganAt + this.#pace.pause - performance.now()
    if (wait > 0) await setTimeout(wait)
    this.#next = undefined
    if (this.#hasEnded) return
    this.#beganAt = performance.now()
    await (this.#looking = this.#look())
  }
}
