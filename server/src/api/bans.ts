import type { Handlers } from './call.ts'
import { notFound } from '../errors.ts'
import { ban, unban } from '../domain/bans.ts'
import { identity } from '../present/identities.ts'
import { findIdentity } from '../store/identities.ts'
import { findBan, listBans } from '../store/bans.ts'
import { actingIn } from './acting.ts'
import { named } from './named.ts'
import { paged } from './paging.ts'

export const bans = {
  async CreateChannelBan(_, call) {
    const member = await call.db.transaction(tx => ban(tx, actingIn(call), named(call, 'MemberArn')))
    return { ChannelArn: call.facts.channel.arn, Member: identity(member) }
  },

  async DescribeChannelBan({ MemberArn }, call) {
    const { db, facts } = call
    const { channel } = facts
    const member = await findIdentity(db, named(call, 'MemberArn'))
    const found = member && (await findBan(db, channel.id, member.id))
    if (!found) throw notFound('The channel ban does not exist.', `${MemberArn} is not banned from ${channel.arn}.`)
    return {
      ChannelBan: {
        Member: identity(found.identity),
        ChannelArn: channel.arn,
        CreatedTimestamp: found.createdAt,
        CreatedBy: identity(found.createdBy),
      },
    }
  },

  async ListChannelBans(input, call) {
    const { db, facts } = call
    const { channel } = facts
    const { items, NextToken } = await paged(call, input, [channel.arn], (after, limit) => listBans(db, channel.id, after, limit))
    return { ChannelArn: channel.arn, ChannelBans: items.map(item => ({ Member: identity(item.identity) })), NextToken }
  },

  async DeleteChannelBan(_, call) {
    await call.db.transaction(tx => unban(tx, actingIn(call), named(call, 'MemberArn')))
  },
} satisfies Partial<Handlers>
