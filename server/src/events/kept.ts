import type { SocketEvent } from '../bus/socket-events.ts'
import type { Queries } from '../database/database.ts'
import { insertChannelEvent } from '../store/channel-events.ts'
import { insertDepartureOf } from '../store/missed.ts'
import { sequenceOf } from '../store/message-ids.ts'
import type { MessageEvent } from './events.ts'

/** An event of a stored message. The message itself is read from its row, so a redacted content does not remain here. */
export interface KeptMessage {
  readonly kind: 'MessageSent' | 'MessageEdited' | 'MessageRedacted'
  readonly messageId: string
  readonly subChannelId: number
}

/**
 * Whether the row of the message contains all events of its number: it is for all members, was stored with that number, and is no
 * reply, which has an event of its thread as well.
 */
export const isItsOwnLog = ({ kind, moment, message, thread }: MessageEvent) =>
  message.persistence === 'NON_PERSISTENT' ||
  (kind === 'MessageSent' && message.target === undefined && thread === undefined && sequenceOf(message.messageId) === moment?.sequence)

/** Undefined if the row of the message does not contain the event, such as a version that a flow has denied. */
export function keptMessage({ kind, message, place }: MessageEvent): KeptMessage | undefined {
  if (kind !== 'MessageSent' && kind !== 'MessageEdited' && kind !== 'MessageRedacted') return undefined
  return { kind, messageId: message.messageId, subChannelId: place.subChannelId }
}

/**
 * Stores an event for nodes that miss it, and for clients that reconnect. An event without a number is not stored. The members who
 * leave are stored too, so that the client of one of them learns of it when it reconnects.
 */
export async function keepEvent(tx: Queries, { channelId, sequence, moves = [] }: SocketEvent, kept: SocketEvent | KeptMessage) {
  if (sequence === undefined) return
  const now = Date.now()
  await insertChannelEvent(tx, { channelId, sequence, event: JSON.stringify(kept) }, now)
  for (const { memberId, from, to } of moves) {
    if (from !== undefined && to === undefined) await insertDepartureOf(tx, { memberId, channelId, subChannelId: from, sequence }, now)
  }
}
