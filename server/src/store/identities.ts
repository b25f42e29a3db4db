import { give } from './counters.ts'
import { statement, type Queries } from '../database/database.ts'
import { identityArn, living, selectNamed, valuesOf, type Named } from './arns.ts'
import { pageById, type Cursor } from './page.ts'
import { json, jsonIfGiven, jsonOfObject, parsed, parsedIfGiven, type RowOf } from './text.ts'
import { allRows, changeRow, countRows, firstValue } from './queries.ts'

/** Users and bots are in one table: either can be bearer, member, moderator, admin and sender. */
export type IdentityKind = 'user' | 'bot'

/** A user or bot as other nouns refer to it. The ARN is built from that of its app instance. */
export interface Identity {
  readonly id: number
  readonly arn: string
  readonly name: string
}

export interface IdentityRecord extends Identity {
  readonly metadata: string | undefined
  /** The configuration of a bot, as the caller gave it. */
  readonly configuration: unknown
  readonly expirationDays: number | undefined
  readonly createdAt: Date
  readonly updatedAt: Date
}

type Row = RowOf<Omit<IdentityRecord, 'configuration'>> & { readonly configuration: string | null }

const columns = `
  i.id, ${identityArn('i')} as arn, i.name, i.metadata, i.configuration,
  i.expiration_days as "expirationDays", i.created_at as "createdAt", i.updated_at as "updatedAt"`

const insert = statement<{ id: number }>(`
  insert into identities
    (app_instance_id, kind, external_id, name, metadata, configuration, expiration_days, expires_at, created_at, updated_at)
  select a.id, $2, $3, $4, $5, $6, $7, $8, $9, $9 from app_instances a where ${living}
  on conflict (app_instance_id, kind, external_id) where deleted_at is null do nothing
  returning id`)
const selectOne = statement<Row>(selectNamed('identity', columns))
const selectById = statement<Identity>(`
  select i.id, ${identityArn('i')} as arn, i.name from identities i join app_instances a on a.id = i.app_instance_id
  where i.id = $1 and i.deleted_at is null`)
const selectAfter = statement<Row>(`
  select ${columns} from app_instances a join identities i on i.app_instance_id = a.id and i.deleted_at is null
  where ${living} and i.kind = $2 and i.id > $3 order by i.id limit $4`)
const update = statement(`
  update identities set name = $2, metadata = $3, configuration = coalesce($4, configuration), updated_at = $5
  where id = $1 and deleted_at is null`)
const updateExpiration = statement(`
  update identities set expiration_days = $2, expires_at = $3, updated_at = $4 where id = $1 and deleted_at is null`)
/** Names are part of memberships and messages, so caches of details must see that one has changed. */
const raiseVersion = statement(`
  update app_instances set identities_version = identities_version + 1
  where id = (select i.app_instance_id from identities i where i.id = $1)`)
const bury = statement<{ appInstanceId: number; kind: IdentityKind }>(`
  update identities set deleted_at = $2 where id = $1 and deleted_at is null returning app_instance_id as "appInstanceId", kind`)
const buryExpired = statement<{ appInstanceId: number; kind: IdentityKind }>(`
  update identities set deleted_at = $2 where id = $1 and deleted_at is null and expires_at <= $2
  returning app_instance_id as "appInstanceId", kind`)

const record = (row: Row): IdentityRecord => ({
  ...row,
  name: parsed(row.name),
  metadata: parsedIfGiven(row.metadata),
  configuration: parsedIfGiven<unknown>(row.configuration),
  expirationDays: row.expirationDays ?? undefined,
  createdAt: new Date(row.createdAt),
  updatedAt: new Date(row.updatedAt),
})

export interface NewIdentity
  extends Pick<IdentityRecord, 'name' | 'metadata'>, Partial<Pick<IdentityRecord, 'configuration' | 'expirationDays'>> {
  readonly appInstanceArn: string
  readonly kind: IdentityKind
  readonly externalId: string
  readonly expiresAt?: number | undefined
  readonly now: number
}

/** Returns the id of the new identity, or undefined if one with that id exists or the app instance does not. */
export async function insertIdentity(tx: Queries, given: NewIdentity): Promise<number | undefined> {
  const row = await tx.get(
    insert,
    given.appInstanceArn,
    given.kind,
    given.externalId,
    json(given.name),
    jsonIfGiven(given.metadata),
    jsonOfObject(given.configuration),
    given.expirationDays ?? null,
    given.expiresAt ?? null,
    given.now,
  )
  return row?.id
}

/** The user or bot of an ARN, if it is not deleted. */
export async function findIdentity(db: Queries, arn: Named): Promise<IdentityRecord | undefined> {
  const row = await db.get(selectOne, ...valuesOf(arn))
  return row && record(row)
}

/** The user or bot of that id; undefined if it is deleted. */
export async function identityOf(db: Queries, id: number): Promise<Identity | undefined> {
  const row = await db.get(selectById, id)
  return row && { ...row, name: parsed(row.name) }
}

/** A page of the users or bots of an app instance, in the order of creation. */
export async function listIdentities(db: Queries, appInstanceArn: string, kind: IdentityKind, after: Cursor | undefined, limit: number) {
  const rows = await db.all(selectAfter, appInstanceArn, kind, after?.[0] ?? 0, limit + 1)
  return pageById(rows, limit, record)
}

/** Replaces name and metadata, and the configuration if one is given. */
export async function updateIdentity(
  tx: Queries,
  id: number,
  given: { name: string; metadata: string; configuration?: unknown; now: number },
) {
  await tx.run(update, id, json(given.name), json(given.metadata), jsonOfObject(given.configuration), given.now)
  await tx.run(raiseVersion, id)
}

/** Sets the days after which the user is deleted, and the resulting time; removes both if the days are undefined. */
export async function updateIdentityExpiration(
  tx: Queries,
  id: number,
  given: { days: number | undefined; expiresAt: number | undefined; now: number },
) {
  await tx.run(updateExpiration, id, given.days ?? null, given.expiresAt ?? null, given.now)
}

/** The living identity that has the same ARN as a deleted one; undefined if there is none. */
export const namesakeOf = firstValue<number, [id: number]>(`
  select living.id as value from identities gone join identities living
    on living.app_instance_id = gone.app_instance_id and living.kind = gone.kind and living.external_id = gone.external_id
    and living.deleted_at is null
  where gone.id = $1`)

/** How many former users or bots of one ARN are found. */
const mostFormer = 20
const selectEverybody = statement<{ id: number }>(`
  select i.id from app_instances a join identities i
    on i.app_instance_id = a.id and i.kind = $2 and i.external_id = $3 and i.deleted_at is null
  where ${living}
  union all
  select * from (
    select i.id from app_instances a join identities i
      on i.app_instance_id = a.id and i.kind = $2 and i.external_id = $3 and i.deleted_at is not null
    where ${living} order by i.id desc limit ${mostFormer}) gone`)

/** The ids of all who have the ARN or had it, which are the senders with that ARN in messages: the living user or bot, and deleted ones. */
export async function everybodyOf(db: Queries, arn: Named): Promise<number[]> {
  return (await db.all(selectEverybody, ...valuesOf(arn))).map(({ id }) => id)
}

/** Locks the identity until the commit, so its counts stay as they are. False if it is deleted. */
export const lockIdentity = changeRow<[id: number]>(`update identities set purged_at = purged_at where id = $1 and deleted_at is null`)

/** Locks several in the order of their ids, so that concurrent transactions do not deadlock; returns which are deleted. */
export async function lockIdentities(tx: Queries, identities: readonly Identity[]): Promise<Identity[]> {
  const deleted = []
  for (const each of identities.toSorted((a, b) => a.id - b.id)) if (!(await lockIdentity(tx, each.id))) deleted.push(each)
  return deleted
}

export const countIdentities = countRows<[appInstanceId: number, kind: IdentityKind]>(`
  select count(*) as count from identities where app_instance_id = $1 and kind = $2 and deleted_at is null`)

/**
 * Makes the identity unreachable as bearer, member and target; its roles and memberships are purged. False if it is deleted
 * already.
 */
export async function buryIdentity(tx: Queries, id: number, now: number) {
  return leave(tx, id, await tx.get(bury, id, now))
}

/** The same for a user that has expired, unless its expiration was changed meanwhile. */
export async function buryExpiredIdentity(tx: Queries, id: number, now: number) {
  return leave(tx, id, await tx.get(buryExpired, id, now))
}

async function leave(tx: Queries, id: number, buried: { appInstanceId: number; kind: IdentityKind } | undefined) {
  if (!buried) return false
  await tx.run(raiseVersion, id)
  if (buried.kind === 'user') await give(tx, 'users', buried.appInstanceId)
  return true
}

/** At most `limit` users that have expired. */
export const expiredIdentities = allRows<{ id: number }, [now: number, limit: number]>(`
  select id from identities
  where expires_at <= $1 and deleted_at is null order by expires_at limit $2`)
