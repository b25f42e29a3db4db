import { setImmediate as turn } from 'node:timers/promises'

/** The most turns of the event loop, and the longest time, that calls wait for new connections. */
const mostTurns = 64
const mostMilliseconds = 20

/**
 * Node accepts one connection in a turn of its event loop, however many wait. While connections arrive, calls and prefetches wait,
 * for a limited number of turns, so that the turns are short. Without this, a client that connects to a busy server would wait for
 * the work of many turns.
 */
export class Arrivals {
  #count = 0
  #over: Promise<void> | undefined

  /** Called for each connection that arrives. */
  came() {
    this.#count++
    this.#over ??= this.#untilNobodyComes()
  }

  /** Resolves when no more connections arrive; undefined if none are arriving. */
  get over(): Promise<void> | undefined {
    return this.#over
  }

  async #untilNobodyComes() {
    // Until the end of this turn.
    await turn()
    const end = performance.now() + mostMilliseconds
    for (let turns = 0, seen = 0; turns < mostTurns && seen !== this.#count && performance.now() < end; turns++) {
      seen = this.#count
      await turn()
    }
    this.#over = undefined
  }
}
