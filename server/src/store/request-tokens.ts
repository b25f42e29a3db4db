import { statement, type Queries } from '../database/database.ts'

/** How long a ClientRequestToken is remembered, in milliseconds (docs/service/wire.md#idempotency). */
export const tokenLifetime = 24 * 60 * 60 * 1000

const selectToken = statement<{ fingerprint: string; result: string }>(
  `select fingerprint, result from request_tokens where token = $1 and created_at > $2`,
)
/** Replaces an expired token. */
const replaced = `
  on conflict (token) do update
    set fingerprint = excluded.fingerprint, result = excluded.result, created_at = excluded.created_at
    where request_tokens.created_at <= excluded.created_at - ${tokenLifetime}`
/** Of equal tokens the first one stays. */
const insertToken = statement(
  `insert into request_tokens (token, fingerprint, result, created_at) values ($1, $2, $3, $4) ${replaced}`,
  `with asked as (
    select distinct on (token) * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
      with ordinality as asked (token, fingerprint, result, created_at, whose)
    order by token, whose),
  kept as (
    insert into request_tokens (token, fingerprint, result, created_at)
    select token, fingerprint, result, created_at from asked ${replaced}
    returning token)
  select whose from asked join kept using (token)`,
)
const deleteOldTokens = statement(`
  delete from request_tokens where token in (select token from request_tokens where created_at <= $1 order by created_at limit $2)`)

/** The answer of the token, unless it is from before `since`. */
export async function answeredToken(tx: Queries, token: string, since: number) {
  return tx.get(selectToken, token, since)
}

/** False if the token has an answer within its lifetime, perhaps of a concurrent twin. */
export async function rememberToken(
  tx: Queries,
  { token, fingerprint, result, now }: { token: string; fingerprint: string; result: string; now: number },
) {
  return (await tx.run(insertToken, token, fingerprint, result, now)) === 1
}

/** Deletes at most `limit` tokens from before `since`; returns how many. */
export async function forgetTokens(tx: Queries, since: number, limit: number) {
  return tx.run(deleteOldTokens, since, limit)
}
