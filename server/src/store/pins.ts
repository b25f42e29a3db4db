import { statement, type Queries } from '../database/database.ts'
import { identityArn } from './arns.ts'
import type { Identity } from './identities.ts'
import { keyColumns, keyValues, ofMessage, type MessageKey } from './message-keys.ts'
import { messageColumns, messageOf, messagePeople, type Message, type MessageRow } from './messages.ts'
import { pageOf, type Cursor, type Page } from './page.ts'
import type { Place } from './places.ts'
import { parsed } from './text.ts'

/** A pinned message, and who has pinned it. */
export interface Pin {
  readonly message: Message
  readonly by: Identity
  readonly at: Date
}

interface Row extends MessageRow {
  pinSequence: number
  pinnedAt: number
  pinnerId: number
  pinnerArn: string
  pinnerName: string
}

const insert = statement(`
  insert into pins (${keyColumns}, pinned_by, pinned_at, sequence) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`)
const remove = statement(`delete from pins where ${ofMessage()}`)
const count = statement<{ count: number }>(`
  select count(*) as count from pins where channel_id = $1 and sub_channel_id = $2 and message_at >= $3`)
/** The limit of pins bounds how many rows are sorted. */
const selectAfter = statement<Row>(`
  select ${messageColumns}, p.sequence as "pinSequence", p.pinned_at as "pinnedAt",
    pinner.id as "pinnerId", ${identityArn('pinner')} as "pinnerArn", pinner.name as "pinnerName"
  from pins p
  join messages m on m.channel_id = p.channel_id and m.sub_channel_id = p.sub_channel_id and m.private = 0
    and m.created_at = p.message_at and m.sequence = p.message_sequence
  join identities pinner on pinner.id = p.pinned_by
  ${messagePeople}
  where p.channel_id = $1 and p.sub_channel_id = $2 and p.message_at >= $3 and p.sequence < $4
  order by p.sequence desc limit $5`)

/** True if the message was not pinned. */
export async function insertPin(tx: Queries, key: MessageKey, by: Identity, { at, sequence }: { at: number; sequence: number }) {
  return (await tx.run(insert, ...keyValues(key), by.id, at, sequence)) === 1
}

/** True if the message was pinned. */
export async function removePin(tx: Queries, key: MessageKey) {
  return (await tx.run(remove, ...keyValues(key))) === 1
}

interface Listed extends Place {
  /** The creation time before which retention hides messages. */
  readonly notBefore: number
}

export async function countPins(tx: Queries, { channelId, subChannelId, notBefore }: Listed) {
  return (await tx.get(count, channelId, subChannelId, notBefore))!.count
}

/** A page of the pinned messages, the most recently pinned first. */
export async function listPins(
  db: Queries,
  { channelId, subChannelId, notBefore }: Listed,
  after: Cursor | undefined,
  limit: number,
): Promise<Page<Pin>> {
  const rows = await db.all(selectAfter, channelId, subChannelId, notBefore, after?.[0] ?? Number.MAX_SAFE_INTEGER, limit + 1)
  return pageOf(
    rows,
    limit,
    row => [row.pinSequence],
    row => ({
      message: messageOf(row),
      by: { id: row.pinnerId, arn: row.pinnerArn, name: parsed(row.pinnerName) },
      at: new Date(row.pinnedAt),
    }),
  )
}
