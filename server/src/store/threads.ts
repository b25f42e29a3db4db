import { statement, type Queries } from '../database/database.ts'
import { messageId } from './message-ids.ts'
import { keyColumns, keyValues, ofMessage, type MessageKey } from './message-keys.ts'
import {
  messageColumns,
  messageOf,
  messagePeople,
  valuesOfSeen,
  seenMessageOf,
  type Message,
  type MessageRow,
  type Viewing,
} from './messages.ts'
import { pageOf, type Cursor, type Page } from './page.ts'
import { dateIfGiven } from './text.ts'

/** A message with replies, and how many it has. */
export interface Thread {
  readonly messageId: string
  readonly replies: number
  /** When the newest reply was sent; undefined if there is none. */
  readonly lastReplyAt: Date | undefined
}

interface Counted {
  readonly replies: number | null
  readonly lastReplyAt: number | null
}

const counts = `replies, last_reply_at as "lastReplyAt"`

const selectReply = statement<{ found: number }>(`
  select 1 as found from thread_messages t
  join messages root on root.channel_id = t.channel_id and root.sub_channel_id = t.sub_channel_id and root.private = 0
    and root.created_at = t.root_at and root.sequence = t.root_sequence
  where ${ofMessage('t.')} and root.created_at >= $5`)
const insertReply = statement(`insert into thread_messages (${keyColumns}, root_at, root_sequence) values ($1, $2, $3, $4, $5, $6)`)
const countReply = statement<Counted>(`
  insert into threads (${keyColumns}, replies, last_reply_at) values ($1, $2, $3, $4, 1, $5)
  on conflict (${keyColumns}) do update set replies = threads.replies + 1,
    last_reply_at = case when threads.last_reply_at > excluded.last_reply_at then threads.last_reply_at else excluded.last_reply_at end
  returning ${counts}`)
const removeReply = statement<{ rootAt: number; rootSequence: number }>(`
  delete from thread_messages where ${ofMessage()} returning root_at as "rootAt", root_sequence as "rootSequence"`)
const uncountReply = statement<Counted & { nonce: string }>(`
  update threads set replies = replies - 1, last_reply_at = (
    select max(t.message_at) from thread_messages t
    where t.channel_id = $1 and t.sub_channel_id = $2 and t.root_at = $3 and t.root_sequence = $4)
  where ${ofMessage()}
  returning ${counts}, (select m.nonce from messages m
    where m.channel_id = $1 and m.sub_channel_id = $2 and m.private = 0 and m.created_at = $3 and m.sequence = $4) as nonce`)
const removeThread = statement(`delete from threads where ${ofMessage()}`)
const selectThread = statement<Counted>(`
  select (select t.replies from threads t where ${ofMessage('t.')}) as replies,
    (select t.last_reply_at from threads t where ${ofMessage('t.')}) as "lastReplyAt"
  ${seenMessageOf}`)
const range = (compare: '<' | '>', order: 'desc' | 'asc') =>
  statement<MessageRow>(`
    select ${messageColumns} from (
      select message_at, message_sequence from thread_messages
      where channel_id = $1 and sub_channel_id = $2 and root_at = $3 and root_sequence = $4
        and (message_at, message_sequence) ${compare} ($5, $6)
      order by message_at ${order}, message_sequence ${order} limit $7) t
    join messages m on m.channel_id = $1 and m.sub_channel_id = $2 and m.private = 0
      and m.created_at = t.message_at and m.sequence = t.message_sequence
    ${messagePeople}
    order by m.created_at ${order}, m.sequence ${order}`)
const newestFirst = { range: range('<', 'desc'), start: [Number.MAX_SAFE_INTEGER, 0] } as const
const oldestFirst = { range: range('>', 'asc'), start: [-1, 0] } as const

const thread = (id: string, { replies, lastReplyAt }: Counted): Thread => ({
  messageId: id,
  replies: replies ?? 0,
  lastReplyAt: dateIfGiven(lastReplyAt),
})

/** Whether the message is a reply in a thread. A thread ends if its first message is deleted, or older than `hiddenBefore`. */
export async function isReply(db: Queries, key: MessageKey, hiddenBefore: number) {
  return (await db.get(selectReply, ...keyValues(key), hiddenBefore)) !== undefined
}

/** Adds a reply to the thread that begins with a message; returns the thread. */
export async function addReply(tx: Queries, reply: MessageKey, rootId: string): Promise<Thread> {
  const [root, row] = [keyValues({ ...reply, messageId: rootId }), keyValues(reply)]
  await tx.run(insertReply, ...row, root[2]!, root[3]!)
  return thread(rootId, (await tx.get(countReply, ...root, row[2]!))!)
}

/** Removes what is stored about the thread of a deleted message; returns the thread in which it was a reply, if any is left of it. */
export async function dropFromThread(tx: Queries, key: MessageKey): Promise<Thread | undefined> {
  await tx.run(removeThread, ...keyValues(key))
  const reply = await tx.get(removeReply, ...keyValues(key))
  if (!reply) return undefined
  const { channelId, subChannelId } = key
  const { rootAt, rootSequence } = reply
  // If the first message of the thread is deleted, the thread has no row.
  const left = await tx.get(uncountReply, channelId, subChannelId, rootAt, rootSequence)
  return left && thread(messageId({ at: rootAt, sequence: rootSequence, nonce: left.nonce }), left)
}

/** The threads of those of the messages that the viewer may see. */
export async function threadsOfMessages(db: Queries, viewing: Viewing, messageIds: readonly string[]): Promise<Thread[]> {
  const found = await Promise.all(
    messageIds.map(async id => {
      const place = valuesOfSeen(viewing, id)
      const counted = place && (await db.get(selectThread, ...place))
      return counted && thread(id, counted)
    }),
  )
  return found.filter(each => each !== undefined)
}

/** A page of the replies to a message; they are for all who see it. */
export async function listReplies(
  db: Queries,
  root: MessageKey,
  order: 'ASCENDING' | 'DESCENDING',
  after: Cursor | undefined,
  limit: number,
): Promise<Page<Message>> {
  const { range: inOrder, start } = order === 'ASCENDING' ? oldestFirst : newestFirst
  const [at, sequence] = after ?? start
  const rows = await db.all(inOrder, ...keyValues(root), at!, sequence!, limit + 1)
  return pageOf(rows, limit, row => [row.at, row.sequence], messageOf)
}
