import type { CalledChannel, CalledSubChannel } from '../call.ts'
import { badRequest, conflict, forbidden } from '../errors.ts'
import type { Limits } from '../limits.ts'
import { findBan } from '../store/bans.ts'
import { give, take } from '../store/counters.ts'
import type { Queries } from '../store/database.ts'
import type { Identity } from '../store/identities.ts'
import { deleteMembership, insertMembership, membershipType, placesOf, type Membership, type MembershipType } from '../store/memberships.ts'
import { givePlaceBack, uncountModeratorIn } from '../store/sub-channels.ts'
import { exceeded } from './counts.ts'
import { identity } from './identities.ts'
import { goneMember, joinElastic, type Joined } from './sub-channels.ts'

export const membershipDetails = (membership: Membership, channelArn: string, subChannel: CalledSubChannel | undefined) => ({
  InvitedBy: identity(membership.invitedBy),
  Type: membership.type,
  Member: identity(membership.member),
  ChannelArn: channelArn,
  CreatedTimestamp: membership.createdAt,
  LastUpdatedTimestamp: membership.updatedAt,
  SubChannelId: subChannel?.name,
})

interface Joining {
  readonly channelId: number
  readonly member: Identity
  readonly type: MembershipType
  readonly invitedBy: Identity
  readonly now: number
  readonly limits: Limits
}

/** Makes the identity a member of an ordinary channel and counts it; false where it is one. Where that is refused nothing is left of it. */
export async function join(tx: Queries, { channelId, member, type, invitedBy, now, limits }: Joining): Promise<boolean> {
  if (!(await insertMembership(tx, { channelId, subChannelId: 0, memberId: member.id, type, invitedBy: invitedBy.id, now }))) return false
  const inChannel = await take(tx, 'membersOfChannel', channelId, limits.membershipsPerChannel)
  const ofMember = inChannel === 'taken' ? await take(tx, 'membershipsOfIdentity', member.id, limits.membershipsPerUser) : undefined
  if (ofMember === 'taken') return true
  await deleteMembership(tx, channelId, 0, member.id)
  if (ofMember === undefined) throw exceeded('membershipsPerChannel', limits)
  await give(tx, 'membersOfChannel', channelId)
  throw ofMember === 'full' ? exceeded('membershipsPerUser', limits) : goneMember(member)
}

/**
 * Ends the membership, with its preferences and its read marker. In an elastic channel: all that a moderator has there, or the
 * one in the sub-channel that is named.
 */
export async function leave(tx: Queries, channelId: number, memberId: number, only?: CalledSubChannel) {
  for (const { subChannelId, isPlaced } of await placesOf(tx, channelId, memberId)) {
    if (only && only.id !== subChannelId) continue
    if (!(await deleteMembership(tx, channelId, subChannelId, memberId))) continue
    if (isPlaced) await givePlaceBack(tx, subChannelId)
    else if (subChannelId !== 0) await uncountModeratorIn(tx, subChannelId)
    await give(tx, 'membersOfChannel', channelId)
    await give(tx, 'membershipsOfIdentity', memberId)
  }
}

/** Refuses a HIDDEN membership where there are none. */
export function checkMembershipType({ elastic, arn }: CalledChannel, type: MembershipType) {
  if (elastic && type === 'HIDDEN') throw badRequest('HIDDEN memberships are not supported for elastic channels', `${arn} is elastic.`)
}

/**
 * Adds a member. One that is a member of that type already stays as it is (spec/operations.md G5); of the other type:
 * ConflictException. A banned one: ForbiddenException for everybody, admins included.
 */
export async function addMember(
  tx: Queries,
  given: Omit<Joining, 'channelId'> & { channel: CalledChannel; subChannel: CalledSubChannel | undefined },
): Promise<Joined> {
  const { channel, member, type } = given
  const joined = { subChannelName: undefined, scaledOut: false }
  if (await findBan(tx, channel.id, member.id)) throw forbidden(`${member.arn} is banned from the channel. Delete the ban first.`)
  if (channel.elastic) return joinElastic(tx, { ...given, elastic: channel.elastic })
  if (await join(tx, { ...given, channelId: channel.id })) return joined
  const present = await membershipType(tx, channel.id, 0, member.id)
  if (present === type) return joined
  throw conflict(
    'The user or bot is already a member of the channel with another Type',
    `${member.arn} is a ${present} member. To change the Type, delete the membership and create it again.`,
  )
}
