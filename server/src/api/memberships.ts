import type { BearerCall, ChannelCall, Handlers } from '../call.ts'
import { JsonText } from '../contract/common.ts'
import { ApiError, badRequest, forbidden, notFound } from '../errors.ts'
import { advance } from '../domain/channels.ts'
import { checkFilterRule } from '../domain/filter-rules.ts'
import { findIdentity, identity, requireIdentity } from '../domain/identities.ts'
import { addMember, checkMembershipType, leave, membershipDetails } from '../domain/memberships.ts'
import { checkOrdinary, subChannelIdOf, type Joined } from '../domain/sub-channels.ts'
import { lockIdentities, type Identity } from '../store/identities.ts'
import {
  channelOfMember,
  channelsOfMember,
  findMembership,
  listMembers,
  markRead,
  placesOf,
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
  readonly ErrorCode: 'BadRequest' | 'Forbidden' | 'Conflict' | 'ResourceLimitExceeded'
  readonly ErrorMessage: string
}

const isTold = (code: string): code is BatchError['ErrorCode'] => ['BadRequest', 'Conflict', 'ResourceLimitExceeded'].includes(code)

/** Adds the members that can be added and says of each other one why it could not. */
async function addEach(
  tx: Queries,
  { channel, subChannel, caller, now, limits }: ChannelCall,
  arns: readonly string[],
  type: MembershipType,
) {
  const errors: BatchError[] = []
  const attempt = async (MemberArn: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const ErrorCode = isTold(error.code) ? error.code : 'Forbidden'
      errors.push({ MemberArn, ErrorCode, ErrorMessage: error.reason ?? error.message })
    }
  }
  const named: Identity[] = []
  for (const arn of new Set(arns)) await attempt(arn, async () => void named.push(await requireIdentity(tx, arn)))
  await lockIdentities(tx, named)
  const added: (Joined & { member: Identity })[] = []
  for (const member of named) {
    await attempt(member.arn, async () => {
      const joined = await addMember(tx, { channel, subChannel, member, type, invitedBy: caller, now: now(), limits })
      added.push({ ...joined, member })
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
    const { channel, subChannel, caller, limits } = call
    checkMembershipType(channel, input.Type)
    const { member, subChannelName, scaledOut } = await call.db.transaction(async tx => {
      const member = await requireIdentity(tx, input.MemberArn)
      await advance(tx, channel, call.now())
      const joining = { channel, subChannel, member, type: input.Type, invitedBy: caller, now: call.now(), limits }
      return { ...(await addMember(tx, joining)), member }
    })
    if (scaledOut) call.balanceSoon(channel.id)
    return { ChannelArn: channel.arn, Member: identity(member), SubChannelId: subChannelName }
  },

  /** Members of an elastic channel may come into several sub-channels: the answer names one where it is the same for all. */
  async BatchCreateChannelMembership(input, call) {
    const { channel, caller, db } = call
    const type = input.Type ?? 'DEFAULT'
    checkMembershipType(channel, type)
    const { added, errors } = await db.transaction(async tx => {
      await advance(tx, channel, call.now())
      return addEach(tx, call, input.MemberArns, type)
    })
    if (added.some(({ scaledOut }) => scaledOut)) call.balanceSoon(channel.id)
    const names = new Set(added.map(({ subChannelName }) => subChannelName))
    return {
      BatchChannelMemberships: {
        InvitedBy: identity(caller),
        Type: type,
        Members: added.map(({ member }) => identity(member)),
        ChannelArn: channel.arn,
        SubChannelId: names.size === 1 ? [...names][0] : undefined,
      },
      Errors: errors,
    }
  },

  /** A HIDDEN member is there for those in charge and for itself only (spec/operations.md §7). */
  async DescribeChannelMembership(input, call) {
    const named = await findIdentity(call.db, input.MemberArn)
    const membership = named && (await findMembership(call.db, call.channel.id, subChannelIdOf(call), named.id))
    const seesHidden = call.admin || call.moderator || named?.id === call.caller.id
    if (!membership || (membership.type === 'HIDDEN' && !seesHidden)) {
      throw notFound('The channel membership does not exist.', `${input.MemberArn} is not a member of ${call.channel.arn}.`)
    }
    return { ChannelMembership: membershipDetails(membership, call.channel.arn, call.subChannel) }
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

  /** In an elastic channel a moderator leaves the sub-channel that is named, or all; a regular member has only the one. */
  async DeleteChannelMembership(input, { db, channel, subChannel, now, balanceSoon }) {
    await db.transaction(async tx => {
      const member = await findIdentity(tx, input.MemberArn)
      const [first] = member ? await placesOf(tx, channel.id, member.id) : []
      if (!member || !first) return
      if (subChannel && first.isPlaced) {
        throw badRequest(
          'SubChannelId must not be given for a member that is no moderator',
          `${member.arn} is in one sub-channel only: leave SubChannelId out.`,
        )
      }
      // The channel first, as everywhere: who took the membership first would lock out, and be locked out by, who joins.
      await advance(tx, channel, now())
      await leave(tx, channel.id, member.id, subChannel)
    })
    if (channel.elastic) balanceSoon(channel.id)
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
    checkOrdinary(channel, 'Read markers')
    await db.transaction(tx => markRead(tx, channel.id, caller.id, now()))
    return { ChannelArn: channel.arn }
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
