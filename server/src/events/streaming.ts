import { channelDetails } from '../present/channels.ts'
import { identity } from '../present/identities.ts'
import { membershipDetails } from '../present/memberships.ts'
import { heardDetails } from '../present/messages.ts'
import type { Transaction } from '../database/database.ts'
import { findChannel, type Channel } from '../store/channels.ts'
import { appendInOrder, laneOf } from '../store/outbox.ts'
import type { PlacedMembership } from '../store/memberships.ts'
import type { EventOf, InChannel, MessageEvent, MessageKind } from './events.ts'
import { afterCommit, type Follower } from './follower.ts'

/** The kind of the outbox's lanes with records of streams: one lane for each stream. The sub-lane is the ChannelArn. */
export const streamKind = 'stream'

/** The record of a message. A message in a flow has none until it is released. */
const typeOfMessage: Partial<Readonly<Record<MessageKind, string>>> = {
  MessageSent: 'CREATE_CHANNEL_MESSAGE',
  MessageEdited: 'UPDATE_CHANNEL_MESSAGE',
  MessageRedacted: 'REDACT_CHANNEL_MESSAGE',
  MessageDeleted: 'DELETE_CHANNEL_MESSAGE',
}

/** A record is appended in the transaction (docs/service/streaming.md#records). */
async function stream(tx: Transaction, destination: string, channelArn: string, at: number, EventType: string, Payload: object) {
  const lane = laneOf(streamKind, destination)
  await appendInOrder(tx, lane, channelArn, JSON.stringify({ EventType, Payload }), at)
  afterCommit(tx, { wake: 'outbox', lane })
}

/** Appends a record for the stream of the app instance's channels. Without a stream nothing is looked up. */
async function streamOfChannels(
  tx: Transaction,
  { moment: { at, channelStream } }: InChannel,
  EventType: string,
  find: () => Promise<{ readonly channelArn: string; readonly payload: object } | undefined>,
) {
  const found = channelStream === null ? undefined : await find()
  if (found) await stream(tx, channelStream!, found.channelArn, at, EventType, found.payload)
}

/** Records have no ContentType (docs/service/streaming.md#what-is-in-a-record). */
export const messageToStream: Follower<MessageEvent> = async (tx, { kind, moment, message, place }) => {
  const EventType = typeOfMessage[kind]
  if (EventType === undefined || moment === undefined || moment.messageStream === null) return
  const payload = { ...heardDetails(message, place, kind === 'MessageDeleted'), ContentType: undefined }
  await stream(tx, moment.messageStream, place.channelArn, moment.at, EventType, payload)
}

const wholeChannel = (channel: Channel | undefined) => channel && { channelArn: channel.arn, payload: channelDetails(channel) }

export const newChannelToStream: Follower<EventOf<'ChannelCreated'>> = async (tx, event) =>
  streamOfChannels(tx, event, 'CREATE_CHANNEL', async () => wholeChannel(await findChannel(tx, event.channelId, 0)))

export const channelToStream: Follower<EventOf<'ChannelUpdated' | 'ChannelDeleted'>> = async (tx, event) =>
  streamOfChannels(tx, event, event.kind === 'ChannelUpdated' ? 'UPDATE_CHANNEL' : 'DELETE_CHANNEL', async () =>
    wholeChannel(event.channel),
  )

export const expirationToStream: Follower<EventOf<'ChannelExpirationSet'>> = async (tx, event) =>
  streamOfChannels(tx, event, 'UPDATE_CHANNEL_EXPIRATION_SETTINGS', async () => wholeChannel(await findChannel(tx, event.channelId, 0)))

/** One record for each membership, also of those that have begun together. */
const membershipsToStream = async (tx: Transaction, event: InChannel, EventType: string, memberships: readonly PlacedMembership[]) => {
  for (const membership of memberships) {
    const { channelArn, subChannelName } = membership
    await streamOfChannels(tx, event, EventType, async () => ({
      channelArn,
      payload: membershipDetails(membership, channelArn, subChannelName),
    }))
  }
}

export const joinedToStream: Follower<EventOf<'MembersJoined'>> = async (tx, event) =>
  membershipsToStream(tx, event, 'CREATE_CHANNEL_MEMBERSHIP', event.memberships)

export const leftToStream: Follower<EventOf<'MembersLeft' | 'ModeratorsLeftSubChannel'>> = async (tx, event) =>
  membershipsToStream(tx, event, 'DELETE_CHANNEL_MEMBERSHIP', event.memberships)

const typeOfRole = {
  ModeratorCreated: { EventType: 'CREATE_CHANNEL_MODERATOR', member: 'Moderator' },
  ModeratorDeleted: { EventType: 'DELETE_CHANNEL_MODERATOR', member: 'Moderator' },
  BanCreated: { EventType: 'CREATE_CHANNEL_BAN', member: 'Member' },
  BanDeleted: { EventType: 'DELETE_CHANNEL_BAN', member: 'Member' },
} as const

export const roleToStream: Follower<EventOf<keyof typeof typeOfRole>> = async (tx, event) => {
  const { EventType, member } = typeOfRole[event.kind]
  const { role } = event
  await streamOfChannels(tx, event, EventType, async () => {
    const channel = await findChannel(tx, event.channelId, 0)
    if (!channel) return undefined
    const payload = {
      [member]: identity(role.identity),
      ChannelArn: channel.arn,
      CreatedTimestamp: role.createdAt,
      CreatedBy: identity(role.createdBy),
    }
    return { channelArn: channel.arn, payload }
  })
}

export const subChannelToStream: Follower<EventOf<'SubChannelCreated' | 'SubChannelDeleted'>> = async (tx, event) =>
  streamOfChannels(tx, event, event.kind === 'SubChannelCreated' ? 'CREATE_SUB_CHANNEL' : 'DELETE_SUB_CHANNEL', async () => {
    const channel = await findChannel(tx, event.channelId, 0)
    if (!channel) return undefined
    return { channelArn: channel.arn, payload: { ChannelArn: channel.arn, SubChannelId: event.subChannelName } }
  })
