import { statement, type Queries } from '../database/database.ts'
import type { Place } from './places.ts'
import { allRows, changeRows, firstValue } from './queries.ts'

/* What a user has missed since some time, for a client that reconnects. */

const insertDeparture = statement(`
  insert into departures (member_id, channel_id, sub_channel_id, sequence, created_at) values ($1, $2, $3, $4, $5)`)

export interface Departure extends Place {
  readonly memberId: number
  readonly sequence: number
}

/** Channels of a user where something has happened since then, at most `limit`. */
export const busyPlaces = allRows<Place & { joinedAt: number }, [memberId: number, since: number, limit: number]>(`
  select m.channel_id as "channelId", m.sub_channel_id as "subChannelId", m.created_at as "joinedAt"
  from memberships m join channels c on c.id = m.channel_id
  where m.member_id = $1 and c.last_event_at >= $2 limit $3`)

/** The channels that the user has left since then. */
export const departuresOf = allRows<Place & { sequence: number }, [memberId: number, since: number, limit: number]>(`
  select channel_id as "channelId", sub_channel_id as "subChannelId", sequence from departures
  where member_id = $1 and created_at >= $2 order by created_at, id limit $3`)

export async function insertDepartureOf(tx: Queries, { memberId, channelId, subChannelId, sequence }: Departure, now: number) {
  await tx.run(insertDeparture, memberId, channelId, subChannelId, sequence, now)
}

/** Deletes older departures, among the oldest `limit`. Returns how many. */
export const deleteOldDepartures = changeRows<[before: number, limit: number]>(`
  delete from departures where id in (
    select id from (select id, created_at from departures order by id limit $2) oldest where created_at < $1)`)

/** The number of the first message since then that all members see. */
export const firstMessageSince = firstValue<number, [channelId: number, subChannelId: number, since: number]>(`
  select sequence as value from messages where channel_id = $1 and sub_channel_id = $2 and private = 0 and created_at >= $3
  order by created_at, sequence limit 1`)
