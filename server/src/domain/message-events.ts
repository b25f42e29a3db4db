import type { ChannelCall } from '../call.ts'
import type { ChannelEvent, EventType } from '../events/events.ts'
import type { Message } from '../store/messages.ts'
import { identity } from './identities.ts'
import { subChannelIdOf } from './sub-channels.ts'

/** A message as those see it who may; one that is DENIED is told and never kept. */
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

/** On a socket a redacted message has an empty Content, which REST leaves out (spec/decisions.md). */
const heardContent = ({ content }: ShownMessage) => content ?? ''

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

export const placeOf = ({ channel, subChannel }: Pick<ChannelCall, 'channel' | 'subChannel'>): MessagePlace => ({
  channelId: channel.id,
  channelArn: channel.arn,
  subChannelId: subChannelIdOf({ subChannel }),
  subChannelName: subChannel?.name,
})

export const messageDetails = (message: ShownMessage, { channelArn, subChannelName }: MessagePlace) => ({
  ...messageSummary(message),
  ChannelArn: channelArn,
  SubChannelId: subChannelName,
  Persistence: message.persistence,
})

type MessageEventType = Extract<EventType, `${string}_CHANNEL_MESSAGE`>

const isForSenderOnly = (type: MessageEventType) => /^(?:PENDING|FAILED|DENIED)_/.test(type)

function audience(type: MessageEventType, { sender, target }: ShownMessage) {
  if (isForSenderOnly(type)) return { only: [sender.id] }
  return target && { only: [sender.id, target.id] }
}

/**
 * What is told of a message: to the members of its channel or sub-channel, of a targeted one to sender and target, and of the
 * way through a flow to the sender. Of a deleted one nothing is left of what it said.
 */
export const messageEvent = (type: MessageEventType, message: ShownMessage, place: MessagePlace): ChannelEvent => ({
  type,
  channelId: place.channelId,
  subChannelId: place.subChannelId,
  ...audience(type, message),
  messageType: message.type,
  payload: {
    ...messageDetails(message, place),
    ...(type === 'DELETE_CHANNEL_MESSAGE'
      ? { Content: undefined, Metadata: undefined, MessageAttributes: undefined }
      : { Content: heardContent(message) }),
  },
})
