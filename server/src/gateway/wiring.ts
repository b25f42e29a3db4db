import type { Access } from '../auth/access.ts'
import type { AccessKey } from '../auth/signature/signing-key.ts'
import type { Bus } from '../bus/bus.ts'
import type { Database } from '../database/database.ts'
import type { Arrivals } from '../http/arrivals.ts'
import type { ResumableSessions } from '../nodes/resumable-sessions.ts'
import type { SessionsOfNodes } from '../nodes/sessions.ts'
import type { AuditLog } from '../observe/audit.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Refusals } from '../observe/refusals.ts'
import type { ConnectRate } from '../rates/operation-rates.ts'
import type { Limits } from '../settings/limits.ts'
import type { TurnEnd } from '../tools/turn-end.ts'
import type { Circumstances } from './who-connects.ts'

/** What the gateway is given. */
export interface Wiring extends Circumstances {
  readonly db: Database
  readonly bus: Bus
  readonly turnEnd: TurnEnd
  readonly arrivals: Arrivals
  readonly access: Access & { onChange(listener: () => void): void }
  /** Whether a key that has signed is still valid. */
  readonly isGood: (key: AccessKey) => boolean
  readonly limits: Limits
  /** How fast one user may connect, with all its sessions. */
  readonly connectRate: ConnectRate
  readonly pingSeconds: number
  /** How long a typing indicator lasts. */
  readonly typingSeconds: number
  readonly nodeId: string
  readonly nodeName: string
  /** How long a user without a socket stays online. */
  readonly graceSeconds: number
  /** Undefined on a single node. */
  readonly allSessions: SessionsOfNodes | undefined
  /** Undefined with --resume off. */
  readonly resumable: ResumableSessions | undefined
  readonly log: Log
  readonly refusals: Refusals
  readonly metrics: Metrics
  /** The faults of test mode; undefined outside of it. */
  readonly faults: SessionFaults | undefined
  /** Undefined if there is none. */
  readonly audit: AuditLog | undefined
}

export interface SessionFaults {
  /** The code with which a client that connects is refused. */
  refusal(): number | undefined
  /** Whether an event of that type is dropped instead of delivered. */
  drops(type: string): boolean
}
