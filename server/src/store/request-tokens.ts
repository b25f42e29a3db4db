import { statement, type Queries } from '../database/database.ts'
import { previousIsAnswered } from './previous-tokens.ts'
import { findValue, putValue } from './shared-values.ts'

/** How long a ClientRequestToken is stored, in milliseconds (docs/service/wire.md#idempotency). */
export const tokenLifetime = 24 * 60 * 60 * 1000

/** Where a token is stored. The id of the channel is 0 without one. */
export interface TokenKey {
  readonly channelId: number
  readonly token: Uint8Array
}

interface Answered {
  fingerprint: Uint8Array
  result: Uint8Array
}

const hourMilliseconds = 60 * 60 * 1000
/** In each hour of the day, the job deletes tokens in one of them. */
const slots = 24
const slotOf = (channelId: number) => channelId % slots

const selectToken = statement<Answered>(`
  select fingerprint, result from answered_tokens where slot = $1 and channel_id = $2 and token = $3 and created_at > $4`)
/** Replaces an expired token. */
const replaced = `
  on conflict (slot, channel_id, token) do update
    set fingerprint = excluded.fingerprint, result = excluded.result, created_at = excluded.created_at
    where answered_tokens.created_at <= excluded.created_at - ${tokenLifetime}`
const columns = `slot, channel_id, token, fingerprint, result, created_at`
/** Of equal tokens the first one stays, also if it is in the table of the version before. */
const insertToken = statement(
  `insert into answered_tokens (${columns}) select $1, $2, $3, $4, $5, $6
    where not ${previousIsAnswered('$7', `cast($6 as bigint) - ${tokenLifetime}`)} ${replaced}`,
  `with asked as (
    select distinct on (channel_id, token) *
      from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bigint[], $7::text[])
      with ordinality as asked (${columns}, previous, whose)
    order by channel_id, token, whose),
  kept as (
    insert into answered_tokens (${columns}) select ${columns} from asked
    where not ${previousIsAnswered('asked.previous', `asked.created_at - ${tokenLifetime}`)} ${replaced}
    returning channel_id, token)
  select whose from asked join kept using (channel_id, token)`,
)

const inSlot = `slot = $1 and (channel_id, token) > ($2, $3)`
const selectEnd = statement<TokenKey>(`
  select channel_id as "channelId", token from answered_tokens where ${inSlot} order by channel_id, token limit 1 offset $4`)
const deleteTokens = statement(`
  delete from answered_tokens where ${inSlot} and (channel_id, token) <= ($4, $5) and created_at <= $6`)

/** The name of the shared value with the last hour whose slot was swept. */
const swept = 'swept request tokens'

/** Before all tokens of a slot. */
export const firstToken: TokenKey = { channelId: -1, token: new Uint8Array() }
/** After all of them. */
const end: TokenKey = { channelId: Number.MAX_SAFE_INTEGER, token: new Uint8Array() }

/** The answer of the token, unless it is from before `since`. */
export async function answeredToken(tx: Queries, { channelId, token }: TokenKey, since: number) {
  return tx.get(selectToken, slotOf(channelId), channelId, token, since)
}

/**
 * Stores the answer of a token; false if it has one within its lifetime, perhaps of a concurrent request. `previous` is the token as the
 * version before stores it.
 */
export async function storeToken(
  tx: Queries,
  { channelId, token, previous, fingerprint, result, now }: TokenKey & Answered & { previous: string; now: number },
) {
  return (await tx.run(insertToken, slotOf(channelId), channelId, token, fingerprint, result, now, previous)) === 1
}

/** The hours since the last one whose slot was swept; no more than there are slots. */
export async function hoursToSweep(db: Queries, now: number): Promise<number[]> {
  const hour = Math.floor(now / hourMilliseconds)
  const last = Number((await findValue(db, swept)) ?? 0)
  // A clock that was ahead must not put it off.
  const count = last > hour ? slots : Math.min(hour - last, slots)
  return Array.from({ length: count }, (_, index) => hour - count + 1 + index)
}

/**
 * Reads the next tokens in the slot of an hour, at most `limit`, and deletes those from before `since`. Returns how many were deleted, and
 * the last one that was read unless the slot ends there.
 */
export async function deleteOldTokens(
  tx: Queries,
  { hour, after, since, limit }: { hour: number; after: TokenKey; since: number; limit: number },
): Promise<{ deleted: number; last: TokenKey | undefined }> {
  const from = [hour % slots, after.channelId, after.token] as const
  const last = await tx.get(selectEnd, ...from, limit - 1)
  const { channelId, token } = last ?? end
  const deleted = await tx.run(deleteTokens, ...from, channelId, token, since)
  if (!last) await putValue(tx, swept, String(hour))
  return { deleted, last }
}
