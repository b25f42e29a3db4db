import type { Message } from '../store/messages.ts'
import type { NamedPlace } from '../store/places.ts'
import { identity } from './identities.ts'

/** A message as shown to those who may see it. A DENIED one has an event and is not stored. */
export type ShownMessage = Omit<Message, 'status'> & { readonly status: Message['status'] | 'DENIED' }

/** The status of a message on its way through a flow. */
export const messageStatus = ({ status, statusDetail }: Pick<ShownMessage, 'status' | 'statusDetail'>) => ({
  Value: status,
  Detail: statusDetail,
})

/** The summary of a message in a list; the whole message adds the channel. */
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
const contentOnSockets = ({ content }: ShownMessage) => content ?? ''

/** The summary of a message in a prefetch. */
export const messageInPrefetch = (message: ShownMessage) => ({ ...messageSummary(message), Content: contentOnSockets(message) })

export const messageDetails = (message: ShownMessage, { channelArn, subChannelName }: NamedPlace) => ({
  ...messageSummary(message),
  ChannelArn: channelArn,
  SubChannelId: subChannelName,
  Persistence: message.persistence,
})

/** The message in an event, for sockets and streams. The event of a deleted message has no content. */
export const messageInEvent = (message: ShownMessage, place: NamedPlace, isDeleted: boolean) => ({
  ...messageDetails(message, place),
  ...(isDeleted ? { Content: undefined, Metadata: undefined, MessageAttributes: undefined } : { Content: contentOnSockets(message) }),
})
