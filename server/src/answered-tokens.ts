/** How many are remembered; the oldest is forgotten first. */
const capacity = 10_000

/** The ClientRequestTokens of what is never stored (NON_PERSISTENT messages): kept in this process only, and bounded. */
export class AnsweredTokens {
  readonly #answers = new Map<string, { fingerprint: string; result: string }>()

  get(token: string) {
    return this.#answers.get(token)
  }

  remember(token: string, fingerprint: string, result: string) {
    this.#answers.set(token, { fingerprint, result })
    if (this.#answers.size <= capacity) return
    const [oldest] = this.#answers.keys()
    this.#answers.delete(oldest!)
  }
}
