/** What is done at the end of a turn of the event loop, once for all who have asked for it, in one order. */
export class TurnEnd {
  readonly #steps: readonly (() => void)[]
  #scheduled: NodeJS.Immediate | undefined

  constructor(steps: readonly (() => void)[]) {
    this.#steps = steps
  }

  /** The steps are taken when the turn ends. */
  soon() {
    this.#scheduled ??= setImmediate(() => this.now())
  }

  /** They are taken at once, and not when the turn ends. */
  now() {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    for (const step of this.#steps) step()
  }
}
