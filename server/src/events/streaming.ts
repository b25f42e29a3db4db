import { channelDetails } from '../present/channels.ts'
import { identity } from '../present/identities.ts'
import { membershipDetails } from '../present/memberships.ts'
import { messageInEvent } from '../present/messages.ts'
import type { Transaction } from '../database/database.ts'
import { findChannel, type Channel } from '../store/channels.ts'
import { appendInOrder, laneOf } from '../store/outbox.ts'
import type { EventOf, InChannel, MessageEvent, MessageKind } from './events.ts'
import { afterCommit, type Follower } from './follower.ts'

/** The kind of the outbox's lanes with records of streams: one lane for each stream. The sub-lane is the ChannelArn. */
export const streamKind = 'stream'

/** The records of messages. A message in a flow has none until it is released. */
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

/** Records have no ContentType (docs/service/streaming.md#what-is-in-a-record). */
export const messageToStream: Follower<MessageEvent> = async (tx, { kind, moment, message, place }) => {
  const EventType = typeOfMessage[kind]
  if (EventType === undefined || moment === undefined || moment.messageStream === null) return
  const payload = { ...messageInEvent(message, place, kind === 'MessageDeleted'), ContentType: undefined }
  await stream(tx, moment.messageStream, place.channelArn, moment.at, EventType, payload)
}

/** Appends a record about a channel for the stream of the app instance's channels. Without a stream nothing is looked up. */
async function streamOfChannel(
  tx: Transaction,
  { channelId, moment: { at, channelStream } }: InChannel,
  EventType: string,
  payloadOf: (channel: Channel) => object,
  known?: Channel,
) {
  if (channelStream === null) return
  const channel = known ?? (await findChannel(tx, channelId, 0))
  if (channel) await stream(tx, channelStream, channel.arn, at, EventType, payloadOf(channel))
}

const typeOfChannel = {
  ChannelCreated: 'CREATE_CHANNEL',
  ChannelUpdated: 'UPDATE_CHANNEL',
  ChannelDeleted: 'DELETE_CHANNEL',
  ChannelExpirationSet: 'UPDATE_CHANNEL_EXPIRATION_SETTINGS',
} as const

export const channelToStream: Follower<EventOf<keyof typeof typeOfChannel>> = async (tx, event) =>
  streamOfChannel(tx, event, typeOfChannel[event.kind], channelDetails, 'channel' in event ? event.channel : undefined)

const typeOfMemberships = {
  MembersJoined: 'CREATE_CHANNEL_MEMBERSHIP',
  MembersLeft: 'DELETE_CHANNEL_MEMBERSHIP',
  ModeratorsLeftSubChannel: 'DELETE_CHANNEL_MEMBERSHIP',
} as const

/** One record for each membership, also of those that have begun together. */
export const membershipsToStream: Follower<EventOf<keyof typeof typeOfMemberships>> = async (tx, { kind, moment, memberships }) => {
  if (moment.channelStream === null) return
  for (const membership of memberships) {
    const { channelArn, subChannelName } = membership
    const payload = membershipDetails(membership, channelArn, subChannelName)
    await stream(tx, moment.channelStream, channelArn, moment.at, typeOfMemberships[kind], payload)
  }
}

const typeOfRole = {
  ModeratorCreated: { EventType: 'CREATE_CHANNEL_MODERATOR', member: 'Moderator' },
  ModeratorDeleted: { EventType: 'DELETE_CHANNEL_MODERATOR', member: 'Moderator' },
  BanCreated: { EventType: 'CREATE_CHANNEL_BAN', member: 'Member' },
  BanDeleted: { EventType: 'DELETE_CHANNEL_BAN', member: 'Member' },
} as const

export const roleToStream: Follower<EventOf<keyof typeof typeOfRole>> = async (tx, event) => {
  const { EventType, member } = typeOfRole[event.kind]
  const { identity: whose, createdAt, createdBy } = event.role
  await streamOfChannel(tx, event, EventType, ({ arn }) => ({
    [member]: identity(whose),
    ChannelArn: arn,
    CreatedTimestamp: createdAt,
    CreatedBy: identity(createdBy),
  }))
}

export const subChannelToStream: Follower<EventOf<'SubChannelCreated' | 'SubChannelDeleted'>> = async (tx, event) =>
  streamOfChannel(tx, event, event.kind === 'SubChannelCreated' ? 'CREATE_SUB_CHANNEL' : 'DELETE_SUB_CHANNEL', ({ arn }) => ({
    ChannelArn: arn,
    SubChannelId: event.subChannelName,
  }))
