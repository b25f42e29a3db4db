import { channelArn as channelArnText } from './arns.ts'
import { statement, type Queries } from '../database/database.ts'
import { changeRows, firstValue } from './queries.ts'

/** How long events for sockets are stored, in milliseconds. */
export const eventsLifetime = 15 * 60_000

const insert = statement(`insert into channel_events (channel_id, sequence, created_at, event) values ($1, $2, $3, $4)`)
const select = statement<{ sequence: number; event: string }>(`
  select sequence, event from channel_events where channel_id = $1 and sequence > $2 and sequence <= $3 order by sequence, id`)

interface NewEvent {
  readonly channelId: number
  readonly sequence: number
  /** JSON. */
  readonly event: string
}

export async function insertChannelEvent(tx: Queries, { channelId, sequence, event }: NewEvent, now: number) {
  await tx.run(insert, channelId, sequence, now, event)
}

/** As JSON, in the order in which they were published. */
export async function channelEvents(db: Queries, channelId: number, { after, upTo }: { after: number; upTo: number }) {
  return db.all(select, channelId, after, upTo)
}

/** The last number with a stored event. */
export const lastEventOf = firstValue<number, [channelId: number]>(
  `select max(sequence) as value from channel_events where channel_id = $1`,
)

/** The first number with an event since then. */
export const firstEventSince = firstValue<number, [channelId: number, since: number]>(
  `select min(sequence) as value from channel_events where channel_id = $1 and created_at >= $2`,
)

/** The ARN of a channel, deleted or not; undefined if it is purged. */
export const channelArn = firstValue<string, [channelId: number]>(`
  select ${channelArnText} as value from channels c join app_instances a on a.id = c.app_instance_id where c.id = $1`)

/** Deletes older events, among the oldest `limit`. Returns how many. */
export const deleteOldEvents = changeRows<[before: number, limit: number]>(`
  delete from channel_events where id in (
    select id from (select id, created_at from channel_events order by id limit $2) oldest where created_at < $1)`)
