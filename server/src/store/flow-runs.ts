import { statement, type Queries } from '../database/database.ts'
import { channelArn } from './arns.ts'
import type { Processor } from './flows.ts'
import type { Identity } from './identities.ts'
import {
  peopleColumns,
  senderOf,
  targetOf,
  type MessageAttributes,
  type MessageContent,
  type PeopleRow,
  type Persistence,
} from './messages.ts'
import { json, jsonIfGiven, jsonOfObject, parsed, parsedIfGiven, type RowOf } from './text.ts'
import type { NamedPlace } from './places.ts'
import { changeRow, hasRow } from './queries.ts'

export interface PushNotification {
  readonly Title?: string
  readonly Body?: string
  readonly Type?: 'DEFAULT' | 'VOIP'
}

/** The parts of a message that a processor may change. */
export interface RunContent extends MessageContent {
  readonly pushNotification: PushNotification | undefined
}

/** A message or an edit on its way through the processors that its channel's flow had when it was sent. */
export interface Run extends NamedPlace, RunContent {
  readonly id: number
  readonly messageId: string
  readonly sender: Identity
  readonly target: Identity | undefined
  readonly isEdit: boolean
  readonly persistence: Persistence
  readonly sentAt: number
  readonly editedAt: number | undefined
  readonly processors: readonly Processor[]
  /** The index of the current processor, from 0. */
  readonly position: number
}

export type NewRun = Omit<Run, 'id' | 'channelArn' | 'subChannelName' | 'sender' | 'target' | 'position'> & {
  readonly senderId: number
  readonly targetId: number | undefined
}

interface Row extends PeopleRow, RowOf<Omit<Run, 'sender' | 'target'>> {}

const insert = statement<{ id: number }>(`
  insert into flow_runs (channel_id, sub_channel_id, message_id, sender_id, target_id, is_edit, persistence,
    content, metadata, attributes, content_type, push_notification, sent_at, edited_at, processors)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
  on conflict (channel_id, message_id) do nothing
  returning id`)
const selectOne = statement<Row>(`
  select r.id, r.channel_id as "channelId", ${channelArn} as "channelArn",
    r.sub_channel_id as "subChannelId", sub.external_id as "subChannelName", r.message_id as "messageId",
    ${peopleColumns},
    r.is_edit as "isEdit", r.persistence, r.content, r.metadata, r.attributes, r.content_type as "contentType",
    r.push_notification as "pushNotification", r.sent_at as "sentAt", r.edited_at as "editedAt", r.processors, r.position
  from flow_runs r
  join channels c on c.id = r.channel_id and c.deleted_at is null
  join app_instances a on a.id = c.app_instance_id and a.deleted_at is null
  join identities sender on sender.id = r.sender_id
  left join identities target on target.id = r.target_id
  left join sub_channels sub on sub.id = r.sub_channel_id
  where r.id = $1`)
const update = statement(`
  update flow_runs set position = $2, content = $3, metadata = $4, attributes = $5, content_type = $6, push_notification = $7
  where id = $1`)

const contentValues = ({ content, metadata, attributes, contentType, pushNotification }: RunContent) => [
  json(content),
  jsonIfGiven(metadata),
  jsonOfObject(attributes),
  jsonIfGiven(contentType),
  jsonOfObject(pushNotification),
]

/** Returns the id of the new run; undefined if the message has one already. */
export async function insertRun(tx: Queries, given: NewRun): Promise<number | undefined> {
  const { channelId, subChannelId, messageId, senderId, targetId, isEdit, persistence, sentAt, editedAt, processors } = given
  const who = [channelId, subChannelId, messageId, senderId, targetId ?? null, isEdit ? 1 : 0, persistence]
  const row = await tx.get(insert, ...who, ...contentValues(given), sentAt, editedAt ?? null, JSON.stringify(processors))
  return row?.id
}

/** Undefined if the run has ended, or its channel is deleted. */
export async function findRun(db: Queries, id: number): Promise<Run | undefined> {
  const row = await db.get(selectOne, id)
  if (!row) return undefined
  const { channelId, channelArn, subChannelId, messageId, persistence, sentAt, position } = row
  return {
    id,
    channelId,
    channelArn,
    subChannelId,
    subChannelName: row.subChannelName ?? undefined,
    messageId,
    persistence,
    sentAt,
    position,
    sender: senderOf(row),
    target: targetOf(row),
    isEdit: row.isEdit === 1,
    content: parsed(row.content),
    metadata: parsedIfGiven(row.metadata),
    attributes: parsedIfGiven<MessageAttributes>(row.attributes),
    contentType: parsedIfGiven(row.contentType),
    pushNotification: parsedIfGiven<PushNotification>(row.pushNotification),
    editedAt: row.editedAt ?? undefined,
    processors: parsed<Processor[]>(row.processors),
  }
}

/** Whether a message, or an edit of it, is in flight. */
export const isRunning = hasRow<[channelId: number, messageId: string]>(
  `select id from flow_runs where channel_id = $1 and message_id = $2`,
)

/** Stores the content as a processor left it, for the next one. */
export async function moveRun(tx: Queries, id: number, position: number, content: RunContent) {
  await tx.run(update, id, position, ...contentValues(content))
}

export const deleteRun = changeRow<[id: number]>(`delete from flow_runs where id = $1`)
