import { BoundedMap } from '../tools/bounded-map.ts'

/** The most tokens that are remembered; the least recently used one is forgotten first. */
const capacity = 10_000

interface Answer {
  readonly fingerprint: string
  readonly result: Promise<unknown>
  readonly at: number
}

/** The ClientRequestTokens of NON_PERSISTENT messages, which are not stored: held by this process only, and bounded. */
export class AnsweredTokens {
  readonly #answers = new BoundedMap<string, Answer>(capacity)

  /** The answer, or pending answer, of the token, unless it is from before `since`. */
  get(token: string, since: number): Answer | undefined {
    const answer = this.#answers.get(token)
    return answer && answer.at > since ? answer : undefined
  }

  /** A failed request leaves its token unused. */
  remember(token: string, answer: Answer) {
    this.#answers.set(token, answer)
    answer.result.catch(() => this.#answers.get(token) === answer && this.#answers.delete(token))
  }
}
