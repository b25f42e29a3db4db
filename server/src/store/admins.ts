import { statement, type Queries } from '../database/database.ts'
import { identityArn } from './arns.ts'
import type { Identity } from './identities.ts'
import { pageOf, type Cursor } from './page.ts'
import { parsed } from './text.ts'

export interface Admin {
  readonly identity: Identity
  readonly createdAt: Date
}

interface Row {
  id: number
  arn: string
  name: string
  createdAt: number
}

const selected = `
  select i.id, ${identityArn('i')} as arn, i.name, s.created_at as "createdAt"
  from admins s
  join identities i on i.id = s.identity_id and i.deleted_at is null
  join app_instances a on a.id = s.app_instance_id`

const insert = statement(`insert into admins (app_instance_id, identity_id, created_at) values ($1, $2, $3) on conflict do nothing`)
const remove = statement(`delete from admins where app_instance_id = $1 and identity_id = $2`)
const selectOne = statement<Row>(`${selected} where s.app_instance_id = $1 and s.identity_id = $2`)
const selectAfter = statement<Row>(`${selected} where s.app_instance_id = $1 and s.identity_id > $2 order by s.identity_id limit $3`)

const count = statement<{ count: number }>(`
  select count(*) as count from admins s join identities i on i.id = s.identity_id and i.deleted_at is null
  where s.app_instance_id = $1`)

const admin = ({ id, arn, name, createdAt }: Row): Admin => ({ identity: { id, arn, name: parsed(name) }, createdAt: new Date(createdAt) })

export async function insertAdmin(tx: Queries, appInstanceId: number, identityId: number, now: number) {
  await tx.run(insert, appInstanceId, identityId, now)
}

export async function countAdmins(tx: Queries, appInstanceId: number) {
  return (await tx.get(count, appInstanceId))!.count
}

/** Ends the role of an admin; false if the user or bot was not one. */
export async function deleteAdmin(tx: Queries, appInstanceId: number, identityId: number) {
  return (await tx.run(remove, appInstanceId, identityId)) === 1
}

export async function findAdmin(db: Queries, appInstanceId: number, identityId: number): Promise<Admin | undefined> {
  const row = await db.get(selectOne, appInstanceId, identityId)
  return row && admin(row)
}

export async function listAdmins(db: Queries, appInstanceId: number, after: Cursor | undefined, limit: number) {
  const rows = await db.all(selectAfter, appInstanceId, after?.[0] ?? 0, limit + 1)
  return pageOf(rows, limit, row => [row.id], admin)
}
