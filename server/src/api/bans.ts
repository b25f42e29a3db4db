import type { Handlers } from '../call.ts'
import { forbidden, notFound } from '../errors.ts'
import { advance } from '../domain/channels.ts'
import { findIdentity, holdIdentity, identity, requireIdentity } from '../domain/identities.ts'
import { leave } from '../domain/memberships.ts'
import { findAdmin } from '../store/admins.ts'
import { deleteBan, findBan, insertBan, listBans } from '../store/bans.ts'
import { findModerator } from '../store/moderators.ts'
import { paged } from './paging.ts'

export const bans: Handlers<'CreateChannelBan' | 'DescribeChannelBan' | 'ListChannelBans' | 'DeleteChannelBan'> = {
  /** Ends a membership too. Admins and moderators of the channel cannot be banned (spec/operations.md §11). */
  async CreateChannelBan({ MemberArn }, { db, channel, caller, now, balanceSoon }) {
    const named = await db.transaction(async tx => {
      const named = await requireIdentity(tx, MemberArn)
      await advance(tx, channel, now())
      await holdIdentity(tx, named)
      const isInCharge = (await findAdmin(tx, caller.appInstanceId, named.id)) ?? (await findModerator(tx, channel.id, named.id))
      if (isInCharge) throw forbidden(`${MemberArn} is an AppInstanceAdmin or a moderator of the channel, and cannot be banned.`)
      await insertBan(tx, channel.id, named.id, caller.id, now())
      await leave(tx, channel.id, named.id)
      return named
    })
    if (channel.elastic) balanceSoon(channel.id)
    return { ChannelArn: channel.arn, Member: identity(named) }
  },

  async DescribeChannelBan({ MemberArn }, { db, channel }) {
    const named = await findIdentity(db, MemberArn)
    const ban = named && (await findBan(db, channel.id, named.id))
    if (!ban) throw notFound('The channel ban does not exist.', `${MemberArn} is not banned from ${channel.arn}.`)
    return {
      ChannelBan: {
        Member: identity(ban.identity),
        ChannelArn: channel.arn,
        CreatedTimestamp: ban.createdAt,
        CreatedBy: identity(ban.createdBy),
      },
    }
  },

  async ListChannelBans(input, call) {
    const { channel, db } = call
    const { items, NextToken } = await paged(call, input, [channel.arn], (after, limit) => listBans(db, channel.id, after, limit))
    return { ChannelArn: channel.arn, ChannelBans: items.map(ban => ({ Member: identity(ban.identity) })), NextToken }
  },

  /** Does not bring the membership back. */
  async DeleteChannelBan({ MemberArn }, { db, channel, now }) {
    await db.transaction(async tx => {
      const named = await findIdentity(tx, MemberArn)
      if (!named || !(await findBan(tx, channel.id, named.id))) return
      await advance(tx, channel, now())
      await deleteBan(tx, channel.id, named.id)
    })
  },
}
