import type { CalledChannel, CalledSubChannel, Facts } from '../store/facts.ts'
import { badRequest, forbidden, invalidUserArn, limitExceeded } from '../errors.ts'
import type { Limits } from '../settings/limits.ts'
import type { Elastic, Moment } from '../store/channels.ts'
import type { Mode } from '../store/channel-summary.ts'
import { give, take } from '../store/counters.ts'
import { emit } from '../events/emit.ts'
import type { Queries, Transaction } from '../database/database.ts'
import type { Identity } from '../store/identities.ts'
import { insertMembership, placesOf, type PlacedMembership } from '../store/memberships.ts'
import { findModerator } from '../store/moderators.ts'
import { countModeratorIn, insertSubChannel, nameOfSubChannel, subChannelsOf, takeSeatIn } from '../store/sub-channels.ts'
import type { InChannel } from '../events/events.ts'
import { exceeded } from './counts.ts'
import type { Doing } from './acting.ts'
import { newMembership } from './new-membership.ts'

/** The most members of all sub-channels of a channel together (docs/service/elastic-channels.md#creating-an-elastic-channel). */
const mostMembers = 1_000_000

/** A sub-channel with fewer members is removed if another one has room for them. */
export const leastMembers = ({ target, percentage }: Elastic) => Math.ceil((target * percentage) / 100)

/** The number of the sub-channel in a call; 0 for an ordinary channel. */
export const subChannelIdOf = ({ subChannel }: Pick<Facts, 'subChannel'>) => subChannel?.id ?? 0

/** Throws for operations that an elastic channel does not have. */
export function checkOrdinary({ elastic, arn }: CalledChannel, what: string) {
  if (elastic) throw badRequest(`${what} are not supported for elastic channels`, `${arn} is elastic.`)
}

/** Throws for an elastic channel that is not allowed (docs/service/elastic-channels.md#creating-an-elastic-channel). */
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

/** Creates a sub-channel with that many members already counted. */
export async function openSubChannel(
  tx: Transaction,
  where: InChannel,
  { target }: Elastic,
  { ids, ...given }: Pick<Doing, 'ids'> & { members: number; wanted: number; now: number },
): Promise<CalledSubChannel> {
  const name = ids.resource()
  const id = await insertSubChannel(tx, { channelId: where.channelId, name, capacity: target, ...given })
  await emit(tx, { kind: 'SubChannelCreated', ...where, subChannelId: id, subChannelName: name, wanted: given.wanted })
  return { id, name }
}

/**
 * Counts the new member in the newest sub-channel with room, or in a new one; undefined if all are full and no more are allowed.
 */
async function takeSeat(tx: Transaction, { channel, moment, elastic, ids, now }: Joining): Promise<CalledSubChannel | undefined> {
  const subChannel = await takeSeatIn(tx, channel.id)
  if (subChannel) return subChannel
  if ((await subChannelsOf(tx, channel.id)).length >= elastic.maximum) return undefined
  const where = { channelId: channel.id, moment }
  return openSubChannel(tx, where, elastic, { ids, members: 1, wanted: leastMembers(elastic) - 1, now })
}

interface Joining extends Pick<Doing, 'limits' | 'ids'> {
  readonly channel: CalledChannel
  /** The number and time that the channel has given to this transaction. */
  readonly moment: Moment
  readonly elastic: Elastic
  /** The sub-channel in the call. */
  readonly subChannel: CalledSubChannel | undefined
  readonly member: Identity
  readonly invitedBy: Identity
  readonly now: number
}

/** Where the member is now. */
export interface Joined {
  readonly subChannelName: string | undefined
  /** The new membership; undefined if it was a member already. */
  readonly membership: PlacedMembership | undefined
}

async function countMembership(tx: Queries, member: Identity, limits: Limits) {
  const counted = await take(tx, 'membershipsOfIdentity', member.id, limits.membershipsPerUser)
  if (counted !== 'taken') throw counted === 'full' ? exceeded('membershipsPerUser', limits) : goneMember(member)
}

/** For a user or bot that was deleted while it was being added. */
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

async function joinAsMember(tx: Transaction, joining: Joining): Promise<Joined> {
  const { channel, elastic, member, limits } = joining
  const [present] = await placesOf(tx, channel.id, member.id)
  if (present) return { subChannelName: await nameOfSubChannel(tx, present.subChannelId), membership: undefined }
  await countMembership(tx, member, limits)
  const seat = await takeSeat(tx, joining)
  if (!seat) {
    await give(tx, 'membershipsOfIdentity', member.id)
    throw limitExceeded(
      'The request exceeds the resource limit.',
      `The channel is full: it has ${elastic.maximum} sub-channels of ${elastic.target} members each, and may have no more.`,
    )
  }
  await take(tx, 'membersOfChannel', channel.id, Number.MAX_SAFE_INTEGER)
  return { subChannelName: seat.name, membership: await enter(tx, joining, seat, true) }
}

async function joinAsModerator(tx: Queries, joining: Joining): Promise<Joined> {
  const { channel, subChannel, member, limits } = joining
  if (!subChannel) throw badRequest('SubChannelId is required for a moderator', `${member.arn} is a moderator: name the sub-channel.`)
  const joined = { subChannelName: subChannel.name, membership: undefined }
  const places = await placesOf(tx, channel.id, member.id)
  if (places.some(({ subChannelId }) => subChannelId === subChannel.id)) return joined
  await countMembership(tx, member, limits)
  if (!(await countModeratorIn(tx, subChannel.id))) {
    await give(tx, 'membershipsOfIdentity', member.id)
    throw forbidden(`There is no sub-channel ${subChannel.name} in ${channel.arn}.`)
  }
  await take(tx, 'membersOfChannel', channel.id, Number.MAX_SAFE_INTEGER)
  return { ...joined, membership: await enter(tx, joining, subChannel, false) }
}

/**
 * Adds a member to an elastic channel, which is locked. The service places a regular member in one sub-channel; a moderator names one, and
 * may be in many. An existing member stays as it is. If it fails, nothing is changed. The caller emits the event.
 */
export async function joinElastic(tx: Transaction, joining: Joining): Promise<Joined> {
  const { channel, subChannel, member } = joining
  if (await findModerator(tx, channel.id, member.id)) return joinAsModerator(tx, joining)
  if (!subChannel) return joinAsMember(tx, joining)
  throw badRequest(
    'SubChannelId must not be given for a member that is not a moderator',
    `The service chooses the sub-channel of ${member.arn}: leave SubChannelId out.`,
  )
}
