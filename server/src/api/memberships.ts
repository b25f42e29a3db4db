import type { BearerCall, Handlers } from './call.ts'
import { JsonText } from '../contract/common.ts'
import { seesMembership } from '../auth/roles/sight.ts'
import { forbidden, notFound, type ApiError } from '../errors.ts'
import { addMember, addMembers, removeMember, setPreferences } from '../domain/memberships.ts'
import { moveReadMarker } from '../domain/read-markers.ts'
import { checkOrdinary, subChannelIdOf } from '../domain/sub-channels.ts'
import { identity } from '../present/identities.ts'
import { batchDetails, membershipDetails } from '../present/memberships.ts'
import { findIdentity } from '../store/identities.ts'
import { channelOfMember, channelsOfMember, findMembership, listMembers, type Listing } from '../store/memberships.ts'
import { findPreferences } from '../store/preferences.ts'
import { actingIn } from './acting.ts'
import { allNamed, named, subjectOf } from './named.ts'
import { paged } from './paging.ts'

/** The user or bot whose channels are listed: the bearer, or the one that an admin names. */
export async function listingOf(call: BearerCall): Promise<Listing> {
  const { caller } = call.facts
  return { memberId: (await subjectOf(call)).id, viewerId: caller.id, appInstanceArn: caller.appInstanceArn }
}

interface BatchError {
  readonly MemberArn: string
  readonly ErrorCode: 'BadRequest' | 'Forbidden' | 'Conflict' | 'ResourceLimitExceeded'
  readonly ErrorMessage: string
}

const isReported = (code: string): code is BatchError['ErrorCode'] => ['BadRequest', 'Conflict', 'ResourceLimitExceeded'].includes(code)

const batchError = ({ arn, error }: { arn: string; error: ApiError }): BatchError => ({
  MemberArn: arn,
  ErrorCode: isReported(error.code) ? error.code : 'Forbidden',
  ErrorMessage: error.reason ?? error.message,
})

export const memberships = {
  async CreateChannelMembership({ Type }, call) {
    const { member, subChannelName } = await call.db.transaction(tx => addMember(tx, actingIn(call), named(call, 'MemberArn'), Type))
    return { ChannelArn: call.facts.channel.arn, Member: identity(member), SubChannelId: subChannelName }
  },

  /**
   * Members of an elastic channel may be placed in several sub-channels: the answer has a SubChannelId if it is the same for all.
   */
  async BatchCreateChannelMembership({ Type: type = 'DEFAULT' }, call) {
    const { channel, caller } = call.facts
    const { added, refused } = await call.db.transaction(tx => addMembers(tx, actingIn(call), allNamed(call, 'MemberArns'), type))
    const names = new Set(added.map(({ subChannelName }) => subChannelName))
    const members = added.map(({ member }) => member)
    const subChannelName = names.size === 1 ? [...names][0] : undefined
    return {
      BatchChannelMemberships: batchDetails({ invitedBy: caller, type, members, channelArn: channel.arn, subChannelName }),
      Errors: refused.map(batchError),
    }
  },

  async DescribeChannelMembership(input, call) {
    const { facts, db } = call
    const { channel, subChannel } = facts
    const member = await findIdentity(db, named(call, 'MemberArn'))
    const membership = member && (await findMembership(db, channel.id, subChannelIdOf(facts), member.id))
    if (!membership || !seesMembership(facts, membership)) {
      throw notFound('The channel membership does not exist.', `${input.MemberArn} is not a member of ${channel.arn}.`)
    }
    return { ChannelMembership: membershipDetails(membership, channel.arn, subChannel?.name) }
  },

  async ListChannelMemberships(input, call) {
    const { facts, db } = call
    const { channel } = facts
    const type = input.Type ?? 'DEFAULT'
    const subChannelId = subChannelIdOf(facts)
    const { items, NextToken } = await paged(call, input, [channel.arn, String(subChannelId), type], (after, limit) =>
      listMembers(db, { channelId: channel.id, subChannelId, type }, after, limit),
    )
    return { ChannelArn: channel.arn, ChannelMemberships: items.map(member => ({ Member: identity(member) })), NextToken }
  },

  async DeleteChannelMembership(_, call) {
    await call.db.transaction(tx => removeMember(tx, actingIn(call), named(call, 'MemberArn')))
  },

  /** See docs/service/memberships.md#the-channels-of-a-user. */
  async ListChannelMembershipsForAppInstanceUser(input, call) {
    const listing = await listingOf(call)
    const { items, NextToken } = await paged(call, input, [String(listing.memberId)], (after, limit) =>
      channelsOfMember(call.db, listing, after, limit),
    )
    return { ChannelMemberships: new JsonText(items), NextToken }
  },

  async DescribeChannelMembershipForAppInstanceUser(input, call) {
    const text = await channelOfMember(call.db, await listingOf(call), call.facts.channel.id)
    if (text === undefined) throw forbidden(`${input.AppInstanceUserArn} is not a member of ${call.facts.channel.arn}.`)
    return { ChannelMembership: new JsonText(text) }
  },

  async UpdateChannelReadMarker(_, call) {
    await call.db.transaction(tx => moveReadMarker(tx, actingIn(call)))
    return { ChannelArn: call.facts.channel.arn }
  },

  async PutChannelMembershipPreferences({ Preferences }, call) {
    const { channel, caller } = call.facts
    await call.db.transaction(tx => setPreferences(tx, actingIn(call), Preferences))
    return { ChannelArn: channel.arn, Member: identity(caller), Preferences }
  },

  async GetChannelMembershipPreferences(_, { db, facts: { channel, caller } }) {
    checkOrdinary(channel, 'Membership preferences')
    const found = await findPreferences(db, channel.id, caller.id)
    const PushNotifications = found?.PushNotifications ?? { AllowNotifications: 'ALL' as const }
    return { ChannelArn: channel.arn, Member: identity(caller), Preferences: { PushNotifications } }
  },
} satisfies Partial<Handlers>
