import { partsOfId } from './message-ids.ts'
import type { Place } from './places.ts'

/** A message, in its channel or sub-channel. */
export interface MessageKey extends Place {
  readonly messageId: string
}

/** The columns that identify a message in other tables than `messages`. */
export const keyColumns = 'channel_id, sub_channel_id, message_at, message_sequence'

/** The rows of one message: the parameters $1 to $4 are `keyValues`. */
export const ofMessage = (table = '') =>
  `${table}channel_id = $1 and ${table}sub_channel_id = $2 and ${table}message_at = $3 and ${table}message_sequence = $4`

/** Throws for an id that is none of a stored message. */
export function primaryKeyOf({ channelId, subChannelId, messageId }: MessageKey): [number, number, number, number, string] {
  const found = partsOfId(messageId)
  if (!found) throw new Error('not the id of a stored message')
  return [channelId, subChannelId, found.at, found.sequence, found.nonce]
}

export const keyValues = (key: MessageKey) => primaryKeyOf(key).slice(0, 4)
