import {
  ChimeArn,
  ClientRequestToken,
  Identity,
  NextToken,
  SubChannelId,
  Timestamp,
  anyLine,
  anything,
  inChannel,
  paging,
  tokenCharacters,
} from './common.ts'
import { operation } from './operation.ts'
import { IdempotencyToken, Required, boolean, list, map, oneOf, structure, text } from './shapes.ts'

export const NonEmptyContent = text({ minLength: 1, pattern: anything, sensitive: true })
/** Its limit can be raised, unlike that of the Metadata of channels and users. */
export const MessageMetadata = text({ minLength: 0, maxLength: 1024, pattern: anyLine, sensitive: true, raisedBy: 'metadataBytes' })
const ChannelMessageType = oneOf('STANDARD', 'CONTROL')
const ChannelMessagePersistenceType = oneOf('PERSISTENT', 'NON_PERSISTENT')
const PushNotificationTitle = text({ minLength: 1, maxLength: 50, pattern: anyLine, sensitive: true })
const PushNotificationBody = text({ minLength: 1, maxLength: 150, pattern: anything, sensitive: true })
const PushNotificationType = oneOf('DEFAULT', 'VOIP')

export const PushNotificationConfiguration = structure({
  Title: PushNotificationTitle,
  Body: PushNotificationBody,
  Type: PushNotificationType,
})

const MessageAttributeName = text({ minLength: 1, maxLength: 64, pattern: anything, sensitive: true })
const MessageAttributeStringValue = text({ minLength: 1, maxLength: 512, pattern: anything, sensitive: true })
const MessageAttributeValue = structure({ StringValues: list(MessageAttributeStringValue) })
export const MessageAttributeMap = map(MessageAttributeName, MessageAttributeValue)
export const ContentType = text({ minLength: 0, maxLength: 45, pattern: anything, sensitive: true })
const Target = structure({ MemberArn: ChimeArn })
const TargetList = list(Target, { minItems: 1, maxItems: 1 })
export const MessageId = text({ minLength: 1, maxLength: 128, pattern: tokenCharacters })
const ChannelMessageStatus = oneOf('SENT', 'PENDING', 'FAILED', 'DENIED')
const StatusDetail = text({ minLength: 0, maxLength: 256, pattern: anything })
const ChannelMessageStatusStructure = structure({ Value: ChannelMessageStatus, Detail: StatusDetail })
const Content = text({ minLength: 0, maxLength: 4096, pattern: anything, sensitive: true })

const ChannelMessage = structure({
  ChannelArn: ChimeArn,
  MessageId,
  Content,
  Metadata: MessageMetadata,
  Type: ChannelMessageType,
  CreatedTimestamp: Timestamp,
  LastEditedTimestamp: Timestamp,
  LastUpdatedTimestamp: Timestamp,
  Sender: Identity,
  Redacted: boolean(),
  Persistence: ChannelMessagePersistenceType,
  Status: ChannelMessageStatusStructure,
  MessageAttributes: MessageAttributeMap,
  SubChannelId,
  ContentType,
  Target: TargetList,
})

/** The fields of an input with which a user or bot acts on a message. */
export const onMessage = { ...inChannel, MessageId: Required(MessageId), SubChannelId }
export const SortOrder = oneOf('ASCENDING', 'DESCENDING')

export const ChannelMessageSummary = structure({
  MessageId,
  Content,
  Metadata: MessageMetadata,
  Type: ChannelMessageType,
  CreatedTimestamp: Timestamp,
  LastUpdatedTimestamp: Timestamp,
  LastEditedTimestamp: Timestamp,
  Sender: Identity,
  Redacted: boolean(),
  Status: ChannelMessageStatusStructure,
  MessageAttributes: MessageAttributeMap,
  ContentType,
  Target: TargetList,
})

export const messages = {
  SendChannelMessage: operation(
    'POST /channels/{channelArn}/messages',
    201,
    {
      ChannelArn: Required(ChimeArn),
      Content: Required(NonEmptyContent),
      Type: Required(ChannelMessageType),
      Persistence: Required(ChannelMessagePersistenceType),
      Metadata: MessageMetadata,
      ClientRequestToken: IdempotencyToken(ClientRequestToken),
      ChimeBearer: Required(ChimeArn),
      PushNotification: PushNotificationConfiguration,
      MessageAttributes: MessageAttributeMap,
      SubChannelId,
      ContentType,
      Target: TargetList,
    },
    { ChannelArn: ChimeArn, MessageId, Status: ChannelMessageStatusStructure, SubChannelId },
    ['ConflictException'],
  ),
  GetChannelMessage: operation('GET /channels/{channelArn}/messages/{messageId}', 200, onMessage, { ChannelMessage }, [
    'NotFoundException',
  ]),
  ListChannelMessages: operation(
    'GET /channels/{channelArn}/messages',
    200,
    { ...inChannel, SortOrder, NotBefore: Timestamp, NotAfter: Timestamp, ...paging, SubChannelId },
    { ChannelArn: ChimeArn, NextToken, ChannelMessages: list(ChannelMessageSummary), SubChannelId },
  ),
  UpdateChannelMessage: operation(
    'PUT /channels/{channelArn}/messages/{messageId}',
    200,
    {
      ...inChannel,
      MessageId: Required(MessageId),
      Content: Required(NonEmptyContent),
      Metadata: MessageMetadata,
      SubChannelId,
      ContentType,
    },
    { ChannelArn: ChimeArn, MessageId, Status: ChannelMessageStatusStructure, SubChannelId },
    ['ConflictException'],
  ),
  RedactChannelMessage: operation(
    'POST /channels/{channelArn}/messages/{messageId}?operation=redact',
    200,
    onMessage,
    { ChannelArn: ChimeArn, MessageId, SubChannelId },
    ['ConflictException'],
  ),
  DeleteChannelMessage: operation('DELETE /channels/{channelArn}/messages/{messageId}', 204, onMessage, {}),
  GetChannelMessageStatus: operation('GET /channels/{channelArn}/messages/{messageId}?scope=message-status', 200, onMessage, {
    Status: ChannelMessageStatusStructure,
  }),
}
