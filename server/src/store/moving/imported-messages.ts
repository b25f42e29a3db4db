import { statement, type Queries } from '../../database/database.ts'
import { placeOfId } from '../message-ids.ts'
import { isSearchOn } from '../search-generation.ts'
import { jsonIfGiven, jsonOfObject } from '../text.ts'
import { insertRows, insertsOf } from './insert-rows.ts'

const messageInserts = insertsOf(
  // prettier-ignore
  ['channel_id', 'sub_channel_id', 'private', 'created_at', 'sequence', 'nonce', 'sender_id', 'target_id', 'type', 'content', 'metadata',
    'attributes', 'content_type', 'redacted', 'status', 'status_detail', 'edited_at', 'updated_at', 'released'],
  'messages',
)
const changeInserts = insertsOf(
  ['channel_id', 'sub_channel_id', 'created_at', 'sequence', 'sender_id', 'target_id', 'noted_at'],
  'search_changes',
)
const insertViewer = statement(`
  insert into private_messages (channel_id, sub_channel_id, viewer_id, created_at, sequence, failed) values ($1, $2, $3, $4, $5, $6)
  on conflict do nothing`)
const raise = statement(`
  update channels set sequence = case when sequence < $2 then $2 else sequence end,
    last_event_at = case when last_event_at < $3 then $3 else last_event_at end where id = $1`)
const raisePrivate = statement(`
  update memberships set last_private_at = $4
  where channel_id = $1 and member_id = $2 and sub_channel_id = $3 and (last_private_at is null or last_private_at < $4)`)

/** The next event of the channel gets a higher number, and a later time. */
export async function raiseChannel(tx: Queries, channelId: number, sequence: number, at: number) {
  await tx.run(raise, channelId, sequence, at)
}

export interface NewMessageOfImport {
  readonly channelId: number
  readonly subChannelId: number
  readonly id: string
  readonly senderId: number
  readonly targetId: number | undefined
  readonly kind: string
  readonly content?: string
  readonly metadata?: string
  readonly attributes?: unknown
  readonly contentType?: string
  readonly redacted: boolean
  readonly failed: boolean
  readonly statusDetail?: string
  readonly editedAt?: number
  readonly updatedAt: number
  /** The number of the channel with which a flow has released the message. */
  readonly released?: number
}

/** Who sees a message that not all members see: one that has FAILED is seen by its sender alone. */
const viewersOf = ({ senderId, targetId, failed }: NewMessageOfImport) =>
  failed || targetId === senderId ? [senderId] : targetId === undefined ? [] : [senderId, targetId]

/** Returns how many were not there before. The clocks of their channels are advanced to the newest of them. */
export async function importMessages(tx: Queries, given: readonly NewMessageOfImport[], now: number): Promise<number> {
  if (given.length === 0) return 0
  const newest = new Map<number, { at: number; sequence: number }>()
  const rows = given.map(each => {
    const { at, sequence, nonce } = placeOfId(each.id)!
    const known = newest.get(each.channelId) ?? { at: 0, sequence: 0 }
    newest.set(each.channelId, { at: Math.max(at, known.at), sequence: Math.max(sequence, each.released ?? 0, known.sequence) })
    const { channelId, subChannelId, senderId, targetId, kind, content, metadata, attributes, contentType, redacted, failed } = each
    const place = [channelId, subChannelId, viewersOf(each).length > 0 ? 1 : 0, at, sequence, nonce]
    const shown = [kind, jsonIfGiven(content), jsonIfGiven(metadata), jsonOfObject(attributes), jsonIfGiven(contentType)]
    const state = [
      redacted ? 1 : 0,
      failed ? 'FAILED' : null,
      jsonIfGiven(each.statusDetail),
      each.editedAt ?? null,
      each.updatedAt,
      each.released ?? null,
    ]
    return [...place, senderId, targetId ?? null, ...shown, ...state]
  })
  const inserted = await insertRows(tx, messageInserts, rows)
  if (await isSearchOn(tx)) {
    const changes = given.map(({ channelId, subChannelId, id, senderId, targetId }) => {
      const { at, sequence } = placeOfId(id)!
      return [channelId, subChannelId, at, sequence, senderId, targetId ?? null, now]
    })
    await insertRows(tx, changeInserts, changes)
  }
  for (const each of given) {
    const { at, sequence } = placeOfId(each.id)!
    for (const viewer of viewersOf(each)) {
      await tx.run(insertViewer, each.channelId, each.subChannelId, viewer, at, sequence, each.failed ? 1 : 0)
      if (!each.failed) await tx.run(raisePrivate, each.channelId, viewer, each.subChannelId, at)
    }
  }
  for (const [channelId, { at, sequence }] of newest) await raiseChannel(tx, channelId, sequence, at)
  return inserted
}
