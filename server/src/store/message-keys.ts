import { primaryKeyOf } from './messages.ts'

/** A message, in its channel or sub-channel. */
export interface MessageKey {
  readonly channelId: number
  readonly subChannelId: number
  readonly messageId: string
}

/** The columns that identify a message in other tables than `messages`. */
export const keyColumns = 'channel_id, sub_channel_id, message_at, message_sequence'

/** The rows of one message: the parameters $1 to $4 are `keyValues`. */
export const ofMessage = (table = '') =>
  `${table}channel_id = $1 and ${table}sub_channel_id = $2 and ${table}message_at = $3 and ${table}message_sequence = $4`

export const keyValues = ({ channelId, subChannelId, messageId }: MessageKey) =>
  primaryKeyOf(channelId, subChannelId, messageId).slice(0, 4)
