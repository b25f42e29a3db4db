import { randomUUID } from 'node:crypto'
import type { CalledChannel, CalledSubChannel, Facts } from '../call.ts'
import { badRequest, failure, forbidden, invalidUserArn } from '../errors.ts'
import type { Limits } from '../limits.ts'
import type { Elastic, Mode } from '../store/channels.ts'
import { give, take } from '../store/counters.ts'
import type { Queries } from '../store/database.ts'
import type { Identity } from '../store/identities.ts'
import { insertMembership, placesOf, type PlacedMembership } from '../store/memberships.ts'
import { findModerator } from '../store/moderators.ts'
import {
  countModeratorIn,
  insertSubChannel,
  nameOfSubChannel,
  subChannelsOf,
  takePlaceIn,
  uncountModeratorIn,
  type SubChannel,
} from '../store/sub-channels.ts'
import { exceeded } from './counts.ts'
import { newMembership } from './membership-events.ts'

/** The most members that all sub-channels of a channel may have together (spec/limits.md §1). */
const mostMembers = 1_000_000

export const elasticConfiguration = ({ maximum, target, percentage }: Elastic) => ({
  MaximumSubChannels: maximum,
  TargetMembershipsPerSubChannel: target,
  MinimumMembershipPercentage: percentage,
})

export const subChannelSummary = ({ name, members, moderators }: SubChannel) => ({
  SubChannelId: name,
  MembershipCount: members + moderators,
})

/** A sub-channel with fewer members is given up where another can take them. */
export const leastMembers = ({ target, percentage }: Elastic) => Math.ceil((target * percentage) / 100)

/** The number of the sub-channel that a call names; 0 where the channel is ordinary. */
export const subChannelIdOf = ({ subChannel }: Pick<Facts, 'subChannel'>) => subChannel?.id ?? 0

/** Refuses what an elastic channel does not have. */
export function checkOrdinary({ elastic, arn }: CalledChannel, what: string) {
  if (elastic) throw badRequest(`${what} are not supported for elastic channels`, `${arn} is elastic.`)
}

/** Refuses an elastic channel that cannot be (spec/elastic-and-expiration.md §1.1). */
export function checkElastic(elastic: Elastic, asked: { mode: Mode | undefined; hasMembers: boolean }, limits: Limits) {
  if (asked.mode === 'UNRESTRICTED') throw badRequest('An elastic channel must be RESTRICTED', 'Leave Mode out, or give RESTRICTED.')
  if (asked.hasMembers) {
    throw badRequest('MemberArns is not supported for elastic channels', 'Create the channel first and then the memberships.')
  }
  if (elastic.maximum > limits.subChannelsPerChannel) throw exceeded('subChannelsPerChannel', limits)
  if (elastic.target > limits.membershipsPerSubChannel) throw exceeded('membershipsPerSubChannel', limits)
  if (elastic.maximum * elastic.target > mostMembers) {
    throw badRequest(
      `MaximumSubChannels times TargetMembershipsPerSubChannel must be at most ${mostMembers}`,
      `${elastic.maximum} times ${elastic.target} is more.`,
    )
  }
}

/** Adds a sub-channel with so many members counted in it. */
async function openSubChannel(
  tx: Queries,
  channelId: number,
  { target }: Elastic,
  given: { members: number; wanted: number; now: number },
) {
  const name = randomUUID()
  return { id: await insertSubChannel(tx, { channelId, name, capacity: target, ...given }), name }
}

/** The sub-channel that an elastic channel has from the start. */
export async function openFirstSubChannel(tx: Queries, channelId: number, elastic: Elastic, now: number) {
  await openSubChannel(tx, channelId, elastic, { members: 0, wanted: 0, now })
}

interface Place {
  readonly subChannel: CalledSubChannel
  readonly scaledOut: boolean
}

/** Counts the joiner in the newest sub-channel with room, or in a new one; undefined where all are full and no more may be. */
async function takePlace(tx: Queries, channelId: number, elastic: Elastic, now: number): Promise<Place | undefined> {
  const subChannel = await takePlaceIn(tx, channelId)
  if (subChannel) return { subChannel, scaledOut: false }
  if ((await subChannelsOf(tx, channelId)).length >= elastic.maximum) return undefined
  const wanted = leastMembers(elastic) - 1
  return { subChannel: await openSubChannel(tx, channelId, elastic, { members: 1, wanted, now }), scaledOut: wanted > 0 }
}

interface Joining {
  readonly channel: CalledChannel
  readonly elastic: Elastic
  /** What the call names. */
  readonly subChannel: CalledSubChannel | undefined
  readonly member: Identity
  readonly invitedBy: Identity
  readonly now: number
  readonly limits: Limits
}

/** Where the member is now, and whether others are to be moved since there is a new sub-channel. */
export interface Joined {
  readonly subChannelName: string | undefined
  readonly scaledOut: boolean
  /** What is new; undefined where it was a member already. */
  readonly membership: PlacedMembership | undefined
}

async function countMembership(tx: Queries, member: Identity, limits: Limits) {
  const counted = await take(tx, 'membershipsOfIdentity', member.id, limits.membershipsPerUser)
  if (counted !== 'taken') throw counted === 'full' ? exceeded('membershipsPerUser', limits) : goneMember(member)
}

/** Of a user or bot that has been deleted while it was being added. */
export const goneMember = ({ arn }: Identity) => invalidUserArn(`${arn} has just been deleted.`)

async function enter(
  tx: Queries,
  { channel, member, invitedBy, now }: Joining,
  subChannel: CalledSubChannel,
  isPlaced: boolean,
): Promise<PlacedMembership> {
  const where = { channelId: channel.id, subChannelId: subChannel.id }
  await insertMembership(tx, { ...where, memberId: member.id, type: 'DEFAULT', invitedBy: invitedBy.id, now }, isPlaced)
  return newMembership({ channel, subChannel, member, type: 'DEFAULT', invitedBy, now })
}

async function joinAsMember(tx: Queries, joining: Joining): Promise<Joined> {
  const { channel, elastic, member, now, limits } = joining
  const [present] = await placesOf(tx, channel.id, member.id)
  if (present) return { subChannelName: await nameOfSubChannel(tx, present.subChannelId), scaledOut: false, membership: undefined }
  await countMembership(tx, member, limits)
  const place = await takePlace(tx, channel.id, elastic, now)
  if (!place) {
    await give(tx, 'membershipsOfIdentity', member.id)
    throw failure(
      'ResourceLimitExceededException',
      'The request exceeds the resource limit.',
      `The channel is full: it has ${elastic.maximum} sub-channels of ${elastic.target} members each, and may have no more.`,
    )
  }
  await take(tx, 'membersOfChannel', channel.id, Number.MAX_SAFE_INTEGER)
  const { subChannel, scaledOut } = place
  return { subChannelName: subChannel.name, scaledOut, membership: await enter(tx, joining, subChannel, true) }
}

async function joinAsModerator(tx: Queries, joining: Joining): Promise<Joined> {
  const { channel, subChannel, member, limits } = joining
  if (!subChannel) throw badRequest('SubChannelId is required for a moderator', `${member.arn} is a moderator: name the sub-channel.`)
  if (!(await countModeratorIn(tx, subChannel.id))) throw forbidden(`There is no sub-channel ${subChannel.name} in ${channel.arn}.`)
  const joined = { subChannelName: subChannel.name, scaledOut: false, membership: undefined }
  const places = await placesOf(tx, channel.id, member.id)
  const isThere = places.some(({ subChannelId }) => subChannelId === subChannel.id)
  if (isThere) {
    await uncountModeratorIn(tx, subChannel.id)
    return joined
  }
  const counted = await take(tx, 'membershipsOfIdentity', member.id, limits.membershipsPerUser)
  if (counted !== 'taken') {
    await uncountModeratorIn(tx, subChannel.id)
    throw counted === 'full' ? exceeded('membershipsPerUser', limits) : goneMember(member)
  }
  await take(tx, 'membersOfChannel', channel.id, Number.MAX_SAFE_INTEGER)
  return { ...joined, membership: await enter(tx, joining, subChannel, false) }
}

/**
 * Adds a member to an elastic channel, which is locked. A regular one is placed by the service in one sub-channel; a moderator
 * names one, and may be in many. Who is there already stays as it is. Where it fails nothing is left of it. Nobody is told.
 */
export async function joinElastic(tx: Queries, joining: Joining): Promise<Joined> {
  const { channel, subChannel, member } = joining
  if (await findModerator(tx, channel.id, member.id)) return joinAsModerator(tx, joining)
  if (!subChannel) return joinAsMember(tx, joining)
  throw badRequest(
    'SubChannelId must not be given for a member that is no moderator',
    `The service chooses the sub-channel of ${member.arn}: leave SubChannelId out.`,
  )
}
