import { statement, type Queries } from '../database/database.ts'
import { changeRow, changeRows } from './queries.ts'

/** A master key by its id; the key itself is never stored. */
export interface KnownMasterKey {
  readonly id: string
  /** Undefined for the one in use. */
  readonly retiredAt: number | undefined
}

const selectAll = statement<{ id: string; retiredAt: number | null }>(`
  select id, retired_at as "retiredAt" from master_keys order by created_at, id`)

export async function masterKeys(db: Queries): Promise<readonly KnownMasterKey[]> {
  const rows = await db.all(selectAll)
  return rows.map(({ id, retiredAt }) => ({ id, retiredAt: retiredAt ?? undefined }))
}

/** Makes it the one in use; there must be none in use. */
export const useMasterKey = changeRow<[id: string, now: number]>(`
  insert into master_keys (id, created_at) values ($1, $2) on conflict (id) do update set retired_at = null`)

export const retireMasterKey = changeRow<[now: number]>(`update master_keys set retired_at = $1 where retired_at is null`)

/** Removes the master keys that were retired by then. */
export const deleteMasterKeys = changeRows<[retiredBy: number]>(`delete from master_keys where retired_at <= $1`)
