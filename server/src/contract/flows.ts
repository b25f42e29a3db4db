import { channelFields } from './channels.ts'
import {
  ChimeArn,
  ClientRequestToken,
  NextToken,
  NonEmptyResourceName,
  SubChannelId,
  TagList,
  Timestamp,
  inChannel,
  ofAppInstance,
  paging,
} from './common.ts'
import { ContentType, MessageAttributeMap, MessageId, MessageMetadata, NonEmptyContent, PushNotificationConfiguration } from './messages.ts'
import { conflictOrLimit, operation } from './operation.ts'
import { IdempotencyToken, Required, boolean, integer, list, oneOf, structure, text } from './shapes.ts'

const LambdaFunctionArn = text({
  minLength: 15,
  maxLength: 2048,
  pattern: String.raw`arn:aws:lambda:[a-z]{2}-[a-z]+-\d{1}:\d{12}:function:[a-zA-Z0-9\-_\.]+(:(\$LATEST|[a-zA-Z0-9\-_]+))?`,
})

const InvocationType = oneOf('ASYNC')
const LambdaConfiguration = structure({ ResourceArn: Required(LambdaFunctionArn), InvocationType: Required(InvocationType) })
const ProcessorConfiguration = structure({ Lambda: Required(LambdaConfiguration) })
const FallbackAction = oneOf('CONTINUE', 'ABORT')

const Processor = structure({
  Name: Required(NonEmptyResourceName),
  Configuration: Required(ProcessorConfiguration),
  ExecutionOrder: Required(integer({ minimum: 1, maximum: 3 })),
  FallbackAction: Required(FallbackAction),
})

export const ProcessorList = list(Processor, { minItems: 1, maxItems: 3 })

const ChannelFlow = structure({
  ChannelFlowArn: ChimeArn,
  Processors: ProcessorList,
  Name: NonEmptyResourceName,
  CreatedTimestamp: Timestamp,
  LastUpdatedTimestamp: Timestamp,
})

const ChannelFlowSummary = structure({ ChannelFlowArn: ChimeArn, Name: NonEmptyResourceName, Processors: ProcessorList })

const ChannelAssociatedWithFlowSummary = structure(channelFields)

const CallbackIdType = text({ minLength: 32, maxLength: 64 })

const ChannelMessageCallback = structure({
  MessageId: Required(MessageId),
  Content: NonEmptyContent,
  Metadata: MessageMetadata,
  PushNotification: PushNotificationConfiguration,
  MessageAttributes: MessageAttributeMap,
  SubChannelId,
  ContentType,
})

export const flows = {
  CreateChannelFlow: operation(
    'POST /channel-flows',
    201,
    {
      AppInstanceArn: Required(ChimeArn),
      Processors: Required(ProcessorList),
      Name: Required(NonEmptyResourceName),
      Tags: TagList,
      ClientRequestToken: IdempotencyToken(ClientRequestToken),
    },
    { ChannelFlowArn: ChimeArn },
    conflictOrLimit,
  ),
  DescribeChannelFlow: operation('GET /channel-flows/{channelFlowArn}', 200, { ChannelFlowArn: Required(ChimeArn) }, { ChannelFlow }),
  ListChannelFlows: operation(
    'GET /channel-flows',
    200,
    { ...ofAppInstance, ...paging },
    { ChannelFlows: list(ChannelFlowSummary), NextToken },
  ),
  UpdateChannelFlow: operation(
    'PUT /channel-flows/{channelFlowArn}',
    200,
    { ChannelFlowArn: Required(ChimeArn), Processors: Required(ProcessorList), Name: Required(NonEmptyResourceName) },
    { ChannelFlowArn: ChimeArn },
    ['ConflictException'],
  ),
  DeleteChannelFlow: operation('DELETE /channel-flows/{channelFlowArn}', 204, { ChannelFlowArn: Required(ChimeArn) }, {}, [
    'ConflictException',
  ]),
  AssociateChannelFlow: operation(
    'PUT /channels/{channelArn}/channel-flow',
    200,
    { ...inChannel, ChannelFlowArn: Required(ChimeArn) },
    {},
    ['NotFoundException', 'ConflictException'],
  ),
  DisassociateChannelFlow: operation(
    'DELETE /channels/{channelArn}/channel-flow/{channelFlowArn}',
    204,
    { ...inChannel, ChannelFlowArn: Required(ChimeArn) },
    {},
    ['NotFoundException', 'ConflictException'],
  ),
  ListChannelsAssociatedWithChannelFlow: operation(
    'GET /channels?scope=channel-flow-associations',
    200,
    { ChannelFlowArn: Required(ChimeArn), ...paging },
    { Channels: list(ChannelAssociatedWithFlowSummary), NextToken },
  ),
  ChannelFlowCallback: operation(
    'POST /channels/{channelArn}?operation=channel-flow-callback',
    200,
    {
      CallbackId: IdempotencyToken(CallbackIdType),
      ChannelArn: Required(ChimeArn),
      DeleteResource: boolean(),
      ChannelMessage: Required(ChannelMessageCallback),
    },
    { ChannelArn: ChimeArn, CallbackId: CallbackIdType },
    ['ConflictException'],
  ),
}
