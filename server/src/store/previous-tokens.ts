import { statement, type Queries } from '../database/database.ts'
import { deleteSome } from './queries.ts'

/*
 * ClientRequestTokens in request_tokens, the table of schema version 19: those from before an upgrade, and those of nodes of that version that
 * are still running. Carillon reads and sweeps the table, and writes none of its rows.
 */

/** SQL: whether the token has an answer there that is not from before `since`. */
export const previousIsAnswered = (token: string, since: string) =>
  `exists (select 1 from request_tokens r where r.token = ${token} and r.created_at > ${since})`

const selectPrevious = statement<{ fingerprint: string; result: string }>(`
  select fingerprint, result from request_tokens where token = $1 and created_at > $2`)

/** The answer of the token there, as JSON, unless it is from before `since`. */
export async function previousAnswer(tx: Queries, token: string, since: number) {
  return tx.get(selectPrevious, token, since)
}

/** Deletes at most `limit` tokens there from before `since`. Returns how many. */
export const deletePreviousTokens = deleteSome<[since: number, limit: number]>(
  'request_tokens',
  'token',
  'created_at <= $1 order by created_at',
)
