interface Patience {
  /** A waiting work is refused if none has succeeded for this time: those in front of it hang, or wait for a lock. */
  readonly standstillMilliseconds: number
  /** A waiting work is refused after this time in any case. */
  readonly inAllMilliseconds: number
  readonly refusal: () => Error
  /** Whether an error means that a work was prevented, and did not run to its end. */
  readonly isPrevented: (error: unknown) => boolean
}

/**
 * Bounds how many works run at once, in the order of arrival. Without limits each waits for its turn as long as it takes. With them
 * a queue without progress ends, and one with progress continues.
 */
export class Turns {
  readonly #most: number
  readonly #patience: Patience | undefined
  /** Starts each waiting work. */
  readonly #waiting = new Set<() => void>()
  #taken = 0
  /** When a work last succeeded, on the monotonic clock. */
  #movedAt = 0

  constructor(most: number, patience?: Patience) {
    this.#most = most
    this.#patience = patience
  }

  get isIdle(): boolean {
    return this.#taken === 0
  }

  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#taken === this.#most) await this.#wait()
    else this.#taken++
    let isGood = true
    try {
      return await work()
    } catch (error) {
      isGood = !this.#patience?.isPrevented(error)
      throw error
    } finally {
      if (isGood) this.#movedAt = performance.now()
      this.#pass()
    }
  }

  async #wait(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    if (!this.#patience) return promise
    const { standstillMilliseconds, inAllMilliseconds, refusal } = this.#patience
    const since = performance.now()
    const look = () => {
      const left = Math.min(Math.max(since, this.#movedAt) + standstillMilliseconds, since + inAllMilliseconds) - performance.now()
      if (left > 0) impatience = setTimeout(look, Math.ceil(left))
      else {
        this.#waiting.delete(resolve)
        reject(refusal())
      }
    }
    let impatience = setTimeout(look, standstillMilliseconds)
    return promise.finally(() => clearTimeout(impatience))
  }

  /** Starts the work that has waited longest. */
  #pass() {
    const [next] = this.#waiting
    if (!next) {
      this.#taken--
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
