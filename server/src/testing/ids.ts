import { randomIds, type Ids } from '../tools/ids.ts'

/** The ids of a server in test mode: random ones, or counted ones, which are the same in every run of a test. */
export class TestIds implements Ids {
  #isCounted = false
  #resources = 0
  #nonces = 0
  #callbacks = 0

  /** Begins with 1 again. The ids used so far must be free again. */
  reset(isCounted: boolean) {
    this.#isCounted = isCounted
    this.#resources = 0
    this.#nonces = 0
    this.#callbacks = 0
  }

  resource() {
    if (!this.#isCounted) return randomIds.resource()
    return `00000000-0000-4000-8000-${(++this.#resources).toString(16).padStart(12, '0')}`
  }

  nonce() {
    return this.#isCounted ? (++this.#nonces).toString(16).padStart(40, '0') : randomIds.nonce()
  }

  callback() {
    return this.#isCounted ? (++this.#callbacks).toString(16).padStart(48, '0') : randomIds.callback()
  }
}
