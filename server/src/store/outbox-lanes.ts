import { statement, type Queries } from '../database/database.ts'
import { allRows, changeRow, changeRows } from './queries.ts'
import { storableError } from './text.ts'

/** The last successes and failures of a lane, on any node. */
export interface LaneState {
  readonly lane: string
  readonly deliveredAt: number | null
  readonly failedAt: number | null
  /** The error of the last failure. */
  readonly error: string | null
}

const acquire = statement(`
  insert into outbox_lanes (lane, leased_until) values ($1, $2)
  on conflict (lane) do update set leased_until = excluded.leased_until
  where outbox_lanes.leased_until <= $3 or outbox_lanes.leased_until = $4`)
const setFailed = statement(`
  insert into outbox_lanes (lane, failed_at, error) values ($1, $2, $3)
  on conflict (lane) do update set failed_at = excluded.failed_at, error = excluded.error`)

/** Leases a lane until that time, or extends the lease; false if another node has it. `mine` is the end of this node's present lease. */
export async function holdLane(tx: Queries, lane: string, now: number, until: number, mine: number | undefined) {
  return (await tx.run(acquire, lane, until, now, mine ?? -1)) === 1
}

/** Ends the lease. */
export const releaseLane = changeRow<[lane: string, mine: number]>(
  `update outbox_lanes set leased_until = 0 where lane = $1 and leased_until = $2`,
)

/** Ends all leases: those of a server that was killed, when no other node can be at work. */
export const releaseLanes = changeRows(`update outbox_lanes set leased_until = 0 where leased_until > 0`)

export const markDelivered = changeRow<[lane: string, now: number]>(`
  insert into outbox_lanes (lane, delivered_at) values ($1, $2) on conflict (lane) do update set delivered_at = excluded.delivered_at`)

export async function markFailed(tx: Queries, lane: string, now: number, error: string) {
  await tx.run(setFailed, lane, now, storableError(error))
}

export const laneStates = allRows<LaneState>(`
  select lane, delivered_at as "deliveredAt", failed_at as "failedAt", error from outbox_lanes order by lane`)

/** Deletes the state of lanes without deliveries since then. */
export const deleteIdleLanes = changeRows<[before: number]>(`
  delete from outbox_lanes where leased_until < $1 and coalesce(delivered_at, 0) < $1 and coalesce(failed_at, 0) < $1`)
