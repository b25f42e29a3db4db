import { statement, type Queries } from './database.ts'

const selectChannels = statement<{ id: number; elastic: string | null }>(`
  select id, elastic from channels where app_instance_id = $1 and id > $2 and deleted_at is null order by id limit $3`)
const old = `where channel_id = $1 and sub_channel_id = $4 and private in (0, 1) and created_at < $2 limit $3`
const deleteMessages = statement(`
  delete from messages where (channel_id, sub_channel_id, private, created_at, sequence) in
    (select channel_id, sub_channel_id, private, created_at, sequence from messages ${old})`)
const deleteViewers = statement(`
  delete from private_messages where (channel_id, sub_channel_id, viewer_id, created_at, sequence) in
    (select channel_id, sub_channel_id, viewer_id, created_at, sequence from private_messages
     where channel_id = $1 and sub_channel_id = $4 and created_at < $2 limit $3)`)

/** The channels of an app instance, in portions; `elastic` is null for ordinary ones. */
export async function channelsAfter(db: Queries, appInstanceId: number, after: number, limit: number) {
  return db.all(selectChannels, appInstanceId, after, limit)
}

/** Deletes at most `limit` messages of before then; says how many. LastMessageTimestamp stays (spec/decisions.md). */
export async function deleteOldMessages(tx: Queries, channelId: number, subChannelId: number, before: number, limit: number) {
  const viewers = await tx.run(deleteViewers, channelId, before, limit, subChannelId)
  return viewers + (await tx.run(deleteMessages, channelId, before, limit, subChannelId))
}
