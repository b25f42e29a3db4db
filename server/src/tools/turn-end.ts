/** Runs steps at the end of a turn of the event loop, once for all requests, in the order in which they were added. */
export class TurnEnd {
  readonly #steps: (() => void)[] = []
  #scheduled: NodeJS.Immediate | undefined

  add(step: () => void) {
    this.#steps.push(step)
  }

  /** Runs the steps when the turn ends. */
  soon() {
    this.#scheduled ??= setImmediate(() => this.now())
  }

  /** Runs the steps now instead of at the end of the turn. */
  now() {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    for (const step of this.#steps) step()
  }
}
