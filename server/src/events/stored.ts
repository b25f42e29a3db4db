import type { SocketEvent } from '../bus/socket-events.ts'
import type { Queries } from '../database/database.ts'
import { insertChannelEvent } from '../store/channel-events.ts'
import { insertDepartureOf } from '../store/missed.ts'
import { sequenceOf } from '../store/message-ids.ts'
import type { MessageEvent } from './events.ts'

/** A stored event about a stored message. The message itself is read from its row, so a redacted content does not remain here. */
export interface StoredMessageEvent {
  readonly kind: 'MessageSent' | 'MessageEdited' | 'MessageRedacted'
  readonly messageId: string
  readonly subChannelId: number
}

/**
 * Whether the row of the message contains all events of its number: it is for all members, was stored with that number, and is not a reply,
 * which has an event of its thread as well.
 */
export const isItsOwnLog = ({ kind, moment, message, thread }: MessageEvent) =>
  message.persistence === 'NON_PERSISTENT' ||
  (kind === 'MessageSent' && message.target === undefined && thread === undefined && sequenceOf(message.messageId) === moment?.sequence)

/** Undefined if the row of the message does not contain the event, such as a version that a flow has denied. */
export function storedMessageEvent({ kind, message, place }: MessageEvent): StoredMessageEvent | undefined {
  if (kind !== 'MessageSent' && kind !== 'MessageEdited' && kind !== 'MessageRedacted') return undefined
  return { kind, messageId: message.messageId, subChannelId: place.subChannelId }
}

/**
 * Stores an event for nodes that miss it, and for clients that reconnect. An event without a number is not stored. The members who leave
 * are stored too, so that their clients get the event when they reconnect.
 */
export async function storeEvent(tx: Queries, { channelId, sequence, moves = [] }: SocketEvent, stored: SocketEvent | StoredMessageEvent) {
  if (sequence === undefined) return
  const now = Date.now()
  await insertChannelEvent(tx, { channelId, sequence, event: JSON.stringify(stored) }, now)
  for (const { memberId, from, to } of moves) {
    if (from !== undefined && to === undefined) await insertDepartureOf(tx, { memberId, channelId, subChannelId: from, sequence }, now)
  }
}
