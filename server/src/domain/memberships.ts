import type { CalledChannel, CalledSubChannel } from '../call.ts'
import { ApiError, badRequest, conflict, forbidden } from '../errors.ts'
import type { Limits } from '../limits.ts'
import { findBan } from '../store/bans.ts'
import { give, take } from '../store/counters.ts'
import type { Queries, Transaction } from '../store/database.ts'
import { lockIdentities, type Identity } from '../store/identities.ts'
import {
  deleteMembership,
  insertMembership,
  membershipType,
  placesOf,
  type MembershipType,
  type PlacedMembership,
} from '../store/memberships.ts'
import { givePlaceBack, uncountModeratorIn } from '../store/sub-channels.ts'
import { exceeded } from './counts.ts'
import { requireIdentity } from './identities.ts'
import { newMembership, tellBatchJoined, tellJoined, tellLeft } from './membership-events.ts'
import { goneMember, joinElastic, type Joined } from './sub-channels.ts'

interface Joining {
  readonly channel: Pick<CalledChannel, 'id' | 'arn'>
  readonly member: Identity
  readonly type: MembershipType
  readonly invitedBy: Identity
  readonly now: number
  readonly limits: Limits
}

/**
 * Makes the identity a member of an ordinary channel and counts it; undefined where it is one. Where that is refused nothing is
 * left of it. Nobody is told.
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
 * Ends the membership, with its preferences and its read marker, and tells so. In an elastic channel: all that a moderator has
 * there, or the one in the sub-channel that is named. The channel is locked.
 */
export async function leave(tx: Transaction, channelId: number, memberId: number, only?: CalledSubChannel) {
  const ended = []
  for (const { subChannelId, isPlaced } of await placesOf(tx, channelId, memberId)) {
    if (only && only.id !== subChannelId) continue
    const membership = await deleteMembership(tx, channelId, subChannelId, memberId)
    if (!membership) continue
    ended.push(membership)
    if (isPlaced) await givePlaceBack(tx, subChannelId)
    else if (subChannelId !== 0) await uncountModeratorIn(tx, subChannelId)
    await give(tx, 'membersOfChannel', channelId)
    await give(tx, 'membershipsOfIdentity', memberId)
  }
  await tellLeft(tx, ended)
}

/** Refuses a HIDDEN membership where there are none. */
export function checkMembershipType({ elastic, arn }: CalledChannel, type: MembershipType) {
  if (elastic && type === 'HIDDEN') throw badRequest('HIDDEN memberships are not supported for elastic channels', `${arn} is elastic.`)
}

interface Adding extends Omit<Joining, 'channel' | 'member'> {
  readonly channel: CalledChannel
  /** What the call names. */
  readonly subChannel: CalledSubChannel | undefined
}

async function admit(tx: Queries, given: Adding, member: Identity): Promise<Joined> {
  const { channel, type } = given
  if (await findBan(tx, channel.id, member.id)) throw forbidden(`${member.arn} is banned from the channel. Delete the ban first.`)
  if (channel.elastic) return joinElastic(tx, { ...given, member, elastic: channel.elastic })
  const membership = await join(tx, { ...given, member })
  const joined = { subChannelName: undefined, scaledOut: false, membership }
  if (membership) return joined
  const present = await membershipType(tx, channel.id, 0, member.id)
  if (present === type) return joined
  throw conflict(
    'The user or bot is already a member of the channel with another Type',
    `${member.arn} is a ${present} member. To change the Type, delete the membership and create it again.`,
  )
}

/**
 * Adds a member, and tells so. One that is a member of that type already stays as it is (spec/operations.md G5); of the other
 * type: ConflictException. A banned one: ForbiddenException for everybody, admins included.
 */
export async function addMember(tx: Transaction, given: Adding, member: Identity): Promise<Joined> {
  const joined = await admit(tx, given, member)
  await tellJoined(tx, joined.membership ? [joined.membership] : [])
  return joined
}

/** What came of adding several. */
interface Added {
  /** With those who were members already. */
  readonly joined: readonly (Joined & { readonly member: Identity })[]
  readonly refused: readonly { readonly arn: string; readonly error: ApiError }[]
}

/** Adds those of the named who can be added, and tells so: once, or in an elastic channel of each. */
export async function addMembers(tx: Transaction, given: Adding, arns: readonly string[]): Promise<Added> {
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
  for (const arn of new Set(arns)) await attempt(arn, async () => void named.push(await requireIdentity(tx, arn)))
  await lockIdentities(tx, named)
  const joined: (Joined & { member: Identity })[] = []
  for (const member of named) {
    await attempt(member.arn, async () => void joined.push({ ...(await admit(tx, given, member)), member }))
  }
  const memberships = joined.flatMap(({ membership }) => membership ?? [])
  await (given.channel.elastic ? tellJoined : tellBatchJoined)(tx, memberships)
  return { joined, refused }
}
