import { statement, type Queries, type Value } from '../../database/database.ts'
import { partsOfId } from '../message-ids.ts'
import type { Place } from '../places.ts'
import { insertViewer } from '../private-messages.ts'
import { isSearchOn } from '../search-generation.ts'
import { jsonIfGiven, jsonOfObject } from '../text.ts'
import { insertRows, insertsOf } from './insert-rows.ts'

const messageInserts = insertsOf(
  // prettier-ignore
  ['channel_id', 'sub_channel_id', 'private', 'created_at', 'sequence', 'nonce', 'sender_id', 'target_id', 'type', 'content', 'metadata',
    'attributes', 'content_type', 'redacted', 'status', 'status_detail', 'edited_at', 'updated_at', 'released', 'ordinal'],
  'messages',
)
const changeInserts = insertsOf(
  ['channel_id', 'sub_channel_id', 'created_at', 'sequence', 'sender_id', 'target_id', 'noted_at'],
  'search_changes',
)
const countedIn = (table: 'channels' | 'sub_channels') => ({
  select: statement<{ counted: number }>(`select counted from ${table} where id = $1`),
  update: statement(`update ${table} set counted = $2 where id = $1`),
})
const counted = { channels: countedIn('channels'), subChannels: countedIn('sub_channels') }

/** SQL for how many messages of a place have been counted, with the id of its row. */
const countedOf = ({ channelId, subChannelId }: Place) =>
  subChannelId === 0 ? { ...counted.channels, id: channelId } : { ...counted.subChannels, id: subChannelId }

/** A message that not all see has the ordinal of the last one before it that all see. */
const numberPrivate = statement(`
  update messages set ordinal = coalesce((
    select m.ordinal from messages m where m.channel_id = $1 and m.sub_channel_id = $2 and m.private = 0 and m.created_at <= $3
    order by m.created_at desc, m.sequence desc limit 1), 0)
  where channel_id = $1 and sub_channel_id = $2 and private = 1 and created_at = $3 and sequence = $4`)
const raise = statement(`
  update channels set sequence = case when sequence < $2 then $2 else sequence end,
    last_event_at = case when last_event_at < $3 then $3 else last_event_at end where id = $1`)

/** Raises the number and the clock of each channel, so that its next event gets a higher number and a later time. */
export async function raiseChannels(tx: Queries, used: Iterable<{ channelId: number; sequence: number; at: number }>) {
  const highest = new Map<number, { sequence: number; at: number }>()
  for (const { channelId, sequence, at } of used) {
    const known = highest.get(channelId) ?? { sequence: 0, at: 0 }
    highest.set(channelId, { sequence: Math.max(sequence, known.sequence), at: Math.max(at, known.at) })
  }
  for (const [channelId, { sequence, at }] of highest) await tx.run(raise, channelId, sequence, at)
}

export interface NewMessageOfImport extends Place {
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

/** Numbers messages in their order; `imported-counts.ts` numbers those of channels again in which a flow has released some. */
class Ordinals {
  readonly #tx: Queries
  readonly #counted = new Map<string, { readonly of: NewMessageOfImport; counted: number }>()

  constructor(tx: Queries) {
    this.#tx = tx
  }

  async next(message: NewMessageOfImport): Promise<number> {
    const { select, id } = countedOf(message)
    const where = `${message.channelId} ${message.subChannelId}`
    const known = this.#counted.get(where) ?? { of: message, counted: (await this.#tx.get(select, id))!.counted }
    this.#counted.set(where, known)
    if (message.kind === 'STANDARD' && viewersOf(message).length === 0) known.counted++
    return known.counted
  }

  async store() {
    for (const { of, counted } of this.#counted.values()) {
      const { update, id } = countedOf(of)
      await this.#tx.run(update, id, counted)
    }
  }
}

/** Returns how many were not there before. The clocks of their channels are advanced to the newest of them. */
export async function importMessages(tx: Queries, given: readonly NewMessageOfImport[], now: number): Promise<number> {
  if (given.length === 0) return 0
  const ordinals = new Ordinals(tx)
  const rows: Value[][] = []
  for (const each of given) {
    const { at, sequence, nonce } = partsOfId(each.id)!
    const { channelId, subChannelId, senderId, targetId, kind, content, metadata, attributes, contentType, redacted, failed } = each
    const key = [channelId, subChannelId, viewersOf(each).length > 0 ? 1 : 0, at, sequence, nonce]
    const shown = [kind, jsonIfGiven(content), jsonIfGiven(metadata), jsonOfObject(attributes), jsonIfGiven(contentType)]
    const state = [
      redacted ? 1 : 0,
      failed ? 'FAILED' : null,
      jsonIfGiven(each.statusDetail),
      each.editedAt ?? null,
      each.updatedAt,
      each.released ?? null,
    ]
    rows.push([...key, senderId, targetId ?? null, ...shown, ...state, await ordinals.next(each)])
  }
  await ordinals.store()
  const inserted = await insertRows(tx, messageInserts, rows)
  if (await isSearchOn(tx)) {
    const changes = given.map(({ channelId, subChannelId, id, senderId, targetId }) => {
      const { at, sequence } = partsOfId(id)!
      return [channelId, subChannelId, at, sequence, senderId, targetId ?? null, now]
    })
    await insertRows(tx, changeInserts, changes)
  }
  for (const each of given) {
    const { at, sequence } = partsOfId(each.id)!
    if (viewersOf(each).length > 0) await tx.run(numberPrivate, each.channelId, each.subChannelId, at, sequence)
    for (const viewer of viewersOf(each)) await insertViewer(tx, { ...each, messageId: each.id }, viewer, at, each.failed)
  }
  const used = given.map(({ channelId, id, released = 0 }) => {
    const { at, sequence } = partsOfId(id)!
    return { channelId, at, sequence: Math.max(sequence, released) }
  })
  await raiseChannels(tx, used)
  return inserted
}
