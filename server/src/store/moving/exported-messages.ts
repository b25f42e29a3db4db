import { statement, type Queries, type Statement, type Value } from '../../database/database.ts'
import { keyColumns } from '../message-keys.ts'
import { messageId } from '../message-ids.ts'
import { reference, shown, type Row } from './exported-rows.ts'

/** Where the next page begins. */
export type After = readonly Value[]

export interface ExportPage {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** Undefined after the last page. */
  readonly next: After | undefined
}

/** Each row names a message. `isExported` is 0 if the row belongs to a user, bot or message that is not exported. */
interface MessageRow extends Row {
  readonly at: number
  readonly sequence: number
  /** Null if the message is gone. */
  readonly nonce: string | null
  readonly isExported: number
}

/** A table whose rows are read channel by channel, in the order of its key. */
interface OfChannels {
  /** Its parameters are the channel, the key after which rows are read, the limit and the highest number of a user or bot. */
  readonly select: Statement<MessageRow>
  /** A key before all others. The key of a row within its channel is in the columns k0, k1, … of the result. */
  readonly start: After
  /** The columns that are stored as JSON. */
  readonly json?: ReadonlySet<string>
}

/** SQL for a table `t` with the key of `keyColumns`: a page of its rows, the message `m` of each, and its sub-channel `s`. */
const besideMessages = (
  table: string,
  key: readonly string[],
  columns: string,
  given: { readonly isExported: string; readonly joins?: string },
) => {
  const whole = ['sub_channel_id', 'message_at', 'message_sequence', ...key]
  const after = whole.map((_, index) => `$${index + 2}`).join(', ')
  const limit = whole.length + 2
  return statement<MessageRow>(`
    select ${whole.map((column, index) => `t.${column} as k${index}`).join(', ')}, s.external_id as "subChannel",
      t.message_at as at, t.message_sequence as sequence, m.nonce, ${columns},
      case when m.nonce is not null and (t.sub_channel_id = 0 or s.deleted_at is null) and ${given.isExported.replaceAll('$people', `$${limit + 1}`)} then 1 else 0 end as "isExported"
    from (select * from ${table} where channel_id = $1 and (${whole.join(', ')}) > (${after}) order by ${whole.join(', ')} limit $${limit}) t
    left join sub_channels s on s.id = t.sub_channel_id
    left join messages m on m.channel_id = t.channel_id and m.sub_channel_id = t.sub_channel_id and m.private in (0, 1)
      and m.created_at = t.message_at and m.sequence = t.message_sequence
    ${given.joins ?? ''}
    order by ${whole.map(column => `t.${column}`).join(', ')}`)
}

/** The parts of a row that are not in its line. */
const leftOut = new Set(['k0', 'k1', 'k2', 'k3', 'k4', 'at', 'sequence', 'nonce', 'isExported', 'status'])

/** The tables, which an import stores after the messages. */
export const ofChannels = {
  message: {
    select: statement<MessageRow>(`
      select m.sub_channel_id as k0, m.private as k1, m.created_at as k2, m.sequence as k3, m.created_at as at, m.sequence, m.nonce,
        s.external_id as "subChannel",
        ${reference('m.sender_id')} as sender, ${reference('m.target_id')} as target, m.type as kind, m.content, m.metadata, m.attributes,
        m.content_type as "contentType", m.redacted, m.status, m.status_detail as "statusDetail", m.edited_at as "editedAt",
        m.updated_at as "updatedAt", m.released,
        case when m.sender_id <= $7 and (m.target_id is null or m.target_id <= $7) and (m.sub_channel_id = 0 or s.deleted_at is null)
          and coalesce(m.status, '') not in ('PENDING', 'PASSING') then 1 else 0 end as "isExported"
      from (select * from messages
        where channel_id = $1 and (sub_channel_id, private, created_at, sequence) > ($2, $3, $4, $5)
        order by sub_channel_id, private, created_at, sequence limit $6) m
      left join sub_channels s on s.id = m.sub_channel_id
      order by m.sub_channel_id, m.private, m.created_at, m.sequence`),
    start: [-1, 0, 0, 0],
    json: new Set(['content', 'metadata', 'attributes', 'contentType', 'statusDetail']),
  },
  reply: {
    select: besideMessages('thread_messages', [], 't.root_at as "rootAt", t.root_sequence as "rootSequence"', {
      isExported: 'm.sender_id <= $people',
    }),
    start: [-1, 0, 0],
  },
  reaction: {
    select: besideMessages(
      'reactions',
      ['identity_id', 'reaction'],
      `${reference('t.identity_id')} as identity, t.reaction, t.sequence as "addedWith", c.sequence as "firstAddedWith"`,
      {
        // The reactions of a redacted message have no count any more, and wait for the purge.
        isExported: 't.identity_id <= $people and c.sequence is not null',
        joins: `left join reaction_counts c on (${of('c')}) = (${of('t')}) and c.reaction = t.reaction`,
      },
    ),
    start: [-1, 0, 0, 0, ''],
    json: new Set(['reaction']),
  },
  pin: {
    select: besideMessages('pins', [], `${reference('t.pinned_by')} as "pinnedBy", t.pinned_at as "pinnedAt", t.sequence as "pinnedWith"`, {
      isExported: 't.pinned_by <= $people',
    }),
    start: [-1, 0, 0],
  },
  unreadCorrection: {
    select: statement<MessageRow>(`
      select u.sub_channel_id as k0, u.viewer_id as k1, u.arrival as k2, u.created_at as at, u.sequence, m.nonce,
        s.external_id as "subChannel", ${reference('u.viewer_id')} as viewer, u.unread, u.mentions,
        case when m.nonce is not null and u.viewer_id <= $6 and (u.sub_channel_id = 0 or s.deleted_at is null) then 1 else 0 end as "isExported"
      from (select * from unread_corrections
        where channel_id = $1 and viewer_id > 0 and (sub_channel_id, viewer_id, arrival) > ($2, $3, $4)
        order by sub_channel_id, viewer_id, arrival limit $5) u
      left join sub_channels s on s.id = u.sub_channel_id
      left join messages m on m.channel_id = u.channel_id and m.sub_channel_id = u.sub_channel_id and m.private in (0, 1)
        and m.created_at = u.created_at and m.sequence = u.sequence
      order by u.sub_channel_id, u.viewer_id, u.arrival`),
    start: [-1, 0, 0],
  },
} as const satisfies Record<string, OfChannels>

/** SQL: the columns that name the message of a row. */
function of(table: string): string {
  return keyColumns
    .split(', ')
    .map(column => `${table}.${column}`)
    .join(', ')
}

export type PartOfChannels = keyof typeof ofChannels

const nextChannel = statement<{ id: number; externalId: string }>(`
  select c.id, c.external_id as "externalId" from channels c
  where c.app_instance_id = $1 and c.deleted_at is null and c.id >= $2 and c.id <= $3 order by c.id limit 1`)

const rowsOfPage = 1000
/** How many channels without rows a page passes at the most. */
const channelsOfPage = 1000

/** A page of one channel after the other. A message that a flow has not decided about is left out. */
export async function pageOfChannels(
  db: Queries,
  part: PartOfChannels,
  scope: { readonly appInstanceId: number; readonly channels: number; readonly identities: number },
  after: After,
): Promise<ExportPage> {
  const { select, start, json = new Set() }: OfChannels = ofChannels[part]
  let [channelId = 0, ...from] = after as readonly [number?, ...Value[]]
  for (let passed = 0; passed < channelsOfPage; passed++) {
    const channel = await db.get(nextChannel, scope.appInstanceId, channelId, scope.channels)
    if (!channel) return { rows: [], next: undefined }
    if (channel.id !== channelId || from.length === 0) from = [...start]
    const rows = await db.all(select, channel.id, ...from, rowsOfPage, scope.identities)
    const last = rows.at(-1)
    channelId = channel.id + 1
    from = []
    if (!last) continue
    const next = rows.length < rowsOfPage ? [channelId] : [channel.id, ...start.map((_, index) => last[`k${index}`]!)]
    return { rows: rows.flatMap(row => lineOf(part, channel.externalId, row, json)), next }
  }
  return { rows: [], next: [channelId] }
}

function lineOf(part: PartOfChannels, channel: string, row: MessageRow, json: ReadonlySet<string>) {
  const { at, sequence, nonce, isExported, status } = row
  if (isExported === 0 || nonce === null) return []
  const id = messageId({ at, sequence, nonce })
  const named = part === 'message' ? { channel, id } : { channel, message: id }
  return [{ ...named, ...shown(row, json, leftOut), ...(status === 'FAILED' && { failed: true }) }]
}
