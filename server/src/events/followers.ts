import type { EventKind, EventOf } from './events.ts'
import { invokeProcessor } from './flows.ts'
import type { Follower } from './follower.ts'
import {
  appInstanceDeletedToSockets,
  channelToSockets,
  joinedToSockets,
  leftToSockets,
  messageToSockets,
  movedToSockets,
  subChannelEndToSockets,
  userDeletedToSockets,
} from './sockets.ts'
import { balanceAfterLeaving, balanceAfterScaleOut, wakePurge } from './work.ts'

/**
 * THE TABLE: what follows from each kind of event. Every follower is listed here, and nowhere else. A NON_PERSISTENT message
 * without a flow is in no transaction and has no followers: `announce` publishes it.
 */
export const followers: { readonly [Kind in EventKind]: readonly Follower<EventOf<Kind>>[] } = {
  MessageSent: [messageToSockets],
  MessageHeld: [messageToSockets],
  MessageDenied: [messageToSockets],
  MessageFailed: [messageToSockets],
  MessageEdited: [messageToSockets],
  MessageEditHeld: [messageToSockets],
  MessageEditDenied: [messageToSockets],
  MessageEditFailed: [messageToSockets],
  MessageRedacted: [messageToSockets],
  MessageDeleted: [messageToSockets],
  ProcessorDue: [invokeProcessor],

  ChannelCreated: [],
  ChannelUpdated: [channelToSockets],
  ChannelDeleted: [channelToSockets, wakePurge],
  ChannelExpirationSet: [],
  ChannelFlowSet: [],

  MembersJoined: [joinedToSockets],
  MembersLeft: [leftToSockets, balanceAfterLeaving],
  MembersMoved: [movedToSockets],
  ModeratorsLeftSubChannel: [subChannelEndToSockets],
  ModeratorCreated: [],
  ModeratorDeleted: [],
  BanCreated: [],
  BanDeleted: [],
  SubChannelCreated: [balanceAfterScaleOut],
  SubChannelDeleted: [wakePurge],
  ReadMarkerMoved: [],
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
  UserDeleted: [userDeletedToSockets, wakePurge],
  BotCreated: [],
  BotUpdated: [],
  BotDeleted: [wakePurge],
  AppInstanceCreated: [],
  AppInstanceUpdated: [],
  AppInstanceDeleted: [appInstanceDeletedToSockets, wakePurge],
  AdminCreated: [],
  AdminDeleted: [],
  EndpointRegistered: [],
  EndpointUpdated: [],
  EndpointDeregistered: [],
}
