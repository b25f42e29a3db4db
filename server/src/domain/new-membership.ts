import type { CalledChannel, CalledSubChannel } from '../store/facts.ts'
import type { Identity } from '../store/identities.ts'
import type { MembershipType, PlacedMembership } from '../store/memberships.ts'

/** A membership that is created now. */
export const newMembership = (given: {
  channel: Pick<CalledChannel, 'id' | 'arn'>
  subChannel: CalledSubChannel | undefined
  member: Identity
  type: MembershipType
  invitedBy: Identity
  now: number
}): PlacedMembership => ({
  channelId: given.channel.id,
  channelArn: given.channel.arn,
  subChannelId: given.subChannel?.id ?? 0,
  subChannelName: given.subChannel?.name,
  member: given.member,
  type: given.type,
  invitedBy: given.invitedBy,
  createdAt: new Date(given.now),
  updatedAt: new Date(given.now),
})
