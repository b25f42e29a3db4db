import type { OperationName } from '../contract/index.ts'

/** The subject of a rate: each has a token bucket of its own. */
export type RateSubject =
  'account' | 'address' | 'app instance' | 'user' | 'bearer' | 'channel' | 'ordinary channel' | 'elastic channel' | 'channel or sub-channel'

interface CallRate {
  readonly flag: string
  /** The default, which is Amazon's in us-east-1; Amazon has none for logins. */
  readonly fallback: number
  readonly per: RateSubject
  readonly meaning: string
  readonly operations: readonly OperationName[] | 'every identity operation' | 'every messaging operation' | 'Connect' | 'Login'
}

const rate = (flag: string, fallback: number, per: RateSubject, meaning: string, operations: CallRate['operations']): CallRate => ({
  flag,
  fallback,
  per,
  meaning,
  operations,
})

const membershipMeaning = 'creations and deletions of memberships, bans and moderators'
const membershipChanges: readonly OperationName[] = [
  'CreateChannelMembership',
  'DeleteChannelMembership',
  'CreateChannelBan',
  'DeleteChannelBan',
  'CreateChannelModerator',
  'DeleteChannelModerator',
]

/** The limited rates, in calls a second: the flag `--rate-NAME`, and which calls share a bucket (docs/service/limits.md#rates). */
export const callRates = {
  appInstanceChangeRate: rate('rate-app-instance-changes', 5, 'account', 'creations, updates and deletions of app instances', [
    'CreateAppInstance',
    'UpdateAppInstance',
    'DeleteAppInstance',
  ]),
  appInstanceDescribeRate: rate('rate-app-instance-descriptions', 20, 'app instance', 'calls of DescribeAppInstance', [
    'DescribeAppInstance',
  ]),
  appInstanceListRate: rate('rate-app-instance-lists', 10, 'account', 'calls of ListAppInstances', ['ListAppInstances']),
  userChangeRate: rate('rate-user-changes', 10, 'app instance', 'creations, updates and deletions of users', [
    'CreateAppInstanceUser',
    'UpdateAppInstanceUser',
    'DeleteAppInstanceUser',
  ]),
  userDescribeRate: rate('rate-user-descriptions', 20, 'user', 'calls of DescribeAppInstanceUser', ['DescribeAppInstanceUser']),
  userListRate: rate('rate-user-lists', 10, 'app instance', 'calls of ListAppInstanceUsers', ['ListAppInstanceUsers']),
  identityRate: rate('rate-identity', 50, 'account', 'calls of the identity API', 'every identity operation'),
  bearerRate: rate('rate-bearer', 10, 'bearer', 'calls of the messaging API', 'every messaging operation'),
  channelChangeRate: rate('rate-channel-changes', 15, 'app instance', 'creations, updates and deletions of channels', [
    'CreateChannel',
    'UpdateChannel',
    'DeleteChannel',
  ]),
  channelDescribeRate: rate('rate-channel-descriptions', 20, 'channel', 'calls of DescribeChannel', ['DescribeChannel']),
  channelListRate: rate('rate-channel-lists', 10, 'app instance', 'calls of ListChannels', ['ListChannels']),
  subChannelListRate: rate('rate-sub-channel-lists', 15, 'channel', 'calls of ListSubChannels', ['ListSubChannels']),
  membershipChangeRate: rate('rate-membership-changes', 15, 'ordinary channel', membershipMeaning, membershipChanges),
  elasticMembershipChangeRate: rate('rate-elastic-membership-changes', 30, 'elastic channel', membershipMeaning, membershipChanges),
  membershipListRate: rate('rate-membership-lists', 15, 'channel', 'lists of memberships, bans and moderators', [
    'ListChannelMemberships',
    'ListChannelBans',
    'ListChannelModerators',
  ]),
  batchRate: rate('rate-batches', 1, 'channel', 'calls of BatchCreateChannelMembership', ['BatchCreateChannelMembership']),
  userMembershipListRate: rate('rate-user-membership-lists', 15, 'user', 'calls of ListChannelMembershipsForAppInstanceUser', [
    'ListChannelMembershipsForAppInstanceUser',
  ]),
  userModeratedListRate: rate('rate-user-moderated-lists', 15, 'user', 'calls of ListChannelsModeratedByAppInstanceUser', [
    'ListChannelsModeratedByAppInstanceUser',
  ]),
  messageChangeRate: rate(
    'rate-message-changes',
    30,
    'channel or sub-channel',
    'sent, updated, redacted and deleted messages and callbacks of flows',
    ['SendChannelMessage', 'UpdateChannelMessage', 'RedactChannelMessage', 'DeleteChannelMessage', 'ChannelFlowCallback'],
  ),
  messageListRate: rate('rate-message-lists', 30, 'channel or sub-channel', 'calls of ListChannelMessages', ['ListChannelMessages']),
  messageGetRate: rate('rate-message-gets', 30, 'channel or sub-channel', 'calls of GetChannelMessage', ['GetChannelMessage']),
  typingRate: rate('rate-typing-indicators', 30, 'channel or sub-channel', 'typing indicators', ['SendTypingIndicator']),
  presenceWatchRate: rate('rate-presence-watches', 5, 'user', 'calls of WatchPresence', ['WatchPresence']),
  channelPresenceRate: rate('rate-channel-presences', 15, 'channel', 'calls of GetChannelPresence', ['GetChannelPresence']),
  loginRate: rate('rate-logins', 50, 'address', 'logins at STS, POST /creds and the identity pool', 'Login'),
  connectRate: rate('rate-connects', 1, 'user', 'connections that are opened', 'Connect'),
} as const

export type CallRateName = keyof typeof callRates

/** The calls a second, by the name of the rate. */
export type Rates = Readonly<Record<CallRateName, number>>
