import type { Arn } from '../../arn.ts'
import type { Queries } from '../../database/database.ts'
import type { Privacy } from '../../store/channel-summary.ts'
import { findFacts, type Facts } from '../../store/facts.ts'
import type { Identity } from '../../store/identities.ts'
import { membersInCharge, type Membership } from '../../store/memberships.ts'
import type { Message } from '../../store/messages.ts'
import { shareChannel } from '../../store/presences.ts'
import { retentionCutoff } from '../../tools/retention.ts'

/*
 * WHO SEES WHAT. rules.ts says who may call an operation. This file says what the caller may see in the answer, and which members get an
 * event on their sockets. The queries of lists find it by their indexes: `messages.private` and the type of a membership.
 */

/**
 * The users who alone see a message; undefined if all members see it. Until a channel flow has released a message, only its sender sees it.
 */
export function viewersOfMessage({ status, sender, target }: { status: string } & Pick<Message, 'sender' | 'target'>) {
  if (status !== 'SENT') return [sender.id]
  return target && [sender.id, target.id]
}

/** The message that a call is about, if the caller may see it. */
export function seenMessage({ message, caller, retentionDays }: Facts, now: number): Message | undefined {
  if (!message || message.createdAt.getTime() < retentionCutoff(now, retentionDays)) return undefined
  return viewersOfMessage(message)?.includes(caller.id) === false ? undefined : message
}

/**
 * Whether the caller may know of a membership. Only a HIDDEN member itself, moderators and admins see a HIDDEN one
 * (docs/service/memberships.md#hidden-members).
 */
export const seesMembership = ({ admin, moderator, caller }: Facts, { type, member }: Pick<Membership, 'type' | 'member'>) =>
  type === 'DEFAULT' || admin || moderator || member.id === caller.id

/**
 * The members who alone get events about memberships of a type; undefined for all members. Events about HIDDEN memberships are for the
 * hidden member, moderators and admins only (docs/service/sessions.md#events-about-hidden-members).
 */
export async function hearersOfMembership(
  db: Queries,
  channelId: number,
  { type }: Pick<Membership, 'type'>,
  members: readonly Identity[],
) {
  if (type === 'DEFAULT') return undefined
  return [...new Set([...members.map(({ id }) => id), ...(await membersInCharge(db, channelId))])]
}

/**
 * The privacies of the channels that a list shows: all for an AppInstanceAdmin, PUBLIC for others
 * (docs/service/channels.md#describing-and-listing-channels).
 */
export function listedPrivacies({ admin }: Facts, asked: Privacy | undefined): readonly Privacy[] {
  if (asked) return [asked]
  return admin ? ['PUBLIC', 'PRIVATE'] : ['PUBLIC']
}

/**
 * Whether the caller searches all channels, HIDDEN members included. Others search the channels that they are in
 * (docs/service/channels.md#searching-channels).
 */
export const searchesAll = ({ admin }: Facts) => admin

/**
 * Those of the users whose presence the caller may see: its own, that of members of a common channel, and for an AppInstanceAdmin that
 * of everybody in its app instance.
 */
export async function seenPeople(db: Queries, { admin, caller }: Facts, userIds: readonly number[]): Promise<readonly number[]> {
  if (admin) return userIds
  const seen = await Promise.all(userIds.map(async userId => userId === caller.id || shareChannel(db, caller.id, userId)))
  return userIds.filter((_, index) => seen[index])
}

/** Those of the channels whose members' presence the bearer may see, with their ids. */
export async function seenChannels(db: Queries, bearer: Arn, channels: readonly Arn[]) {
  const facts = await Promise.all(channels.map(async channel => findFacts(db, bearer, { channel })))
  return facts.flatMap(found => {
    if (!found?.channel) return []
    const { admin, moderator, membership, banned, channel } = found
    return admin || (!banned && (moderator || membership === 'DEFAULT')) ? [channel] : []
  })
}
