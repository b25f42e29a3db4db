/**
 * Does a work whenever it is asked for, one run at a time. What is asked for during a run leads to another run after it. One loop
 * does all runs, from the construction until `stop`, so there is no state in which a request finds nobody who works.
 */
export class OnDemand {
  readonly #stopping = new AbortController()
  readonly #ended: Promise<void>
  #asked = Promise.withResolvers<void>()

  /** `work` is told when it should end early. `failed` hears of a run that rejects; the next request starts another. */
  constructor(work: (stopping: AbortSignal) => Promise<void>, failed: (error: unknown) => void) {
    this.#ended = this.#run(work, failed)
  }

  soon() {
    this.#asked.resolve()
  }

  /** Resolves when the run that is under way has ended. */
  async stop() {
    this.#stopping.abort()
    this.soon()
    await this.#ended
  }

  async #run(work: (stopping: AbortSignal) => Promise<void>, failed: (error: unknown) => void) {
    const { signal } = this.#stopping
    for (;;) {
      await this.#asked.promise
      if (signal.aborted) return
      this.#asked = Promise.withResolvers()
      await work(signal).catch(failed)
    }
  }
}
