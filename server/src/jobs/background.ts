import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'

/**
 * Work that is done in small transactions between which others have their turn. What is left to do stands in the database, so
 * it starts where it was after a restart. `soon` wakes it; `stop` ends it after the step that it is in.
 */
export class Background {
  readonly #step: () => Promise<boolean>
  readonly #finished: () => void
  readonly #failed: (error: unknown) => void
  #running: Promise<void> | undefined
  #again = false
  #stopped = false

  /** `step` resolves to false where nothing is left; `finished` is called then. */
  constructor(
    job: string,
    step: () => Promise<boolean>,
    { finished = () => {}, log, metrics }: { finished?: () => void; log: Log; metrics: Metrics },
  ) {
    this.#step = step
    this.#finished = finished
    this.#failed = error => {
      metrics.jobFailures.inc({ job })
      log.warn({ err: error, job }, 'A job has failed and will be tried again')
    }
  }

  soon() {
    this.#again = true
    this.#running ??= this.#run()
  }

  async stop() {
    this.#stopped = true
    await this.#running
  }

  async #run() {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false
        while (!this.#stopped && (await this.#step())) await turn()
        if (!this.#stopped) this.#finished()
      }
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#running = undefined
    }
  }
}
