import {
  ChimeArn,
  ClientRequestToken,
  Identity,
  Metadata,
  NextToken,
  NonEmptyResourceName,
  SubChannelId,
  TagList,
  Timestamp,
  anything,
  idPattern,
  inChannel,
  paging,
} from './common.ts'
import { conflictOrLimit, operation } from './operation.ts'
import { IdempotencyToken, Required, integer, list, oneOf, structure, text } from './shapes.ts'

export const ChannelMode = oneOf('UNRESTRICTED', 'RESTRICTED')
export const ChannelPrivacy = oneOf('PUBLIC', 'PRIVATE')
const ChannelId = text({ minLength: 1, maxLength: 64, pattern: idPattern, sensitive: true })

const ElasticChannelConfiguration = structure({
  MaximumSubChannels: Required(integer({ minimum: 2 })),
  TargetMembershipsPerSubChannel: Required(integer({ minimum: 2 })),
  MinimumMembershipPercentage: Required(integer({ minimum: 1, maximum: 40 })),
})

const ExpirationDays = integer({ minimum: 1, maximum: 5475 })
const ExpirationCriterion = oneOf('CREATED_TIMESTAMP', 'LAST_MESSAGE_TIMESTAMP')
const ExpirationSettings = structure({ ExpirationDays: Required(ExpirationDays), ExpirationCriterion: Required(ExpirationCriterion) })

/** The fields of a channel in every answer. */
export const channelFields = { Name: NonEmptyResourceName, ChannelArn: ChimeArn, Mode: ChannelMode, Privacy: ChannelPrivacy, Metadata }

const Channel = structure({
  ...channelFields,
  CreatedBy: Identity,
  CreatedTimestamp: Timestamp,
  LastMessageTimestamp: Timestamp,
  LastUpdatedTimestamp: Timestamp,
  ChannelFlowArn: ChimeArn,
  ElasticChannelConfiguration,
  ExpirationSettings,
})

export const ChannelSummary = structure({ ...channelFields, LastMessageTimestamp: Timestamp })

const SearchFieldKey = oneOf('MEMBERS')
const SearchFieldValue = text({ minLength: 1, maxLength: 512, pattern: anything })
const SearchFieldOperator = oneOf('EQUALS', 'INCLUDES')

const SearchField = structure({
  Key: Required(SearchFieldKey),
  Values: Required(list(SearchFieldValue, { minItems: 1, maxItems: 20 })),
  Operator: Required(SearchFieldOperator),
})

const SubChannelSummary = structure({ SubChannelId, MembershipCount: integer() })

export const channels = {
  CreateChannel: operation(
    'POST /channels',
    201,
    {
      AppInstanceArn: Required(ChimeArn),
      Name: Required(NonEmptyResourceName),
      Mode: ChannelMode,
      Privacy: ChannelPrivacy,
      Metadata,
      ClientRequestToken: IdempotencyToken(ClientRequestToken),
      Tags: TagList,
      ChimeBearer: Required(ChimeArn),
      ChannelId,
      MemberArns: list(ChimeArn, { minItems: 1, maxItems: 10 }),
      ModeratorArns: list(ChimeArn, { minItems: 1, maxItems: 10 }),
      ElasticChannelConfiguration,
      ExpirationSettings,
    },
    { ChannelArn: ChimeArn },
    conflictOrLimit,
  ),
  DescribeChannel: operation('GET /channels/{channelArn}', 200, inChannel, { Channel }),
  ListChannels: operation(
    'GET /channels',
    200,
    { AppInstanceArn: Required(ChimeArn), Privacy: ChannelPrivacy, ...paging, ChimeBearer: Required(ChimeArn) },
    { Channels: list(ChannelSummary), NextToken },
  ),
  SearchChannels: operation(
    'POST /channels?operation=search',
    200,
    { ChimeBearer: ChimeArn, Fields: Required(list(SearchField, { minItems: 1, maxItems: 20 })), ...paging },
    { Channels: list(ChannelSummary), NextToken },
  ),
  UpdateChannel: operation(
    'PUT /channels/{channelArn}',
    200,
    { ...inChannel, Name: NonEmptyResourceName, Mode: ChannelMode, Metadata },
    { ChannelArn: ChimeArn },
    ['ConflictException'],
  ),
  DeleteChannel: operation('DELETE /channels/{channelArn}', 204, inChannel, {}, ['ConflictException']),
  PutChannelExpirationSettings: operation(
    'PUT /channels/{channelArn}/expiration-settings',
    200,
    { ChannelArn: Required(ChimeArn), ChimeBearer: ChimeArn, ExpirationSettings },
    { ChannelArn: ChimeArn, ExpirationSettings },
    ['ConflictException'],
  ),
  ListSubChannels: operation(
    'GET /channels/{channelArn}/subchannels',
    200,
    { ...inChannel, ...paging },
    { ChannelArn: ChimeArn, SubChannels: list(SubChannelSummary), NextToken },
  ),
}
