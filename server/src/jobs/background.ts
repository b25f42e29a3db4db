import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { OnDemand } from '../tools/on-demand.ts'

/**
 * Runs work in small transactions, between which others have their turn. The database says what is left to do, so the work goes on
 * after a restart. `soon` wakes it; `stop` ends it after the step that it is in.
 */
export class Background extends OnDemand {
  /** `step` resolves to false where nothing is left; `finished` is called then. */
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
      log.warn({ err: error, job }, 'A job has failed and will be tried again')
    })
  }
}
