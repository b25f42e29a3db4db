import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Database } from '../database/database.ts'
import { holdJob, releaseJob } from '../store/leases.ts'

/** A scheduled job. It ends early when the signal aborts, and continues the next time. */
export interface Job {
  readonly name: string
  readonly everySeconds: number
  /** It continues what a node has begun after a call, so it runs at once when a node has died or stopped. */
  readonly continues?: boolean
  readonly run: (stopping?: AbortSignal) => Promise<unknown>
}

interface Schedule {
  /** A node has died or stopped, and its leases have ended: runs the jobs that it may have left unfinished. */
  readonly takeOver: () => void
  readonly stop: () => Promise<void>
}

interface Tools {
  readonly db: Database
  readonly now: () => number
  readonly log: Log
  readonly metrics: Metrics
  /** Undefined on a single node. */
  readonly nodeId?: string | undefined
}

/** Runs each job immediately and then at its interval, on the one node that holds the job's lease. */
export function schedule(jobs: readonly Job[], { db, now, log, metrics, nodeId }: Tools): Schedule {
  const running = new Set<Promise<void>>()
  const stopping = new AbortController()
  const all = jobs.map(({ name, everySeconds, continues, run }) => {
    const lease = everySeconds * 900
    // So that Prometheus sees the first failure as an increase.
    metrics.jobFailures.inc({ job: name }, 0)
    let busy = false
    const start = async (isTakenOver: boolean) => {
      if (busy) return
      busy = true
      const until = now() + lease
      try {
        const isHeld = await holdJob(db, name, now(), until, nodeId)
        if (isHeld || (isTakenOver && continues)) await run(stopping.signal)
        // Another node, or the next start, continues what the stop has interrupted.
        if (isHeld && stopping.signal.aborted) await releaseJob(db, name, until)
      } catch (error) {
        metrics.jobFailures.inc({ job: name })
        log.warn({ err: error, job: name }, 'A job has failed and will be retried')
      } finally {
        busy = false
      }
    }
    const tracked = (isTakenOver = false) => {
      const started = start(isTakenOver)
      running.add(started)
      void started.finally(() => running.delete(started))
    }
    tracked()
    return { timer: setInterval(tracked, everySeconds * 1000), takeOver: () => tracked(true) }
  })
  return {
    takeOver: () => {
      if (!stopping.signal.aborted) for (const { takeOver } of all) takeOver()
    },
    stop: async () => {
      for (const { timer } of all) clearInterval(timer)
      stopping.abort()
      await Promise.all(running)
    },
  }
}
