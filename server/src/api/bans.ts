import type { Handlers } from './call.ts'
import { notFound } from '../errors.ts'
import { ban, unban } from '../domain/bans.ts'
import { findIdentity } from '../domain/identities.ts'
import { identity } from '../present/identities.ts'
import { findBan, listBans } from '../store/bans.ts'
import { actingIn } from './acting.ts'
import { paged } from './paging.ts'

export const bans: Handlers<'CreateChannelBan' | 'DescribeChannelBan' | 'ListChannelBans' | 'DeleteChannelBan'> = {
  async CreateChannelBan({ MemberArn }, call) {
    const named = await call.db.transaction(tx => ban(tx, actingIn(call), MemberArn))
    return { ChannelArn: call.channel.arn, Member: identity(named) }
  },

  async DescribeChannelBan({ MemberArn }, { db, channel }) {
    const named = await findIdentity(db, MemberArn)
    const found = named && (await findBan(db, channel.id, named.id))
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
    const { channel, db } = call
    const { items, NextToken } = await paged(call, input, [channel.arn], (after, limit) => listBans(db, channel.id, after, limit))
    return { ChannelArn: channel.arn, ChannelBans: items.map(item => ({ Member: identity(item.identity) })), NextToken }
  },

  async DeleteChannelBan({ MemberArn }, call) {
    await call.db.transaction(tx => unban(tx, actingIn(call), MemberArn))
  },
}
