import type { Database } from '../database/database.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { LaneLabels } from './lane-labels.ts'
import type { LaneLog } from './lane-log.ts'

/** What all lanes of a node share. */
export interface LaneTools {
  readonly db: Database
  readonly now: () => number
  readonly log: Log
  readonly metrics: Metrics
  readonly labels: LaneLabels
  readonly states: LaneLog
  readonly nodeId: string
  /** Aborts when this node stops, or may soon count as dead. After the latter there is a new signal. */
  readonly working: () => AbortSignal
}
