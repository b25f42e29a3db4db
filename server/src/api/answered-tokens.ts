import { BoundedMap } from '../tools/bounded-map.ts'

/** How many are remembered; the one that has been used longest ago is forgotten first. */
const capacity = 10_000

interface Answer {
  readonly fingerprint: string
  readonly result: Promise<unknown>
  readonly at: number
}

/** The ClientRequestTokens of what is never stored (NON_PERSISTENT messages): kept in this process only, and bounded. */
export class AnsweredTokens {
  readonly #answers = new BoundedMap<string, Answer>(capacity)

  /** What the token was answered with, or is being answered with, unless that was before `since`. */
  get(token: string, since: number): Answer | undefined {
    const answer = this.#answers.get(token)
    return answer && answer.at > since ? answer : undefined
  }

  /** A request that fails leaves its token unused. */
  remember(token: string, answer: Answer) {
    this.#answers.set(token, answer)
    answer.result.catch(() => this.#answers.get(token) === answer && this.#answers.delete(token))
  }
}
