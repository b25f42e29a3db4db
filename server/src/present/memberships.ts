import type { Identity } from '../store/identities.ts'
import type { Membership, MembershipType } from '../store/memberships.ts'
import { identity } from './identities.ts'

export const membershipDetails = (membership: Membership, channelArn: string, subChannelName: string | undefined) => ({
  InvitedBy: identity(membership.invitedBy),
  Type: membership.type,
  Member: identity(membership.member),
  ChannelArn: channelArn,
  CreatedTimestamp: membership.createdAt,
  LastUpdatedTimestamp: membership.updatedAt,
  SubChannelId: subChannelName,
})

/** Memberships that one call has created: all of one type, by one inviter. */
interface Batch {
  readonly invitedBy: Identity
  readonly type: MembershipType
  readonly members: readonly Identity[]
  readonly channelArn: string
  /** Defined if the sub-channel is the same for all. */
  readonly subChannelName: string | undefined
}

export const batchDetails = ({ invitedBy, type, members, channelArn, subChannelName }: Batch) => ({
  InvitedBy: identity(invitedBy),
  Type: type,
  Members: members.map(identity),
  ChannelArn: channelArn,
  SubChannelId: subChannelName,
})
