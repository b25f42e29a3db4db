import { statement, type Queries } from '../database/database.ts'
import { channelArn } from './arns.ts'
import { allRows, changeRow, changeRows, firstRow, firstValue } from './queries.ts'

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

export async function insertCallback(
  tx: Queries,
  given: { callbackId: string; runId: number; channelId: number; messageId: string },
): Promise<void> {
  await tx.run(insert, given.callbackId, given.runId, given.channelId, given.messageId)
}

export const findCallback = firstRow<Callback, [callbackId: string]>(`
  select k.run_id as "runId", ${channelArn} as "channelArn", k.message_id as "messageId",
    k.decision, k.expires_at as "expiresAt"
  from flow_callbacks k
  left join channels c on c.id = k.channel_id and c.deleted_at is null
  left join app_instances a on a.id = c.app_instance_id and a.deleted_at is null
  where k.callback_id = $1`)

/** Marks the callback as invoked, so that the processor may answer, and returns its run; undefined if it is already decided. */
export const markCallbackInvoked = firstValue<number, [callbackId: string, expiresAt: number]>(`
  update flow_callbacks set expires_at = $2 where callback_id = $1 and decision is null returning run_id as value`)

/**
 * Decides once: of concurrent decisions the first gets the run, the others get undefined after its commit. The decision is stored
 * until `expiresAt` at the latest.
 */
export const decideCallback = firstValue<number, [callbackId: string, decision: string, expiresAt: number]>(`
  update flow_callbacks set decision = $2, expires_at = coalesce(expires_at, $3) where callback_id = $1 and decision is null
  returning run_id as value`)

/** Expired callbacks, decided or not. */
export const expiredCallbacks = allRows<{ callbackId: string }, [now: number, limit: number]>(`
  select callback_id as "callbackId" from flow_callbacks where expires_at <= $1 order by expires_at limit $2`)

export const deleteCallback = changeRow<[callbackId: string]>(`delete from flow_callbacks where callback_id = $1`)

/** Deletes at most `limit` callbacks, decided or not; returns how many. */
export const deleteCallbacks = changeRows<[limit: number]>(`
  delete from flow_callbacks where callback_id in (select callback_id from flow_callbacks order by callback_id limit $1)`)
