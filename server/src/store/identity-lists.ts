import { statement, type Queries } from '../database/database.ts'
import { identityArn } from './arns.ts'
import type { Identity } from './identities.ts'
import { pageById, type Cursor } from './page.ts'
import { changeRow, countRows } from './queries.ts'
import { parsed } from './text.ts'

/** A role of a user or bot in a channel beside its membership: moderator, or banned. */
export interface ListedIdentity {
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

const listed = (row: Row): ListedIdentity => ({
  identity: { id: row.id, arn: row.arn, name: parsed(row.name) },
  createdBy: { id: row.creatorId, arn: row.creatorArn, name: parsed(row.creatorName) },
  createdAt: new Date(row.createdAt),
})

/** The queries of moderators and of bans: two tables with the same columns. */
export function identityListOf(table: 'moderators' | 'bans') {
  const selected = `
    select i.id, ${identityArn('i')} as arn, i.name, i.deleted_at as "deletedAt", s.created_at as "createdAt",
      creator.id as "creatorId", ${identityArn('creator')} as "creatorArn", creator.name as "creatorName"
    from ${table} s
    join identities i on i.id = s.identity_id
    join identities creator on creator.id = s.created_by
    join app_instances a on a.id = i.app_instance_id`
  const selectOne = statement<Row>(`${selected} where s.channel_id = $1 and s.identity_id = $2 and i.deleted_at is null`)
  const selectAfter = statement<Row>(`${selected} where s.channel_id = $1 and s.identity_id > $2 order by s.identity_id limit $3`)

  return {
    /** True if the identity did not have the role. */
    insert: changeRow<[channelId: number, identityId: number, createdBy: number, now: number]>(`
      insert into ${table} (channel_id, identity_id, created_by, created_at) values ($1, $2, $3, $4) on conflict do nothing`),

    count: countRows<[channelId: number]>(`
      select count(*) as count from ${table} s join identities i on i.id = s.identity_id and i.deleted_at is null
      where s.channel_id = $1`),

    /** True if the identity had the role. */
    remove: changeRow<[channelId: number, identityId: number]>(`delete from ${table} where channel_id = $1 and identity_id = $2`),

    find: async (db: Queries, channelId: number, identityId: number): Promise<ListedIdentity | undefined> => {
      const row = await db.get(selectOne, channelId, identityId)
      return row && listed(row)
    },

    /** A page of the users and bots with the role in a channel. */
    list: async (db: Queries, channelId: number, after: Cursor | undefined, limit: number) => {
      const rows = await db.all(selectAfter, channelId, after?.[0] ?? 0, limit + 1)
      return pageById(rows, limit, row => (row.deletedAt === null ? listed(row) : undefined))
    },
  }
}
