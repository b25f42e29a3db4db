import { statement, type Queries } from '../database/database.ts'
import type { Moment } from './channels.ts'
import { placeOfId, type MessagePlace } from './message-ids.ts'

/*
 * Up to where each member has read, and the corrections of what is counted from there (docs/decisions/0018-unread-counts.md). A position is
 * an ordinal, for the difference, and an arrival, for everything else.
 */

const placed = `member_id = $1 and channel_id = $2 and sub_channel_id = $3`
/** SQL: the ordinal of the newest message of a sub-channel, or of an ordinary channel `c`. */
const newestOrdinal = (subChannelId: string) =>
  `case when ${subChannelId} = 0 then c.counted else (select s.counted from sub_channels s where s.id = ${subChannelId}) end`

const insert = statement(`
  insert into read_positions (member_id, channel_id, sub_channel_id, ordinal, arrival, read_at)
  select cast($1 as bigint), c.id, cast($3 as bigint), ${newestOrdinal('cast($3 as bigint)')}, c.sequence, c.last_event_at
  from channels c where c.id = $2
  on conflict (member_id, channel_id, sub_channel_id) do update
  set ordinal = excluded.ordinal, arrival = excluded.arrival, read_at = excluded.read_at, own_after = 0, corrected = 0`)
const remove = statement(`delete from read_positions where ${placed}`)
const advance = statement(
  `update read_positions set ordinal = $4, arrival = $5, read_at = $6, own_after = 0 where ${placed} and arrival < $5`,
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
/** The sender's own messages after a position, those that a flow has released excepted: they have corrections. */
const countOwn = statement<{ count: number }>(`
  select count(*) as count from messages
  where channel_id = $2 and sub_channel_id = $3 and private = 0 and created_at >= $4 and sequence > $5
    and sender_id = $1 and type = 'STANDARD' and redacted = 0 and released is null`)
/** A member that has left and joined again has corrections from before, which count for a position that is set back. */
const put = statement(`
  update read_positions set ordinal = $4, arrival = $5, read_at = $6, own_after = $7, corrected = coalesce((
    select max(u.arrival) from unread_corrections u where u.channel_id = $2 and u.sub_channel_id = $3 and u.viewer_id = $1), 0)
  where ${placed}`)

const uncountPublic = statement(`
  insert into unread_corrections (channel_id, sub_channel_id, viewer_id, arrival, created_at, sequence, unread, mentions)
  values ($1, $2, 0, $3, $4, $5, -1, 0) on conflict do nothing`)
const setLastCorrection = statement(`update channels set last_correction = $2 where id = $1 and last_correction < $2`)
const uncountOwn = statement(`update read_positions set own_after = own_after - 1 where ${placed} and arrival < $4`)
const removeCorrections = statement(`
  delete from unread_corrections where channel_id = $1 and sub_channel_id = $2 and arrival = $3 and viewer_id > 0`)
const setCorrected = statement(`
  update read_positions set corrected = case when corrected < $4 then $4 else corrected end where ${placed}`)
const insertCorrection = statement(`
  insert into unread_corrections (channel_id, sub_channel_id, viewer_id, arrival, created_at, sequence, unread, mentions)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (channel_id, sub_channel_id, viewer_id, arrival) do update set mentions = excluded.mentions`)
const forgetMentions = statement(`
  update unread_corrections set mentions = 0
  where channel_id = $1 and sub_channel_id = $2 and arrival = $3 and viewer_id > 0 and mentions = 1`)

export interface Place {
  readonly memberId: number
  readonly channelId: number
  /** 0 if the channel is not elastic. */
  readonly subChannelId: number
}

const placeOf = ({ memberId, channelId, subChannelId }: Place): [number, number, number] => [memberId, channelId, subChannelId]

/** A new member has read everything that was there before it. */
export async function insertReadPosition(tx: Queries, place: Place) {
  await tx.run(insert, ...placeOf(place))
}

export async function deleteReadPosition(tx: Queries, place: Place) {
  await tx.run(remove, ...placeOf(place))
}

/** Moves the position of a member up to that moment, and never back. */
export async function advanceReadPosition(
  tx: Queries,
  place: Place,
  { counted, sequence, at }: Pick<Moment, 'counted' | 'sequence' | 'at'>,
) {
  await tx.run(advance, ...placeOf(place), counted, sequence, at)
}

/** Moves the position of a member of a locked channel to a message, forward or back; false if the message is gone. */
export async function putReadPosition(tx: Queries, place: Place, message: MessagePlace) {
  const found = await tx.get(selectMessage, place.channelId, place.subChannelId, message.at, message.sequence, message.nonce)
  if (!found) return false
  const own = await tx.get(countOwn, ...placeOf(place), found.at, found.arrival)
  await tx.run(put, ...placeOf(place), found.ordinal, found.arrival, found.at, own!.count)
  return true
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

/** A message that was redacted or deleted counts for nobody any more. */
export async function uncountMessage(tx: Queries, channelId: number, subChannelId: number, gone: Gone) {
  if (gone.type !== 'STANDARD' || gone.redacted === 1) return
  const arrival = gone.released ?? gone.sequence
  if (gone.private === 0) {
    await uncountArrival(tx, { channelId, subChannelId, arrival, at: gone.at, sequence: gone.sequence })
    if (gone.released === null) await tx.run(uncountOwn, gone.senderId, channelId, subChannelId, arrival)
  }
  await tx.run(removeCorrections, channelId, subChannelId, arrival)
}

/** A message, and the number of the channel with which it became visible to others. */
export interface Arrival {
  readonly channelId: number
  readonly subChannelId: number
  readonly arrival: number
  /** The time and the sequence of the message. */
  readonly at: number
  readonly sequence: number
}

/** What has arrived with that number counts for nobody. */
export async function uncountArrival(tx: Queries, { channelId, subChannelId, arrival, at, sequence }: Arrival) {
  await tx.run(uncountPublic, channelId, subChannelId, arrival, at, sequence)
  await tx.run(setLastCorrection, channelId, arrival)
}

/** What a message counts for one viewer apart from all others: nothing happens if the viewer is not a member. */
export async function correctFor(
  tx: Queries,
  viewerId: number,
  arrival: Arrival,
  { unread, mentions }: { unread: number; mentions: number },
) {
  const { channelId, subChannelId, at, sequence } = arrival
  if ((await tx.run(setCorrected, viewerId, channelId, subChannelId, arrival.arrival)) === 0) return
  await tx.run(insertCorrection, channelId, subChannelId, viewerId, arrival.arrival, at, sequence, unread, mentions)
}

/** Undefined if the message is gone. */
export async function arrivalOf(tx: Queries, place: Omit<Place, 'memberId'>, messageId: string): Promise<Arrival | undefined> {
  const message = placeOfId(messageId)
  const found = message && (await tx.get(selectMessage, place.channelId, place.subChannelId, message.at, message.sequence, message.nonce))
  return found && { ...place, arrival: found.arrival, at: found.at, sequence: message.sequence }
}

/** Forgets whom a message mentions. */
export async function forgetMentionsOf(tx: Queries, { channelId, subChannelId, arrival }: Arrival) {
  await tx.run(forgetMentions, channelId, subChannelId, arrival)
}
