import { arnWithin } from '../arn.ts'
import { badRequest, conflict } from '../errors.ts'
import {
  advanceChannel,
  buryChannel,
  countElasticChannels,
  findChannel,
  insertChannel,
  updateChannel,
  type Channel,
} from '../store/channels.ts'
import type { Mode, Privacy } from '../store/channel-summary.ts'
import { findExpiry, putChannelExpiration, type ChannelExpiration } from '../store/channel-expiration.ts'
import { emit } from '../events/emit.ts'
import type { Transaction } from '../database/database.ts'
import type { Identity } from '../store/identities.ts'
import { countModerators, insertModerator } from '../store/moderators.ts'
import type { Acting, ActingInChannel } from './acting.ts'
import { advance } from './advance.ts'
import { checkCount, countOne } from './counts.ts'
import { channelExpiryOf, expiryOf } from './expiration.ts'
import { holdIdentities } from './identities.ts'
import { join } from './memberships.ts'
import { checkMetadataSize } from './sizes.ts'
import { checkElastic, openSubChannel } from './sub-channels.ts'
import { tagNew, type GivenTag } from './tags.ts'

export interface ChannelToCreate extends Pick<Channel, 'name' | 'metadata' | 'elastic' | 'expiration'> {
  readonly channelId: string | undefined
  readonly mode: Mode | undefined
  readonly privacy: Privacy | undefined
  readonly members: readonly Identity[]
  readonly moderators: readonly Identity[]
  readonly tags: readonly GivenTag[] | undefined
}

/**
 * Creates a channel with its creator as member and moderator, or an elastic channel with its creator as moderator only; returns its
 * ARN. Throws ConflictException if the ChannelId is in use.
 */
export async function createChannel(tx: Transaction, { actor, limits, ids, now: clock }: Acting, asked: ChannelToCreate): Promise<string> {
  const now = clock()
  const { elastic } = asked
  checkMetadataSize(asked.metadata)
  if (elastic) checkElastic(elastic, { mode: asked.mode, hasMembers: asked.members.length > 0 }, limits)
  const externalId = asked.channelId ?? ids.resource()
  const inserted = await insertChannel(tx, {
    appInstanceId: actor.appInstanceId,
    externalId,
    name: asked.name,
    metadata: asked.metadata,
    mode: asked.mode ?? (elastic ? 'RESTRICTED' : 'UNRESTRICTED'),
    privacy: asked.privacy ?? 'PUBLIC',
    createdBy: actor.id,
    elastic,
    expiration: asked.expiration,
    expiresAt: expiryOf(now, asked.expiration?.days),
    now,
  })
  const arn = arnWithin(actor.appInstanceArn, 'channel', externalId)
  if (inserted === undefined)
    throw conflict('A channel with this ChannelId already exists', `${arn} exists. Choose another ChannelId, or leave it out.`)
  const { id, ...streams } = inserted
  const members = elastic ? [] : [actor, ...asked.members]
  const moderators = [actor, ...asked.moderators]
  await holdIdentities(tx, [...members, ...moderators])
  // Only this transaction sees the new channel until the commit; the events of its creation have the number 0.
  const where = { channelId: id, moment: { sequence: 0, at: now, counted: 0, bots: null, ...streams } }
  await emit(tx, { kind: 'ChannelCreated', ...where })
  const joined = []
  for (const member of members) {
    const membership = await join(tx, { channel: { id, arn }, member, type: 'DEFAULT', invitedBy: actor, now, limits })
    if (membership) joined.push(membership)
  }
  await emit(tx, { kind: 'MembersJoined', ...where, memberships: joined, asBatch: false })
  for (const moderator of moderators) {
    if (!(await insertModerator(tx, id, moderator.id, actor.id, now))) continue
    const role = { identity: moderator, createdBy: actor, createdAt: new Date(now) }
    await emit(tx, { kind: 'ModeratorCreated', ...where, role, by: actor })
  }
  checkCount((await countModerators(tx, id)) - 1, 'moderatorsPerChannel', limits)
  // The app instance is locked last: transactions that delete a channel or a user also lock it last.
  await countOne(tx, 'channels', actor.appInstanceId, 'channelsPerAppInstance', limits)
  if (elastic) {
    // The count above has locked the app instance, so this count cannot change.
    checkCount((await countElasticChannels(tx, actor.appInstanceId)) - 1, 'elasticChannelsPerAppInstance', limits)
    await openSubChannel(tx, where, elastic, { ids, members: 0, wanted: 0, now })
  }
  await tagNew(tx, { kind: 'channel', id }, asked.tags)
  return arn
}

/** Changes the given members and leaves the others. */
export async function changeChannel(
  tx: Transaction,
  { channel, now }: ActingInChannel,
  given: Omit<Parameters<typeof updateChannel>[2], 'now'>,
) {
  checkMetadataSize(given.metadata)
  if (channel.elastic && given.mode === 'UNRESTRICTED') {
    throw badRequest('An elastic channel must be RESTRICTED', `${channel.arn} is elastic.`)
  }
  if (given.name === undefined && given.mode === undefined && given.metadata === undefined) return
  const moment = await advance(tx, channel, now())
  await updateChannel(tx, channel.id, { ...given, now: now() })
  const changed = await findChannel(tx, channel.id, 0)
  if (changed) await emit(tx, { kind: 'ChannelUpdated', channelId: channel.id, moment, channel: changed })
}

/** Sets the expiration, or removes it if it is undefined. */
export async function setExpiration(tx: Transaction, { channel, now }: ActingInChannel, expiration: ChannelExpiration | undefined) {
  const moment = await advance(tx, channel, now())
  const found = await findExpiry(tx, channel.id)
  await putChannelExpiration(tx, channel.id, expiration, found && channelExpiryOf(found, expiration))
  await emit(tx, { kind: 'ChannelExpirationSet', channelId: channel.id, moment, expiration })
}

/** Deletes the channel and all its contents, unless it has been deleted meanwhile. */
export async function deleteChannel(tx: Transaction, channelId: number, now: number) {
  const moment = await advanceChannel(tx, channelId, now)
  const channel = moment && (await findChannel(tx, channelId, 0))
  if (!channel) return
  await emit(tx, { kind: 'ChannelDeleted', channelId, moment, channel })
  await buryChannel(tx, channelId, now)
}
