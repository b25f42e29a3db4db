import { statement, type Queries } from '../database/database.ts'
import { channelArn, identityArn } from './arns.ts'
import { summaryText } from './channel-summary.ts'
import type { Identity } from './identities.ts'
import { deleteReadPosition } from './read-positions.ts'
import { pageById, type Cursor, type Page, type PageOfText } from './page.ts'
import type { NamedPlace, Place } from './places.ts'
import { secondsText, parsed } from './text.ts'
import { allRows, countRows, firstValue } from './queries.ts'

export type MembershipType = 'DEFAULT' | 'HIDDEN'

export interface Membership {
  readonly member: Identity
  readonly type: MembershipType
  readonly invitedBy: Identity
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** A membership and its place. */
export interface PlacedMembership extends Membership, NamedPlace {}

interface Row {
  memberId: number
  memberArn: string
  memberName: string
  type: MembershipType
  createdAt: number
  updatedAt: number
  inviterId: number
  inviterArn: string
  inviterName: string
}

export interface PlacedRow extends Row, Place {
  /** Null if the channel is deleted. */
  channelArn: string | null
  subChannelName: string | null
}

const person = (column: string, id: string) => `
  (select ${column} from identities i join app_instances a on a.id = i.app_instance_id where i.id = memberships.${id})`

/** SQL: the columns of a membership, for the RETURNING of a statement that ends or moves it. */
export const returned = `
  channel_id as "channelId", sub_channel_id as "subChannelId", type, created_at as "createdAt", updated_at as "updatedAt",
  member_id as "memberId", ${person(identityArn('i'), 'member_id')} as "memberArn", ${person('i.name', 'member_id')} as "memberName",
  invited_by as "inviterId", ${person(identityArn('i'), 'invited_by')} as "inviterArn", ${person('i.name', 'invited_by')} as "inviterName",
  (select s.external_id from sub_channels s where s.id = memberships.sub_channel_id) as "subChannelName",
  (select ${channelArn} from channels c join app_instances a on a.id = c.app_instance_id
   where c.id = memberships.channel_id and c.deleted_at is null and a.deleted_at is null) as "channelArn"`

const insert = statement(`
  insert into memberships (channel_id, member_id, type, invited_by, created_at, updated_at, sub_channel_id, placed, last_private_at)
  values ($1, $2, $3, $4, $5, $5, $6, $7,
    (select max(created_at) from private_messages where channel_id = $1 and sub_channel_id = $6 and viewer_id = $2 and failed = 0))
  on conflict (channel_id, member_id, sub_channel_id) do nothing`)
/**
 * SQL that is true for every membership m. It names a column that `memberships_listed` lacks. Otherwise PostgreSQL would use that
 * index to look up one member's type, since it has all other columns, and read all members of the channel.
 */
export const byMember = `m.created_at >= 0`
const selectPlaces = statement<{ subChannelId: number; placed: number }>(`
  select sub_channel_id as "subChannelId", placed from memberships where channel_id = $1 and member_id = $2 order by sub_channel_id`)
const selectOne = statement<Row>(`
  select i.id as "memberId", ${identityArn('i')} as "memberArn", i.name as "memberName",
    m.type, m.created_at as "createdAt", m.updated_at as "updatedAt",
    inviter.id as "inviterId", ${identityArn('inviter')} as "inviterArn", inviter.name as "inviterName"
  from memberships m
  join identities i on i.id = m.member_id and i.deleted_at is null
  join identities inviter on inviter.id = m.invited_by
  join app_instances a on a.id = i.app_instance_id
  where m.channel_id = $1 and m.member_id = $2 and m.sub_channel_id = $3`)
const selectAfter = statement<{ id: number; memberId: number; arn: string; name: string; deletedAt: number | null }>(`
  select m.id, i.id as "memberId", ${identityArn('i')} as arn, i.name, i.deleted_at as "deletedAt"
  from memberships m
  join identities i on i.id = m.member_id
  join app_instances a on a.id = i.app_instance_id
  where m.channel_id = $1 and m.sub_channel_id = $5 and m.type = $2 and m.id > $3
  order by m.id limit $4`)
const remove = statement<PlacedRow>(`
  delete from memberships where channel_id = $1 and member_id = $2 and sub_channel_id = $3 returning ${returned}`)
const selectInCharge = statement<{ id: number }>(`
  select distinct member_id as id from memberships where channel_id = $1 and member_id in (
    select identity_id from moderators where channel_id = $1
    union
    select s.identity_id from channels c join admins s on s.app_instance_id = c.app_instance_id where c.id = $1)`)
const subChannel = (column: string) => `(select s.${column} from sub_channels s where s.id = m.sub_channel_id)`

/**
 * The wire's ChannelMembershipForAppInstanceUserSummary as JSON text, made in the database. concat() leaves out null. The whole is
 * null if the channel is deleted but not yet purged. $1 is the member, $2 the ARN of its app instance; `privateAt` is SQL for the
 * time of the newest private message that the viewer may see. A row of an elastic channel is about its sub-channel, which only such
 * a row looks up. `further` is SQL for concat() that adds members, given SQL for the number of messages of the place that have counted.
 */
export const entryText = (privateAt: string, further?: (counted: string) => string) => {
  const made = (publicAt: string, counted: string, marker: string) => {
    const end = further ? `'}', ${further(counted)}, '}'` : `'}}'`
    return `concat('{"ChannelSummary":', ${summaryText('cast($2 as text)', later(publicAt, privateAt))},
      ',"AppInstanceUserMembershipSummary":{"Type":"', m.type, '"', ${marker}, ${end})`
  }
  return `
  case when c.deleted_at is not null then null
  when m.sub_channel_id = 0 then ${made('c.last_message_at', 'c.counted', `',"ReadMarkerTimestamp":' || ${secondsText('m.read_at')}`)}
  else ${made(subChannel('last_message_at'), subChannel('counted'), `',"SubChannelId":"', ${subChannel('external_id')}, '"'`)}
  end`
}

const later = (publicAt: string, privateAt: string) =>
  `case when ${publicAt} is null or ${privateAt} > ${publicAt} then ${privateAt} else ${publicAt} end`

/** SQL: the LastMessageTimestamp of such a row, in milliseconds; null if there is no message. */
export const lastMessageAt = (privateAt: string) =>
  `case when m.sub_channel_id = 0 then ${later('c.last_message_at', privateAt)}
   else (select ${later('s.last_message_at', privateAt)} from sub_channels s where s.id = m.sub_channel_id) end`

/** SQL: the time of the newest private message of the member itself. */
export const ownPrivate = 'm.last_private_at'
/** The same for the viewer $5. */
export const othersPrivate = `(select max(p.created_at) from private_messages p
  where p.channel_id = m.channel_id and p.sub_channel_id = m.sub_channel_id and p.viewer_id = $5 and p.failed = 0)`

interface PageText {
  text: string | null
  scanned: number
  last: number | null
  more: number
}

/**
 * A whole page in one statement: one index range over the member's rows, one key look-up a row, and one row more to see whether
 * there is a next page. `text` is SQL for an item of the list, null for one that is left out.
 */
export const summariesAfter = (text: string, joined = '') =>
  statement<PageText>(`
    select page.text, page.scanned, page.last,
      case when exists (select 1 from memberships m where m.member_id = $1 and m.id > page.last) then 1 else 0 end as more
    from (
      select string_agg(summary.text, ',') as text, count(*) as scanned, max(summary.id) as last
      from (
        select m.id, ${text} as text from memberships m join channels c on c.id = m.channel_id ${joined}
        where m.member_id = $1 and m.id > $3 order by m.id limit $4) summary) page`)
const selectOwnAfter = summariesAfter(entryText(ownPrivate))
const selectOthersAfter = summariesAfter(entryText(othersPrivate))
const oneSummary = (privateAt: string) =>
  statement<{ text: string | null }>(`
    select ${entryText(privateAt)} as text from memberships m join channels c on c.id = m.channel_id
    where m.member_id = $1 and m.channel_id = $3 order by m.sub_channel_id limit $4`)
const selectOwn = oneSummary(ownPrivate)
const selectOthers = oneSummary(othersPrivate)

const membership = (row: Row): Membership => ({
  member: { id: row.memberId, arn: row.memberArn, name: parsed(row.memberName) },
  type: row.type,
  invitedBy: { id: row.inviterId, arn: row.inviterArn, name: parsed(row.inviterName) },
  createdAt: new Date(row.createdAt),
  updatedAt: new Date(row.updatedAt),
})

/** The memberships whose channels are not deleted. */
export const placedMemberships = (rows: readonly PlacedRow[]): PlacedMembership[] =>
  rows.flatMap(row => {
    const { channelId, channelArn, subChannelId, subChannelName } = row
    return channelArn === null
      ? []
      : [{ ...membership(row), channelId, channelArn, subChannelId, subChannelName: subChannelName ?? undefined }]
  })

export interface NewMembership extends Place {
  readonly memberId: number
  readonly type: MembershipType
  readonly invitedBy: number
  readonly now: number
}

/** True if the identity was not a member before. With `placed` the service has chosen the sub-channel. */
export async function insertMembership(tx: Queries, given: NewMembership, placed = false) {
  const { channelId, memberId, type, invitedBy, now, subChannelId } = given
  return (await tx.run(insert, channelId, memberId, type, invitedBy, now, subChannelId, placed ? 1 : 0)) === 1
}

export const membershipType = firstValue<MembershipType, [channelId: number, subChannelId: number, memberId: number]>(`
  select m.type as value from memberships m where m.channel_id = $1 and m.sub_channel_id = $2 and m.member_id = $3 and ${byMember}`)

/** How many other members are not HIDDEN: 0, 1, or 2 for two and more. */
export const countOthers = countRows<[channelId: number, subChannelId: number, memberId: number]>(`
  select count(*) as count from (
    select m.id from memberships m join identities i on i.id = m.member_id and i.deleted_at is null
    where m.channel_id = $1 and m.sub_channel_id = $2 and m.type = 'DEFAULT' and m.member_id <> $3 limit 2) others`)

/** Every membership of an identity in a channel; in an elastic channel a moderator may have one in each sub-channel. */
export async function placesOf(db: Queries, channelId: number, memberId: number) {
  const rows = await db.all(selectPlaces, channelId, memberId)
  return rows.map(({ subChannelId, placed }) => ({ subChannelId, isPlaced: placed === 1 }))
}

export async function findMembership(
  db: Queries,
  channelId: number,
  subChannelId: number,
  memberId: number,
): Promise<Membership | undefined> {
  const row = await db.get(selectOne, channelId, memberId, subChannelId)
  return row && membership(row)
}

/** The members of the channel who are moderators of it, or admins of its app instance. */
export async function membersInCharge(db: Queries, channelId: number): Promise<number[]> {
  return (await db.all(selectInCharge, channelId)).map(({ id }) => id)
}

/** A page of the members of one type, in the order of joining. */
export async function listMembers(
  db: Queries,
  { channelId, subChannelId, type }: Place & { type: MembershipType },
  after: Cursor | undefined,
  limit: number,
): Promise<Page<Identity>> {
  const rows = await db.all(selectAfter, channelId, type, after?.[0] ?? 0, limit + 1, subChannelId)
  return pageById(rows, limit, row => (row.deletedAt === null ? { id: row.memberId, arn: row.arn, name: parsed(row.name) } : undefined))
}

/** Ends the membership and returns it; undefined if there was none. */
export async function deleteMembership(
  tx: Queries,
  channelId: number,
  subChannelId: number,
  memberId: number,
): Promise<PlacedMembership | undefined> {
  await deleteReadPosition(tx, { memberId, channelId, subChannelId })
  return placedMemberships(await tx.all(remove, channelId, memberId, subChannelId))[0]
}

/** The member whose channels are listed, and the viewer of the list. */
export interface Listing {
  readonly memberId: number
  readonly viewerId: number
  readonly appInstanceArn: string
}

/**
 * ListChannelMembershipsForAppInstanceUser: a page of the channels of a member, in the order of joining, as a JSON list in the
 * wire's shape.
 */
export async function channelsOfMember(db: Queries, listing: Listing, after: Cursor | undefined, limit: number): Promise<PageOfText> {
  const { memberId, viewerId, appInstanceArn } = listing
  const from = after?.[0] ?? 0
  const page =
    memberId === viewerId
      ? await db.get(selectOwnAfter, memberId, appInstanceArn, from, limit)
      : await db.get(selectOthersAfter, memberId, appInstanceArn, from, limit, viewerId)
  return pageOfSummaries(page!)
}

/** The page of a statement's result. */
export const pageOfSummaries = ({ text, last, more }: PageText): PageOfText => ({
  items: `[${text ?? ''}]`,
  next: more === 1 && last !== null ? [last] : undefined,
})

/** One row of that list, as JSON text: the first one if a moderator has several in an elastic channel. */
export async function channelOfMember(db: Queries, listing: Listing, channelId: number): Promise<string | undefined> {
  const { memberId, viewerId, appInstanceArn } = listing
  const row =
    memberId === viewerId
      ? await db.get(selectOwn, memberId, appInstanceArn, channelId, 1)
      : await db.get(selectOthers, memberId, appInstanceArn, channelId, 1, viewerId)
  return row?.text ?? undefined
}

/** The memberships of an identity after that one, at most `limit`, channels that are being purged included. */
export const placesAfter = allRows<Place & { id: number }, [memberId: number, after: number, limit: number]>(`
  select id, channel_id as "channelId", sub_channel_id as "subChannelId" from memberships
  where member_id = $1 and id > $2 order by id limit $3`)
