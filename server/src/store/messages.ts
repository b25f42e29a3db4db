import { statement, type Queries } from '../database/database.ts'
import { identityArn } from './arns.ts'
import type { Moment } from './channels.ts'
import type { Identity } from './identities.ts'
import { messageId, partsOfId, type MessageIdParts } from './message-ids.ts'
import { primaryKeyOf, type MessageKey } from './message-keys.ts'
import { pageOf, type Cursor, type Page } from './page.ts'
import type { Place } from './places.ts'
import { insertViewer, removeViewers } from './private-messages.ts'
import { uncountMessage, type Gone } from './read-positions.ts'
import { recomputeSubChannel } from './sub-channels.ts'
import { dateIfGiven, json, jsonIfGiven, jsonOfObject, parsed, parsedIfGiven, type RowOf } from './text.ts'

export type MessageType = 'STANDARD' | 'CONTROL'
export type Persistence = 'PERSISTENT' | 'NON_PERSISTENT'
/** SENT until a flow decides otherwise. */
type MessageStatus = 'SENT' | 'PENDING' | 'FAILED'
export type MessageAttributes = Record<string, { StringValues?: string[] }>

export interface Message {
  readonly messageId: string
  readonly sender: Identity
  /** Only the sender and the target see a targeted message. */
  readonly target: Identity | undefined
  readonly type: MessageType
  /** Undefined once redacted, as is the metadata. */
  readonly content: string | undefined
  readonly metadata: string | undefined
  readonly attributes: MessageAttributes | undefined
  readonly contentType: string | undefined
  readonly redacted: boolean
  /** Only its sender sees a message that is not SENT. */
  readonly status: MessageStatus
  /** Why it has FAILED. */
  readonly statusDetail: string | undefined
  /** A NON_PERSISTENT message is stored only while it is PENDING. */
  readonly persistence: Persistence
  readonly createdAt: Date
  readonly editedAt: Date | undefined
  readonly updatedAt: Date
}

/** A row of `peopleColumns`. */
export interface PeopleRow {
  readonly senderId: number
  readonly senderArn: string
  readonly senderName: string
  readonly targetId: number | null
  readonly targetArn: string | null
  readonly targetName: string | null
}

/** SQL: the identities `sender` and `target` of a message in the app instance `a`. */
export const peopleColumns = `
  sender.id as "senderId", ${identityArn('sender')} as "senderArn", sender.name as "senderName",
  target.id as "targetId", ${identityArn('target')} as "targetArn", target.name as "targetName"`

export const senderOf = (row: PeopleRow): Identity => ({ id: row.senderId, arn: row.senderArn, name: parsed(row.senderName) })
export const targetOf = (row: PeopleRow): Identity | undefined =>
  row.targetId === null ? undefined : { id: row.targetId, arn: row.targetArn!, name: parsed(row.targetName!) }

/** A row of `messageColumns`. */
export interface MessageRow
  extends PeopleRow, MessageIdParts, RowOf<Omit<Message, 'messageId' | 'sender' | 'target' | 'status' | 'persistence' | 'createdAt'>> {
  readonly private: number
  readonly status: 'PENDING' | 'PASSING' | 'FAILED' | null
}

/** Of `messages m`, joined with `messagePeople`. */
export const messageColumns = `
  m.private, m.created_at as at, m.sequence, m.nonce, m.type, m.content, m.metadata, m.attributes,
  m.content_type as "contentType", m.redacted, m.status, m.status_detail as "statusDetail", m.edited_at as "editedAt", m.updated_at as "updatedAt",
  ${peopleColumns}`

export const messagePeople = `
  join identities sender on sender.id = m.sender_id
  join app_instances a on a.id = sender.app_instance_id
  left join identities target on target.id = m.target_id`

const inserted = `
  insert into messages (channel_id, private, created_at, sequence, nonce, sender_id, target_id, type,
    content, metadata, attributes, content_type, sub_channel_id, status, ordinal, updated_at)`
const insert = statement(
  `${inserted} values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $3)`,
  `with kept as (${inserted}
    select *, created_at from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
      $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::text[], $15::bigint[])
      as asked (channel_id, private, created_at))
  select whose from generate_series(1, cardinality($1)) as whose`,
)
const selectOne = statement<MessageRow>(`
  select ${messageColumns} from messages m ${messagePeople}
  where m.channel_id = $1 and m.sub_channel_id = $5 and m.private in (0, 1) and m.created_at = $2 and m.sequence = $3 and m.nonce = $4`)

const selectOfNumbers = statement<MessageRow>(`
  select ${messageColumns} from messages m ${messagePeople}
  where m.channel_id = $1 and m.sub_channel_id = $4 and m.private in (0, 1) and m.created_at = $2 and m.sequence = $3`)

/**
 * The messages that all members see and those that are private to the viewer: two index ranges, merged by time in one statement, so
 * that a message that is committed meanwhile is in both or in neither.
 */
const visibleRange = (compare: '<' | '>', order: 'desc' | 'asc') =>
  statement<MessageRow>(`
    select ${messageColumns} from (
      select * from (
        select * from messages
        where channel_id = $1 and sub_channel_id = $8 and private = 0
          and (created_at, sequence) ${compare} ($2, $3) and created_at >= $4 and created_at <= $5
        order by created_at ${order}, sequence ${order} limit $6) everybodys
      union all
      select * from (
        select own.* from private_messages p
        join messages own on own.channel_id = p.channel_id and own.sub_channel_id = p.sub_channel_id and own.private = 1
          and own.created_at = p.created_at and own.sequence = p.sequence
        where p.channel_id = $1 and p.sub_channel_id = $8 and p.viewer_id = $7
          and (p.created_at, p.sequence) ${compare} ($2, $3) and p.created_at >= $4 and p.created_at <= $5
        order by p.created_at ${order}, p.sequence ${order} limit $6) privates
    ) m ${messagePeople}
    order by m.created_at ${order}, m.sequence ${order} limit $6`)
const newestFirst = { range: visibleRange('<', 'desc'), start: [Number.MAX_SAFE_INTEGER, 0] } as const
const oldestFirst = { range: visibleRange('>', 'asc'), start: [-1, 0] } as const

/** The messages for all members after a number; a later number is never older. */
const selectNumbers = statement<MessageRow>(`
  select ${messageColumns} from (
    select * from messages
    where channel_id = $1 and sub_channel_id = $2 and private = 0 and created_at >= $3 and sequence > $4 and sequence <= $5
    order by created_at, sequence limit $6) m ${messagePeople}
  order by m.created_at, m.sequence`)

const byPrimaryKey = `channel_id = $1 and sub_channel_id = $2 and private in (0, 1) and created_at = $3 and sequence = $4 and nonce = $5`
const updateContent = statement(`
  update messages set content = $6, metadata = coalesce($7, metadata), content_type = coalesce($8, content_type),
    edited_at = $9, updated_at = $9
  where ${byPrimaryKey} and redacted = 0`)
const gone = `private, type, created_at as at, sequence, released, sender_id as "senderId"`
const redact = statement<Gone>(`
  update messages set content = null, metadata = null, attributes = null, redacted = 1, updated_at = $6
  where ${byPrimaryKey} and redacted = 0 returning ${gone}, 0 as redacted`)
const remove = statement<Gone>(`delete from messages where ${byPrimaryKey} returning ${gone}, redacted`)
const recomputePublic = statement(`
  update channels set last_message_at = (
    select created_at from messages where channel_id = $1 and sub_channel_id = 0 and private = 0
    order by created_at desc, sequence desc limit 1)
  where id = $1`)

/** The ARNs of those whom a message mentions, as its sender has written them. */
export const mentionsIn = (attributes: MessageAttributes | undefined): readonly string[] =>
  attributes?.['CHIME.mentions']?.StringValues ?? []

export const messageOf = (row: MessageRow): Message => ({
  messageId: messageId(row),
  sender: senderOf(row),
  target: targetOf(row),
  type: row.type,
  content: parsedIfGiven(row.content),
  metadata: parsedIfGiven(row.metadata),
  attributes: parsedIfGiven<MessageAttributes>(row.attributes),
  contentType: parsedIfGiven(row.contentType),
  redacted: row.redacted === 1,
  status: row.status === 'PASSING' ? 'PENDING' : (row.status ?? 'SENT'),
  statusDetail: parsedIfGiven(row.statusDetail),
  persistence: row.status === 'PASSING' ? 'NON_PERSISTENT' : 'PERSISTENT',
  createdAt: new Date(row.at),
  editedAt: dateIfGiven(row.editedAt),
  updatedAt: new Date(row.updatedAt),
})

/** What the sender of a message, or a processor of a flow, writes. */
export interface MessageContent {
  readonly content: string
  readonly metadata: string | undefined
  readonly attributes: MessageAttributes | undefined
  readonly contentType: string | undefined
}

export interface NewMessage extends Place, MessageContent {
  readonly senderId: number
  /** The only other user or bot that may see it. */
  readonly targetId: number | undefined
  readonly type: MessageType
  /** For a message that a flow decides about: until then only its sender sees it, and lists never show a PASSING one. */
  readonly waiting?: 'PENDING' | 'PASSING'
}

/** Stores a message with the number and time that its channel has given it; returns its id. */
export async function insertMessage(
  tx: Queries,
  given: NewMessage & { readonly nonce: string },
  { at, sequence, counted }: Pick<Moment, 'at' | 'sequence' | 'counted'>,
): Promise<string> {
  const { channelId, subChannelId, senderId, targetId, type, content, metadata, attributes, contentType, waiting, nonce } = given
  await tx.run(
    insert,
    channelId,
    targetId === undefined && !waiting ? 0 : 1,
    at,
    sequence,
    nonce,
    senderId,
    targetId ?? null,
    type,
    json(content),
    jsonIfGiven(metadata),
    jsonOfObject(attributes),
    jsonIfGiven(contentType),
    subChannelId,
    waiting ?? null,
    counted,
  )
  const id = messageId({ at, sequence, nonce })
  if (waiting !== 'PASSING' && (targetId !== undefined || waiting)) {
    for (const viewerId of new Set([senderId, waiting ? senderId : targetId!]))
      await insertViewer(tx, { channelId, subChannelId, messageId: id }, viewerId, at)
  }
  return id
}

/** The message of that id, whoever may see it. */
export async function findMessage(db: Queries, { channelId, subChannelId, messageId }: MessageKey): Promise<Message | undefined> {
  const found = partsOfId(messageId)
  if (!found) return undefined
  const row = await db.get(selectOne, channelId, found.at, found.sequence, found.nonce, subChannelId)
  return row && messageOf(row)
}

/** The same by its time and number. */
export async function messageOfNumbers(
  db: Queries,
  { channelId, subChannelId, at, sequence }: Place & { at: number; sequence: number },
): Promise<Message | undefined> {
  const row = await db.get(selectOfNumbers, channelId, at, sequence, subChannelId)
  return row && messageOf(row)
}

/** The messages for all members, by the numbers with which they were stored. */
export async function messagesOfNumbers(
  db: Queries,
  place: Place,
  { notBefore, after, upTo }: { notBefore: number; after: number; upTo: number },
): Promise<{ readonly sequence: number; readonly message: Message }[]> {
  const rows = await db.all(selectNumbers, place.channelId, place.subChannelId, notBefore, after, upTo, upTo - after)
  return rows.map(row => ({ sequence: row.sequence, message: messageOf(row) }))
}

/** The viewer, and the channel or sub-channel whose messages it sees. */
export interface Viewing extends Place {
  readonly viewerId: number
  /** The creation time before which retention hides messages. */
  readonly notBefore: number
}

/** The parameters of `seenMessageOf`; undefined if the id is none of a stored message. */
export function valuesOfSeen({ channelId, subChannelId, viewerId, notBefore }: Viewing, id: string) {
  const found = partsOfId(id)
  return found && [channelId, subChannelId, found.at, found.sequence, found.nonce, notBefore, viewerId]
}

/** A SENT message that the viewer may see, as `viewersOfMessage` in auth/roles/sight.ts says. */
export const seenMessageOf = `
  from messages m
  where m.channel_id = $1 and m.sub_channel_id = $2 and m.private in (0, 1) and m.created_at = $3 and m.sequence = $4
    and m.nonce = $5 and m.created_at >= $6 and m.status is null and (m.private = 0 or $7 in (m.sender_id, m.target_id))`

export interface MessageListing extends Place {
  readonly viewerId: number
  readonly order: 'ASCENDING' | 'DESCENDING'
  /** Bounds of the creation time, inclusive. */
  readonly notBefore: Date | undefined
  readonly notAfter: Date | undefined
}

/** A page of the messages that the viewer may see. */
export async function listMessages(db: Queries, listing: MessageListing, after: Cursor | undefined, limit: number): Promise<Page<Message>> {
  const { channelId, subChannelId, viewerId, order, notBefore, notAfter } = listing
  const { range, start } = order === 'ASCENDING' ? oldestFirst : newestFirst
  const [at, sequence] = after ?? start
  const bounds = [notBefore?.getTime() ?? 0, notAfter?.getTime() ?? Number.MAX_SAFE_INTEGER]
  const rows = await db.all(range, channelId, at!, sequence!, ...bounds, limit + 1, viewerId, subChannelId)
  return pageOf(rows, limit, row => [row.at, row.sequence], messageOf)
}

/** Replaces the content, and metadata and content type if given; false if the message is gone or redacted. */
export async function updateMessage(
  tx: Queries,
  key: MessageKey,
  given: { content: string; metadata: string | undefined; contentType: string | undefined; now: number },
) {
  const values = [json(given.content), jsonIfGiven(given.metadata), jsonIfGiven(given.contentType), given.now]
  return (await tx.run(updateContent, ...primaryKeyOf(key), ...values)) === 1
}

/** Removes content, metadata and attributes for good; false if the message is gone or redacted. */
export async function redactMessage(tx: Queries, key: MessageKey, now: number) {
  const redacted = await tx.get(redact, ...primaryKeyOf(key), now)
  if (!redacted) return false
  await uncountMessage(tx, key, redacted)
  return true
}

/**
 * Deletes the message and moves the LastMessageTimestamp of those who saw it back to the newest remaining one; false if it is gone.
 */
export async function deleteMessage(tx: Queries, key: MessageKey, { sender, target }: Message) {
  const { channelId, subChannelId } = key
  const removed = await tx.get(remove, ...primaryKeyOf(key))
  if (!removed) return false
  await uncountMessage(tx, key, removed)
  if (target) await removeViewers(tx, key, sender.id, target.id)
  else if (subChannelId === 0) await tx.run(recomputePublic, channelId)
  else await recomputeSubChannel(tx, channelId, subChannelId)
  return true
}
