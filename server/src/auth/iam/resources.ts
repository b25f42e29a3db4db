import { arnWithin } from '../../arn.ts'
import { operators } from '../../contract/carillon/index.ts'
import { isBearerOperation, operations, type BearerOperation, type Input, type OperationName } from '../../contract/index.ts'

export type AnyInput = Readonly<Record<string, unknown>>

/** The region and account of the server, with which the ARNs of its own resources begin. */
export interface Owner {
  readonly region: string
  readonly account: string
}

type ResourcesOf<Given = AnyInput> = (input: Given, owner: Owner) => readonly string[]

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
/** The channel with the given ChannelId; without one, any channel. */
const newChannel = ({ AppInstanceArn, ChannelId = '*' }: Input<'CreateChannel'>) => [arnWithin(AppInstanceArn, 'channel', ChannelId)]
const bearerAndNewChannel = (input: Input<'CreateChannel'>) => [input.ChimeBearer, ...newChannel(input)]

/**
 * The resources of each operation without a bearer, but for those of the operator
 * (docs/service/authorization.md#iam-actions-and-resources).
 */
const ownResources: { readonly [Name in Exclude<OperationName, BearerOperation | keyof typeof operators>]: ResourcesOf<Input<Name>> } = {
  // Channel flows
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
}

/**
 * The bearer, and the channel and the flow that the operation is about. Members, moderators and targets in the input are not resources.
 * Only a channel or flow that the operation does not require may be absent: without a bearer the list has a resource all the same.
 */
function ofBearer(name: BearerOperation): ResourcesOf {
  const { properties, required = [] } = operations[name].input
  const own = ['ChimeBearer', 'ChannelArn', 'ChannelFlowArn'].filter(member => member in properties)
  const needed = new Set(['ChimeBearer', ...required])
  return input => own.filter(member => needed.has(member) || input[member] !== undefined).map(member => input[member] as string)
}

/** The resources of an operation. The credentials need permission for the action on every one of them. */
export function resourcesOf(name: OperationName): ResourcesOf {
  if (isBearerOperation(name)) return ofBearer(name)
  if (Object.hasOwn(operators, name)) return everything
  return ownResources[name as keyof typeof ownResources] as ResourcesOf
}

/** An action that a member of the input needs permission for, in addition to the operation, as on Amazon. */
interface Further<Given = AnyInput> {
  readonly member: 'ExpirationSettings' | 'Tags'
  readonly action: string
  readonly resources: ResourcesOf<Given>
}

/** Tagging a new resource; `*` stands for an id that is not known yet. */
const tagging = <Given>(made: ResourcesOf<Given>): Further<Given> => ({
  member: 'Tags',
  action: 'chime:TagResource',
  resources: made,
})

const further: { readonly [Name in OperationName]?: readonly Further<Input<Name>>[] } = {
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

export const furtherOf = (name: OperationName) => (further[name] ?? []) as readonly Further[]
