import { arnWithin } from '../../arn.ts'
import type { Input, OperationName } from '../../contract/index.ts'

/** The region and account of the server, with which the ARNs of its own resources begin. */
export interface Owner {
  readonly region: string
  readonly account: string
}

type ResourcesOf<Name extends OperationName> = (input: Input<Name>, owner: Owner) => readonly string[]

/** The server itself: a policy that names ARNs of app instances does not allow it. */
const everything = () => ['*']
/** Resources that a policy can only name together: it allows all of the account or none. */
const appInstances = (_: unknown, { region, account }: Owner) => [`arn:aws:chime:${region}:${account}:app-instance/*`]
const appInstance = ({ AppInstanceArn }: { AppInstanceArn: string }) => [AppInstanceArn]
const admin = ({ AppInstanceArn, AppInstanceAdminArn }: { AppInstanceArn: string; AppInstanceAdminArn: string }) => [
  AppInstanceArn,
  AppInstanceAdminArn,
]
const user = ({ AppInstanceUserArn }: { AppInstanceUserArn: string }) => [AppInstanceUserArn]
const newUser = ({ AppInstanceArn, AppInstanceUserId }: { AppInstanceArn: string; AppInstanceUserId: string }) => [
  arnWithin(AppInstanceArn, 'user', AppInstanceUserId),
]
/** The resource of a list, which a policy for a single item does not allow, and of a new item whose id is not known yet. */
const all =
  (kind: 'user' | 'bot' | 'channel-flow') =>
  ({ AppInstanceArn }: { AppInstanceArn: string }) => [arnWithin(AppInstanceArn, kind, '*')]
const bot = ({ AppInstanceBotArn }: { AppInstanceBotArn: string }) => [AppInstanceBotArn]
const flow = ({ ChannelFlowArn }: { ChannelFlowArn: string }) => [ChannelFlowArn]
const channel = ({ ChannelArn }: { ChannelArn: string }) => [ChannelArn]
const tagged = ({ ResourceARN }: { ResourceARN: string }) => [ResourceARN]
/** The models do not require ChimeBearer for some operations; the authentication does. */
const bearer = ({ ChimeBearer }: { ChimeBearer?: string }) => [ChimeBearer!]
const bearerAndChannel = ({ ChimeBearer, ChannelArn }: { ChimeBearer?: string; ChannelArn: string }) => [ChimeBearer!, ChannelArn]
const bearerAndChannelIfGiven = ({ ChimeBearer, ChannelArn }: Input<'SearchMessages'>) =>
  ChannelArn === undefined ? [ChimeBearer] : [ChimeBearer, ChannelArn]
const bearerChannelAndFlow = ({ ChimeBearer, ChannelArn, ChannelFlowArn }: Input<'AssociateChannelFlow'>) => [
  ChimeBearer,
  ChannelArn,
  ChannelFlowArn,
]
/** The channel with the given ChannelId; without one, any channel. */
const newChannel = ({ AppInstanceArn, ChannelId = '*' }: Input<'CreateChannel'>) => [arnWithin(AppInstanceArn, 'channel', ChannelId)]
const bearerAndNewChannel = (input: Input<'CreateChannel'>) => [input.ChimeBearer, ...newChannel(input)]

/**
 * The resources of each operation. The credentials need permission for the action on every one of them
 * (docs/service/authorization.md#iam-actions-and-resources). Members, moderators and targets in the input are not resources.
 */
export const resources: { readonly [Name in OperationName]: ResourcesOf<Name> } = {
  // Channels
  CreateChannel: bearer,
  DescribeChannel: bearerAndChannel,
  ListChannels: bearer,
  SearchChannels: bearer,
  UpdateChannel: bearerAndChannel,
  DeleteChannel: bearerAndChannel,
  PutChannelExpirationSettings: bearerAndChannel,
  ListSubChannels: bearerAndChannel,

  // Memberships
  CreateChannelMembership: bearerAndChannel,
  BatchCreateChannelMembership: bearerAndChannel,
  DescribeChannelMembership: bearerAndChannel,
  ListChannelMemberships: bearerAndChannel,
  DeleteChannelMembership: bearerAndChannel,
  ListChannelMembershipsForAppInstanceUser: bearer,
  DescribeChannelMembershipForAppInstanceUser: bearerAndChannel,
  PutChannelMembershipPreferences: bearerAndChannel,
  GetChannelMembershipPreferences: bearerAndChannel,
  UpdateChannelReadMarker: bearerAndChannel,
  ListChannelReadMarkers: bearerAndChannel,
  PutChannelReadMarker: bearerAndChannel,
  SearchMessages: bearerAndChannelIfGiven,
  ListChannelUnreadCounts: bearer,
  GetUnreadSummary: bearer,

  // Moderators
  CreateChannelModerator: bearerAndChannel,
  DescribeChannelModerator: bearerAndChannel,
  ListChannelModerators: bearerAndChannel,
  DeleteChannelModerator: bearerAndChannel,
  ListChannelsModeratedByAppInstanceUser: bearer,
  DescribeChannelModeratedByAppInstanceUser: bearerAndChannel,

  // Bans
  CreateChannelBan: bearerAndChannel,
  DescribeChannelBan: bearerAndChannel,
  ListChannelBans: bearerAndChannel,
  DeleteChannelBan: bearerAndChannel,

  // Messages
  SendChannelMessage: bearerAndChannel,
  GetChannelMessage: bearerAndChannel,
  ListChannelMessages: bearerAndChannel,
  UpdateChannelMessage: bearerAndChannel,
  RedactChannelMessage: bearerAndChannel,
  DeleteChannelMessage: bearerAndChannel,
  GetChannelMessageStatus: bearerAndChannel,
  SendTypingIndicator: bearerAndChannel,
  PutMessageReactions: bearerAndChannel,
  BatchGetMessageReactions: bearerAndChannel,
  ListMessageReactionMembers: bearerAndChannel,
  ListThreadMessages: bearerAndChannel,
  BatchGetThreads: bearerAndChannel,
  PinMessage: bearerAndChannel,
  UnpinMessage: bearerAndChannel,
  ListPinnedMessages: bearerAndChannel,

  // Presence
  PutPresenceStatus: bearer,
  BatchGetPresence: bearer,
  GetChannelPresence: bearerAndChannel,
  WatchPresence: bearer,

  // Channel flows
  AssociateChannelFlow: bearerChannelAndFlow,
  DisassociateChannelFlow: bearerChannelAndFlow,
  CreateChannelFlow: appInstance,
  DescribeChannelFlow: flow,
  ListChannelFlows: all('channel-flow'),
  UpdateChannelFlow: flow,
  DeleteChannelFlow: flow,
  ListChannelsAssociatedWithChannelFlow: flow,
  ChannelFlowCallback: channel,

  // Streaming and sessions
  PutMessagingStreamingConfigurations: appInstance,
  GetMessagingStreamingConfigurations: appInstance,
  DeleteMessagingStreamingConfigurations: appInstance,
  GetMessagingSessionEndpoint: everything,

  // App instances, users and bots
  CreateAppInstance: appInstances,
  DescribeAppInstance: appInstance,
  ListAppInstances: appInstances,
  UpdateAppInstance: appInstance,
  DeleteAppInstance: appInstance,
  PutAppInstanceRetentionSettings: appInstance,
  GetAppInstanceRetentionSettings: appInstance,
  PutAppInstancePresenceSettings: appInstance,
  GetAppInstancePresenceSettings: appInstance,
  PutAppInstanceEventSettings: appInstance,
  GetAppInstanceEventSettings: appInstance,
  CreateAppInstanceUser: newUser,
  DescribeAppInstanceUser: user,
  ListAppInstanceUsers: all('user'),
  UpdateAppInstanceUser: user,
  PutAppInstanceUserExpirationSettings: user,
  DeleteAppInstanceUser: user,
  CreateAppInstanceAdmin: admin,
  DescribeAppInstanceAdmin: admin,
  ListAppInstanceAdmins: appInstance,
  DeleteAppInstanceAdmin: admin,
  CreateAppInstanceBot: all('bot'),
  DescribeAppInstanceBot: bot,
  ListAppInstanceBots: all('bot'),
  UpdateAppInstanceBot: bot,
  DeleteAppInstanceBot: bot,
  RegisterAppInstanceUserEndpoint: user,
  DescribeAppInstanceUserEndpoint: user,
  ListAppInstanceUserEndpoints: user,
  UpdateAppInstanceUserEndpoint: user,
  DeregisterAppInstanceUserEndpoint: user,

  // Tags
  TagResource: tagged,
  UntagResource: tagged,
  ListTagsForResource: tagged,

  // Operations for the operator
  ListRecentCalls: everything,
  DescribeServer: everything,
  ListOutboxLanes: everything,
  ListDeadOutboxEntries: everything,
  RetryDeadOutboxEntries: everything,
  DropDeadOutboxEntries: everything,
  CreateAccessKey: everything,
  ListAccessKeys: everything,
  DescribeAccessKey: everything,
  UpdateAccessKey: everything,
  DeleteAccessKey: everything,
  CreateIamRole: everything,
  ListIamRoles: everything,
  DescribeIamRole: everything,
  UpdateIamRole: everything,
  DeleteIamRole: everything,
  SimulatePolicy: everything,
  ListConnectedUsers: everything,
}

/** An action that a member of the input needs permission for, in addition to the operation, as on Amazon. */
export interface Further<Name extends OperationName> {
  readonly member: 'ExpirationSettings' | 'Tags'
  readonly action: string
  readonly resources: ResourcesOf<Name>
}

/** Tagging a new resource; `*` stands for an id that is not known yet. */
const tagging = <Name extends OperationName>(made: ResourcesOf<Name>): Further<Name> => ({
  member: 'Tags',
  action: 'chime:TagResource',
  resources: made,
})

export const further: { readonly [Name in OperationName]?: readonly Further<Name>[] } = {
  CreateChannel: [
    { member: 'ExpirationSettings', action: 'chime:PutChannelExpirationSettings', resources: bearerAndNewChannel },
    tagging(newChannel),
  ],
  CreateAppInstanceUser: [
    { member: 'ExpirationSettings', action: 'chime:PutAppInstanceUserExpirationSettings', resources: newUser },
    tagging(newUser),
  ],
  CreateAppInstance: [tagging(appInstances)],
  CreateAppInstanceBot: [tagging(all('bot'))],
  CreateChannelFlow: [tagging(all('channel-flow'))],
}
