import { parseArn } from '../arn.ts'
import type { BearerCall, ChannelCall, Handlers } from '../call.ts'
import { JsonText } from '../contract/common.ts'
import { ApiError, badRequest, forbidden, notFound } from '../errors.ts'
import { advance, checkSubChannel } from '../domain/channels.ts'
import { checkFilterRule } from '../domain/filter-rules.ts'
import { identity, requireIdentity } from '../domain/identities.ts'
import { addMember, leave, membershipDetails } from '../domain/memberships.ts'
import { identityByArn, lockIdentities, type Identity } from '../store/identities.ts'
import {
  channelOfMember,
  channelsOfMember,
  findMembership,
  listMembers,
  markRead,
  membershipType,
  type Listing,
  type MembershipType,
} from '../store/memberships.ts'
import { findPreferences, putPreferences } from '../store/preferences.ts'
import type { Queries } from '../store/database.ts'
import { paged } from './paging.ts'

/** Whose channels are listed: the bearer's, or those of the user or bot that an admin names. */
async function listingOf({ caller, db }: BearerCall, namedArn: string | undefined): Promise<Listing> {
  const named = namedArn === undefined || namedArn === caller.arn ? caller : await requireIdentity(db, namedArn)
  return { memberId: named.id, viewerId: caller.id, appInstanceArn: caller.appInstanceArn }
}

interface BatchError {
  readonly MemberArn: string
  readonly ErrorCode: 'Forbidden' | 'Conflict' | 'ResourceLimitExceeded'
  readonly ErrorMessage: string
}

/** Adds the members that can be added and says of each other one why it could not. */
async function addEach(tx: Queries, { channel, caller, now, limits }: ChannelCall, arns: readonly string[], type: MembershipType) {
  const errors: BatchError[] = []
  const attempt = async (MemberArn: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const ErrorCode = error.code === 'Conflict' || error.code === 'ResourceLimitExceeded' ? error.code : 'Forbidden'
      errors.push({ MemberArn, ErrorCode, ErrorMessage: error.reason ?? error.message })
    }
  }
  const named: Identity[] = []
  for (const arn of new Set(arns)) await attempt(arn, async () => void named.push(await requireIdentity(tx, arn)))
  await lockIdentities(tx, named)
  const added: Identity[] = []
  for (const member of named) {
    await attempt(member.arn, async () => {
      await addMember(tx, { channel, member, type, invitedBy: caller, now: now(), limits })
      added.push(member)
    })
  }
  return { added, errors }
}

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
  async CreateChannelMembership(input, call) {
    checkSubChannel(input)
    const member = await call.db.transaction(async tx => {
      const member = await requireIdentity(tx, input.MemberArn)
      await advance(tx, call.channel, call.now())
      await addMember(tx, { channel: call.channel, member, type: input.Type, invitedBy: call.caller, now: call.now(), limits: call.limits })
      return member
    })
    return { ChannelArn: call.channel.arn, Member: identity(member) }
  },

  async BatchCreateChannelMembership(input, call) {
    checkSubChannel(input)
    const { channel, caller, db } = call
    const type = input.Type ?? 'DEFAULT'
    const { added, errors } = await db.transaction(async tx => {
      await advance(tx, channel, call.now())
      return addEach(tx, call, input.MemberArns, type)
    })
    return {
      BatchChannelMemberships: { InvitedBy: identity(caller), Type: type, Members: added.map(identity), ChannelArn: channel.arn },
      Errors: errors,
    }
  },

  /** A HIDDEN member is there for those in charge and for itself only (spec/operations.md §7). */
  async DescribeChannelMembership(input, call) {
    checkSubChannel(input)
    const arn = parseArn(input.MemberArn)
    const named = arn && (await identityByArn(call.db, arn))
    const membership = named && (await findMembership(call.db, call.channel.id, named.id))
    const seesHidden = call.admin || call.moderator || named?.id === call.caller.id
    if (!membership || (membership.type === 'HIDDEN' && !seesHidden)) {
      throw notFound('The channel membership does not exist.', `${input.MemberArn} is not a member of ${call.channel.arn}.`)
    }
    return { ChannelMembership: membershipDetails(membership, call.channel.arn) }
  },

  async ListChannelMemberships(input, call) {
    checkSubChannel(input)
    const { channel, db } = call
    const type = input.Type ?? 'DEFAULT'
    const { items, NextToken } = await paged(call, input, [channel.arn, type], (after, limit) =>
      listMembers(db, { channelId: channel.id, type }, after, limit),
    )
    return { ChannelArn: channel.arn, ChannelMemberships: items.map(member => ({ Member: identity(member) })), NextToken }
  },

  async DeleteChannelMembership(input, { db, channel, now }) {
    checkSubChannel(input)
    await db.transaction(async tx => {
      const arn = parseArn(input.MemberArn)
      const member = arn && (await identityByArn(tx, arn))
      if (!member || !(await membershipType(tx, channel.id, member.id))) return
      // The channel first, as everywhere: who took the membership first would lock out, and be locked out by, who joins.
      await advance(tx, channel, now())
      await leave(tx, channel.id, member.id)
    })
  },

  /** The main job (spec/authorization.md §9). */
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

  async UpdateChannelReadMarker(_, { db, channel, caller, now }) {
    await db.transaction(tx => markRead(tx, channel.id, caller.id, now()))
    return { ChannelArn: channel.arn }
  },

  async PutChannelMembershipPreferences({ Preferences }, { db, channel, caller }) {
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
    const found = await findPreferences(db, channel.id, caller.id)
    const PushNotifications = found?.PushNotifications ?? { AllowNotifications: 'ALL' as const }
    return { ChannelArn: channel.arn, Member: identity(caller), Preferences: { PushNotifications } }
  },
}
