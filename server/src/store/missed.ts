import { statement, type Queries } from '../database/database.ts'

/* What a user has missed since some time, for a client that reconnects. */

const selectPlaces = statement<{ channelId: number; subChannelId: number; joinedAt: number }>(`
  select m.channel_id as "channelId", m.sub_channel_id as "subChannelId", m.created_at as "joinedAt"
  from memberships m join channels c on c.id = m.channel_id
  where m.member_id = $1 and c.last_event_at >= $2 limit $3`)
const selectDepartures = statement<{ channelId: number; subChannelId: number; sequence: number }>(`
  select channel_id as "channelId", sub_channel_id as "subChannelId", sequence from departures
  where member_id = $1 and created_at >= $2 order by created_at, id limit $3`)
const insertDeparture = statement(`
  insert into departures (member_id, channel_id, sub_channel_id, sequence, created_at) values ($1, $2, $3, $4, $5)`)
const deleteOld = statement(`
  delete from departures where id in (
    select id from (select id, created_at from departures order by id limit $2) oldest where created_at < $1)`)
const selectFirstMessage = statement<{ sequence: number }>(`
  select sequence from messages where channel_id = $1 and sub_channel_id = $2 and private = 0 and created_at >= $3
  order by created_at, sequence limit 1`)

export interface Departure {
  readonly memberId: number
  readonly channelId: number
  readonly subChannelId: number
  readonly sequence: number
}

/** Channels of a user where something has happened since then, at most `limit`. */
export const busyPlaces = async (db: Queries, memberId: number, since: number, limit: number) =>
  db.all(selectPlaces, memberId, since, limit)

/** The channels that the user has left since then. */
export const departuresOf = async (db: Queries, memberId: number, since: number, limit: number) =>
  db.all(selectDepartures, memberId, since, limit)

export async function insertDepartureOf(tx: Queries, { memberId, channelId, subChannelId, sequence }: Departure, now: number) {
  await tx.run(insertDeparture, memberId, channelId, subChannelId, sequence, now)
}

/** Deletes older departures, among the oldest `limit`. Returns how many. */
export const deleteOldDepartures = async (tx: Queries, before: number, limit: number) => tx.run(deleteOld, before, limit)

/** The number of the first message since then that all members see. */
export async function firstMessageSince(db: Queries, channelId: number, subChannelId: number, since: number) {
  return (await db.get(selectFirstMessage, channelId, subChannelId, since))?.sequence
}
