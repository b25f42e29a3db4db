import type { BearerCall, Handlers } from './call.ts'
import { JsonText } from '../contract/common.ts'
import { badRequest, forbidden, notFound, type ApiError } from '../errors.ts'
import { checkFilterRule } from '../domain/filter-rules.ts'
import { findIdentity, requireIdentity } from '../domain/identities.ts'
import { addMember, addMembers, moveReadMarker, removeMember } from '../domain/memberships.ts'
import { checkOrdinary, subChannelIdOf } from '../domain/sub-channels.ts'
import { identity } from '../present/identities.ts'
import { batchDetails, membershipDetails } from '../present/memberships.ts'
import { channelOfMember, channelsOfMember, findMembership, listMembers, type Listing } from '../store/memberships.ts'
import { findPreferences, putPreferences } from '../store/preferences.ts'
import { actingIn } from './acting.ts'
import { paged } from './paging.ts'

/** Whose channels are listed: the bearer's, or those of the user or bot that an admin names. */
async function listingOf({ caller, db }: BearerCall, namedArn: string | undefined): Promise<Listing> {
  const named = namedArn === undefined || namedArn === caller.arn ? caller : await requireIdentity(db, namedArn)
  return { memberId: named.id, viewerId: caller.id, appInstanceArn: caller.appInstanceArn }
}

interface BatchError {
  readonly MemberArn: string
  readonly ErrorCode: 'BadRequest' | 'Forbidden' | 'Conflict' | 'ResourceLimitExceeded'
  readonly ErrorMessage: string
}

const isTold = (code: string): code is BatchError['ErrorCode'] => ['BadRequest', 'Conflict', 'ResourceLimitExceeded'].includes(code)

const batchError = ({ arn, error }: { arn: string; error: ApiError }): BatchError => ({
  MemberArn: arn,
  ErrorCode: isTold(error.code) ? error.code : 'Forbidden',
  ErrorMessage: error.reason ?? error.message,
})

export const memberships: Handlers<
  | 'CreateChannelMembership'
  | 'BatchCreateChannelMembership'
  | 'DescribeChannelMembership'
  | 'ListChannelMemberships'
  | 'DeleteChannelMembership'
  | 'ListChannelMembershipsForAppInstanceUser'
  | 'DescribeChannelMembershipForAppInstanceUser'
  | 'UpdateChannelReadMarker'
  | 'PutChannelMembershipPreferences'
  | 'GetChannelMembershipPreferences'
> = {
  async CreateChannelMembership({ MemberArn, Type }, call) {
    const { member, subChannelName } = await call.db.transaction(tx => addMember(tx, actingIn(call), MemberArn, Type))
    return { ChannelArn: call.channel.arn, Member: identity(member), SubChannelId: subChannelName }
  },

  /** Members of an elastic channel may come into several sub-channels: the answer names one where it is the same for all. */
  async BatchCreateChannelMembership({ MemberArns, Type: type = 'DEFAULT' }, call) {
    const { channel, caller } = call
    const { added, refused } = await call.db.transaction(tx => addMembers(tx, actingIn(call), MemberArns, type))
    const names = new Set(added.map(({ subChannelName }) => subChannelName))
    const members = added.map(({ member }) => member)
    const subChannelName = names.size === 1 ? [...names][0] : undefined
    return {
      BatchChannelMemberships: batchDetails({ invitedBy: caller, type, members, channelArn: channel.arn, subChannelName }),
      Errors: refused.map(batchError),
    }
  },

  /** A HIDDEN member is there for those in charge and for itself only (docs/service/memberships.md#hidden-members). */
  async DescribeChannelMembership(input, call) {
    const named = await findIdentity(call.db, input.MemberArn)
    const membership = named && (await findMembership(call.db, call.channel.id, subChannelIdOf(call), named.id))
    const seesHidden = call.admin || call.moderator || named?.id === call.caller.id
    if (!membership || (membership.type === 'HIDDEN' && !seesHidden)) {
      throw notFound('The channel membership does not exist.', `${input.MemberArn} is not a member of ${call.channel.arn}.`)
    }
    return { ChannelMembership: membershipDetails(membership, call.channel.arn, call.subChannel?.name) }
  },

  async ListChannelMemberships(input, call) {
    const { channel, db } = call
    const type = input.Type ?? 'DEFAULT'
    const subChannelId = subChannelIdOf(call)
    const { items, NextToken } = await paged(call, input, [channel.arn, String(subChannelId), type], (after, limit) =>
      listMembers(db, { channelId: channel.id, subChannelId, type }, after, limit),
    )
    return { ChannelArn: channel.arn, ChannelMemberships: items.map(member => ({ Member: identity(member) })), NextToken }
  },

  async DeleteChannelMembership({ MemberArn }, call) {
    await call.db.transaction(tx => removeMember(tx, actingIn(call), MemberArn))
  },

  /** The main job (docs/service/memberships.md#the-channels-of-a-user). */
  async ListChannelMembershipsForAppInstanceUser(input, call) {
    const listing = await listingOf(call, input.AppInstanceUserArn)
    const { items, NextToken } = await paged(call, input, [String(listing.memberId)], (after, limit) =>
      channelsOfMember(call.db, listing, after, limit),
    )
    return { ChannelMemberships: new JsonText(items), NextToken }
  },

  async DescribeChannelMembershipForAppInstanceUser(input, call) {
    const text = await channelOfMember(call.db, await listingOf(call, input.AppInstanceUserArn), call.channel.id)
    if (text === undefined) throw forbidden(`${input.AppInstanceUserArn} is not a member of ${call.channel.arn}.`)
    return { ChannelMembership: new JsonText(text) }
  },

  async UpdateChannelReadMarker(_, call) {
    await call.db.transaction(tx => moveReadMarker(tx, actingIn(call)))
    return { ChannelArn: call.channel.arn }
  },

  async PutChannelMembershipPreferences({ Preferences }, { db, channel, caller }) {
    checkOrdinary(channel, 'Membership preferences')
    const { AllowNotifications, FilterRule } = Preferences.PushNotifications ?? {}
    if (FilterRule !== undefined) checkFilterRule(FilterRule)
    else if (AllowNotifications === 'FILTERED') {
      throw badRequest('AllowNotifications FILTERED needs a FilterRule', 'Give a FilterRule, or choose ALL or NONE.')
    }
    if (!(await db.transaction(tx => putPreferences(tx, channel.id, caller.id, Preferences)))) {
      throw forbidden(`${caller.arn} is not a member of ${channel.arn}.`)
    }
    return { ChannelArn: channel.arn, Member: identity(caller), Preferences }
  },

  async GetChannelMembershipPreferences(_, { db, channel, caller }) {
    checkOrdinary(channel, 'Membership preferences')
    const found = await findPreferences(db, channel.id, caller.id)
    const PushNotifications = found?.PushNotifications ?? { AllowNotifications: 'ALL' as const }
    return { ChannelArn: channel.arn, Member: identity(caller), Preferences: { PushNotifications } }
  },
}
