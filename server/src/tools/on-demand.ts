/**
 * Runs work on request, one run at a time. A request during a run causes another run after it. One loop makes all runs, from the
 * construction until `stop`, so no request is ever lost.
 */
export class OnDemand {
  readonly #stopping = new AbortController()
  readonly #ended: Promise<void>
  #asked = Promise.withResolvers<void>()

  /** The signal tells `work` to end early. `failed` is called for a run that rejects; the next request starts another. */
  constructor(work: (stopping: AbortSignal) => Promise<void>, failed: (error: unknown) => void) {
    this.#ended = this.#run(work, failed)
  }

  soon() {
    this.#asked.resolve()
  }

  /** Resolves when the run in progress has ended. */
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
