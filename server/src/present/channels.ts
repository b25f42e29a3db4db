import type { Channel, Elastic } from '../store/channels.ts'
import { wireSummary, type ChannelSummary } from '../store/channel-summary.ts'
import type { ChannelExpiration } from '../store/channel-expiration.ts'
import type { SubChannel } from '../store/sub-channels.ts'
import { identity } from './identities.ts'

export const channelSummary = (channel: ChannelSummary) => ({
  [wireSummary.name]: channel.name,
  [wireSummary.arn]: channel.arn,
  [wireSummary.mode]: channel.mode,
  [wireSummary.privacy]: channel.privacy,
  [wireSummary.metadata]: channel.metadata,
  [wireSummary.lastMessageAt]: channel.lastMessageAt,
})

export const channelDetails = (channel: Channel) => ({
  ...channelSummary(channel),
  CreatedBy: identity(channel.createdBy),
  CreatedTimestamp: channel.createdAt,
  LastUpdatedTimestamp: channel.updatedAt,
  ChannelFlowArn: channel.flowArn,
  ElasticChannelConfiguration: channel.elastic && elasticConfiguration(channel.elastic),
  ExpirationSettings: channel.expiration && expirationSettings(channel.expiration),
})

const elasticConfiguration = ({ maximum, target, percentage }: Elastic) => ({
  MaximumSubChannels: maximum,
  TargetMembershipsPerSubChannel: target,
  MinimumMembershipPercentage: percentage,
})

export const expirationSettings = ({ days, criterion }: ChannelExpiration) => ({
  ExpirationDays: days,
  ExpirationCriterion: criterion,
})

export const subChannelSummary = ({ name, members, moderators }: SubChannel) => ({
  SubChannelId: name,
  MembershipCount: members + moderators,
})
