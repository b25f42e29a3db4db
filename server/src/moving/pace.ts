import { setTimeout } from 'node:timers/promises'

/** Waits so that there are no more than that many a second in the mean, because a server may be working beside. */
export class Pace {
  readonly #milliseconds: number
  #due = 0

  constructor(perSecond: number) {
    this.#milliseconds = 1000 / perSecond
  }

  /** Resolves when the next ones may come, after these. */
  async spend(count: number) {
    const now = performance.now()
    this.#due = Math.max(this.#due, now) + count * this.#milliseconds
    if (this.#due > now) await setTimeout(this.#due - now)
  }
}
