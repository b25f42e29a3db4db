import { statement, type Database, type Queries } from '../database/database.ts'

/** In epoch milliseconds of the database: the clocks of nodes may differ. PostgreSQL only, like everything here. */
const clock = `(extract(epoch from statement_timestamp()) * 1000)::bigint`
/** A node that has not updated its row for this time is dead. */
const deadMilliseconds = 5000
/** How long a dead node stays in the table. */
const forgottenMilliseconds = 60_000

export interface Node {
  readonly id: string
  readonly name: string
  /** The bus that it uses; null for none. */
  readonly bus: string | null
}

const isAlive = `n.seen_at > ${clock} - ${deadMilliseconds}`
const beat = statement(`
  insert into nodes (id, name, bus, seen_at) values ($1, $2, $3, ${clock})
  on conflict (id) do update set seen_at = excluded.seen_at`)
const selectOthers = statement<Node>(`select n.id, n.name, n.bus from nodes n where n.id <> $1 and ${isAlive} order by n.id limit 100`)
const remove = statement(`delete from nodes where id = $1`)
const removeDead = statement(`delete from nodes where seen_at < ${clock} - ${forgottenMilliseconds}`)
const removeLeft = statement(`
  delete from sessions s where not exists (select 1 from nodes n where n.id = s.node_id) and s.node_id <> $1`)

/** Updates the row of the node; resolves to the other living ones. */
export async function beatOf(db: Database, { id, name, bus }: Node): Promise<readonly Node[]> {
  await db.run(beat, id, name, bus)
  return db.all(selectOthers, id)
}

/** The other living nodes. */
export const livingNodes = async (db: Queries) => db.all(selectOthers, '')

export async function removeNode(db: Database, id: string) {
  await db.run(remove, id)
}

/** Deletes dead nodes and their sessions. */
export async function forgetNodes(db: Database, own: string) {
  await db.run(removeDead)
  await db.run(removeLeft, own)
}

const lockUser = statement<{ locked: string }>(
  `select cast(pg_advisory_xact_lock(hashtextextended('sessions of ' || $1, 0)) as text) as locked`,
)
const selectSessions = statement<{ session: string; nodeId: string }>(`
  select s.session, s.node_id as "nodeId" from sessions s join nodes n on n.id = s.node_id and ${isAlive} where s.user_id = $1`)
const selectSession = statement<{ session: string }>(`
  select s.session from sessions s join nodes n on n.id = s.node_id and ${isAlive} where s.user_id = $1 and s.session = $2`)
const upsertSession = statement(`
  insert into sessions (user_id, session, node_id) values ($1, $2, $3)
  on conflict (user_id, session) do update set node_id = excluded.node_id`)
const removeSession = statement(`delete from sessions where user_id = $1 and session = $2 and node_id = $3`)
const selectTaken = statement<{ userId: number; session: string }>(`
  select user_id as "userId", session from sessions
  where node_id <> $2 and (user_id, session) in (
    select user_id, session from json_to_recordset($1::json) as own (user_id bigint, session text))`)
const insertOwn = statement(`
  insert into sessions (user_id, session, node_id)
  select user_id, session, $2 from json_to_recordset($1::json) as own (user_id bigint, session text) order by user_id, session
  on conflict (user_id, session) do nothing`)
const removeOthers = statement(`
  delete from sessions s where s.node_id = $2 and (s.user_id, s.session) not in (
    select user_id, session from json_to_recordset($1::json) as own (user_id bigint, session text))`)

export interface KnownSession {
  readonly userId: number
  /** A hash of the sessionId. */
  readonly session: string
}

/** The sessions of the user on all living nodes. Until the commit nobody else takes one. */
export async function lockSessions(tx: Queries, userId: number) {
  await tx.get(lockUser, String(userId))
  return tx.all(selectSessions, userId)
}

export async function isTaken(db: Queries, { userId, session }: KnownSession): Promise<boolean> {
  return (await db.get(selectSession, userId, session)) !== undefined
}

export async function putSession(tx: Queries, { userId, session }: KnownSession, nodeId: string) {
  await tx.run(upsertSession, userId, session, nodeId)
}

/** Does nothing if another node has taken it. */
export async function deleteSession(db: Queries, { userId, session }: KnownSession, nodeId: string) {
  await db.run(removeSession, userId, session, nodeId)
}

const rows = (sessions: readonly KnownSession[]) => JSON.stringify(sessions.map(({ userId, session }) => ({ user_id: userId, session })))

/** Those of these sessions that another node has taken. */
export const takenSessions = async (db: Queries, own: readonly KnownSession[], nodeId: string) => db.all(selectTaken, rows(own), nodeId)

/** Removes the sessions of the node that are not among its own, and writes those that are settled and missing. */
export async function setSessions(
  db: Queries,
  { own, settled }: { readonly own: readonly KnownSession[]; readonly settled: readonly KnownSession[] },
  nodeId: string,
) {
  await db.run(removeOthers, rows(own), nodeId)
  await db.run(insertOwn, rows(settled), nodeId)
}
