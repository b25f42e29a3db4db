import { statement, type Queries } from '../database/database.ts'
import { entryText, othersPrivate, ownPrivate, type Listing } from './memberships.ts'
import { messageId } from './message-ids.ts'
import { pageOf, type Cursor, type PageOfText } from './page.ts'

/*
 * What a member has not read, of its memberships m with their read positions p and channels c. A count is a difference of two ordinals. What
 * is not in that difference is looked up only where the rows say that there is something to look up.
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

const unreadCount = (since: string) => `
  case when ${isCut(since)} then
    (select count(*) from messages x
      where x.channel_id = m.channel_id and x.sub_channel_id = m.sub_channel_id and x.private = 0 and x.created_at >= ${since}
        and x.type = 'STANDARD' and x.redacted = 0 and x.sender_id <> m.member_id and coalesce(x.released, x.sequence) > p.arrival)
    + case when p.corrected > p.arrival then (select count(*) ${correctionsOf('m.member_id', since)} and u.unread > 0) else 0 end
  else
    case when m.sub_channel_id = 0 then c.counted else (select s.counted from sub_channels s where s.id = m.sub_channel_id) end
    - p.ordinal - p.own_after
    - case when c.last_correction > p.arrival then (select count(*) ${correctionsOf('0', '0')}) else 0 end
    + case when p.corrected > p.arrival
        then (select cast(coalesce(sum(u.unread), 0) as bigint) ${correctionsOf('m.member_id', since)}) else 0 end
  end`
const mentionCount = (since: string) => `
  case when p.corrected > p.arrival
    then (select cast(coalesce(sum(u.mentions), 0) as bigint) ${correctionsOf('m.member_id', since)}) else 0 end`

const positions = `
  from memberships m
  join channels c on c.id = m.channel_id
  join read_positions p on p.member_id = m.member_id and p.channel_id = m.channel_id and p.sub_channel_id = m.sub_channel_id`

/** SQL: the first message that the member of such a row has not read, in the order in which they became visible. */
const places = {
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
const shownPlace = (row: string) => `${row}.created_at || '.' || ${row}.sequence || '.' || ${row}.nonce`
/** Mostly there are only sent messages after the position; then one step of the index finds the first. */
const firstUnread = `
  case when page.last_release <= page.arrival and page.corrected <= page.arrival
    then (select ${shownPlace('sent')} from (${places.sent}) sent)
    else (select ${shownPlace('first')} from (
    select * from (${places.sent}) sent
    union all select * from (${places.released}) released
    union all select * from (${places.targeted}) targeted) first
  order by first.arrival limit 1)
  end`

interface Row {
  id: number
  /** Null if the channel is deleted. */
  text: string | null
  unread: number
  mentions: number
  first: string | null
}

const selectAfter = (privateAt: string, hiddenBefore: string) =>
  statement<Row>(`
  with page as materialized (
    select m.id, m.member_id, m.channel_id, m.sub_channel_id, ${visibleSince(hiddenBefore)} as since,
      p.arrival, p.read_at, p.corrected, c.last_release, ${entryText(privateAt)} as text,
      ${unreadCount(visibleSince(hiddenBefore))} as unread, ${mentionCount(visibleSince(hiddenBefore))} as mentions
    ${positions} where m.member_id = $1 and m.id > $3 order by m.id limit $4)
  select page.id, page.text, page.unread, page.mentions, case when page.unread > 0 then ${firstUnread} end as first
  from page order by page.id`)
const selectOwnAfter = selectAfter(ownPrivate, '$5')
const selectOthersAfter = selectAfter(othersPrivate, '$6')

const selectTotals = statement<{ scanned: number; last: number | null; channels: number; unread: number; mentions: number }>(`
  select count(*) as scanned, max(id) as last,
    cast(coalesce(sum(case when unread > 0 then 1 else 0 end), 0) as bigint) as channels,
    cast(coalesce(sum(unread), 0) as bigint) as unread, cast(coalesce(sum(mentions), 0) as bigint) as mentions
  from (
    select m.id, case when c.deleted_at is null then ${unreadCount(visibleSince('$4'))} end as unread,
      case when c.deleted_at is null then ${mentionCount(visibleSince('$4'))} end as mentions
    ${positions} where m.member_id = $1 and m.id > $2 order by m.id limit $3) portion`)

/** What a member has not read in a channel. */
export interface Unread {
  readonly unread: number
  readonly mentions: number
}

const selectOne = statement<Unread>(`
  select ${unreadCount(visibleSince('$3'))} as unread, ${mentionCount(visibleSince('$3'))} as mentions
  ${positions} where m.channel_id = $1 and m.member_id = $2 and m.sub_channel_id = 0`)

/** The id of a message, from its place as SQL shows it. */
function shownId(place: string) {
  const [at, sequence, nonce] = place.split('.')
  return messageId({ at: Number(at), sequence: Number(sequence), nonce: nonce! })
}

/** The JSON text of a membership with its counts. */
function itemText({ text, unread, mentions, first }: Row): string | undefined {
  if (text === null) return undefined
  const firstText = first === null ? '' : `,"FirstUnreadMessageId":"${shownId(first)}"`
  return `${text.slice(0, -1)},"UnreadCount":${unread},"UnreadMentionCount":${mentions}${firstText}}`
}

/** The same list as `channelsOfMember`, with what the member has not read in each. */
export async function unreadOfMember(
  db: Queries,
  { memberId, viewerId, appInstanceArn, hiddenBefore }: Listing & { readonly hiddenBefore: number },
  after: Cursor | undefined,
  limit: number,
): Promise<PageOfText> {
  const asked = [memberId, appInstanceArn, after?.[0] ?? 0, limit + 1]
  const rows =
    memberId === viewerId
      ? await db.all(selectOwnAfter, ...asked, hiddenBefore)
      : await db.all(selectOthersAfter, ...asked, viewerId, hiddenBefore)
  const { items, next } = pageOf(rows, limit, row => [row.id], itemText)
  return { items: `[${items.join(',')}]`, next }
}

/** The totals over a portion of the memberships, and where it ends; `next` is undefined after the last one. */
export async function unreadTotals(db: Queries, memberId: number, hiddenBefore: number, after: number, limit: number) {
  const { scanned, last, ...totals } = (await db.get(selectTotals, memberId, after, limit, hiddenBefore))!
  return { totals, next: scanned === limit && last !== null ? last : undefined }
}

/** What a member of an ordinary channel has not read in it. */
export async function unreadIn(db: Queries, channelId: number, memberId: number, hiddenBefore: number): Promise<Unread> {
  return (await db.get(selectOne, channelId, memberId, hiddenBefore)) ?? { unread: 0, mentions: 0 }
}
