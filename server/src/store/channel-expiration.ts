import { statement, type Queries } from '../database/database.ts'
import { allRows, changeRow, firstRow } from './queries.ts'

export type ExpirationCriterion = 'CREATED_TIMESTAMP' | 'LAST_MESSAGE_TIMESTAMP'

export interface ChannelExpiration {
  readonly days: number
  readonly criterion: ExpirationCriterion
}

const updateExpiration = statement(`
  update channels set expiration_days = $2, expiration_criterion = $3, expires_at = $4 where id = $1 and deleted_at is null`)
const lockDue = statement(`update channels set expires_at = expires_at where id = $1 and expires_at <= $2 and deleted_at is null`)

/** Sets the expiration and the earliest time at which the channel may expire, or removes both if the expiration is undefined. */
export async function putChannelExpiration(
  tx: Queries,
  id: number,
  expiration: ChannelExpiration | undefined,
  expiresAt: number | undefined,
) {
  await tx.run(updateExpiration, id, expiration?.days ?? null, expiration?.criterion ?? null, expiresAt ?? null)
}

/** What decides when a channel expires. A persistent targeted message counts as the last message too. */
export interface Expiry {
  readonly createdAt: number
  readonly publicAt: number | null
  readonly privateAt: number | null
}

interface DueChannel extends Expiry, ChannelExpiration {}

export const findExpiry = firstRow<DueChannel, [id: number]>(`
  select created_at as "createdAt", last_message_at as "publicAt", expiration_days as days, expiration_criterion as criterion,
    (select max(p.created_at) from private_messages p where p.channel_id = c.id and p.failed = 0) as "privateAt"
  from channels c where id = $1 and deleted_at is null`)

/** At most `limit` channels that may have expired. */
export const dueChannels = allRows<{ id: number }, [now: number, limit: number]>(`
  select id from channels where expires_at <= $1 and deleted_at is null order by expires_at limit $2`)

/** Locks a channel that may still have expired; until the commit nobody else can change it. */
export async function lockDueChannel(tx: Queries, id: number, now: number): Promise<DueChannel | undefined> {
  return (await tx.run(lockDue, id, now)) === 1 ? findExpiry(tx, id) : undefined
}

/** Postpones the next check of the channel to that time, since a newer message has postponed its expiration. */
export const postponeExpiration = changeRow<[id: number, expiresAt: number]>(
  `update channels set expires_at = $2 where id = $1 and deleted_at is null`,
)
