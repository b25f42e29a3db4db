import { statement, type Queries } from '../database/database.ts'
import { pageById, type Cursor } from './page.ts'
import { dateIfGiven, json, jsonIfGiven, parsed, parsedIfGiven, type RowOf } from './text.ts'
import { allRows, changeRow, countRows, firstValue } from './queries.ts'

export interface AppInstance {
  readonly id: number
  readonly arn: string
  readonly name: string
  readonly metadata: string | undefined
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly retention: Retention
}

/** After how many days messages are deleted; undefined for never. Before `startsAt` nothing is deleted for good. */
export interface Retention {
  readonly days: number | undefined
  readonly startsAt: Date | undefined
}

interface Row extends RowOf<Omit<AppInstance, 'retention'>> {
  readonly retentionDays: number | null
  readonly retentionStartsAt: number | null
}

const columns = `id, arn, name, metadata, created_at as "createdAt", updated_at as "updatedAt",
  retention_days as "retentionDays", retention_starts_at as "retentionStartsAt"`

const insert = statement<{ id: number }>(`
  insert into app_instances (arn, name, metadata, created_at, updated_at) values ($1, $2, $3, $4, $4) returning id`)
const selectByArn = statement<Row>(`select ${columns} from app_instances where arn = $1 and deleted_at is null`)
const selectAfter = statement<Row>(`select ${columns} from app_instances where id > $1 and deleted_at is null order by id limit $2`)
const update = statement<{ id: number }>(`
  update app_instances set name = $2, metadata = $3, updated_at = $4 where arn = $1 and deleted_at is null returning id`)
const updateRetention = statement(`
  update app_instances set retention_days = $2, retention_starts_at = $3 where id = $1 and deleted_at is null`)
const selectPresence = statement<{ off: number }>(`select presence_off as off from app_instances where id = $1 and deleted_at is null`)
const updatePresence = statement(`update app_instances set presence_off = $2 where id = $1 and deleted_at is null`)
const selectEvents = statement<{ events: string | null }>(`
  select own_events as events from app_instances where id = $1 and deleted_at is null`)
const updateEvents = statement(`update app_instances set own_events = $2 where id = $1 and deleted_at is null`)

const appInstance = (row: Row): AppInstance => ({
  id: row.id,
  arn: row.arn,
  name: parsed(row.name),
  metadata: parsedIfGiven(row.metadata),
  createdAt: new Date(row.createdAt),
  updatedAt: new Date(row.updatedAt),
  retention: {
    days: row.retentionDays ?? undefined,
    startsAt: dateIfGiven(row.retentionStartsAt),
  },
})

/** Returns the id of the new app instance. */
export async function insertAppInstance(tx: Queries, given: { arn: string; name: string; metadata: string | undefined; now: number }) {
  const { id } = (await tx.get(insert, given.arn, json(given.name), jsonIfGiven(given.metadata), given.now))!
  return id
}

export async function appInstanceByArn(db: Queries, arn: string): Promise<AppInstance | undefined> {
  const row = await db.get(selectByArn, arn)
  return row && appInstance(row)
}

/** A page of all app instances, by creation. */
export async function listAppInstances(db: Queries, after: Cursor | undefined, limit: number) {
  const rows = await db.all(selectAfter, after?.[0] ?? 0, limit + 1)
  return pageById(rows, limit, appInstance)
}

/** Replaces name and metadata; returns the app instance's id, or undefined if it does not exist. */
export async function updateAppInstance(tx: Queries, arn: string, given: { name: string; metadata: string; now: number }) {
  return (await tx.get(update, arn, json(given.name), json(given.metadata), given.now))?.id
}

export async function putRetention(tx: Queries, id: number, { days, startsAt }: Retention) {
  await tx.run(updateRetention, id, days ?? null, startsAt?.getTime() ?? null)
}

/** The app instances whose old messages are to be deleted now. */
export const retainingAppInstances = allRows<{ id: number; days: number }, [now: number]>(`
  select id, retention_days as days from app_instances
  where retention_starts_at <= $1 and deleted_at is null order by id`)

/** The days after which messages of the app instance are deleted at present; undefined if none are. */
export const enforcedRetention = firstValue<number, [id: number, now: number]>(`
  select retention_days as value from app_instances where id = $1 and retention_starts_at <= $2 and deleted_at is null`)

/** After how many days messages of the channel are hidden; undefined if none are. */
export const retentionOfChannel = firstValue<number, [channelId: number]>(`
  select a.retention_days as value from channels c join app_instances a on a.id = c.app_instance_id where c.id = $1`)

/** Locks the app instance until the commit, so its counts stay as they are. */
export const lockAppInstance = changeRow<[id: number]>(
  `update app_instances set deleted_at = deleted_at where id = $1 and deleted_at is null`,
)

/** Locks the app instance of a user or bot until the commit. */
export const lockAppInstanceOf = changeRow<[identityId: number]>(`
  update app_instances set deleted_at = deleted_at where id = (select app_instance_id from identities where id = $1) and deleted_at is null`)

export const countAppInstances = countRows(`select count(*) as count from app_instances where deleted_at is null`)

/**
 * Makes the app instance and all its contents unreachable; the purge removes them. Returns its id, or undefined if it does not
 * exist.
 */
export const buryAppInstance = firstValue<number, [arn: string, now: number]>(`
  update app_instances set deleted_at = $2 where arn = $1 and deleted_at is null returning id as value`)

/** Whether the presence of its users is shown. */
export async function showsPresence(db: Queries, id: number): Promise<boolean> {
  return (await db.get(selectPresence, id))?.off === 0
}

export async function putPresenceShown(tx: Queries, id: number, isShown: boolean) {
  await tx.run(updatePresence, id, isShown ? 0 : 1)
}

/** The events that Amazon does not have and that all sessions of the app instance get. */
export async function ownEvents(db: Queries, id: number) {
  return (
    parsedIfGiven<readonly ('read' | 'unread' | 'typing' | 'reaction' | 'thread' | 'pin')[]>(
      (await db.get(selectEvents, id))?.events ?? null,
    ) ?? []
  )
}

export async function putOwnEvents(tx: Queries, id: number, events: readonly string[]) {
  await tx.run(updateEvents, id, events.length === 0 ? null : JSON.stringify(events))
}
