import { statement, type Queries } from '../database/database.ts'
import type { Moment } from './channels.ts'
import { partsOfId, type MessageIdParts } from './message-ids.ts'
import type { Place } from './places.ts'

/*
 * Up to which message each member has read, and corrections of what is counted from there (docs/decisions/0018-unread-counts.md). A read
 * position is an ordinal, for the difference, and an arrival, for everything else.
 */

const ofMembership = `member_id = $1 and channel_id = $2 and sub_channel_id = $3`
/** SQL: the ordinal of the newest message of a sub-channel, or of an ordinary channel `c`. */
const newestOrdinal = (subChannelId: string) =>
  `case when ${subChannelId} = 0 then c.counted else (select s.counted from sub_channels s where s.id = ${subChannelId}) end`

const inserted = (members: string) => `
  insert into read_positions (member_id, channel_id, sub_channel_id, ordinal, arrival, read_at)
  select m.member_id, c.id, cast($2 as bigint), ${newestOrdinal('cast($2 as bigint)')}, c.sequence, c.last_event_at
  from ${members} m join channels c on c.id = $1 where true
  on conflict (member_id, channel_id, sub_channel_id) do update
  set ordinal = excluded.ordinal, arrival = excluded.arrival, read_at = excluded.read_at, own_after = 0, corrected = 0`
const insert = statement(inserted('(select cast($3 as bigint) as member_id)'))
const insertNewest = statement(
  inserted(`(
    select member_id from memberships where channel_id = $1 and sub_channel_id = $2 and type = $3 order by id desc limit $4)`),
)
const remove = statement(`delete from read_positions where ${ofMembership}`)
const advance = statement(
  `update read_positions set ordinal = $4, arrival = $5, read_at = $6, own_after = 0 where ${ofMembership} and arrival < $5`,
  `with asked as (
    select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
      with ordinality as asked (member_id, channel_id, sub_channel_id, ordinal, arrival, at, whose)),
  newest as (
    select distinct on (member_id, channel_id, sub_channel_id) * from asked
    order by member_id, channel_id, sub_channel_id, arrival desc)
  update read_positions p set ordinal = newest.ordinal, arrival = newest.arrival, read_at = newest.at, own_after = 0
  from newest
  where p.member_id = newest.member_id and p.channel_id = newest.channel_id and p.sub_channel_id = newest.sub_channel_id
    and p.arrival < newest.arrival
  returning newest.whose`,
)
const selectMessage = statement<{ ordinal: number; arrival: number; at: number }>(`
  select ordinal, coalesce(released, sequence) as arrival, created_at as at from messages
  where channel_id = $1 and sub_channel_id = $2 and private in (0, 1) and created_at = $3 and sequence = $4 and nonce = $5`)
/**
 * How many messages of its own a member has behind a position, those included that are gone, in the portion of the messages that follows a
 * cursor; those are left out that a flow has released: they have corrections.
 */
const countOwn = statement<{ count: number; scanned: number; at: number | null; sequence: number | null }>(`
  with portion as materialized (
    select created_at, sequence,
      case when sequence > $5 and sender_id = $1 and type = 'STANDARD' and redacted = 0 and released is null then 1 else 0 end as own
    from messages where channel_id = $2 and sub_channel_id = $3 and private = 0 and created_at >= $4 and (created_at, sequence) > ($6, $7)
    order by created_at, sequence limit $8),
  ended as (select created_at, sequence from portion order by created_at desc, sequence desc limit 1)
  select
    (select cast(coalesce(sum(own), 0) as bigint) from portion)
    + (select count(*) from unread_corrections u
       where u.channel_id = $2 and u.sub_channel_id = $3 and u.viewer_id = 0 and u.sender_id = $1 and u.arrival > $5 and u.created_at >= $4
         and (u.created_at, u.sequence) > ($6, $7)
         and ((select count(*) from portion) < $8 or (u.created_at, u.sequence) <= (select created_at, sequence from ended))) as count,
    (select count(*) from portion) as scanned, (select created_at from ended) as at, (select sequence from ended) as sequence`)
/**
 * How many messages are counted at once. While the channel is locked, at most this many are counted, apart from those that have just been
 * sent.
 */
const portionOfOwn = 500

/** A member that has left and joined again has earlier corrections, which count for a position that is set back. */
const put = statement(`
  update read_positions set ordinal = $4, arrival = $5, read_at = $6, own_after = $7, corrected = coalesce((
    select max(u.arrival) from unread_corrections u where u.channel_id = $2 and u.sub_channel_id = $3 and u.viewer_id = $1), 0)
  where ${ofMembership}`)

const uncountPublic = statement(`
  insert into unread_corrections (channel_id, sub_channel_id, viewer_id, arrival, created_at, sequence, unread, mentions, sender_id)
  values ($1, $2, 0, $3, $4, $5, -1, 0, $6) on conflict do nothing`)
const setLastCorrection = statement(`update channels set last_correction = $2 where id = $1 and last_correction < $2`)
const removeCorrections = statement(`
  delete from unread_corrections where channel_id = $1 and sub_channel_id = $2 and arrival = $3 and viewer_id > 0`)
const setCorrected = statement(`
  update read_positions set corrected = case when corrected < $4 then $4 else corrected end where ${ofMembership}`)
const insertCorrection = statement(`
  insert into unread_corrections (channel_id, sub_channel_id, viewer_id, arrival, created_at, sequence, unread, mentions)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (channel_id, sub_channel_id, viewer_id, arrival) do update set mentions = excluded.mentions`)
const mentionAgain = statement(`
  update unread_corrections set mentions = 1 where channel_id = $1 and sub_channel_id = $2 and viewer_id = $3 and arrival = $4`)
const clearMentions = statement(`
  update unread_corrections set mentions = 0
  where channel_id = $1 and sub_channel_id = $2 and arrival = $3 and viewer_id > 0 and mentions = 1`)

export interface MembershipKey extends Place {
  readonly memberId: number
}

const valuesOf = ({ memberId, channelId, subChannelId }: MembershipKey): [number, number, number] => [memberId, channelId, subChannelId]

/** A new member has read everything that was there before it. */
export async function insertReadPosition(tx: Queries, { memberId, channelId, subChannelId }: MembershipKey) {
  await tx.run(insert, channelId, subChannelId, memberId)
}

/** The same for the last `count` members of that type who have joined a locked channel. */
export async function insertReadPositions(tx: Queries, { channelId, subChannelId, type }: Place & { type: string }, count: number) {
  await tx.run(insertNewest, channelId, subChannelId, type, count)
}

export async function deleteReadPosition(tx: Queries, membership: MembershipKey) {
  await tx.run(remove, ...valuesOf(membership))
}

/** Moves the position of a member up to that moment, and never back. */
export async function advanceReadPosition(
  tx: Queries,
  membership: MembershipKey,
  { counted, sequence, at }: Pick<Moment, 'counted' | 'sequence' | 'at'>,
) {
  await tx.run(advance, ...valuesOf(membership), counted, sequence, at)
}

/** How many of its own messages a member has after a message, counted up to a cursor. */
export interface OwnAfter {
  /** The message's arrival and ordinal when they were counted. */
  readonly arrival: number
  readonly ordinal: number
  readonly count: number
  readonly cursor: readonly [at: number, sequence: number]
}

const selected = (db: Queries, { channelId, subChannelId }: Place, { at, sequence, nonce }: MessageIdParts) =>
  db.get(selectMessage, channelId, subChannelId, at, sequence, nonce)

/**
 * Counts them in portions, with `between` after each, so that other work gets its turn. The channel is not locked, so nothing waits for the
 * count; `putReadPosition` counts the last portion. Undefined if the message is gone.
 */
export async function countOwnAfter(
  db: Queries,
  membership: MembershipKey,
  message: MessageIdParts,
  between: () => Promise<unknown>,
): Promise<OwnAfter | undefined> {
  const found = await selected(db, membership, message)
  if (!found) return undefined
  let [count, cursor]: [number, OwnAfter['cursor']] = [0, [found.at, -1]]
  for (;;) {
    const portion = (await db.get(countOwn, ...valuesOf(membership), found.at, found.arrival, ...cursor, portionOfOwn))!
    if (portion.scanned < portionOfOwn) return { arrival: found.arrival, ordinal: found.ordinal, count, cursor }
    count += portion.count
    cursor = [portion.at!, portion.sequence!]
    await between()
  }
}

/**
 * Moves the position of a member of a locked channel to a message, forward or back. Returns the arrival of the message; undefined if it is
 * gone.
 */
export async function putReadPosition(tx: Queries, membership: MembershipKey, message: MessageIdParts, counted: OwnAfter | undefined) {
  const found = await selected(tx, membership, message)
  if (!found) return undefined
  // The ordinal has risen if corrections that may have been counted are settled (store/unread-corrections.ts).
  const isCounted = counted?.arrival === found.arrival && counted.ordinal === found.ordinal
  const { count, cursor } = isCounted ? counted : { count: 0, cursor: [found.at, -1] as const }
  const rest = await tx.get(countOwn, ...valuesOf(membership), found.at, found.arrival, ...cursor, Number.MAX_SAFE_INTEGER)
  await tx.run(put, ...valuesOf(membership), found.ordinal, found.arrival, found.at, count + rest!.count)
  return found.arrival
}

/** A message that has been redacted or deleted, as it was. */
export interface Gone {
  readonly private: number
  readonly type: 'STANDARD' | 'CONTROL'
  readonly redacted: number
  readonly at: number
  readonly sequence: number
  readonly released: number | null
  readonly senderId: number
}

/** A message that was redacted or deleted does not count any more. */
export async function uncountMessage(tx: Queries, { channelId, subChannelId }: Place, gone: Gone) {
  if (gone.type !== 'STANDARD' || gone.redacted === 1) return
  const arrival = gone.released ?? gone.sequence
  if (gone.private === 0) {
    const senderId = gone.released === null ? gone.senderId : undefined
    await uncountArrival(tx, { channelId, subChannelId, arrival, at: gone.at, sequence: gone.sequence }, senderId)
  }
  await tx.run(removeCorrections, channelId, subChannelId, arrival)
}

/** A message, and the number of the channel with which it became visible to others. */
export interface Arrival extends Place {
  readonly arrival: number
  /** The time and the sequence of the message. */
  readonly at: number
  readonly sequence: number
}

/**
 * The message that has arrived with that number counts for nobody any more. It has never counted for its sender, who is given unless a flow
 * has released the message.
 */
export async function uncountArrival(tx: Queries, { channelId, subChannelId, arrival, at, sequence }: Arrival, senderId = 0) {
  await tx.run(uncountPublic, channelId, subChannelId, arrival, at, sequence, senderId)
  await tx.run(setLastCorrection, channelId, arrival)
}

interface Correction {
  readonly unread: number
  readonly mentions: number
}

/**
 * What a message counts for its sender or target apart from all others. If the viewer has left, it may join again and set its position back
 * before the message.
 */
export async function correctFor(tx: Queries, viewerId: number, arrival: Arrival, correction: Correction) {
  await tx.run(setCorrected, viewerId, arrival.channelId, arrival.subChannelId, arrival.arrival)
  await insertFor(tx, viewerId, arrival, correction)
}

/** The message mentions the viewer: nothing happens if the viewer is not a member, and has not been mentioned by it as one. */
export async function mention(tx: Queries, viewerId: number, arrival: Arrival) {
  const { channelId, subChannelId } = arrival
  const isMember = (await tx.run(setCorrected, viewerId, channelId, subChannelId, arrival.arrival)) > 0
  if (isMember) await insertFor(tx, viewerId, arrival, { unread: 0, mentions: 1 })
  else await tx.run(mentionAgain, channelId, subChannelId, viewerId, arrival.arrival)
}

const insertFor = async (
  tx: Queries,
  viewerId: number,
  { channelId, subChannelId, arrival, at, sequence }: Arrival,
  { unread, mentions }: Correction,
) => tx.run(insertCorrection, channelId, subChannelId, viewerId, arrival, at, sequence, unread, mentions)

/** Undefined if the message is gone. */
export async function arrivalOf(tx: Queries, membership: Place, messageId: string): Promise<Arrival | undefined> {
  const message = partsOfId(messageId)
  const found = message && (await selected(tx, membership, message))
  return found && { ...membership, arrival: found.arrival, at: found.at, sequence: message.sequence }
}

/** Removes the mentions of a message. */
export async function clearMentionsOf(tx: Queries, { channelId, subChannelId, arrival }: Arrival) {
  await tx.run(clearMentions, channelId, subChannelId, arrival)
}
