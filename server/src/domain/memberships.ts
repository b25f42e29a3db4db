import type { CalledChannel, Caller } from '../call.ts'
import { conflict, forbidden } from '../errors.ts'
import { findBan } from '../store/bans.ts'
import type { Queries } from '../store/database.ts'
import type { Identity } from '../store/identities.ts'
import { insertMembership, membershipType, type Membership, type MembershipType } from '../store/memberships.ts'
import { identity } from './identities.ts'

export const membershipDetails = (membership: Membership, channelArn: string) => ({
  InvitedBy: identity(membership.invitedBy),
  Type: membership.type,
  Member: identity(membership.member),
  ChannelArn: channelArn,
  CreatedTimestamp: membership.createdAt,
  LastUpdatedTimestamp: membership.updatedAt,
})

/**
 * Makes the identity a member. One that is a member of that type already stays as it is (spec/operations.md G5); of the other
 * type: ConflictException. A banned one: ForbiddenException for everybody, admins included. True where it is new.
 */
export async function addMember(
  tx: Queries,
  given: { channel: CalledChannel; member: Identity; type: MembershipType; invitedBy: Caller; now: number },
): Promise<boolean> {
  const { channel, member, type, invitedBy, now } = given
  if (await findBan(tx, channel.id, member.id)) throw forbidden(`${member.arn} is banned from the channel. Delete the ban first.`)
  if (await insertMembership(tx, { channelId: channel.id, memberId: member.id, type, invitedBy: invitedBy.id, now })) return true
  const present = await membershipType(tx, channel.id, member.id)
  if (present === type) return false
  throw conflict(
    'The user or bot is already a member of the channel with another Type',
    `${member.arn} is a ${present} member. To change the Type, delete the membership and create it again.`,
  )
}
