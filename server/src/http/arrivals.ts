import { setImmediate as turn } from 'node:timers/promises'

/** So many turns of the event loop are left to those who connect. */
const mostTurns = 64

/**
 * Node takes in one connection in a turn of its event loop, however many wait. So while connections come, the turns are kept
 * short: calls, and what new sessions are told of their channels, wait until nobody comes any more, for some turns at most. Otherwise
 * who connects to a busy server would wait for the work of as many turns as others have connected before.
 */
export class Arrivals {
  #count = 0
  #over: Promise<void> | undefined

  /** A connection has come. */
  came() {
    this.#count++
    this.#over ??= this.#untilNobodyComes()
  }

  /** Undefined while nobody comes. */
  get over(): Promise<void> | undefined {
    return this.#over
  }

  async #untilNobodyComes() {
    // To the end of this turn.
    await turn()
    for (let turns = 0, seen = 0; turns < mostTurns && seen !== this.#count; turns++) {
      seen = this.#count
      await turn()
    }
    this.#over = undefined
  }
}
