import { statement, type Queries } from '../database/database.ts'
import { entryText, lastMessageAt, othersPrivate, ownPrivate, pageOfSummaries, summariesAfter, type Listing } from './memberships.ts'
import { messageId } from './message-ids.ts'
import { pageOf, type Cursor, type PageOfText } from './page.ts'
import type { MembershipKey } from './read-positions.ts'

/*
 * What a member has not read, of its memberships m with their read positions p and channels c. A count is a difference of two ordinals.
 * Whatever that difference does not include is looked up only if the rows say that there is something to look up.
 */

/** SQL: messages before then are hidden by retention, which the parameter says, or have been deleted by it. */
const visibleSince = (hiddenBefore: string) => `case when c.emptied_before > ${hiddenBefore} then c.emptied_before else ${hiddenBefore} end`
const correctionsOf = (viewer: string, since: string) => `
  from unread_corrections u where u.channel_id = m.channel_id and u.sub_channel_id = m.sub_channel_id and u.viewer_id = ${viewer}
    and u.arrival > p.arrival and u.created_at >= ${since}`

/**
 * SQL: retention hides some of what follows the position: the position itself is hidden, or a flow has released messages since. Then the
 * messages are counted that are left.
 */
const isCut = (since: string) => `(${since} > p.read_at or (${since} > 0 and c.last_release > p.arrival))`

/** SQL; `counted` is SQL for the number of messages of the place that have counted. */
const unreadCount = (since: string, counted: string) => `
  case when ${isCut(since)} then
    (select count(*) from messages x
      where x.channel_id = m.channel_id and x.sub_channel_id = m.sub_channel_id and x.private = 0 and x.created_at >= ${since}
        and x.type = 'STANDARD' and x.redacted = 0 and x.sender_id <> m.member_id and coalesce(x.released, x.sequence) > p.arrival)
    + case when p.corrected > p.arrival then (select count(*) ${correctionsOf('m.member_id', since)} and u.unread > 0) else 0 end
  else
    ${counted} - p.ordinal - p.own_after
    - case when c.last_correction > p.arrival
        then (select count(*) ${correctionsOf('0', '0')} and u.sender_id <> m.member_id) else 0 end
    + case when p.corrected > p.arrival
        then (select cast(coalesce(sum(u.unread), 0) as bigint) ${correctionsOf('m.member_id', since)}) else 0 end
  end`
const mentionCount = (since: string) => `
  case when p.corrected > p.arrival
    then (select cast(coalesce(sum(u.mentions), 0) as bigint) ${correctionsOf('m.member_id', since)}) else 0 end`

const joinPositions = `
  join read_positions p on p.member_id = m.member_id and p.channel_id = m.channel_id and p.sub_channel_id = m.sub_channel_id`
const positions = `from memberships m join channels c on c.id = m.channel_id ${joinPositions}`
/** SQL: how many messages have counted where such a membership is. */
const countedThere =
  'case when m.sub_channel_id = 0 then c.counted else (select s.counted from sub_channels s where s.id = m.sub_channel_id) end'

/** SQL: the first message that the member of such a row has not read, in the order in which they became visible. */
const queries = {
  sent: `
    select x.sequence as arrival, x.created_at, x.sequence, x.nonce from messages x
    where x.channel_id = page.channel_id and x.sub_channel_id = page.sub_channel_id and x.private = 0
      and x.created_at >= case when page.since > page.read_at then page.since else page.read_at end and x.sequence > page.arrival
      and x.type = 'STANDARD' and x.redacted = 0 and x.released is null and x.sender_id <> page.member_id
    order by x.created_at, x.sequence limit 1`,
  released: `
    select x.released as arrival, x.created_at, x.sequence, x.nonce from messages x
    where page.last_release > page.arrival
      and x.channel_id = page.channel_id and x.sub_channel_id = page.sub_channel_id and x.released > page.arrival
      and x.private = 0 and x.created_at >= page.since and x.redacted = 0 and x.sender_id <> page.member_id
    order by x.released limit 1`,
  targeted: `
    select u.arrival, x.created_at, x.sequence, x.nonce from unread_corrections u
    join messages x on x.channel_id = u.channel_id and x.sub_channel_id = u.sub_channel_id and x.private = 1
      and x.created_at = u.created_at and x.sequence = u.sequence
    where page.corrected > page.arrival
      and u.channel_id = page.channel_id and u.sub_channel_id = page.sub_channel_id and u.viewer_id = page.member_id
      and u.arrival > page.arrival and u.created_at >= page.since and u.unread > 0
    order by u.arrival limit 1`,
}
const shownKey = (row: string) => `${row}.created_at || '.' || ${row}.sequence || '.' || ${row}.nonce`
/** Usually the next message after the position is a sent one, and one step of the index finds it. */
const firstUnread = `
  case when page.last_release <= page.arrival and page.corrected <= page.arrival
    then (select ${shownKey('sent')} from (${queries.sent}) sent)
    else (select ${shownKey('first')} from (
    select * from (${queries.sent}) sent
    union all select * from (${queries.released}) released
    union all select * from (${queries.targeted}) targeted) first
  order by first.arrival limit 1)
  end`

/** SQL: what `firstUnread` needs of a row. */
const found = (hiddenBefore: string) => `
  m.member_id, m.channel_id, m.sub_channel_id, ${visibleSince(hiddenBefore)} as since, p.arrival, p.read_at, p.corrected, c.last_release,
  ${unreadCount(visibleSince(hiddenBefore), countedThere)} as unread`

/** SQL for concat(): the counts, as members of the item of a list. */
const countsText = (hiddenBefore: string) => (counted: string) => `
  ',"UnreadCount":', ${unreadCount(visibleSince(hiddenBefore), counted)}, ',"UnreadMentionCount":', ${mentionCount(visibleSince(hiddenBefore))}`

interface Row {
  id: number
  lastAt: number
  /** Null if the channel is deleted. */
  text: string | null
  first: string | null
}

/** The parameters after the member, its app instance, where the page begins, and its limit. */
const own = { privateAt: ownPrivate, hiddenBefore: '$5', after: '$6' }
const others = { privateAt: othersPrivate, hiddenBefore: '$6', after: '$7' }
type Viewed = typeof own | typeof others

const inOrder = {
  /** The order of joining, as ListChannelMembershipsForAppInstanceUser has it. */
  JOINED: {
    from: () => `${positions} where m.member_id = $1 and m.id > $3 order by m.id limit $4`,
    lastAt: '0',
    order: 'page.id',
  },
  /** One index range of the member's rows with one key look-up each, whatever their number; the rest is read for those of the page only. */
  LAST_MESSAGE: {
    from: ({ privateAt, after }: Viewed) => `
      from (
        select * from (
          select m.id, m.member_id, m.channel_id, m.sub_channel_id, m.type, m.read_at, m.last_private_at,
            coalesce(${lastMessageAt(privateAt)}, -1) as last_at
          from memberships m join channels c on c.id = m.channel_id where m.member_id = $1 and c.deleted_at is null) listed
        where listed.last_at < $3 or (listed.last_at = $3 and listed.id > ${after})
        order by listed.last_at desc, listed.id limit $4) m
      join channels c on c.id = m.channel_id ${joinPositions}`,
    lastAt: 'm.last_at',
    order: 'page.last_at desc, page.id',
  },
}
type ListOrder = keyof typeof inOrder

const selectRows = (order: ListOrder, viewed: Viewed, withFirst: boolean) => {
  const { from, lastAt, order: sorted } = inOrder[order]
  const { privateAt, hiddenBefore } = viewed
  return statement<Row>(`
  with page as materialized (
    select m.id, ${lastAt} as last_at, ${entryText(privateAt, countsText(hiddenBefore))} as text
      ${withFirst ? `, ${found(hiddenBefore)}` : ''} ${from(viewed)})
  select page.id, page.last_at as "lastAt", page.text, ${withFirst ? `case when page.unread > 0 then ${firstUnread} end` : 'null'} as first
  from page order by ${sorted}`)
}
const selectCounts = ({ privateAt, hiddenBefore }: Viewed) => summariesAfter(entryText(privateAt, countsText(hiddenBefore)), joinPositions)
const statementsFor = (viewed: Viewed) => ({
  counts: selectCounts(viewed),
  JOINED: selectRows('JOINED', viewed, true),
  LAST_MESSAGE: { counts: selectRows('LAST_MESSAGE', viewed, false), first: selectRows('LAST_MESSAGE', viewed, true) },
})
const ofOwn = statementsFor(own)
const ofOthers = statementsFor(others)

const selectTotals = statement<{ scanned: number; last: number | null; channels: number; unread: number; mentions: number }>(`
  select count(*) as scanned, max(id) as last,
    cast(coalesce(sum(case when unread > 0 then 1 else 0 end), 0) as bigint) as channels,
    cast(coalesce(sum(unread), 0) as bigint) as unread, cast(coalesce(sum(mentions), 0) as bigint) as mentions
  from (
    select m.id, case when c.deleted_at is null then ${unreadCount(visibleSince('$4'), countedThere)} end as unread,
      case when c.deleted_at is null then ${mentionCount(visibleSince('$4'))} end as mentions
    ${positions} where m.member_id = $1 and m.id > $2 order by m.id limit $3) portion`)

/** The unread counts of a member in a channel. */
export interface Unread {
  readonly unread: number
  readonly mentions: number
}

const selectOne = statement<Unread>(`
  select ${unreadCount(visibleSince('$3'), countedThere)} as unread, ${mentionCount(visibleSince('$3'))} as mentions
  ${positions} where m.channel_id = $1 and m.member_id = $2 and m.sub_channel_id = 0`)

const selectStanding = statement<Unread & { first: string | null; markedAt: number | null; sequence: number }>(`
  with page as materialized (
    select ${found('$4')}, ${mentionCount(visibleSince('$4'))} as mentions, m.read_at as marked_at, c.sequence
    ${positions} where m.channel_id = $1 and m.sub_channel_id = $2 and m.member_id = $3)
  select page.unread, page.mentions, case when page.unread > 0 then ${firstUnread} end as first, page.marked_at as "markedAt", page.sequence
  from page`)

/** The id of a message, from its key as SQL shows it. */
function shownId(key: string) {
  const [at, sequence, nonce] = key.split('.')
  return messageId({ at: Number(at), sequence: Number(sequence), nonce: nonce! })
}

const itemText = ({ text, first }: Row): string | undefined =>
  text === null || first === null ? (text ?? undefined) : `${text.slice(0, -1)},"FirstUnreadMessageId":"${shownId(first)}"}`

export interface UnreadListing extends Listing {
  readonly hiddenBefore: number
  readonly order: ListOrder
  /** Whether each item has the first unread message, which costs a look-up for each. */
  readonly withFirst: boolean
}

/** The list of `channelsOfMember`, or the channels with the newest messages, with the unread counts of each. */
export async function unreadOfMember(
  db: Queries,
  { memberId, viewerId, appInstanceArn, hiddenBefore, order, withFirst }: UnreadListing,
  after: Cursor | undefined,
  limit: number,
): Promise<PageOfText> {
  const [statements, asked] = memberId === viewerId ? [ofOwn, [hiddenBefore]] : [ofOthers, [viewerId, hiddenBefore]]
  if (order === 'JOINED') {
    const from = after?.[0] ?? 0
    if (!withFirst) return pageOfSummaries((await db.get(statements.counts, memberId, appInstanceArn, from, limit, ...asked))!)
    const rows = await db.all(statements.JOINED, memberId, appInstanceArn, from, limit + 1, ...asked)
    return listed(rows, limit, row => [row.id])
  }
  const [before, id] = after ?? [Number.MAX_SAFE_INTEGER, 0]
  const selected = statements.LAST_MESSAGE[withFirst ? 'first' : 'counts']
  const rows = await db.all(selected, memberId, appInstanceArn, before!, limit + 1, ...asked, id!)
  return listed(rows, limit, row => [row.lastAt, row.id])
}

function listed(rows: Row[], limit: number, cursor: (row: Row) => Cursor): PageOfText {
  const { items, next } = pageOf(rows, limit, cursor, itemText)
  return { items: `[${items.join(',')}]`, next }
}

/** The totals over a portion of the memberships, and where it ends; `next` is undefined after the last one. */
export async function unreadTotals(db: Queries, memberId: number, hiddenBefore: number, after: number, limit: number) {
  const { scanned, last, ...totals } = (await db.get(selectTotals, memberId, after, limit, hiddenBefore))!
  return { totals, next: scanned === limit && last !== null ? last : undefined }
}

/** Resolves to the unread counts of a member in an ordinary channel. */
export async function unreadIn(db: Queries, channelId: number, memberId: number, hiddenBefore: number): Promise<Unread> {
  return (await db.get(selectOne, channelId, memberId, hiddenBefore)) ?? { unread: 0, mentions: 0 }
}

/** The unread counts of a member in a channel or sub-channel, with the state to which they belong. */
export interface Standing extends Unread {
  readonly firstMessageId: string | undefined
  /** The read marker, in epoch milliseconds. */
  readonly readAt: number | undefined
  /** The channel's number. */
  readonly sequence: number
}

/** The unread counts of a member; undefined if it is not a member. */
export async function standingIn(
  db: Queries,
  { memberId, channelId, subChannelId }: MembershipKey,
  hiddenBefore: number,
): Promise<Standing | undefined> {
  const row = await db.get(selectStanding, channelId, subChannelId, memberId, hiddenBefore)
  if (!row) return undefined
  const { first, markedAt, ...standing } = row
  return { ...standing, firstMessageId: first === null ? undefined : shownId(first), readAt: markedAt ?? undefined }
}
