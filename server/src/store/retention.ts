import { statement, type Transaction } from '../database/database.ts'
import { correctionKey, deletionsBesideMessages, messageKey, viewerKey } from './beside-messages.ts'
import { noteRemoved } from './search-changes.ts'
import type { Place } from './places.ts'
import { allRows, deleteSome } from './queries.ts'

const old = `channel_id = $1 and sub_channel_id = $4 and private in (0, 1) and created_at < $2 order by ${messageKey}`
const noteMessages = noteRemoved(`where ${old} limit $3`, '$5')
const deleteMessages = deleteSome('messages', messageKey, old, '$3')
const deleteViewers = statement(`
  delete from private_messages where (${viewerKey}) in
    (select ${viewerKey} from private_messages p
     where channel_id = $1 and sub_channel_id = $4 and created_at < $2 and (p.failed = 1 or exists (
       select 1 from private_messages newer
       where newer.channel_id = p.channel_id and newer.sub_channel_id = p.sub_channel_id and newer.viewer_id = p.viewer_id
         and (newer.created_at, newer.sequence) > (p.created_at, p.sequence) and newer.failed = 0))
     limit $3)`)

const deleteBeside = deletionsBesideMessages('channel_id = $1 and sub_channel_id = $4 and message_at < $2', '$3')
const deleteCorrections = deleteSome(
  'unread_corrections',
  correctionKey,
  'channel_id = $1 and sub_channel_id = $4 and created_at < $2',
  '$3',
)
const setEmptied = statement(`update channels set emptied_before = $2 where id = $1 and emptied_before < $2`)

/**
 * The channels of an app instance, in portions, with whether an ordinary channel has messages from before that time; `elastic` is null for
 * an ordinary one.
 */
export const channelsAfter = allRows<
  { id: number; elastic: string | null; hasOld: number },
  [appInstanceId: number, after: number, before: number, limit: number]
>(`
  select id, elastic,
    case when exists (select 1 from messages m
      where m.channel_id = c.id and m.sub_channel_id = 0 and m.private in (0, 1) and m.created_at < $3) then 1 else 0 end as "hasOld"
  from channels c where app_instance_id = $1 and id > $2 and deleted_at is null order by id limit $4`)

/**
 * Deletes at most `limit` rows of each table about messages older than `before`; returns how many. Messages are deleted last, since the job
 * finds by them what is left to delete. LastMessageTimestamp stays (docs/service/expiration.md#retention): the time of a viewer's newest
 * private message is stored apart from the message.
 */
export async function deleteOldMessages(
  tx: Transaction,
  { channelId, subChannelId }: Place,
  { before, limit, now }: { before: number; limit: number; now: number },
) {
  let beside = 0
  for (const deletion of deleteBeside) beside += await deletion(tx, channelId, before, limit, subChannelId)
  if (beside > 0) return beside
  const viewers = await tx.run(deleteViewers, channelId, before, limit, subChannelId)
  if (tx.feedsSearch) await tx.run(noteMessages, channelId, before, limit, subChannelId, now)
  const messages = await deleteMessages(tx, channelId, before, limit, subChannelId)
  if (messages > 0) await tx.run(setEmptied, channelId, before)
  return viewers + messages + (await deleteCorrections(tx, channelId, before, limit, subChannelId))
}
