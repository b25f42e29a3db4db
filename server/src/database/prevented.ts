import { ApiError } from '../errors.ts'

/** After so many prevented attempts in a row, the last one counts as failed. */
const mostInARow = 20

/**
 * The attempts at some work that several nodes may do at once: one of them does it while the others wait for its locks. A wait that takes too
 * long is no failure, unless that has happened many times in a row.
 */
export class PreventedAttempts {
  #inARow = 0

  /** Whether others have prevented the attempt that has thrown this error, and it does not count as failed. */
  add(error: unknown): boolean {
    if (!(error instanceof ApiError && error.status === 503)) return false
    this.#inARow = (this.#inARow + 1) % mostInARow
    return this.#inARow > 0
  }

  /** An attempt was not prevented. */
  end() {
    this.#inARow = 0
  }
}
