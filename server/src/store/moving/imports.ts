import { statement, type Database, type Queries } from '../../database/database.ts'
import { changeRow, deleteSome } from '../queries.ts'
import { json, jsonIfGiven, jsonOfObject } from '../text.ts'

/** How far an import has come: that many lines of that part of the export are stored. */
export interface ImportProgress {
  readonly part: number
  readonly line: number
}

export interface UnfinishedImport extends ImportProgress {
  readonly appInstanceId: number
  readonly exportId: string
}

const selectByArn = statement<{ id: number; deletedAt: number | null; exportId: string | null; part: number; line: number }>(`
  select a.id, a.deleted_at as "deletedAt", p.export_id as "exportId", coalesce(p.part, 0) as part, coalesce(p.line, 0) as line
  from app_instances a left join imports p on p.app_instance_id = a.id where a.arn = $1`)
const insertAppInstance = statement<{ id: number }>(`
  insert into app_instances (arn, name, metadata, created_at, updated_at, retention_days, retention_starts_at, channel_stream, message_stream,
    own_events, presence_off, deleted_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (arn) do nothing returning id`)
const insertImport = statement(`insert into imports (app_instance_id, export_id, part, line, started_at) values ($1, $2, 0, 0, $3)`)
const moveOn = statement(`
  update imports set part = $4, line = $5 where app_instance_id = $1 and part = $2 and line = $3`)
const removeReferences = deleteSome('imported_identities', 'app_instance_id, ref', 'app_instance_id = $1')
const count = (table: string, condition: string) =>
  `(select count(*) from ${table} where app_instance_id = $1 and deleted_at is null ${condition})`
const open = statement(`
  update app_instances set deleted_at = null, user_count = ${count('identities', `and kind = 'user'`)}, channel_count = ${count('channels', '')}
  where id = $1`)

/** What is in the database under the ARN: nothing, an app instance, one that is being purged, or an unfinished import. */
export async function foundUnder(db: Queries, arn: string): Promise<'nothing' | 'app instance' | 'purge' | UnfinishedImport> {
  const row = await db.get(selectByArn, arn)
  if (!row) return 'nothing'
  if (row.deletedAt === null) return 'app instance'
  if (row.exportId === null) return 'purge'
  return { appInstanceId: row.id, exportId: row.exportId, part: row.part, line: row.line }
}

export interface NewAppInstance {
  readonly arn: string
  readonly name: string
  readonly metadata?: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly retentionDays?: number
  readonly retentionStartsAt?: number
  readonly channelStream?: string
  readonly messageStream?: string
  readonly ownEvents?: readonly string[]
  readonly presenceOff?: boolean
}

/** Begins an import: stores the app instance, invisible to all callers. Undefined if its ARN is in use. */
export async function beginImport(tx: Queries, given: NewAppInstance, exportId: string, now: number): Promise<number | undefined> {
  const { arn, name, metadata, createdAt, updatedAt, retentionDays, retentionStartsAt, channelStream, messageStream } = given
  const ours = [jsonOfObject(given.ownEvents), given.presenceOff ? 1 : 0]
  const settings = [retentionDays ?? null, retentionStartsAt ?? null, channelStream ?? null, messageStream ?? null, ...ours]
  const row = await tx.get(insertAppInstance, arn, json(name), jsonIfGiven(metadata), createdAt, updatedAt, ...settings, now)
  if (row) await tx.run(insertImport, row.id, exportId, now)
  return row?.id
}

/** Stores the progress of the import; false if another process has changed it meanwhile. */
export async function moveImport(tx: Queries, id: number, from: ImportProgress, to: ImportProgress): Promise<boolean> {
  return (await tx.run(moveOn, id, from.part, from.line, to.part, to.line)) === 1
}

/** Leaves what an unfinished import has stored to the purge; false if it has been finished or given up meanwhile. */
export const abandonImport = changeRow<[id: number]>(`delete from imports where app_instance_id = $1`)

const referencesOfStep = 500

/**
 * Makes the app instance visible, and removes the rows that only the import needed; false if another process has finished the import or
 * given it up meanwhile.
 */
export async function openImported(db: Database, appInstanceId: number): Promise<boolean> {
  const isOpen = await db.transaction(async tx => {
    if (!(await abandonImport(tx, appInstanceId))) return false
    await tx.run(open, appInstanceId)
    return true
  })
  if (isOpen) while ((await removeReferences(db, appInstanceId, referencesOfStep)) > 0);
  return isOpen
}
