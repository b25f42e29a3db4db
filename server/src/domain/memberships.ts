import type { CalledChannel, CalledSubChannel } from '../store/facts.ts'
import type { Arn } from '../arn.ts'
import { ApiError, badRequest, conflict, forbidden } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { InChannel } from '../events/events.ts'
import type { Limits } from '../settings/limits.ts'
import { findBan } from '../store/bans.ts'
import type { Moment } from '../store/channels.ts'
import { give, take } from '../store/counters.ts'
import type { Queries, Transaction } from '../database/database.ts'
import { findIdentity, lockIdentities, namesakeOf, type Identity } from '../store/identities.ts'
import {
  deleteMembership,
  insertMembership,
  membershipType,
  placesOf,
  type MembershipType,
  type PlacedMembership,
} from '../store/memberships.ts'
import { putPreferences, type Preferences } from '../store/preferences.ts'
import type { EndedMemberships } from '../store/purge.ts'
import { giveSeatBack, uncountModeratorIn } from '../store/sub-channels.ts'
import type { ActingInChannel, Doing } from './acting.ts'
import { advance } from './advance.ts'
import { exceeded } from './counts.ts'
import { checkFilterRule } from './filter-rules.ts'
import { requireIdentity } from './identities.ts'
import { newMembership } from './new-membership.ts'
import { checkOrdinary, goneMember, joinElastic, type Joined } from './sub-channels.ts'

interface Joining {
  readonly channel: Pick<CalledChannel, 'id' | 'arn'>
  readonly member: Identity
  readonly type: MembershipType
  readonly invitedBy: Identity
  readonly now: number
  readonly limits: Limits
}

/**
 * Makes the identity a member of an ordinary channel and counts it; undefined if it is a member already. If that is refused, nothing is
 * changed. The caller emits the event.
 */
export async function join(tx: Queries, { channel, member, type, invitedBy, now, limits }: Joining): Promise<PlacedMembership | undefined> {
  const channelId = channel.id
  if (!(await insertMembership(tx, { channelId, subChannelId: 0, memberId: member.id, type, invitedBy: invitedBy.id, now })))
    return undefined
  const inChannel = await take(tx, 'membersOfChannel', channelId, limits.membershipsPerChannel)
  const ofMember = inChannel === 'taken' ? await take(tx, 'membershipsOfIdentity', member.id, limits.membershipsPerUser) : undefined
  if (ofMember === 'taken') return newMembership({ channel, subChannel: undefined, member, type, invitedBy, now })
  await deleteMembership(tx, channelId, 0, member.id)
  if (ofMember === undefined) throw exceeded('membershipsPerChannel', limits)
  await give(tx, 'membersOfChannel', channelId)
  throw ofMember === 'full' ? exceeded('membershipsPerUser', limits) : goneMember(member)
}

/**
 * Ends the membership with its preferences and its read marker. In an elastic channel: all memberships of a moderator, or the one
 * in the given sub-channel. The channel must be locked.
 */
export async function leave(tx: Transaction, where: InChannel, memberId: number, only?: CalledSubChannel) {
  const { channelId } = where
  const memberships = []
  for (const { subChannelId, isPlaced } of await placesOf(tx, channelId, memberId)) {
    if (only && only.id !== subChannelId) continue
    const membership = await deleteMembership(tx, channelId, subChannelId, memberId)
    if (!membership) continue
    memberships.push(membership)
    if (isPlaced) await giveSeatBack(tx, subChannelId)
    else if (subChannelId !== 0) await uncountModeratorIn(tx, subChannelId)
    await give(tx, 'membersOfChannel', channelId)
    await give(tx, 'membershipsOfIdentity', memberId)
  }
  if (memberships.length > 0) await emit(tx, { kind: 'MembersLeft', ...where, memberships })
}

/**
 * Emits that the memberships of a deleted user or bot have ended. If a new identity with the same ARN has become a member, nothing is
 * emitted, since clients identify members by their ARN.
 */
export async function sayGone(tx: Transaction, { channelId, moment, memberships }: EndedMemberships) {
  const [first] = memberships
  const namesake = first && (await namesakeOf(tx, first.member.id))
  const gone = []
  for (const membership of memberships) {
    const isMember = namesake !== undefined && (await membershipType(tx, channelId, membership.subChannelId, namesake)) !== undefined
    if (!isMember) gone.push(membership)
  }
  if (gone.length > 0) await emit(tx, { kind: 'MembersLeft', channelId, moment, memberships: gone })
}

/**
 * Ends the membership of a user or bot, if it has one. In an elastic channel a moderator leaves the given sub-channel, or all; a
 * regular member has only one.
 */
export async function removeMember(tx: Transaction, { channel, subChannel, now }: ActingInChannel, arn: Arn) {
  const member = await findIdentity(tx, arn)
  const [first] = member ? await placesOf(tx, channel.id, member.id) : []
  if (!member || !first) return
  if (subChannel && first.isPlaced) {
    throw badRequest(
      'SubChannelId must not be given for a member that is not a moderator',
      `${member.arn} is in one sub-channel only: leave SubChannelId out.`,
    )
  }
  // The channel is locked first, as everywhere: a transaction that locks the membership first could deadlock with a join.
  const moment = await advance(tx, channel, now())
  await leave(tx, { channelId: channel.id, moment }, member.id, subChannel)
}

/** Throws for a HIDDEN membership in an elastic channel. */
function checkMembershipType({ elastic, arn }: CalledChannel, type: MembershipType) {
  if (elastic && type === 'HIDDEN') throw badRequest('HIDDEN memberships are not supported for elastic channels', `${arn} is elastic.`)
}

interface Adding extends Omit<Joining, 'channel' | 'member'>, Pick<Doing, 'ids'> {
  readonly channel: CalledChannel
  readonly moment: Moment
  /** The sub-channel in the call. */
  readonly subChannel: CalledSubChannel | undefined
}

/** Locks the channel, so that its members stay as they are. */
async function adding(
  tx: Queries,
  { channel, subChannel, actor, now, limits, ids }: ActingInChannel,
  type: MembershipType,
): Promise<Adding> {
  const moment = await advance(tx, channel, now())
  return { channel, moment, subChannel, type, invitedBy: actor, now: now(), limits, ids }
}

async function admit(tx: Transaction, given: Adding, member: Identity): Promise<Joined> {
  const { channel, type } = given
  if (await findBan(tx, channel.id, member.id)) throw forbidden(`${member.arn} is banned from the channel. Delete the ban first.`)
  if (channel.elastic) return joinElastic(tx, { ...given, member, elastic: channel.elastic })
  const membership = await join(tx, { ...given, member })
  if (membership) return { subChannelName: undefined, membership }
  const present = await membershipType(tx, channel.id, 0, member.id)
  if (present === type) return { subChannelName: undefined, membership }
  throw conflict(
    'The user or bot is already a member of the channel with another Type',
    `${member.arn} is a ${present} member. To change the Type, delete the membership and create it again.`,
  )
}

/** A member and its SubChannelId. */
interface Added {
  readonly member: Identity
  readonly subChannelName: string | undefined
}

/**
 * Adds a member. An existing member of that type stays as it is (docs/service/operations.md#creating-what-exists); one of the other
 * type is a Conflict. A banned user cannot be added, not even by an admin: ForbiddenException.
 */
export async function addMember(tx: Transaction, acting: ActingInChannel, arn: Arn, type: MembershipType): Promise<Added> {
  checkMembershipType(acting.channel, type)
  const member = await requireIdentity(tx, arn)
  const given = await adding(tx, acting, type)
  const { membership, subChannelName } = await admit(tx, given, member)
  const { moment } = given
  if (membership) await emit(tx, { kind: 'MembersJoined', channelId: acting.channel.id, moment, memberships: [membership], asBatch: false })
  return { member, subChannelName }
}

/** The result of adding several members. */
interface AddedMembers {
  /** The members, including those that were members before. */
  readonly added: readonly Added[]
  readonly refused: readonly { readonly arn: string; readonly error: ApiError }[]
}

/** Adds the given users that can be added, and returns an error for each of the others. */
export async function addMembers(
  tx: Transaction,
  acting: ActingInChannel,
  arns: readonly Arn[],
  type: MembershipType,
): Promise<AddedMembers> {
  const { channel } = acting
  checkMembershipType(channel, type)
  const given = await adding(tx, acting, type)
  const refused: { arn: string; error: ApiError }[] = []
  const attempt = async (arn: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refused.push({ arn, error })
    }
  }
  const named: Identity[] = []
  for (const arn of new Map(arns.map(each => [each.text, each])).values())
    await attempt(arn.text, async () => void named.push(await requireIdentity(tx, arn)))
  await lockIdentities(tx, named)
  const added: Added[] = []
  const memberships: PlacedMembership[] = []
  for (const member of named) {
    await attempt(member.arn, async () => {
      const { membership, subChannelName } = await admit(tx, given, member)
      added.push({ member, subChannelName })
      if (membership) memberships.push(membership)
    })
  }
  const asBatch = channel.elastic === undefined
  await emit(tx, { kind: 'MembersJoined', channelId: channel.id, moment: given.moment, memberships, asBatch })
  return { added, refused }
}

/** Replaces the actor's push preferences for the channel. Throws ForbiddenException if the actor is not a member. */
export async function setPreferences(tx: Transaction, { channel, actor }: ActingInChannel, preferences: Preferences) {
  checkOrdinary(channel, 'Membership preferences')
  const { AllowNotifications, FilterRule } = preferences.PushNotifications ?? {}
  if (FilterRule !== undefined) checkFilterRule(FilterRule)
  else if (AllowNotifications === 'FILTERED') {
    throw badRequest('AllowNotifications FILTERED needs a FilterRule', 'Give a FilterRule, or choose ALL or NONE.')
  }
  if (!(await putPreferences(tx, channel.id, actor.id, preferences))) throw forbidden(`${actor.arn} is not a member of ${channel.arn}.`)
  await emit(tx, { kind: 'PreferencesSet', channelId: channel.id, memberId: actor.id })
}
