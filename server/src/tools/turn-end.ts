/** Runs steps at the end of a turn of the event loop, once for all requests, in a fixed order. */
export class TurnEnd {
  readonly #steps: readonly (() => void)[]
  #scheduled: NodeJS.Immediate | undefined

  constructor(steps: readonly (() => void)[]) {
    this.#steps = steps
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
