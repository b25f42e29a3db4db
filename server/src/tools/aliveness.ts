/** Whether this node may do what only one node at a time may do: the others take over the work of a node that they count as dead. */
export class Aliveness {
  #until = Infinity
  #ending = new AbortController()
  #timer: NodeJS.Timeout | undefined

  /**
   * Aborts when the others may soon count this node as dead; without `extend` it never does. After that there is a new signal, and
   * whatever was leased under the old one may belong to another node. The time is compared each time that the signal is read, since a
   * process that was frozen may run before its timers do.
   */
  get signal(): AbortSignal {
    if (performance.now() >= this.#until) this.#ending.abort(new Error('This node could not update its heartbeat in time'))
    return this.#ending.signal
  }

  /** The others certainly count this node as alive until then, by `performance.now()`. */
  extend(until: number) {
    if (until <= performance.now()) return
    if (this.signal.aborted) this.#ending = new AbortController()
    this.#until = until
    clearTimeout(this.#timer)
    this.#watch()
  }

  /** A timer may be a little early. */
  #watch() {
    if (this.signal.aborted) return
    this.#timer = setTimeout(() => this.#watch(), Math.ceil(this.#until - performance.now())).unref()
  }
}
