import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Database } from '../store/database.ts'
import { purgeStep } from '../store/purge.ts'

/**
 * Removes what is deleted, in small transactions between which others have their turn. It starts where it was after a
 * restart, since tombstones say what is left. `soon` wakes it; `stop` ends it after the step that it is in.
 */
export class Purge {
  readonly #step: () => Promise<boolean>
  readonly #tidy: () => Promise<void>
  readonly #failed: (error: unknown) => void
  #running: Promise<void> | undefined
  #again = false
  #stopped = false

  constructor({ db, now, log, metrics }: { db: Database; now: () => number; log: Log; metrics: Metrics }) {
    this.#step = async () => {
      const worked = await purgeStep(db, now())
      if (worked) metrics.purgeSteps.inc()
      return worked
    }
    this.#tidy = () => db.tidy()
    this.#failed = error => {
      metrics.jobFailures.inc({ job: 'purge' })
      log.warn({ err: error }, 'The purge has failed and will be tried again')
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
        if (!this.#stopped) await this.#tidy()
      }
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#running = undefined
    }
  }
}
