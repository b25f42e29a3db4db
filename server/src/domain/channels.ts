import { randomUUID } from 'node:crypto'
import type { BearerCall, CalledChannel } from '../call.ts'
import { arnWithin } from '../arn.ts'
import { conflict, forbidden } from '../errors.ts'
import {
  advanceChannel,
  buryChannel,
  countElasticChannels,
  findChannel,
  insertChannel,
  updateChannel,
  type Channel,
  type ChannelSummary,
  type Elastic,
  type Mode,
  type Moment,
  type Privacy,
} from '../store/channels.ts'
import { type ChannelExpiration } from '../store/channel-expiration.ts'
import type { ChannelEvent } from '../events/events.ts'
import type { Queries, Transaction } from '../store/database.ts'
import type { Identity } from '../store/identities.ts'
import { countModerators, insertModerator } from '../store/moderators.ts'
import { checkCount, countOne } from './counts.ts'
import { expiryOf } from './expiration.ts'
import { holdIdentities, identity } from './identities.ts'
import { tellJoined } from './membership-events.ts'
import { join } from './memberships.ts'
import { checkElastic, elasticConfiguration, openFirstSubChannel } from './sub-channels.ts'
import { tagNew } from './tags.ts'

export const channelSummary = (channel: ChannelSummary) => ({
  Name: channel.name,
  ChannelArn: channel.arn,
  Mode: channel.mode,
  Privacy: channel.privacy,
  Metadata: channel.metadata,
  LastMessageTimestamp: channel.lastMessageAt,
})

export const channelDetails = (channel: Channel) => ({
  ...channelSummary(channel),
  CreatedBy: identity(channel.createdBy),
  CreatedTimestamp: channel.createdAt,
  LastUpdatedTimestamp: channel.updatedAt,
  ChannelFlowArn: channel.flowArn,
  ElasticChannelConfiguration: channel.elastic && elasticConfiguration(channel.elastic),
  ExpirationSettings: channel.expiration && expirationSettings(channel.expiration),
})

export const expirationSettings = ({ days, criterion }: ChannelExpiration) => ({
  ExpirationDays: days,
  ExpirationCriterion: criterion,
})

/** Takes the channel's next moment; where it has been deleted meanwhile, the call fails as if it had come later. */
export async function advance(tx: Queries, channel: CalledChannel, now: number, what?: 'message' | 'other'): Promise<Moment> {
  const moment = await advanceChannel(tx, channel.id, now, what)
  if (!moment) throw forbidden(`The channel ${channel.arn} does not exist.`)
  return moment
}

export interface ChannelToCreate {
  readonly channelId: string | undefined
  readonly name: string
  readonly metadata: string | undefined
  readonly mode: Mode | undefined
  readonly privacy: Privacy | undefined
  readonly members: readonly Identity[]
  readonly moderators: readonly Identity[]
  readonly elastic: Elastic | undefined
  readonly expiration: ChannelExpiration | undefined
  readonly tags: readonly { Key: string; Value: string }[] | undefined
}

/**
 * Makes a channel with its creator as member and moderator, an elastic one with its creator as moderator only; returns its ARN.
 * ConflictException where the id is taken.
 */
export async function createChannel(tx: Transaction, { caller, limits, now: clock }: BearerCall, asked: ChannelToCreate): Promise<string> {
  const now = clock()
  const { elastic } = asked
  if (elastic) checkElastic(elastic, { mode: asked.mode, hasMembers: asked.members.length > 0 }, limits)
  const externalId = asked.channelId ?? randomUUID()
  const id = await insertChannel(tx, {
    appInstanceId: caller.appInstanceId,
    externalId,
    name: asked.name,
    metadata: asked.metadata,
    mode: asked.mode ?? (elastic ? 'RESTRICTED' : 'UNRESTRICTED'),
    privacy: asked.privacy ?? 'PUBLIC',
    createdBy: caller.id,
    elastic,
    expiration: asked.expiration,
    expiresAt: expiryOf(now, asked.expiration?.days),
    now,
  })
  const arn = arnWithin(caller.appInstanceArn, 'channel', externalId)
  if (id === undefined)
    throw conflict('A channel with this ChannelId already exists', `${arn} exists. Choose another ChannelId, or leave it out.`)
  const members = elastic ? [] : [caller, ...asked.members]
  const moderators = [caller, ...asked.moderators]
  await holdIdentities(tx, [...members, ...moderators])
  const joined = []
  for (const member of members) {
    const membership = await join(tx, { channel: { id, arn }, member, type: 'DEFAULT', invitedBy: caller, now, limits })
    if (membership) joined.push(membership)
  }
  await tellJoined(tx, joined)
  for (const moderator of moderators) await insertModerator(tx, id, moderator.id, caller.id, now)
  checkCount((await countModerators(tx, id)) - 1, 'moderatorsPerChannel', limits)
  // The app instance last: who deletes a channel or a user locks it after that one too.
  await countOne(tx, 'channels', caller.appInstanceId, 'channelsPerAppInstance', limits)
  if (elastic) {
    // Counted while the app instance is locked, by the count above.
    checkCount((await countElasticChannels(tx, caller.appInstanceId)) - 1, 'elasticChannelsPerAppInstance', limits)
    await openFirstSubChannel(tx, id, elastic, now)
  }
  await tagNew(tx, { kind: 'channel', id }, asked.tags)
  return arn
}

/** To the members of all sub-channels. LastMessageTimestamp is that of what all see. */
async function tellChannel(tx: Transaction, type: ChannelEvent['type'], channelId: number) {
  const channel = await findChannel(tx, channelId, 0)
  if (channel) tx.tell({ type, channelId, subChannelId: undefined, payload: channelDetails(channel) })
}

/** Changes what is given and leaves the rest. */
export async function changeChannel(tx: Transaction, channelId: number, given: Parameters<typeof updateChannel>[2]) {
  await updateChannel(tx, channelId, given)
  await tellChannel(tx, 'UPDATE_CHANNEL', channelId)
}

/** Deletes the channel, unless it is gone meanwhile, and all that is in it. */
export async function deleteChannel(tx: Transaction, channelId: number, now: number) {
  if (!(await advanceChannel(tx, channelId, now))) return
  await tellChannel(tx, 'DELETE_CHANNEL', channelId)
  await buryChannel(tx, channelId, now)
}
