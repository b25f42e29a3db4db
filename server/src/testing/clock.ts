interface Given {
  readonly time: number | undefined
  readonly advanceSeconds: number | undefined
  readonly frozen: boolean | undefined
  /** How far the clock of signatures is ahead of the real time. */
  readonly skewSeconds: number | undefined
}

/** The clocks of a server in test mode: that of the application, and that of signatures, which runs by itself unless a call moves it. */
export class TestClock {
  readonly #real: () => number
  #ahead = 0
  #frozenAt: number | undefined
  #skewSeconds = 0

  constructor(real: () => number) {
    this.#real = real
  }

  readonly now = () => this.#frozenAt ?? this.#real() + this.#ahead
  readonly signatureNow = () => Date.now() + this.#skewSeconds * 1000

  /** Changes what is given. A clock that is not frozen runs on from its time. */
  put(given: Given) {
    const time = (given.time ?? this.now()) + (given.advanceSeconds ?? 0) * 1000
    const isFrozen = given.frozen ?? this.isFrozen
    this.#ahead = time - this.#real()
    this.#frozenAt = isFrozen ? time : undefined
    this.#skewSeconds = given.skewSeconds ?? this.#skewSeconds
  }

  reset() {
    this.#ahead = 0
    this.#frozenAt = undefined
    this.#skewSeconds = 0
  }

  get isFrozen() {
    return this.#frozenAt !== undefined
  }

  get skewSeconds() {
    return this.#skewSeconds
  }
}
