import type { CalledChannel } from '../call.ts'
import { conflict, forbidden, invalidUserArn } from '../errors.ts'
import type { Limits } from '../limits.ts'
import { findBan } from '../store/bans.ts'
import { give, take } from '../store/counters.ts'
import type { Queries } from '../store/database.ts'
import type { Identity } from '../store/identities.ts'
import { deleteMembership, insertMembership, membershipType, type Membership, type MembershipType } from '../store/memberships.ts'
import { exceeded } from './counts.ts'
import { identity } from './identities.ts'

export const membershipDetails = (membership: Membership, channelArn: string) => ({
  InvitedBy: identity(membership.invitedBy),
  Type: membership.type,
  Member: identity(membership.member),
  ChannelArn: channelArn,
  CreatedTimestamp: membership.createdAt,
  LastUpdatedTimestamp: membership.updatedAt,
})

interface Joining {
  readonly channelId: number
  readonly member: Identity
  readonly type: MembershipType
  readonly invitedBy: Identity
  readonly now: number
  readonly limits: Limits
}

/** Makes the identity a member and counts it; false where it is one. Where that is refused nothing is left of it. */
export async function join(tx: Queries, { channelId, member, type, invitedBy, now, limits }: Joining): Promise<boolean> {
  if (!(await insertMembership(tx, { channelId, memberId: member.id, type, invitedBy: invitedBy.id, now }))) return false
  const inChannel = await take(tx, 'membersOfChannel', channelId, limits.membershipsPerChannel)
  const ofMember = inChannel === 'taken' ? await take(tx, 'membershipsOfIdentity', member.id, limits.membershipsPerUser) : undefined
  if (ofMember === 'taken') return true
  await deleteMembership(tx, channelId, member.id)
  if (ofMember === undefined) throw exceeded('membershipsPerChannel', limits)
  await give(tx, 'membersOfChannel', channelId)
  throw ofMember === 'full' ? exceeded('membershipsPerUser', limits) : invalidUserArn(`${member.arn} has just been deleted.`)
}

/** Ends the membership, with its preferences and its read marker; false where there was none. */
export async function leave(tx: Queries, channelId: number, memberId: number): Promise<boolean> {
  if (!(await deleteMembership(tx, channelId, memberId))) return false
  await give(tx, 'membersOfChannel', channelId)
  await give(tx, 'membershipsOfIdentity', memberId)
  return true
}

/**
 * Adds a member. One that is a member of that type already stays as it is (spec/operations.md G5); of the other type:
 * ConflictException. A banned one: ForbiddenException for everybody, admins included. True where it is new.
 */
export async function addMember(tx: Queries, given: Omit<Joining, 'channelId'> & { channel: CalledChannel }): Promise<boolean> {
  const { channel, member, type } = given
  if (await findBan(tx, channel.id, member.id)) throw forbidden(`${member.arn} is banned from the channel. Delete the ban first.`)
  if (await join(tx, { ...given, channelId: channel.id })) return true
  const present = await membershipType(tx, channel.id, member.id)
  if (present === type) return false
  throw conflict(
    'The user or bot is already a member of the channel with another Type',
    `${member.arn} is a ${present} member. To change the Type, delete the membership and create it again.`,
  )
}
