import { BoundedMap } from '../tools/bounded-map.ts'

/** The most tokens in memory; the least recently used one is removed first. */
const capacity = 10_000

interface FirstResult {
  readonly fingerprint: string
  readonly result: Promise<unknown>
  readonly at: number
}

/** The ClientRequestTokens of NON_PERSISTENT messages. They are not stored: only this process has them, and their number is bounded. */
export class AnsweredTokens {
  readonly #results = new BoundedMap<string, FirstResult>(capacity)

  /** The answer, or pending answer, of the token, unless it is from before `since`. */
  get(token: string, since: number): FirstResult | undefined {
    const found = this.#results.get(token)
    return found && found.at > since ? found : undefined
  }

  /** After a failed request its token can be used again. */
  put(token: string, found: FirstResult) {
    this.#results.set(token, found)
    found.result.catch(() => this.#results.get(token) === found && this.#results.delete(token))
  }
}
