import { statement, type Queries } from '../database/database.ts'
import { partsOfId } from './message-ids.ts'
import type { Message } from './messages.ts'
import { jsonIfGiven } from './text.ts'
import type { Place } from './places.ts'
import { deleteSome } from './queries.ts'

const columns = `channel_id, sub_channel_id, created_at, sequence, sender_id, target_id, old_content, noted_at`
const insert = statement(
  `insert into search_changes (${columns}) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
  `with noted as (insert into search_changes (${columns})
    select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[]))
  select whose from generate_series(1, cardinality($1)) as whose`,
)

/** SQL that notes the messages of a selection before they are deleted. `now` is its parameter for the time. */
export const noteRemoved = (selection: string, now: string) =>
  statement(`
  insert into search_changes (${columns})
  select channel_id, sub_channel_id, created_at, sequence, sender_id, target_id, content, cast(${now} as bigint) from messages ${selection}`)

const selectFigures = statement<{ count: number; oldest: number | null }>(`
  select count(*) as count, min(noted_at) as oldest from (select noted_at from search_changes order by id limit 100000) waiting`)

/** Notes for the search index that a message is new, or that it has changed and its content was `before`. */
export async function noteForSearch(
  tx: Queries,
  { channelId, subChannelId }: Place,
  { messageId, sender, target }: Pick<Message, 'messageId' | 'sender' | 'target'>,
  { before, now }: { before: string | undefined; now: number },
) {
  const { at, sequence } = partsOfId(messageId)!
  await tx.run(insert, channelId, subChannelId, at, sequence, sender.id, target?.id ?? null, jsonIfGiven(before), now)
}

/** How many changes are not in the index yet (counted up to 100,000), and when the oldest was noted. */
export async function searchFigures(db: Queries) {
  const { count, oldest } = (await db.get(selectFigures))!
  return { waiting: count, oldest: oldest ?? undefined }
}

/** Deletes at most `limit` changes up to that one, which are in the index; returns how many. */
export const deleteSearched = deleteSome<[id: number, limit: number]>('search_changes', 'id', 'id <= $1 order by id')
