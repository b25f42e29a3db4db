import type { Move, SocketEvent, SocketEventType } from '../bus/socket-events.ts'
import { hearersOfMembership, viewersOfMessage } from '../auth/roles/sight.ts'
import { channelDetails } from '../present/channels.ts'
import { identity } from '../present/identities.ts'
import { batchDetails, membershipDetails } from '../present/memberships.ts'
import { messageInEvent } from '../present/messages.ts'
import type { NamedPlace } from '../store/places.ts'
import { reactionCount } from '../present/reactions.ts'
import { thread } from '../present/threads.ts'
import type { Transaction } from '../database/database.ts'
import type { Moment } from '../store/channels.ts'
import type { PlacedMembership } from '../store/memberships.ts'
import type { EventOf, MessageEvent, MessageKind, TypingIndicated } from './events.ts'
import { afterCommit, type Follower } from './follower.ts'
import { isItsOwnLog, storeEvent, storedMessageEvent, type StoredMessageEvent } from './stored.ts'

const typeOfMessage: Readonly<Record<MessageKind, Extract<SocketEventType, `${string}_CHANNEL_MESSAGE`>>> = {
  MessageSent: 'CREATE_CHANNEL_MESSAGE',
  MessageHeld: 'PENDING_CREATE_CHANNEL_MESSAGE',
  MessageDenied: 'DENIED_CREATE_CHANNEL_MESSAGE',
  MessageFailed: 'FAILED_CREATE_CHANNEL_MESSAGE',
  MessageEdited: 'UPDATE_CHANNEL_MESSAGE',
  MessageEditHeld: 'PENDING_UPDATE_CHANNEL_MESSAGE',
  MessageEditDenied: 'DENIED_UPDATE_CHANNEL_MESSAGE',
  MessageEditFailed: 'FAILED_UPDATE_CHANNEL_MESSAGE',
  MessageRedacted: 'REDACT_CHANNEL_MESSAGE',
  MessageDeleted: 'DELETE_CHANNEL_MESSAGE',
}

/** The users and bots who alone get the event. */
const onlyTo = (ids: number[] | undefined) => ids && { only: ids }

/** For those who see a message: sender and target as long as they are members, and the sender of one in a flow in any case. */
const toViewersOf = (message: Parameters<typeof viewersOfMessage>[0]) => {
  const viewers = onlyTo(viewersOfMessage(message))
  return viewers && message.status === 'SENT' ? { ...viewers, isForMembers: true as const } : viewers
}

/** An event about something in a channel or sub-channel, which the payload names. */
const eventIn = (
  { channelId, channelArn, subChannelId, subChannelName }: NamedPlace,
  moment: Pick<Moment, 'sequence'> | undefined,
  type: SocketEventType,
  payload: SocketEvent['payload'],
): SocketEvent => ({
  type,
  channelId,
  sequence: moment?.sequence,
  subChannelId,
  payload: { ChannelArn: channelArn, SubChannelId: subChannelName, ...payload },
})

/** The parts of a message's event that the socket event is made from. */
type MessageState = Pick<MessageEvent, 'kind' | 'place' | 'message'> & { readonly moment: Pick<Moment, 'sequence'> | undefined }

/**
 * The socket event about a message. It is for all members of the channel or sub-channel; about a targeted message, for sender and target;
 * about a message in a flow, for the sender.
 */
export const socketEventOfMessage = ({ kind, moment, message, place }: MessageState): SocketEvent => ({
  type: typeOfMessage[kind],
  channelId: place.channelId,
  sequence: moment?.sequence,
  subChannelId: place.subChannelId,
  ...toViewersOf(message),
  messageType: message.type,
  payload: messageInEvent(message, place, kind === 'MessageDeleted'),
})

/** For the other members, on sessions that ask for typing events. */
export const socketEventOfTyping = ({ place, member, isTyping }: TypingIndicated): SocketEvent => ({
  ...eventIn(place, undefined, 'UPDATE_TYPING_INDICATOR', { Member: identity(member), IsTyping: isTyping }),
  except: member.id,
})

/**
 * Registers an event for sockets after the commit. If events are stored, it is stored in the form `storedAs`. That is undefined for an event
 * that another table holds, or that may be lost.
 */
async function emitToSockets(tx: Transaction, event: SocketEvent, storedAs: SocketEvent | StoredMessageEvent | undefined = event) {
  if (tx.storesEvents && storedAs) await storeEvent(tx, event, storedAs)
  afterCommit(tx, event)
}

export const messageToSockets: Follower<MessageEvent> = (tx, event) => {
  const shown = socketEventOfMessage(event)
  return isItsOwnLog(event) ? afterCommit(tx, shown) : emitToSockets(tx, shown, storedMessageEvent(event) ?? shown)
}

/** For the members of all sub-channels. LastMessageTimestamp is the one that all members see. */
export const channelToSockets: Follower<EventOf<'ChannelUpdated' | 'ChannelDeleted'>> = (tx, { kind, channelId, moment, channel }) =>
  emitToSockets(tx, {
    type: kind === 'ChannelUpdated' ? 'UPDATE_CHANNEL' : 'DELETE_CHANNEL',
    channelId,
    sequence: moment.sequence,
    subChannelId: undefined,
    payload: channelDetails(channel),
  })

const socketEventOfMembership = (
  type: SocketEventType,
  { sequence }: Moment,
  membership: PlacedMembership,
  moves: readonly Move[],
): SocketEvent => ({
  type,
  channelId: membership.channelId,
  sequence,
  subChannelId: membership.subChannelId,
  moves,
  payload: membershipDetails(membership, membership.channelArn, membership.subChannelName),
})

/** Members who join together get the events about each other. New members of an ordinary channel may share an event. */
export const joinedToSockets: Follower<EventOf<'MembersJoined'>> = async (tx, { channelId, moment, memberships, asBatch }) => {
  const moves = memberships.map(({ member, subChannelId }) => ({ memberId: member.id, to: subChannelId }))
  const [first] = memberships
  if (asBatch && first) {
    const { subChannelId, channelArn, type, invitedBy } = first
    const members = memberships.map(({ member }) => member)
    await emitToSockets(tx, {
      type: 'BATCH_CREATE_CHANNEL_MEMBERSHIP',
      channelId,
      sequence: moment.sequence,
      subChannelId,
      ...onlyTo(await hearersOfMembership(tx, channelId, first, members)),
      moves,
      payload: batchDetails({ invitedBy, type, members, channelArn, subChannelName: undefined }),
    })
    return
  }
  for (const [index, membership] of memberships.entries()) {
    const event = socketEventOfMembership('CREATE_CHANNEL_MEMBERSHIP', moment, membership, index === 0 ? moves : [])
    await emitToSockets(tx, { ...event, ...onlyTo(await hearersOfMembership(tx, channelId, membership, [membership.member])) })
  }
}

/** A membership that has ended with its sub-channel is that of a moderator, who alone gets the event. */
export const leftToSockets: Follower<EventOf<'MembersLeft' | 'ModeratorsLeftSubChannel'>> = async (tx, { kind, moment, memberships }) => {
  for (const membership of memberships) {
    const { member, channelId, subChannelId } = membership
    const event = socketEventOfMembership('DELETE_CHANNEL_MEMBERSHIP', moment, membership, [{ memberId: member.id, from: subChannelId }])
    const more =
      kind === 'MembersLeft'
        ? onlyTo(await hearersOfMembership(tx, channelId, membership, [member]))
        : { only: [member.id], reason: 'subchannel_DELETED' as const }
    await emitToSockets(tx, { ...event, ...more })
  }
}

/** An event about a move into another sub-channel is for the moved member only. */
export const movedToSockets: Follower<EventOf<'MembersMoved'>> = async (tx, { moment, from, memberships }) => {
  for (const membership of memberships) {
    const { member, subChannelId } = membership
    const moves = [{ memberId: member.id, from, to: subChannelId }]
    const event = socketEventOfMembership('UPDATE_CHANNEL_MEMBERSHIP', moment, membership, moves)
    await emitToSockets(tx, { ...event, only: [member.id] })
  }
}

/** The place of a read marker: channels with sub-channels have none. */
const placeOf = ({ channelId, channelArn }: EventOf<'ReadMarkerMoved'>): NamedPlace => ({
  channelId,
  channelArn,
  subChannelId: 0,
  subChannelName: undefined,
})

/** The event has no number, so it may be lost: a client that reconnects lists the read markers again. */
export const readMarkerToSockets: Follower<EventOf<'ReadMarkerMoved'>> = (tx, event) => {
  const { member, readAt, isForAll } = event
  const payload = { Member: identity(member), ReadMarkerTimestamp: readAt }
  afterCommit(tx, {
    ...eventIn(placeOf(event), undefined, 'UPDATE_CHANNEL_READ_MARKER', payload),
    ...onlyTo(isForAll ? undefined : [member.id]),
  })
}

/** For the member itself, so that all of its devices show the same unread counts. */
export const unreadToSockets: Follower<EventOf<'ReadMarkerMoved'>> = (tx, event) => {
  const { member, readAt, left } = event
  const payload = { ReadMarkerTimestamp: readAt, UnreadCount: left.unread, UnreadMentionCount: left.mentions }
  afterCommit(tx, { ...eventIn(placeOf(event), undefined, 'UPDATE_CHANNEL_UNREAD', payload), only: [member.id] })
}

/** The number of replies of a thread, after the event of the reply. */
export const threadToSockets: Follower<MessageEvent> = async (tx, { moment, place, thread: changed }) => {
  if (changed) await emitToSockets(tx, eventIn(place, moment, 'UPDATE_CHANNEL_THREAD', thread(changed)))
}

export const pinToSockets: Follower<EventOf<'MessagePinned' | 'MessageUnpinned'>> = (tx, { kind, moment, place, messageId, by }) =>
  emitToSockets(
    tx,
    kind === 'MessagePinned'
      ? eventIn(place, moment, 'PIN_CHANNEL_MESSAGE', {
          MessageId: messageId,
          PinnedBy: identity(by),
          PinnedTimestamp: new Date(moment.at),
        })
      : eventIn(place, moment, 'UNPIN_CHANNEL_MESSAGE', { MessageId: messageId, UnpinnedBy: identity(by) }),
  )

/** For all who see the message. */
export const reactionsToSockets: Follower<EventOf<'ReactionsChanged'>> = (tx, { moment, place, message, member, reactions, counts }) =>
  emitToSockets(tx, {
    ...eventIn(place, moment, 'UPDATE_CHANNEL_MESSAGE_REACTIONS', {
      MessageId: message.messageId,
      Member: identity(member),
      MemberReactions: reactions,
      Reactions: counts.map(reactionCount),
    }),
    ...toViewersOf(message),
  })

export const userDeletedToSockets: Follower<EventOf<'UserDeleted'>> = (tx, { userId }) => afterCommit(tx, { type: 'user-deleted', userId })

export const appInstanceDeletedToSockets: Follower<EventOf<'AppInstanceDeleted'>> = (tx, { appInstanceId }) =>
  afterCommit(tx, { type: 'app-instance-deleted', appInstanceId })

export const statusToNodes: Follower<EventOf<'StatusSet'>> = (tx, { userId }) => afterCommit(tx, { type: 'presence-changed', userId })

export const presenceToNodes: Follower<EventOf<'PresenceSwitched'>> = tx => afterCommit(tx, { type: 'presence-changed' })
