import { statement, type Queries } from './database.ts'
import { pageOf, type Cursor } from './page.ts'
import { kept, keptIfGiven, told, toldIfKept } from './text.ts'

export interface AppInstance {
  readonly id: number
  readonly arn: string
  readonly name: string
  readonly metadata: string | undefined
  readonly createdAt: Date
  readonly updatedAt: Date
}

interface Row {
  id: number
  arn: string
  name: string
  metadata: string | null
  createdAt: number
  updatedAt: number
}

const columns = `id, arn, name, metadata, created_at as "createdAt", updated_at as "updatedAt"`

const insert = statement<{ id: number }>(`
  insert into app_instances (arn, name, metadata, created_at, updated_at) values ($1, $2, $3, $4, $4) returning id`)
const selectByArn = statement<Row>(`select ${columns} from app_instances where arn = $1 and deleted_at is null`)
const selectAfter = statement<Row>(`select ${columns} from app_instances where id > $1 and deleted_at is null order by id limit $2`)
const update = statement<{ id: number }>(`
  update app_instances set name = $2, metadata = $3, updated_at = $4 where arn = $1 and deleted_at is null returning id`)
const bury = statement(`update app_instances set deleted_at = $2 where arn = $1 and deleted_at is null`)

const appInstance = (row: Row): AppInstance => ({
  id: row.id,
  arn: row.arn,
  name: told(row.name),
  metadata: toldIfKept(row.metadata),
  createdAt: new Date(row.createdAt),
  updatedAt: new Date(row.updatedAt),
})

/** The id of the new app instance. */
export async function insertAppInstance(tx: Queries, given: { arn: string; name: string; metadata: string | undefined; now: number }) {
  const { id } = (await tx.get(insert, given.arn, kept(given.name), keptIfGiven(given.metadata), given.now))!
  return id
}

export async function appInstanceByArn(db: Queries, arn: string): Promise<AppInstance | undefined> {
  const row = await db.get(selectByArn, arn)
  return row && appInstance(row)
}

/** A page of all app instances, by creation. */
export async function listAppInstances(db: Queries, after: Cursor | undefined, limit: number) {
  const rows = await db.all(selectAfter, after?.[0] ?? 0, limit + 1)
  return pageOf(rows, limit, row => [row.id], appInstance)
}

/** Replaces name and metadata; false where there is no such app instance. */
export async function updateAppInstance(tx: Queries, arn: string, given: { name: string; metadata: string; now: number }) {
  return (await tx.get(update, arn, kept(given.name), kept(given.metadata), given.now)) !== undefined
}

/** Makes the app instance and all that is in it unreachable; the purge removes it. */
export async function buryAppInstance(tx: Queries, arn: string, now: number) {
  await tx.run(bury, arn, now)
}
