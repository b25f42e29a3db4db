import { setTimeout } from 'node:timers/promises'

/** Bounds the mean number a second by waiting, since a server may be using the database. */
export class Pace {
  readonly #milliseconds: number
  #due = 0

  constructor(perSecond: number) {
    this.#milliseconds = 1000 / perSecond
  }

  /** Resolves when the next ones may begin, after these. */
  async spend(count: number) {
    const now = performance.now()
    this.#due = Math.max(this.#due, now) + count * this.#milliseconds
    if (this.#due > now) await setTimeout(this.#due - now)
  }
}
