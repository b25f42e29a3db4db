import { statement, type Queries } from '../database/database.ts'
import { changeRow } from './queries.ts'

/** The most unused codes; a new one replaces the oldest. */
const most = 20

const insert = statement(`insert into console_codes (hash, expires_at) values ($1, $2)`)
const removeOld = statement(`
  delete from console_codes where expires_at <= $1
    or hash not in (select hash from console_codes order by expires_at desc, hash limit $2)`)

/** Stores the hash of a code. */
export async function putConsoleCode(tx: Queries, hash: string, now: number, expiresAt: number) {
  await tx.run(removeOld, now, most - 1)
  await tx.run(insert, hash, expiresAt)
}

/** Removes a code; false if there is none of that hash, or it has expired. Of several callers one gets true. */
export const takeConsoleCode = changeRow<[hash: string, now: number]>(`delete from console_codes where hash = $1 and expires_at > $2`)
