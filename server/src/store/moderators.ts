import { statement, type Queries } from './database.ts'
import { identityArn, type Identity } from './identities.ts'
import { pageOf, type Cursor } from './page.ts'
import { told } from './text.ts'

export interface Moderator {
  readonly identity: Identity
  readonly createdBy: Identity
  readonly createdAt: Date
}

interface Row {
  id: number
  arn: string
  name: string
  deletedAt: number | null
  createdAt: number
  creatorId: number
  creatorArn: string
  creatorName: string
}

const selected = `
  select i.id, ${identityArn('i', 'a')} as arn, i.name, i.deleted_at as "deletedAt", s.created_at as "createdAt",
    creator.id as "creatorId", ${identityArn('creator', 'a')} as "creatorArn", creator.name as "creatorName"
  from moderators s
  join identities i on i.id = s.identity_id
  join identities creator on creator.id = s.created_by
  join app_instances a on a.id = i.app_instance_id`

const insert = statement(`
  insert into moderators (channel_id, identity_id, created_by, created_at) values ($1, $2, $3, $4) on conflict do nothing`)
const remove = statement(`delete from moderators where channel_id = $1 and identity_id = $2`)
const selectOne = statement<Row>(`${selected} where s.channel_id = $1 and s.identity_id = $2 and i.deleted_at is null`)
const selectAfter = statement<Row>(`${selected} where s.channel_id = $1 and s.identity_id > $2 order by s.identity_id limit $3`)

const moderator = (row: Row): Moderator => ({
  identity: { id: row.id, arn: row.arn, name: told(row.name) },
  createdBy: { id: row.creatorId, arn: row.creatorArn, name: told(row.creatorName) },
  createdAt: new Date(row.createdAt),
})

/** True where the identity was no moderator before. */
export async function insertModerator(tx: Queries, channelId: number, identityId: number, createdBy: number, now: number) {
  return (await tx.run(insert, channelId, identityId, createdBy, now)) === 1
}

export async function deleteModerator(tx: Queries, channelId: number, identityId: number) {
  return (await tx.run(remove, channelId, identityId)) === 1
}

export async function findModerator(db: Queries, channelId: number, identityId: number): Promise<Moderator | undefined> {
  const row = await db.get(selectOne, channelId, identityId)
  return row && moderator(row)
}

export async function listModerators(db: Queries, channelId: number, after: Cursor | undefined, limit: number) {
  const rows = await db.all(selectAfter, channelId, after?.[0] ?? 0, limit + 1)
  return pageOf(
    rows,
    limit,
    row => [row.id],
    row => (row.deletedAt === null ? moderator(row) : undefined),
  )
}
