import { statement, type Queries, type Transaction } from '../database/database.ts'
import { lockCreation } from './leases.ts'
import type { Cursor } from './page.ts'
import {
  buildStart,
  indexedText,
  messagesAfter,
  cursorAfter,
  endOfPortion,
  searchable,
  searchedIn,
  type BuildCursor,
  type MessageRow,
  type ScopedSearch,
  type Searched,
  type SearchScope,
} from './search-words.ts'
import { findValue, putValue } from './shared-values.ts'
import { parsed } from './text.ts'
import type { Phrase } from '../tools/words.ts'

/*
 * The search index of PostgreSQL: the table search_index, which the nodes fill from search_changes. The layout and what was measured:
 * docs/decisions/0017.
 */

/** The sender is null if the message is gone, or is not to be found. */
interface Row extends Omit<MessageRow, 'isPrivate' | 'senderId'> {
  readonly senderId: number | null
}

const columns = `m.sender_id as "senderId", m.target_id as "targetId", m.content`
const selectChanges = statement<Row & { id: number }>(`
  select s.id, s.channel_id as "channelId", s.sub_channel_id as "subChannelId", s.created_at as at, s.sequence, ${columns}
  from (select * from search_changes order by id limit $1) s
  left join messages m on m.channel_id = s.channel_id and m.sub_channel_id = s.sub_channel_id and m.private in (0, 1)
    and m.created_at = s.created_at and m.sequence = s.sequence and ${searchable}`)
const removeChanges = statement(`delete from search_changes where id in (select value::bigint from json_array_elements_text($1::json))`)
const selectMessages = statement<MessageRow>(messagesAfter('m.content', '$6'))
const insertRows = statement(`
  insert into search_index (channel_id, sub_channel_id, created_at, sequence, words)
  select * from json_to_recordset($1::json) as r (channel_id bigint, sub_channel_id bigint, created_at bigint, sequence bigint, words tsvector)
  on conflict (channel_id, sequence) do update set words = excluded.words`)
const removeRows = statement(`
  delete from search_index where (channel_id, sequence) in
    (select * from json_to_recordset($1::json) as r (channel_id bigint, sequence bigint))`)
const removeAll = statement(`truncate search_index`)

/** One look-up in the GIN index for each scope, so the cost of a search depends on what its caller may see. */
const selectHits = statement<{ channelId: number; subChannelId: number; at: number; sequence: number }>(`
  select hit.* from (select value::tsquery as query from json_array_elements_text($1::json)) asked
  cross join lateral (
    select channel_id as "channelId", sub_channel_id as "subChannelId", created_at as at, sequence from search_index
    where words @@ asked.query and created_at >= $2 and created_at <= $3 and (created_at, channel_id, sequence) < ($4, $5, $6)
    order by created_at desc, channel_id desc, sequence desc limit $7) hit
  order by hit.at desc, hit."channelId" desc, hit.sequence desc limit $7`)

/** The name of the shared value with the state of the index: its generation, and the message that was indexed last. */
const built = 'search index'

interface Built {
  readonly generation: string
  /** The key of a message in the order of the table; undefined once all are indexed. */
  readonly cursor?: BuildCursor | undefined
}

async function builtOf(db: Queries): Promise<{ built: Built | undefined; generation: string | undefined }> {
  const index = await findValue(db, built)
  return { built: index === undefined ? undefined : parsed<Built>(index), generation: await findValue(db, 'search generation') }
}

const changesOfStep = 500
const messagesOfStep = 500
/** How many characters are indexed at once (`endOfPortion`): calls of the node wait as long. */
const mostIndexed = 2 ** 17

/** The highest position of a word that PostgreSQL stores. */
const lastPosition = 16_383

/** The indexed text of a message as a tsvector. */
function vectorOf(text: string): string {
  const positions = new Map<string, number[]>()
  for (const [index, word] of text.split(' ').entries()) {
    const known = positions.get(word)
    const position = Math.min(index + 1, lastPosition)
    if (known) known.push(position)
    else positions.set(word, [position])
  }
  return Array.from(positions, ([word, at]) => `'${word}':${at.join(',')}`).join(' ')
}

async function store(tx: Queries, rows: readonly Row[]) {
  const known = [...new Map(rows.map(row => [`${row.channelId} ${row.sequence}`, row])).values()]
  for (let from = 0; from < known.length;) {
    const end = endOfPortion(known, from, ({ content }) => content?.length ?? 0, mostIndexed)
    await storePortion(tx, known.slice(from, end))
    from = end
  }
}

async function storePortion(tx: Queries, rows: readonly Row[]) {
  const indexed = rows.map(({ channelId, subChannelId, at, sequence, senderId, targetId, content }) => ({
    channel_id: channelId,
    sub_channel_id: subChannelId,
    created_at: at,
    sequence,
    words:
      content === null || senderId === null
        ? undefined
        : vectorOf(indexedText({ channelId, subChannelId, senderId, targetId, content: parsed(content) })),
  }))
  await tx.run(removeRows, JSON.stringify(indexed.filter(({ words }) => words === undefined)))
  await tx.run(insertRows, JSON.stringify(indexed.filter(({ words }) => words !== undefined)))
}

/**
 * Indexes some changes, or a part of the messages while the index is not complete. Returns whether there is more to do, and whether a
 * rebuild begins with this step. Nodes that do this at the same time wait for each other.
 */
export async function indexStep(tx: Transaction): Promise<{ hasMore: boolean; isNew: boolean }> {
  await lockCreation(tx, 'search index')
  const { built: index, generation } = await builtOf(tx)
  if (generation !== undefined && index?.generation !== generation) {
    await tx.run(removeAll)
    await putValue(tx, built, JSON.stringify({ generation, cursor: buildStart } satisfies Built))
    return { hasMore: true, isNew: true }
  }
  const changes = await tx.all(selectChanges, changesOfStep)
  if (changes.length > 0) {
    await store(tx, changes)
    await tx.run(removeChanges, JSON.stringify(changes.map(({ id }) => id)))
    return { hasMore: true, isNew: false }
  }
  if (!index?.cursor) return { hasMore: false, isNew: false }
  const rows = await tx.all(selectMessages, ...index.cursor, messagesOfStep)
  const found = rows.filter(({ content }) => content !== null)
  await store(tx, found)
  const last = rows.at(-1)
  const cursor = last && cursorAfter(last)
  await putValue(tx, built, JSON.stringify({ generation: index.generation, cursor } satisfies Built))
  return { hasMore: true, isNew: false }
}

/** Whether all messages are indexed, except for those of the last moments. */
export async function isIndexComplete(db: Queries) {
  const { built: index, generation } = await builtOf(db)
  return index !== undefined && index.generation === generation && !index.cursor
}

const text = ({ words, isPrefix }: Phrase) =>
  words.map((word, index) => `'${word}'${isPrefix && index === words.length - 1 ? ':*' : ''}`).join(' <-> ')

function queryOf(scope: SearchScope, search: Searched) {
  const { phrases, senders } = searchedIn(scope, search)
  const ofSender = senders ? [senders.map(word => `'${word}'`).join(' | ')] : []
  return [...ofSender, ...phrases.map(text)].map(part => `(${part})`).join(' & ')
}

/** At most `limit` messages behind the cursor, the newest first, with the cursor behind each. */
export async function searchTable(db: Queries, search: ScopedSearch, after: Cursor | undefined, limit: number) {
  const queries = JSON.stringify(search.scopes.map(scope => queryOf(scope, search)))
  const [at, channelId, sequence] = after ?? [Number.MAX_SAFE_INTEGER, 0, 0]
  const rows = await db.all(selectHits, queries, search.notBefore, search.notAfter, at!, channelId!, sequence!, limit)
  return rows.map(row => ({ ...row, cursor: [row.at, row.channelId, row.sequence] }))
}
