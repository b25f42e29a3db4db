import type { CalledChannel, CalledSubChannel } from '../call.ts'
import type { ChannelEvent, EventType, Move } from '../events/events.ts'
import type { Transaction } from '../store/database.ts'
import { namesakeOf, type Identity } from '../store/identities.ts'
import { membersInCharge, membershipType, type Membership, type MembershipType, type PlacedMembership } from '../store/memberships.ts'
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

/** A membership that is made now. */
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

/** Memberships that one call has made: all of one type, by one inviter. */
interface Batch {
  readonly invitedBy: Identity
  readonly type: MembershipType
  readonly members: readonly Identity[]
  readonly channelArn: string
  /** Where the sub-channel is the same for all. */
  readonly subChannelName: string | undefined
}

export const batchDetails = ({ invitedBy, type, members, channelArn, subChannelName }: Batch) => ({
  InvitedBy: identity(invitedBy),
  Type: type,
  Members: members.map(identity),
  ChannelArn: channelArn,
  SubChannelId: subChannelName,
})

/** Hidden memberships are for the hidden members themselves, and for those members who are in charge (spec/realtime.md §5.6). */
async function audience(tx: Transaction, channelId: number, type: MembershipType, members: readonly Identity[]) {
  if (type === 'DEFAULT') return undefined
  return { only: [...new Set([...members.map(({ id }) => id), ...(await membersInCharge(tx, channelId))])] }
}

const eventOf = (type: EventType, membership: PlacedMembership, moves: readonly Move[]): ChannelEvent => ({
  type,
  channelId: membership.channelId,
  subChannelId: membership.subChannelId,
  moves,
  payload: membershipDetails(membership, membership.channelArn, membership.subChannelName),
})

/** Tells of those who have become members together: each of them hears of all the others. */
export async function tellJoined(tx: Transaction, joined: readonly PlacedMembership[]) {
  const moves = joined.map(({ member, subChannelId }) => ({ memberId: member.id, to: subChannelId }))
  for (const [index, membership] of joined.entries()) {
    const only = await audience(tx, membership.channelId, membership.type, [membership.member])
    tx.tell({ ...eventOf('CREATE_CHANNEL_MEMBERSHIP', membership, index === 0 ? moves : []), ...only })
  }
}

/** The same of members of an ordinary channel who are told of as one. */
export async function tellBatchJoined(tx: Transaction, joined: readonly PlacedMembership[]) {
  const [first] = joined
  if (!first) return
  const { channelId, subChannelId, channelArn, type, invitedBy } = first
  const members = joined.map(({ member }) => member)
  tx.tell({
    type: 'BATCH_CREATE_CHANNEL_MEMBERSHIP',
    channelId,
    subChannelId,
    ...(await audience(tx, channelId, type, members)),
    moves: members.map(({ id }) => ({ memberId: id, to: subChannelId })),
    payload: batchDetails({ invitedBy, type, members, channelArn, subChannelName: undefined }),
  })
}

/** Tells of memberships that have ended, as they were. */
export async function tellLeft(tx: Transaction, ended: readonly PlacedMembership[]) {
  for (const membership of ended) {
    const { member, channelId, subChannelId, type } = membership
    const moves = [{ memberId: member.id, from: subChannelId }]
    tx.tell({ ...eventOf('DELETE_CHANNEL_MEMBERSHIP', membership, moves), ...(await audience(tx, channelId, type, [member])) })
  }
}

/**
 * The same of the memberships of one who is deleted. Where another of the same ARN is a member by now nothing is told: clients
 * know members by their ARN.
 */
export async function tellGone(tx: Transaction, ended: readonly PlacedMembership[]) {
  const namesake = ended[0] && (await namesakeOf(tx, ended[0].member.id))
  const isMember = async ({ channelId, subChannelId }: PlacedMembership) =>
    namesake !== undefined && (await membershipType(tx, channelId, subChannelId, namesake)) !== undefined
  for (const membership of ended) if (!(await isMember(membership))) await tellLeft(tx, [membership])
}

/** Tells each member that has been moved into another sub-channel, and nobody else. */
export function tellMoved(tx: Transaction, from: number, moved: readonly PlacedMembership[]) {
  for (const membership of moved) {
    const { member, subChannelId } = membership
    const moves = [{ memberId: member.id, from, to: subChannelId }]
    tx.tell({ ...eventOf('UPDATE_CHANNEL_MEMBERSHIP', membership, moves), only: [member.id] })
  }
}

/** Tells each moderator whose membership has ended with its sub-channel, and nobody else. */
export function tellSubChannelDeleted(tx: Transaction, ended: readonly PlacedMembership[]) {
  for (const membership of ended) {
    const { member, subChannelId } = membership
    const event = eventOf('DELETE_CHANNEL_MEMBERSHIP', membership, [{ memberId: member.id, from: subChannelId }])
    tx.tell({ ...event, only: [member.id], reason: 'subchannel_DELETED' })
  }
}
