import type { BearerCall, Handlers } from './call.ts'
import { forbidden, notFound } from '../errors.ts'
import { findIdentity, requireIdentity } from '../domain/identities.ts'
import { addModerator, removeModerator } from '../domain/moderators.ts'
import { channelSummary } from '../present/channels.ts'
import { identity } from '../present/identities.ts'
import { findModeratedChannel, listModeratedChannels } from '../store/channels.ts'
import { findModerator, listModerators } from '../store/moderators.ts'
import { actingIn } from './acting.ts'
import { paged } from './paging.ts'

/** The bearer, or whom an admin names. */
const moderatorOf = async ({ caller, db }: BearerCall, namedArn: string | undefined) =>
  namedArn === undefined || namedArn === caller.arn ? caller : requireIdentity(db, namedArn)

export const moderators: Handlers<
  | 'CreateChannelModerator'
  | 'DescribeChannelModerator'
  | 'ListChannelModerators'
  | 'DeleteChannelModerator'
  | 'ListChannelsModeratedByAppInstanceUser'
  | 'DescribeChannelModeratedByAppInstanceUser'
> = {
  async CreateChannelModerator({ ChannelModeratorArn }, call) {
    const named = await call.db.transaction(tx => addModerator(tx, actingIn(call), ChannelModeratorArn))
    return { ChannelArn: call.channel.arn, ChannelModerator: identity(named) }
  },

  async DescribeChannelModerator({ ChannelModeratorArn }, { db, channel }) {
    const named = await findIdentity(db, ChannelModeratorArn)
    const moderator = named && (await findModerator(db, channel.id, named.id))
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
    const { channel, db } = call
    const { items, NextToken } = await paged(call, input, [channel.arn], (after, limit) => listModerators(db, channel.id, after, limit))
    return { ChannelArn: channel.arn, ChannelModerators: items.map(item => ({ Moderator: identity(item.identity) })), NextToken }
  },

  async DeleteChannelModerator({ ChannelModeratorArn }, call) {
    await call.db.transaction(tx => removeModerator(tx, actingIn(call), ChannelModeratorArn))
  },

  async ListChannelsModeratedByAppInstanceUser(input, call) {
    const { id } = await moderatorOf(call, input.AppInstanceUserArn)
    const { items, NextToken } = await paged(call, input, [String(id)], (after, limit) =>
      listModeratedChannels(call.db, { identityId: id, viewerId: call.caller.id }, after, limit),
    )
    return { Channels: items.map(channel => ({ ChannelSummary: channelSummary(channel) })), NextToken }
  },

  async DescribeChannelModeratedByAppInstanceUser(input, call) {
    const { id } = await moderatorOf(call, input.AppInstanceUserArn)
    const channel = await findModeratedChannel(call.db, call.channel.id, id, call.caller.id)
    if (!channel) throw forbidden(`${input.AppInstanceUserArn} is not a moderator of ${call.channel.arn}.`)
    return { Channel: { ChannelSummary: channelSummary(channel) } }
  },
}
