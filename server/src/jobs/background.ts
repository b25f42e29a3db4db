import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { OnDemand } from '../tools/on-demand.ts'

/**
 * Runs work in small transactions, so that other work gets its turn. The database says what is left to do, so the work continues
 * after a restart. `soon` wakes it; `stop` ends it after the present step.
 */
export class Background extends OnDemand {
  /** `step` resolves to false if nothing is left; then `finished` is called. */
  constructor(
    job: string,
    step: () => Promise<boolean>,
    { finished = () => {}, log, metrics }: { finished?: () => void; log: Log; metrics: Metrics },
  ) {
    const work = async (stopping: AbortSignal) => {
      while (!stopping.aborted && (await step())) await turn()
      if (!stopping.aborted) finished()
    }
    super(work, error => {
      metrics.jobFailures.inc({ job })
      log.warn({ err: error, job }, 'A job has failed and will be retried')
    })
  }
}
