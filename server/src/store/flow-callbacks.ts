import { statement, type Queries } from '../database/database.ts'
import { channelArn } from './arns.ts'

/** One invocation of a processor, and the decision about it. */
export interface Callback {
  readonly runId: number
  /** Null if the channel is deleted. */
  readonly channelArn: string | null
  readonly messageId: string
  /** The decision of the processor, or the one that was made without it; null while the processor may answer. */
  readonly decision: string | null
  /** Null before the invocation. */
  readonly expiresAt: number | null
}

const insert = statement(`insert into flow_callbacks (callback_id, run_id, channel_id, message_id) values ($1, $2, $3, $4)`)
const selectOne = statement<Callback>(`
  select k.run_id as "runId", ${channelArn} as "channelArn", k.message_id as "messageId",
    k.decision, k.expires_at as "expiresAt"
  from flow_callbacks k
  left join channels c on c.id = k.channel_id and c.deleted_at is null
  left join app_instances a on a.id = c.app_instance_id and a.deleted_at is null
  where k.callback_id = $1`)
const markInvoked = statement<{ runId: number }>(`
  update flow_callbacks set expires_at = $2 where callback_id = $1 and decision is null returning run_id as "runId"`)
const decide = statement<{ runId: number }>(`
  update flow_callbacks set decision = $2, expires_at = coalesce(expires_at, $3) where callback_id = $1 and decision is null
  returning run_id as "runId"`)
const selectExpired = statement<{ callbackId: string }>(`
  select callback_id as "callbackId" from flow_callbacks where expires_at <= $1 order by expires_at limit $2`)
const remove = statement(`delete from flow_callbacks where callback_id = $1`)
const removeSome = statement(`
  delete from flow_callbacks where callback_id in (select callback_id from flow_callbacks order by callback_id limit $1)`)

export async function insertCallback(
  tx: Queries,
  given: { callbackId: string; runId: number; channelId: number; messageId: string },
): Promise<void> {
  await tx.run(insert, given.callbackId, given.runId, given.channelId, given.messageId)
}

export async function findCallback(db: Queries, callbackId: string): Promise<Callback | undefined> {
  return db.get(selectOne, callbackId)
}

/** Marks the callback as invoked, so that the processor may answer, and returns its run; undefined if it is already decided. */
export async function markCallbackInvoked(tx: Queries, callbackId: string, expiresAt: number) {
  return (await tx.get(markInvoked, callbackId, expiresAt))?.runId
}

/**
 * Decides once: of concurrent decisions the first gets the run, the others get undefined after its commit. The decision is stored
 * until `expiresAt` at the latest.
 */
export async function decideCallback(tx: Queries, callbackId: string, decision: string, expiresAt: number) {
  return (await tx.get(decide, callbackId, decision, expiresAt))?.runId
}

/** Expired callbacks, decided or not. */
export async function expiredCallbacks(db: Queries, now: number, limit: number) {
  return db.all(selectExpired, now, limit)
}

export async function deleteCallback(tx: Queries, callbackId: string) {
  await tx.run(remove, callbackId)
}

/** Deletes at most `limit` callbacks, decided or not; returns how many. */
export async function deleteCallbacks(tx: Queries, limit: number): Promise<number> {
  return tx.run(removeSome, limit)
}
