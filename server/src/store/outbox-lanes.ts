import { statement, type Queries } from '../database/database.ts'
import { allLanes } from './outbox.ts'
import { allRows, changeRow, changeRows } from './queries.ts'
import { storableError } from './text.ts'

/** The last successes and failures of a lane, on any node. */
export interface LaneState {
  readonly lane: string
  readonly deliveredAt: number | null
  readonly failedAt: number | null
  /** The error of the last failure. */
  readonly error: string | null
  /** The end of the last pause that the destination has asked for, and the reason. */
  readonly pausedUntil: number | null
  readonly pauseReason: string | null
}

const acquire = statement(`
  insert into outbox_lanes (lane, leased_until, leased_by) values ($1, $2, $4)
  on conflict (lane) do update set leased_until = excluded.leased_until, leased_by = excluded.leased_by
  where outbox_lanes.leased_until <= $3 or (outbox_lanes.leased_by = $4 and outbox_lanes.leased_until = $5)`)
const release = statement(`
  update outbox_lanes set leased_until = 0, leased_by = null where lane = $1 and leased_by = $2 and leased_until = $3`)
const setPaused = statement(`
  insert into outbox_lanes (lane, paused_until, pause_reason) values ($1, $2, $3)
  on conflict (lane) do update set paused_until = excluded.paused_until, pause_reason = excluded.pause_reason`)
const releaseLanesOf = statement(`update outbox_lanes set leased_until = 0, leased_by = null where leased_by = $1`)
/** SQL: the entries that wait beyond a time and meet a condition. */
const waitingBeyond = (time: string, condition: string) =>
  `(${allLanes} select o.id from lanes join outbox o on o.lane = lanes.lane and o.next_at > ${time} where o.${condition})`
// The condition is repeated, since another node may have leased an entry meanwhile.
const releaseEntriesOf = statement(`
  update outbox set next_at = $2, leased_by = null where id in ${waitingBeyond('$2', 'leased_by = $1')} and leased_by = $1`)
const releaseAllLanes = statement(`update outbox_lanes set leased_until = 0, leased_by = null where leased_until > 0`)
const releaseAllEntries = statement(`
  update outbox set next_at = $1, leased_by = null where id in ${waitingBeyond('$1', 'leased_by is not null')}`)
const setFailed = statement(`
  insert into outbox_lanes (lane, failed_at, error) values ($1, $2, $3)
  on conflict (lane) do update set failed_at = excluded.failed_at, error = excluded.error`)

/** A lease of a lane, by a node. */
export interface LaneLease {
  readonly nodeId: string
  /** Its end. */
  readonly until: number
}

/**
 * Leases a lane for a node until that time, or extends its lease, which ends at `mine`; false if another node has the lane. A node of an
 * older Carillon does not write its name, so the end is compared, too.
 */
export async function holdLane(tx: Queries, lane: string, now: number, { nodeId, until }: LaneLease, mine?: number) {
  return (await tx.run(acquire, lane, until, now, nodeId, mine ?? -1)) === 1
}

/** Ends the lease of a node, which ends at that time. */
export async function releaseLane(tx: Queries, lane: string, { nodeId, until }: LaneLease) {
  await tx.run(release, lane, nodeId, until)
}

/** Ends all leases of a node, of lanes and of entries. */
export async function releaseLeasesOf(tx: Queries, nodeId: string, now: number) {
  await tx.run(releaseLanesOf, nodeId)
  await tx.run(releaseEntriesOf, nodeId, now)
}

/** Ends all leases: those of a server that was killed, when no other node can be at work. */
export async function releaseAllLeases(tx: Queries, now: number) {
  await tx.run(releaseAllLanes)
  await tx.run(releaseAllEntries, now)
}

export const markDelivered = changeRow<[lane: string, now: number]>(`
  insert into outbox_lanes (lane, delivered_at) values ($1, $2) on conflict (lane) do update set delivered_at = excluded.delivered_at`)

export async function markFailed(tx: Queries, lane: string, now: number, error: string) {
  await tx.run(setFailed, lane, now, storableError(error))
}

/** The destination has asked for a pause. */
export async function markPaused(tx: Queries, lane: string, until: number, reason: string) {
  await tx.run(setPaused, lane, until, storableError(reason))
}

export const laneStates = allRows<LaneState>(`
  select lane, delivered_at as "deliveredAt", failed_at as "failedAt", error, paused_until as "pausedUntil", pause_reason as "pauseReason"
  from outbox_lanes order by lane`)

/** Deletes the state of lanes without deliveries since then. */
export const deleteIdleLanes = changeRows<[before: number]>(`
  delete from outbox_lanes
  where leased_until < $1 and coalesce(delivered_at, 0) < $1 and coalesce(failed_at, 0) < $1 and coalesce(paused_until, 0) < $1`)
