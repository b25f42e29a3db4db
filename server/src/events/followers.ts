import { joinedToBots, leftToBots, messageToBots } from './bots.ts'
import type { EventKind, EventOf } from './events.ts'
import { invokeProcessor } from './flows.ts'
import type { Follower } from './follower.ts'
import { messageToDevices } from './push.ts'
import { messageToSearch } from './search.ts'
import {
  appInstanceDeletedToSockets,
  channelToSockets,
  joinedToSockets,
  leftToSockets,
  messageToSockets,
  movedToSockets,
  pinToSockets,
  reactionsToSockets,
  presenceToNodes,
  readMarkerToSockets,
  statusToNodes,
  threadToSockets,
  unreadToSockets,
  userDeletedToSockets,
} from './sockets.ts'
import { channelToStream, membershipsToStream, messageToStream, roleToStream, subChannelToStream } from './streaming.ts'
import { editToUnread, joinedToUnread, messageToUnread, sentToUnread } from './unread.ts'
import { balanceAfterLeaving, balanceAfterScaleOut, wakePurge } from './work.ts'

/**
 * THE TABLE: what follows from each kind of event. Every follower is listed here, and nowhere else. A NON_PERSISTENT message
 * of which nothing is stored (`takingOf` in domain/messages.ts) has no followers: `announce` publishes it.
 */
export const followers: { readonly [Kind in EventKind]: readonly Follower<EventOf<Kind>>[] } = {
  MessageSent: [
    sentToUnread,
    messageToUnread,
    messageToSockets,
    threadToSockets,
    messageToStream,
    messageToBots,
    messageToDevices,
    messageToSearch,
  ],
  MessageHeld: [sentToUnread, messageToSockets],
  MessageDenied: [messageToSockets],
  MessageFailed: [messageToSockets],
  MessageEdited: [editToUnread, messageToSockets, messageToStream, messageToSearch],
  MessageEditHeld: [messageToSockets],
  MessageEditDenied: [messageToSockets],
  MessageEditFailed: [messageToSockets],
  MessageRedacted: [messageToSockets, messageToStream, messageToSearch],
  MessageDeleted: [messageToSockets, threadToSockets, messageToStream, messageToSearch],
  ProcessorDue: [invokeProcessor],

  ChannelCreated: [channelToStream],
  ChannelUpdated: [channelToSockets, channelToStream],
  ChannelDeleted: [channelToSockets, channelToStream, wakePurge],
  ChannelExpirationSet: [channelToStream],
  ChannelFlowSet: [],

  MembersJoined: [joinedToUnread, joinedToSockets, membershipsToStream, joinedToBots],
  MembersLeft: [leftToSockets, membershipsToStream, leftToBots, balanceAfterLeaving],
  MembersMoved: [movedToSockets],
  ModeratorsLeftSubChannel: [leftToSockets, membershipsToStream],
  ModeratorCreated: [roleToStream],
  ModeratorDeleted: [roleToStream],
  BanCreated: [roleToStream],
  BanDeleted: [roleToStream],
  SubChannelCreated: [subChannelToStream, balanceAfterScaleOut],
  SubChannelDeleted: [subChannelToStream, wakePurge],
  ReadMarkerMoved: [readMarkerToSockets, unreadToSockets],
  ReactionsChanged: [reactionsToSockets],
  MessagePinned: [pinToSockets],
  MessageUnpinned: [pinToSockets],
  PreferencesSet: [],

  FlowCreated: [],
  FlowUpdated: [],
  FlowDeleted: [],
  ResourceTagged: [],
  ResourceUntagged: [],
  StreamingSet: [],
  StreamingRemoved: [],

  UserCreated: [],
  UserUpdated: [],
  StatusSet: [statusToNodes],
  PresenceSwitched: [presenceToNodes],
  UserDeleted: [userDeletedToSockets, wakePurge],
  BotCreated: [],
  BotUpdated: [],
  BotDeleted: [wakePurge],
  AppInstanceCreated: [],
  AppInstanceUpdated: [],
  AppInstanceDeleted: [appInstanceDeletedToSockets, wakePurge],
  AdminCreated: [],
  AdminDeleted: [],
  UserEndpointRegistered: [],
  UserEndpointUpdated: [],
  UserEndpointDeregistered: [],
  UserEndpointDeactivated: [],
}
