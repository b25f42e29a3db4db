import type { Static } from 'typebox'
import type { testing } from '../contract/carillon/testing.ts'

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

  /** Changes what is given, and returns the state of both clocks. A clock that is not frozen runs on from its time. */
  put({
    Timestamp,
    AdvanceSeconds = 0,
    Frozen = this.#frozenAt !== undefined,
    SignatureSkewSeconds = this.#skewSeconds,
  }: Static<typeof testing.PutTestClock.input>) {
    const time = (Timestamp?.getTime() ?? this.now()) + AdvanceSeconds * 1000
    this.#ahead = time - this.#real()
    this.#frozenAt = Frozen ? time : undefined
    this.#skewSeconds = SignatureSkewSeconds
    return { Timestamp: new Date(this.now()), Frozen, SignatureSkewSeconds }
  }

  reset() {
    this.#ahead = 0
    this.#frozenAt = undefined
    this.#skewSeconds = 0
  }
}
