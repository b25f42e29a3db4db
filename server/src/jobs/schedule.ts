import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Database } from '../database/database.ts'
import { holdJob } from '../store/leases.ts'

/** A scheduled job. It ends early when the signal aborts, and continues the next time. */
export interface Job {
  readonly name: string
  readonly everySeconds: number
  readonly run: (stopping?: AbortSignal) => Promise<unknown>
}

/**
 * Runs each job immediately and then at its interval, on the one node that holds the job's lease. The lease of a node that dies ends after
 * the interval. Returns a function that ends them.
 */
export function schedule(
  jobs: readonly Job[],
  { db, now, log, metrics }: { db: Database; now: () => number; log: Log; metrics: Metrics },
): () => Promise<void> {
  const running = new Set<Promise<void>>()
  const stopping = new AbortController()
  const timers = jobs.map(({ name, everySeconds, run }) => {
    const lease = everySeconds * 900
    let busy = false
    const start = async () => {
      if (busy) return
      busy = true
      try {
        if (await holdJob(db, name, now(), now() + lease)) await run(stopping.signal)
      } catch (error) {
        metrics.jobFailures.inc({ job: name })
        log.warn({ err: error, job: name }, 'A job has failed and will be retried')
      } finally {
        busy = false
      }
    }
    const tracked = () => {
      const started = start()
      running.add(started)
      void started.finally(() => running.delete(started))
    }
    tracked()
    return setInterval(tracked, everySeconds * 1000)
  })
  return async () => {
    for (const timer of timers) clearInterval(timer)
    stopping.abort()
    await Promise.all(running)
  }
}
