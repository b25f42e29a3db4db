import { statement, type Database, type Queries } from '../database/database.ts'
import { statementTime } from './clock.ts'
import { pageOf, type Page } from './page.ts'
import { allRows, changeRow, hasRow } from './queries.ts'
import type { RowOf } from './text.ts'

/* For PostgreSQL only. */

/** A node that has not updated its row for this time is dead. */
export const deadMilliseconds = 5000
/** How long a dead node stays in the table. */
const deletedMilliseconds = 60_000

export interface Node {
  readonly id: string
  readonly name: string
  /** The bus that it uses; null for none. */
  readonly bus: string | null
}

export interface OtherNode extends Node {
  readonly isAlive: boolean
}

const isAlive = `n.seen_at > ${statementTime} - ${deadMilliseconds}`
const beat = statement(`
  insert into nodes (id, name, bus, seen_at) values ($1, $2, $3, ${statementTime})
  on conflict (id) do update set seen_at = excluded.seen_at`)
const removeDead = statement(`delete from nodes where seen_at < ${statementTime} - ${deletedMilliseconds}`)
const removeLeft = statement(`
  delete from sessions s where not exists (select 1 from nodes n where n.id = s.node_id) and s.node_id <> $1`)

/** Updates the row of the node. */
export async function beatOf(db: Database, { id, name, bus }: Node) {
  await db.run(beat, id, name, bus)
}

/** The other nodes, those that have died in the last minute included. */
export const otherNodes = allRows<OtherNode, [own: string]>(
  `select n.id, n.name, n.bus, ${isAlive} as "isAlive" from nodes n where n.id <> $1 order by n.id limit 100`,
)

/** When each node with a bus has last updated its row; what its time means does not matter, only whether it changes. */
export const heartbeatsOnBus = allRows<{ readonly id: string; readonly seenAt: number }>(
  'select id, seen_at as "seenAt" from nodes where bus is not null',
)

/** All living nodes. */
export const livingNodes = async (db: Queries) => (await otherNodes(db, '')).filter(({ isAlive: is }) => is)

/**
 * Locks the row of a dead node, which cannot update it until the commit. False if the node is alive, or if another transaction has locked
 * the row.
 */
export const lockDead = hasRow<[id: string]>(`select n.id from nodes n where n.id = $1 and not ${isAlive} for update skip locked`)

export const removeNode = changeRow<[id: string]>(`delete from nodes where id = $1`)

/** Deletes dead nodes and their sessions. */
export async function deleteDeadNodes(db: Database, own: string) {
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
  insert into sessions (user_id, session, node_id, connected_at, source_address) values ($1, $2, $3, $4, $5)
  on conflict (user_id, session) do update set
    node_id = excluded.node_id, connected_at = excluded.connected_at, source_address = excluded.source_address`)
/** By the time too, since the node may have taken a newer one with the same id. */
const removeSession = statement(`delete from sessions where user_id = $1 and session = $2 and node_id = $3 and connected_at = $4`)
const selectTaken = statement<{ userId: number; session: string }>(`
  select user_id as "userId", session from sessions
  where node_id <> $2 and (user_id, session) in (
    select user_id, session from json_to_recordset($1::json) as own (user_id bigint, session text))`)
const insertOwn = statement(`
  insert into sessions (user_id, session, node_id, connected_at, source_address)
  select user_id, session, $2, connected_at, source_address
  from json_to_recordset($1::json) as own (user_id bigint, session text, connected_at bigint, source_address text)
  order by user_id, session
  on conflict (user_id, session) do nothing`)
const selectOthers = statement<{ userId: number; session: string; connectedAt: number }>(`
  select s.user_id as "userId", s.session, s.connected_at as "connectedAt" from sessions s
  where s.node_id = $2 and (s.user_id, s.session) not in (
    select user_id, session from json_to_recordset($1::json) as own (user_id bigint, session text))`)
const removeOthers = statement(`
  delete from sessions s using json_to_recordset($1::json) as old (user_id bigint, session text, connected_at bigint)
  where s.user_id = old.user_id and s.session = old.session and s.connected_at = old.connected_at and s.node_id = $2`)

export interface KnownSession {
  readonly userId: number
  /** A hash of the sessionId. */
  readonly session: string
}

export interface StoredSession extends KnownSession {
  /** In epoch milliseconds. */
  readonly connectedAt: number
  readonly sourceAddress: string
}

/** The sessions of the user on all living nodes. Until the commit nobody else takes one. */
export async function lockSessions(tx: Queries, userId: number) {
  await tx.get(lockUser, String(userId))
  return tx.all(selectSessions, userId)
}

export async function isTaken(db: Queries, { userId, session }: KnownSession): Promise<boolean> {
  return (await db.get(selectSession, userId, session)) !== undefined
}

export async function putSession(tx: Queries, { userId, session, connectedAt, sourceAddress }: StoredSession, nodeId: string) {
  await tx.run(upsertSession, userId, session, nodeId, connectedAt, sourceAddress)
}

/** Does nothing if another node has taken it, or the same one again. */
export async function deleteSession(db: Queries, { userId, session, connectedAt }: StoredSession, nodeId: string) {
  await db.run(removeSession, userId, session, nodeId, connectedAt)
}

const rows = (sessions: readonly KnownSession[]) => JSON.stringify(sessions.map(({ userId, session }) => ({ user_id: userId, session })))

/** Which of these sessions another node has taken. */
export const takenSessions = async (db: Queries, own: readonly KnownSession[], nodeId: string) => db.all(selectTaken, rows(own), nodeId)

/** The sessions of the node that are not among its own. */
export const otherSessions = async (db: Queries, own: readonly KnownSession[], nodeId: string) => db.all(selectOthers, rows(own), nodeId)

/** Deletes these sessions of the node, none of which it has taken again since. */
export async function deleteSessions(db: Queries, sessions: readonly (KnownSession & { readonly connectedAt: number })[], nodeId: string) {
  const old = sessions.map(({ userId, session, connectedAt }) => ({ user_id: userId, session, connected_at: connectedAt }))
  await db.run(removeOthers, JSON.stringify(old), nodeId)
}

/** Writes those of these sessions of the node that are missing. */
export async function putMissingSessions(db: Queries, settled: readonly StoredSession[], nodeId: string) {
  const wholeRows = settled.map(({ userId, session, connectedAt, sourceAddress }) => ({
    user_id: userId,
    session,
    connected_at: connectedAt,
    source_address: sourceAddress,
  }))
  await db.run(insertOwn, JSON.stringify(wholeRows), nodeId)
}

/** Whose sockets are listed, by the id of a row: the members of a channel, the users of an app instance, or one user. */
export interface ConnectedTo {
  readonly of: 'app-instance' | 'channel' | 'user'
  readonly id: number
}

interface ConnectedSocket {
  readonly node: string
  readonly connectedAt: number | undefined
  readonly sourceAddress: string | undefined
}

/** A user with its sockets, the oldest first. */
export interface ConnectedUser {
  readonly userId: number
  readonly sockets: readonly ConnectedSocket[]
}

const isAsked = {
  'app-instance': 'exists (select 1 from identities i where i.id = s.user_id and i.app_instance_id = $1)',
  channel: 'exists (select 1 from memberships m where m.channel_id = $1 and m.member_id = s.user_id)',
  user: 's.user_id = $1',
}

/** The sockets of the users of a page, and of one more user. */
const selectConnected = (of: ConnectedTo['of']) =>
  statement<RowOf<ConnectedSocket> & { readonly userId: number }>(`
    select s.user_id as "userId", n.name as node, s.connected_at as "connectedAt", s.source_address as "sourceAddress"
    from sessions s join nodes n on n.id = s.node_id and ${isAlive}
    where s.user_id in (
      select distinct s.user_id from sessions s join nodes n on n.id = s.node_id and ${isAlive}
      where ${isAsked[of]} and s.user_id > $2 order by s.user_id limit $3)
    order by s.user_id, s.connected_at`)
const connectedOf = {
  'app-instance': selectConnected('app-instance'),
  channel: selectConnected('channel'),
  user: selectConnected('user'),
}

/** A page of the users who have a session on a living node, by their ids. */
export async function connectedUsers(db: Queries, { of, id }: ConnectedTo, after: number, limit: number): Promise<Page<ConnectedUser>> {
  const rows = await db.all(connectedOf[of], id, after, limit + 1)
  return pageOf(
    [...Map.groupBy(rows, ({ userId }) => userId)],
    limit,
    ([userId]) => [userId],
    ([userId, sockets]) => ({
      userId,
      sockets: sockets.map(({ node, connectedAt, sourceAddress }) => ({
        node,
        connectedAt: connectedAt ?? undefined,
        sourceAddress: sourceAddress ?? undefined,
      })),
    }),
  )
}
