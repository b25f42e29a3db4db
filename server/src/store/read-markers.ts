import { statement, type Queries } from '../database/database.ts'
import { identityArn } from './arns.ts'
import { catchUpChannel, type Moment } from './channels.ts'
import type { Identity } from './identities.ts'
import type { MembershipType } from './memberships.ts'
import { partsOfId } from './message-ids.ts'
import { advanceReadPosition, countOwnAfter, putReadPosition, type OwnAfter } from './read-positions.ts'
import { pageById, type Cursor, type Page } from './page.ts'
import { dateIfGiven, parsed, type RowOf } from './text.ts'

/** A read marker that was set, and in what channel. */
export interface Marked {
  readonly readAt: Date
  readonly type: MembershipType
  readonly members: number
}

type MarkedRow = RowOf<Marked>

const marked = `
  returning read_at as "readAt", type, (select member_count from channels where id = $1) as members`
const selectPresent = statement<Pick<Moment, 'counted' | 'sequence' | 'at'>>(`
  select counted, sequence, last_event_at as at from channels where id = $1`)
const mark = statement<MarkedRow>(`
  update memberships set read_at = case when read_at > $3 then read_at else $3 + 1 end
  where channel_id = $1 and member_id = $2 and sub_channel_id = 0 ${marked}`)
const markAt = statement<MarkedRow>(`
  update memberships set read_at = $3 where channel_id = $1 and member_id = $2 and sub_channel_id = 0 ${marked}`)
const markNewest = statement<MarkedRow>(`
  update memberships set read_at = (
    select max(at) from (
      select memberships.read_at as at union all select memberships.last_private_at
      union all select c.last_message_at from channels c where c.id = $1) times)
  where channel_id = $1 and member_id = $2 and sub_channel_id = 0 ${marked}`)
const selectCount = statement<{ members: number }>(`select member_count as members from channels where id = $1`)
const selectReadMarkers = statement<{ id: number; memberId: number; arn: string; name: string; readAt: number | null }>(`
  select m.id, i.id as "memberId", ${identityArn('i')} as arn, i.name, m.read_at as "readAt"
  from memberships m
  join identities i on i.id = m.member_id and i.deleted_at is null
  join app_instances a on a.id = i.app_instance_id
  where m.channel_id = $1 and m.sub_channel_id = 0 and m.type = 'DEFAULT' and m.id > $2
  order by m.id limit $3`)

const markedOf = (row: MarkedRow | undefined): Marked | undefined => row && { ...row, readAt: new Date(row.readAt) }

/**
 * Sets the member's read marker to the channel's clock: later than every committed message of the channel, and earlier than every
 * later one. It never moves back. Undefined if it is not a member any more.
 */
export async function markRead(tx: Queries, channelId: number, memberId: number, now: number): Promise<Marked | undefined> {
  await catchUpChannel(tx, channelId, now)
  const present = await tx.get(selectPresent, channelId)
  if (!present) return undefined
  const row = await tx.get(mark, channelId, memberId, present.at)
  await advanceReadPosition(tx, { memberId, channelId, subChannelId: 0 }, present)
  return markedOf(row)
}

/** The counts of the messages after that one that `markReadAt` needs, made before the channel is locked. */
export async function messagesBehind(db: Queries, channelId: number, memberId: number, messageId: string, between: () => Promise<unknown>) {
  const message = partsOfId(messageId)
  return message && countOwnAfter(db, { memberId, channelId, subChannelId: 0 }, message, between)
}

/**
 * Sets the member's read marker to a message of a locked channel; undefined if it is not a member any more, or the message is gone.
 * `isReleased` says whether a channel flow has released the message, so that LastMessageTimestamp is later than the message.
 */
export async function markReadAt(
  tx: Queries,
  channelId: number,
  memberId: number,
  messageId: string,
  behind: OwnAfter | undefined,
): Promise<(Marked & { readonly isReleased: boolean }) | undefined> {
  const message = partsOfId(messageId)
  if (!message) return undefined
  const row = await tx.get(markAt, channelId, memberId, message.at)
  const arrival = row && (await putReadPosition(tx, { memberId, channelId, subChannelId: 0 }, message, behind))
  return arrival === undefined ? undefined : { ...markedOf(row)!, isReleased: arrival !== message.sequence }
}

/** Moves the member's read marker forward to the LastMessageTimestamp that the member sees. */
export async function markNewestRead(tx: Queries, channelId: number, memberId: number): Promise<Marked | undefined> {
  return markedOf(await tx.get(markNewest, channelId, memberId))
}

/** How many members an ordinary channel has. */
export async function memberCount(db: Queries, channelId: number): Promise<number> {
  return (await db.get(selectCount, channelId))?.members ?? 0
}

export interface ReadMarker {
  readonly member: Identity
  /** The read marker of a member; undefined if it has never set one. */
  readonly readAt: Date | undefined
}

/** A page of the DEFAULT members with their read markers, in the order of joining. */
export async function listReadMarkers(db: Queries, channelId: number, after: Cursor | undefined, limit: number): Promise<Page<ReadMarker>> {
  const rows = await db.all(selectReadMarkers, channelId, after?.[0] ?? 0, limit + 1)
  return pageById(rows, limit, ({ memberId, arn, name, readAt }) => ({
    member: { id: memberId, arn, name: parsed(name) },
    readAt: dateIfGiven(readAt),
  }))
}
