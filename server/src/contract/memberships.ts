import { ChannelSummary } from './channels.ts'
import { ChimeArn, Identity, NextToken, SubChannelId, Timestamp, anything, inChannel, onMember, paging } from './common.ts'
import { operation } from './operation.ts'
import { Required, list, oneOf, structure, text } from './shapes.ts'

const ChannelMembershipType = oneOf('DEFAULT', 'HIDDEN')

const BatchChannelMemberships = structure({
  InvitedBy: Identity,
  Type: ChannelMembershipType,
  Members: list(Identity),
  ChannelArn: ChimeArn,
  SubChannelId,
})

const ErrorCode = oneOf(
  'BadRequest',
  'Conflict',
  'Forbidden',
  'NotFound',
  'PreconditionFailed',
  'ResourceLimitExceeded',
  'ServiceFailure',
  'AccessDenied',
  'ServiceUnavailable',
  'Throttled',
  'Throttling',
  'Unauthorized',
  'Unprocessable',
  'VoiceConnectorGroupAssociationsExist',
  'PhoneNumberAssociationsExist',
)

const BatchCreateChannelMembershipError = structure({ MemberArn: ChimeArn, ErrorCode, ErrorMessage: text({}) })

const ChannelMembership = structure({
  InvitedBy: Identity,
  Type: ChannelMembershipType,
  Member: Identity,
  ChannelArn: ChimeArn,
  CreatedTimestamp: Timestamp,
  LastUpdatedTimestamp: Timestamp,
  SubChannelId,
})

const ChannelMembershipSummary = structure({ Member: Identity })
export const AppInstanceUserMembershipSummary = structure({ Type: ChannelMembershipType, ReadMarkerTimestamp: Timestamp, SubChannelId })
const ChannelMembershipForAppInstanceUserSummary = structure({ ChannelSummary, AppInstanceUserMembershipSummary })
const AllowNotifications = oneOf('ALL', 'NONE', 'FILTERED')
const FilterRule = text({ minLength: 1, pattern: anything, sensitive: true })
const PushNotificationPreferences = structure({ AllowNotifications: Required(AllowNotifications), FilterRule })
export const ChannelMembershipPreferences = structure({ PushNotifications: PushNotificationPreferences })

export const memberships = {
  CreateChannelMembership: operation(
    'POST /channels/{channelArn}/memberships',
    201,
    { ...onMember, Type: Required(ChannelMembershipType), SubChannelId },
    { ChannelArn: ChimeArn, Member: Identity, SubChannelId },
    ['NotFoundException', 'ConflictException', 'ResourceLimitExceededException'],
  ),
  BatchCreateChannelMembership: operation(
    'POST /channels/{channelArn}/memberships?operation=batch-create',
    200,
    { ...inChannel, Type: ChannelMembershipType, MemberArns: Required(list(ChimeArn, { minItems: 1, maxItems: 100 })), SubChannelId },
    { BatchChannelMemberships, Errors: list(BatchCreateChannelMembershipError) },
    ['NotFoundException', 'ResourceLimitExceededException'],
  ),
  DescribeChannelMembership: operation(
    'GET /channels/{channelArn}/memberships/{memberArn}',
    200,
    { ...onMember, SubChannelId },
    { ChannelMembership },
    ['NotFoundException'],
  ),
  ListChannelMemberships: operation(
    'GET /channels/{channelArn}/memberships',
    200,
    { ...inChannel, Type: ChannelMembershipType, ...paging, SubChannelId },
    { ChannelArn: ChimeArn, ChannelMemberships: list(ChannelMembershipSummary), NextToken },
  ),
  DeleteChannelMembership: operation('DELETE /channels/{channelArn}/memberships/{memberArn}', 204, { ...onMember, SubChannelId }, {}, [
    'ConflictException',
  ]),
  DescribeChannelMembershipForAppInstanceUser: operation(
    'GET /channels/{channelArn}?scope=app-instance-user-membership',
    200,
    { ...inChannel, AppInstanceUserArn: Required(ChimeArn) },
    { ChannelMembership: ChannelMembershipForAppInstanceUserSummary },
  ),
  ListChannelMembershipsForAppInstanceUser: operation(
    'GET /channels?scope=app-instance-user-memberships',
    200,
    { AppInstanceUserArn: ChimeArn, ...paging, ChimeBearer: Required(ChimeArn) },
    { ChannelMemberships: list(ChannelMembershipForAppInstanceUserSummary), NextToken },
  ),
  GetChannelMembershipPreferences: operation('GET /channels/{channelArn}/memberships/{memberArn}/preferences', 200, onMember, {
    ChannelArn: ChimeArn,
    Member: Identity,
    Preferences: ChannelMembershipPreferences,
  }),
  PutChannelMembershipPreferences: operation(
    'PUT /channels/{channelArn}/memberships/{memberArn}/preferences',
    200,
    { ...onMember, Preferences: Required(ChannelMembershipPreferences) },
    { ChannelArn: ChimeArn, Member: Identity, Preferences: ChannelMembershipPreferences },
    ['ConflictException'],
  ),
  UpdateChannelReadMarker: operation('PUT /channels/{channelArn}/readMarker', 200, inChannel, { ChannelArn: ChimeArn }, [
    'ConflictException',
  ]),
}
