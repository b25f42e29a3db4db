/**
 * The limited counts: the flag `--limit-NAME`, Amazon's default (docs/service/limits.md#counts) where Amazon has such a count, and one line
 * of meaning.
 */
export const countLimits = {
  appInstances: { flag: 'limit-app-instances', fallback: 100, meaning: 'app instances' },
  usersPerAppInstance: { flag: 'limit-users-per-app-instance', fallback: 100_000, meaning: 'users of an app instance' },
  adminsPerAppInstance: { flag: 'limit-admins-per-app-instance', fallback: 100, meaning: 'AppInstanceAdmins of an app instance' },
  botsPerAppInstance: { flag: 'limit-bots-per-app-instance', fallback: 1000, meaning: 'bots of an app instance' },
  endpointsPerUser: { flag: 'limit-endpoints-per-user', fallback: 10, meaning: 'push endpoints of a user' },
  channelsPerAppInstance: { flag: 'limit-channels-per-app-instance', fallback: 10_000_000, meaning: 'channels of an app instance' },
  membershipsPerChannel: { flag: 'limit-memberships-per-channel', fallback: 10_000, meaning: 'members of a channel' },
  membershipsPerUser: { flag: 'limit-memberships-per-user', fallback: 20_000, meaning: 'channels that a user or bot is in' },
  membershipsOfSearcher: {
    flag: 'limit-memberships-of-searcher',
    fallback: 1000,
    meaning: 'channels that a user or bot may be in to use SearchChannels',
  },
  elasticChannelsPerAppInstance: {
    flag: 'limit-elastic-channels-per-app-instance',
    fallback: 1,
    meaning: 'elastic channels of an app instance',
  },
  subChannelsPerChannel: { flag: 'limit-sub-channels-per-channel', fallback: 100, meaning: 'sub-channels of an elastic channel' },
  membershipsPerSubChannel: { flag: 'limit-memberships-per-sub-channel', fallback: 1000, meaning: 'members of a sub-channel' },
  moderatorsPerChannel: { flag: 'limit-moderators-per-channel', fallback: 1000, meaning: 'moderators of a channel' },
  connectionsPerUser: { flag: 'limit-connections-per-user', fallback: 10, meaning: 'open sockets of a user' },
  flowsPerAppInstance: { flag: 'limit-flows-per-app-instance', fallback: 100, meaning: 'channel flows of an app instance' },
  processorsPerFlow: { flag: 'limit-processors-per-flow', fallback: 1, meaning: 'processors of a channel flow; the API allows 3' },
  reactionsPerMessage: { flag: 'limit-reactions-per-message', fallback: 50, meaning: 'different reactions to a message' },
  pinsPerChannel: { flag: 'limit-pins-per-channel', fallback: 100, meaning: 'pinned messages of a channel or sub-channel' },
} as const

export type CountLimit = keyof typeof countLimits

/** The sizes of messages that are limited, in bytes of UTF-8, with the most that can be set (docs/service/limits.md#sizes). */
export const sizeLimits = {
  contentBytes: { flag: 'limit-content-bytes', fallback: 4096, most: 65_536, meaning: 'bytes of UTF-8 in the Content of a message' },
  metadataBytes: { flag: 'limit-metadata-bytes', fallback: 1024, most: 16_384, meaning: 'bytes of UTF-8 in the Metadata of a message' },
  controlBytes: { flag: 'limit-control-bytes', fallback: 30, most: 4096, meaning: 'bytes of UTF-8 in the Content of a CONTROL message' },
} as const

export type SizeLimit = keyof typeof sizeLimits

export type Limits = Readonly<Record<CountLimit | SizeLimit, number>>
