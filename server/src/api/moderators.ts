import type { BearerCall, Handlers } from '../call.ts'
import { conflict, forbidden, notFound } from '../errors.ts'
import { advance, channelSummary } from '../domain/channels.ts'
import { checkCount } from '../domain/counts.ts'
import { findIdentity, holdIdentity, identity, requireIdentity } from '../domain/identities.ts'
import { leave } from '../domain/memberships.ts'
import { findBan } from '../store/bans.ts'
import { findModeratedChannel, listModeratedChannels } from '../store/channels.ts'
import { countModerators, deleteModerator, findModerator, insertModerator, listModerators } from '../store/moderators.ts'
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
  /** Who becomes a moderator of an elastic channel loses its membership there (spec/operations.md §10). */
  async CreateChannelModerator({ ChannelModeratorArn }, { db, channel, caller, now, limits, balanceSoon }) {
    const named = await db.transaction(async tx => {
      const named = await requireIdentity(tx, ChannelModeratorArn)
      await advance(tx, channel, now())
      await holdIdentity(tx, named)
      if (await findBan(tx, channel.id, named.id)) {
        throw conflict('The user or bot is banned from the channel', `Delete the ban of ${ChannelModeratorArn} first.`)
      }
      if (await insertModerator(tx, channel.id, named.id, caller.id, now())) {
        checkCount((await countModerators(tx, channel.id)) - 1, 'moderatorsPerChannel', limits)
        if (channel.elastic) await leave(tx, channel.id, named.id)
      }
      return named
    })
    if (channel.elastic) balanceSoon(channel.id)
    return { ChannelArn: channel.arn, ChannelModerator: identity(named) }
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

  /** Who is a moderator of an elastic channel no longer loses all memberships there. */
  async DeleteChannelModerator({ ChannelModeratorArn }, { db, channel, now }) {
    await db.transaction(async tx => {
      const named = await findIdentity(tx, ChannelModeratorArn)
      if (!named || !(await findModerator(tx, channel.id, named.id))) return
      // The channel first, as everywhere, so that no two acts wait for each other.
      await advance(tx, channel, now())
      if (channel.elastic) await leave(tx, channel.id, named.id)
      await deleteModerator(tx, channel.id, named.id)
    })
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
