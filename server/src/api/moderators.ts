import type { Handlers } from './call.ts'
import { forbidden, notFound } from '../errors.ts'
import { addModerator, removeModerator } from '../domain/moderators.ts'
import { channelSummary } from '../present/channels.ts'
import { identity } from '../present/identities.ts'
import { findModeratedChannel, listModeratedChannels } from '../store/channels.ts'
import { findIdentity } from '../store/identities.ts'
import { findModerator, listModerators } from '../store/moderators.ts'
import { actingIn } from './acting.ts'
import { named, subjectOf } from './named.ts'
import { paged } from './paging.ts'

export const moderators = {
  async CreateChannelModerator(_, call) {
    const moderator = await call.db.transaction(tx => addModerator(tx, actingIn(call), named(call, 'ChannelModeratorArn')))
    return { ChannelArn: call.facts.channel.arn, ChannelModerator: identity(moderator) }
  },

  async DescribeChannelModerator({ ChannelModeratorArn }, call) {
    const { db, facts } = call
    const { channel } = facts
    const found = await findIdentity(db, named(call, 'ChannelModeratorArn'))
    const moderator = found && (await findModerator(db, channel.id, found.id))
    if (!moderator) {
      throw notFound('The channel moderator does not exist.', `${ChannelModeratorArn} is not a moderator of ${channel.arn}.`)
    }
    return {
      ChannelModerator: {
        Moderator: identity(moderator.identity),
        ChannelArn: channel.arn,
        CreatedTimestamp: moderator.createdAt,
        CreatedBy: identity(moderator.createdBy),
      },
    }
  },

  async ListChannelModerators(input, call) {
    const { db, facts } = call
    const { channel } = facts
    const { items, NextToken } = await paged(call, input, [channel.arn], (after, limit) => listModerators(db, channel.id, after, limit))
    return { ChannelArn: channel.arn, ChannelModerators: items.map(item => ({ Moderator: identity(item.identity) })), NextToken }
  },

  async DeleteChannelModerator(_, call) {
    await call.db.transaction(tx => removeModerator(tx, actingIn(call), named(call, 'ChannelModeratorArn')))
  },

  async ListChannelsModeratedByAppInstanceUser(input, call) {
    const { id } = await subjectOf(call)
    const { items, NextToken } = await paged(call, input, [String(id)], (after, limit) =>
      listModeratedChannels(call.db, { identityId: id, viewerId: call.facts.caller.id }, after, limit),
    )
    return { Channels: items.map(channel => ({ ChannelSummary: channelSummary(channel) })), NextToken }
  },

  async DescribeChannelModeratedByAppInstanceUser(input, call) {
    const { id } = await subjectOf(call)
    const channel = await findModeratedChannel(call.db, call.facts.channel.id, id, call.facts.caller.id)
    if (!channel) throw forbidden(`${input.AppInstanceUserArn} is not a moderator of ${call.facts.channel.arn}.`)
    return { Channel: { ChannelSummary: channelSummary(channel) } }
  },
} satisfies Partial<Handlers>
