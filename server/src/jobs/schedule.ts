import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'

/** Something that the clock asks for. It may run on several nodes at once and be ended in the middle. */
export interface Job {
  readonly name: string
  readonly everySeconds: number
  readonly run: () => Promise<void>
}

/** Runs each job at once and then at its interval, never twice at the same time; returns how to end them. */
export function schedule(jobs: readonly Job[], { log, metrics }: { log: Log; metrics: Metrics }): () => Promise<void> {
  const running = new Set<Promise<void>>()
  const timers = jobs.map(({ name, everySeconds, run }) => {
    let busy = false
    const start = async () => {
      if (busy) return
      busy = true
      try {
        await run()
      } catch (error) {
        metrics.jobFailures.inc({ job: name })
        log.warn({ err: error, job: name }, 'A job has failed and will be tried again')
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
    await Promise.all(running)
  }
}
