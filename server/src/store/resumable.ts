import { statement, type Queries } from '../database/database.ts'
import type { KnownSession } from './nodes.ts'
import { changeRow, deleteSome, firstValue } from './queries.ts'

const upsert = statement(`
  insert into resumable_sessions (user_id, session, node_id, opened_at, sure_at) values ($1, $2, $3, $4, $5)
  on conflict (user_id, session) do update set node_id = excluded.node_id, sure_at = excluded.sure_at`)
const change = statement(`update resumable_sessions set sure_at = $4 where user_id = $1 and session = $2 and node_id = $3`)
const remove = statement(`delete from resumable_sessions where user_id = $1 and session = $2 and node_id = $3`)
const select = statement<{ openedAt: number; sureAt: number | null; aliveAt: number | null }>(`
  select s.opened_at as "openedAt", s.sure_at as "sureAt", n.alive_at as "aliveAt" from resumable_sessions s
  left join resumable_nodes n on n.node_id = s.node_id where s.user_id = $1 and s.session = $2`)
const deleteLost = deleteSome<[before: number, limit: number]>('resumable_sessions', 'user_id, session', 'sure_at < $1 order by sure_at')
const deadNode = firstValue<string, [before: number]>(`
  select node_id as value from resumable_nodes where alive_at < $1 order by alive_at limit 1`)
const deleteOfNode = deleteSome<[nodeId: string, limit: number]>('resumable_sessions', 'user_id, session', 'node_id = $1')
const removeNode = statement(`delete from resumable_nodes where node_id = $1`)

export interface Standing {
  /** When the session was opened. */
  readonly openedAt: number
  /** The client has received everything that was sent before this time; undefined while it answers in time. */
  readonly sureAt: number | undefined
  /** When its node was last alive, if known. */
  readonly aliveAt: number | undefined
}

export async function findResumable(db: Queries, { userId, session }: KnownSession): Promise<Standing | undefined> {
  const row = await db.get(select, userId, session)
  return row && { openedAt: row.openedAt, sureAt: row.sureAt ?? undefined, aliveAt: row.aliveAt ?? undefined }
}

/** Stores that the node has the session, which another one may have had before. `sureAt` is undefined if its client has missed nothing. */
export async function putResumable(
  tx: Queries,
  { userId, session }: KnownSession,
  { nodeId, openedAt, sureAt }: { nodeId: string; openedAt: number; sureAt: number | undefined },
) {
  await tx.run(upsert, userId, session, nodeId, openedAt, sureAt ?? null)
}

/** Does nothing where another node has it. */
export async function changeResumable(tx: Queries, { userId, session }: KnownSession, nodeId: string, sureAt: number | undefined) {
  await tx.run(change, userId, session, nodeId, sureAt ?? null)
}

/** Does nothing where another node has it. */
export async function removeResumable(tx: Queries, { userId, session }: KnownSession, nodeId: string) {
  await tx.run(remove, userId, session, nodeId)
}

/** Stores that the node is alive at that time. */
export const beatResumable = changeRow<[nodeId: string, at: number]>(`
  insert into resumable_nodes (node_id, alive_at) values ($1, $2) on conflict (node_id) do update set alive_at = excluded.alive_at`)

/** Deletes at most `limit` sessions that were lost before that time. Returns how many. */
export async function deleteLostSessions(tx: Queries, before: number, limit: number): Promise<number> {
  const lost = await deleteLost(tx, before, limit)
  if (lost > 0) return lost
  const dead = await deadNode(tx, before)
  if (dead === undefined) return 0
  const left = await deleteOfNode(tx, dead, limit)
  if (left < limit) await tx.run(removeNode, dead)
  return Math.max(1, left)
}
