import { statement, type Queries } from '../database/database.ts'
import { identityArn } from './arns.ts'
import { catchUpChannel } from './channels.ts'
import type { Identity } from './identities.ts'
import type { MembershipType } from './memberships.ts'
import { pageOf, type Cursor, type Page } from './page.ts'
import { parsed } from './text.ts'

interface MarkedRow {
  readonly readAt: number
  readonly type: MembershipType
  readonly members: number
}

const marked = `
  returning read_at as "readAt", type, (select member_count from channels where id = $1) as members`
const mark = statement<MarkedRow>(`
  update memberships set read_at = (
    select case when memberships.read_at > c.last_event_at then memberships.read_at else c.last_event_at + 1 end
    from channels c where c.id = $1)
  where channel_id = $1 and member_id = $2 and sub_channel_id = 0 ${marked}`)
const markAt = statement<MarkedRow>(`
  update memberships set read_at = $3 where channel_id = $1 and member_id = $2 and sub_channel_id = 0 ${marked}`)
const selectCount = statement<{ members: number }>(`select member_count as members from channels where id = $1`)
const selectReadMarkers = statement<{ id: number; memberId: number; arn: string; name: string; readAt: number | null }>(`
  select m.id, i.id as "memberId", ${identityArn('i')} as arn, i.name, m.read_at as "readAt"
  from memberships m
  join identities i on i.id = m.member_id and i.deleted_at is null
  join app_instances a on a.id = i.app_instance_id
  where m.channel_id = $1 and m.sub_channel_id = 0 and m.type = 'DEFAULT' and m.id > $2
  order by m.id limit $3`)

/** A read marker that was set, and in what channel. */
export interface Marked {
  readonly readAt: Date
  readonly type: MembershipType
  readonly members: number
}

const markedOf = (row: MarkedRow | undefined): Marked | undefined => row && { ...row, readAt: new Date(row.readAt) }

/**
 * Sets the member's read marker to the channel's clock: later than every committed message of the channel, and earlier than every
 * later one. It never moves back. Undefined if it is not a member any more.
 */
export async function markRead(tx: Queries, channelId: number, memberId: number, now: number): Promise<Marked | undefined> {
  await catchUpChannel(tx, channelId, now)
  return markedOf(await tx.get(mark, channelId, memberId))
}

/** Sets the member's read marker to a time; undefined if it is not a member any more. */
export async function markReadAt(tx: Queries, channelId: number, memberId: number, at: Date): Promise<Marked | undefined> {
  return markedOf(await tx.get(markAt, channelId, memberId, at.getTime()))
}

/** How many members an ordinary channel has. */
export async function memberCount(db: Queries, channelId: number): Promise<number> {
  return (await db.get(selectCount, channelId))?.members ?? 0
}

export interface ReadMarker {
  readonly member: Identity
  /** Undefined where it has never set one. */
  readonly readAt: Date | undefined
}

/** A page of the DEFAULT members with their read markers, in the order of joining. */
export async function listReadMarkers(db: Queries, channelId: number, after: Cursor | undefined, limit: number): Promise<Page<ReadMarker>> {
  const rows = await db.all(selectReadMarkers, channelId, after?.[0] ?? 0, limit + 1)
  return pageOf(
    rows,
    limit,
    row => [row.id],
    ({ memberId, arn, name, readAt }) => ({
      member: { id: memberId, arn, name: parsed(name) },
      readAt: readAt === null ? undefined : new Date(readAt),
    }),
  )
}
