import { statement, type Queries } from '../database/database.ts'
import { identityArn } from './arns.ts'
import type { Identity } from './identities.ts'
import { pageById, type Cursor } from './page.ts'
import { parsed } from './text.ts'
import { changeRow, countRows } from './queries.ts'

export interface Admin {
  readonly identity: Identity
  readonly createdAt: Date
}

type Row = Identity & { readonly createdAt: number }

const selected = `
  select i.id, ${identityArn('i')} as arn, i.name, s.created_at as "createdAt"
  from admins s
  join identities i on i.id = s.identity_id and i.deleted_at is null
  join app_instances a on a.id = s.app_instance_id`

const selectOne = statement<Row>(`${selected} where s.app_instance_id = $1 and s.identity_id = $2`)
const selectAfter = statement<Row>(`${selected} where s.app_instance_id = $1 and s.identity_id > $2 order by s.identity_id limit $3`)

const admin = ({ id, arn, name, createdAt }: Row): Admin => ({ identity: { id, arn, name: parsed(name) }, createdAt: new Date(createdAt) })

export const insertAdmin = changeRow<[appInstanceId: number, identityId: number, now: number]>(
  `insert into admins (app_instance_id, identity_id, created_at) values ($1, $2, $3) on conflict do nothing`,
)

export const countAdmins = countRows<[appInstanceId: number]>(`
  select count(*) as count from admins s join identities i on i.id = s.identity_id and i.deleted_at is null
  where s.app_instance_id = $1`)

/** Ends the role of an admin; false if the user or bot was not one. */
export const deleteAdmin = changeRow<[appInstanceId: number, identityId: number]>(
  `delete from admins where app_instance_id = $1 and identity_id = $2`,
)

export async function findAdmin(db: Queries, appInstanceId: number, identityId: number): Promise<Admin | undefined> {
  const row = await db.get(selectOne, appInstanceId, identityId)
  return row && admin(row)
}

export async function listAdmins(db: Queries, appInstanceId: number, after: Cursor | undefined, limit: number) {
  const rows = await db.all(selectAfter, appInstanceId, after?.[0] ?? 0, limit + 1)
  return pageById(rows, limit, admin)
}
