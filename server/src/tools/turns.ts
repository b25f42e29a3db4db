interface Waiting {
  readonly enter: () => void
}

interface Patience {
  /** Whoever waits is refused once nothing has come to a good end for so long: what is in front of it hangs, or is locked. */
  readonly standstillMilliseconds: number
  /** And once it has waited for so long, however fast the others go. */
  readonly inAllMilliseconds: number
  readonly refusal: () => Error
  /** Whether a work that has rejected with this error was kept from its end, rather than brought to one. */
  readonly isKeptFromEnd: (error: unknown) => boolean
}

/**
 * Lets so many works go on at once, in the order in which they have come. Without patience each waits for its turn however long that
 * takes; with it a queue that stands still ends, and one that moves goes on.
 */
export class Turns {
  readonly #most: number
  readonly #patience: Patience | undefined
  readonly #waiting = new Set<Waiting>()
  #taken = 0
  /** When something has come to a good end last, of the monotonic clock. */
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
      isGood = !this.#patience?.isKeptFromEnd(error)
      throw error
    } finally {
      if (isGood) this.#movedAt = performance.now()
      this.#pass()
    }
  }

  async #wait(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting = { enter: resolve }
    this.#waiting.add(waiting)
    if (!this.#patience) return promise
    const { standstillMilliseconds, inAllMilliseconds, refusal } = this.#patience
    const since = performance.now()
    const look = () => {
      const left = Math.min(Math.max(since, this.#movedAt) + standstillMilliseconds, since + inAllMilliseconds) - performance.now()
      if (left > 0) impatience = setTimeout(look, Math.ceil(left))
      else {
        this.#waiting.delete(waiting)
        reject(refusal())
      }
    }
    let impatience = setTimeout(look, standstillMilliseconds)
    return promise.finally(() => clearTimeout(impatience))
  }

  /** To who has waited longest. */
  #pass() {
    const [next] = this.#waiting
    if (!next) {
      this.#taken--
      return
    }
    this.#waiting.delete(next)
    next.enter()
  }
}
