import type { Message } from '../store/messages.ts'
import { identity } from './identities.ts'

/** A message as those see it who may; one that is DENIED is heard of and not stored. */
export type ShownMessage = Omit<Message, 'status'> & { readonly status: Message['status'] | 'DENIED' }

/** What can be said of the way through a flow. */
export const messageStatus = ({ status, statusDetail }: Pick<ShownMessage, 'status' | 'statusDetail'>) => ({
  Value: status,
  Detail: statusDetail,
})

/** What a list shows of a message; the whole of it adds the channel. */
export const messageSummary = (message: ShownMessage) => ({
  MessageId: message.messageId,
  Content: message.content,
  Metadata: message.metadata,
  Type: message.type,
  CreatedTimestamp: message.createdAt,
  LastUpdatedTimestamp: message.updatedAt,
  LastEditedTimestamp: message.editedAt,
  Sender: identity(message.sender),
  Redacted: message.redacted,
  Status: messageStatus(message),
  MessageAttributes: message.attributes,
  ContentType: message.contentType,
  Target: message.target && [{ MemberArn: message.target.arn }],
})

/** On a socket a redacted message has an empty Content, which REST leaves out (docs/service/messages.md#redacting). */
export const heardContent = ({ content }: ShownMessage) => content ?? ''

/** What a prefetch shows of a message. */
export const heardSummary = (message: ShownMessage) => ({ ...messageSummary(message), Content: heardContent(message) })

/** Where a message is. */
export interface MessagePlace {
  readonly channelId: number
  readonly channelArn: string
  /** 0 where the channel is not elastic; then it has no name. */
  readonly subChannelId: number
  readonly subChannelName: string | undefined
}

export const messageDetails = (message: ShownMessage, { channelArn, subChannelName }: MessagePlace) => ({
  ...messageSummary(message),
  ChannelArn: channelArn,
  SubChannelId: subChannelName,
  Persistence: message.persistence,
})
