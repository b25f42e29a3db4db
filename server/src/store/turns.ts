interface Waiting {
  readonly enter: () => void
}

/** Lets so many works go on at once, in the order in which they have come. One that has waited for too long is refused. */
export class Turns {
  readonly #most: number
  readonly #patience: { readonly milliseconds: number; readonly refusal: () => Error }
  readonly #waiting = new Set<Waiting>()
  #taken = 0

  constructor(most: number, patience: { readonly milliseconds: number; readonly refusal: () => Error }) {
    this.#most = most
    this.#patience = patience
  }

  get isIdle(): boolean {
    return this.#taken === 0
  }

  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#taken === this.#most) await this.#wait()
    else this.#taken++
    try {
      return await work()
    } finally {
      this.#pass()
    }
  }

  async #wait() {
    const { milliseconds, refusal } = this.#patience
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting = { enter: resolve }
    this.#waiting.add(waiting)
    const impatience = setTimeout(() => {
      this.#waiting.delete(waiting)
      reject(refusal())
    }, milliseconds)
    await promise.finally(() => clearTimeout(impatience))
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
