import { channelArn as channelArnText } from './arns.ts'
import { statement, type Queries } from '../database/database.ts'

/** How long events for sockets are stored, in milliseconds. */
export const eventsLifetime = 15 * 60_000

const insert = statement(`insert into channel_events (channel_id, sequence, created_at, event) values ($1, $2, $3, $4)`)
const select = statement<{ sequence: number; event: string }>(`
  select sequence, event from channel_events where channel_id = $1 and sequence > $2 and sequence <= $3 order by sequence, id`)
const selectLast = statement<{ sequence: number | null }>(`select max(sequence) as sequence from channel_events where channel_id = $1`)
const selectFirst = statement<{ sequence: number | null }>(
  `select min(sequence) as sequence from channel_events where channel_id = $1 and created_at >= $2`,
)
const selectPlace = statement<{ arn: string }>(`
  select ${channelArnText} as arn from channels c join app_instances a on a.id = c.app_instance_id where c.id = $1`)
const deleteOld = statement(`
  delete from channel_events where id in (
    select id from (select id, created_at from channel_events order by id limit $2) oldest where created_at < $1)`)

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
export async function lastEventOf(db: Queries, channelId: number) {
  return (await db.get(selectLast, channelId))?.sequence ?? undefined
}

/** The first number with an event since then. */
export async function firstEventSince(db: Queries, channelId: number, since: number) {
  return (await db.get(selectFirst, channelId, since))?.sequence ?? undefined
}

/** The ARN of a channel, deleted or not; undefined if it is purged. */
export async function channelArn(db: Queries, channelId: number) {
  return (await db.get(selectPlace, channelId))?.arn
}

/** Deletes older events, among the oldest `limit`. Returns how many. */
export async function deleteOldEvents(tx: Queries, before: number, limit: number) {
  return tx.run(deleteOld, before, limit)
}
