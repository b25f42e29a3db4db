import type { ShownMessage } from '../present/messages.ts'
import type { NamedPlace } from '../store/places.ts'
import type { Channel, Moment } from '../store/channels.ts'
import type { ChannelExpiration } from '../store/channel-expiration.ts'
import type { ListedIdentity } from '../store/identity-lists.ts'
import type { PushNotification } from '../store/flow-runs.ts'
import type { Identity } from '../store/identities.ts'
import type { Message } from '../store/messages.ts'
import type { PlacedMembership } from '../store/memberships.ts'
import type { TaggedResource } from '../store/tags.ts'
import type { Thread } from '../store/threads.ts'
import type { Unread } from '../store/unread.ts'
import type { StatusReason } from '../store/user-endpoints.ts'

/** The moment that the channel has given to the transaction in which it happened. Several events of one transaction share it. */
export interface InChannel {
  readonly channelId: number
  readonly moment: Moment
}

interface AboutMessage {
  /** Undefined for a NON_PERSISTENT message without a flow, which is not in a transaction. */
  readonly moment: Moment | undefined
  readonly place: NamedPlace
  readonly message: ShownMessage
  /** The previous Content, if the message is edited or redacted. */
  readonly before?: string | undefined
  /** The PushNotification of a new message. */
  readonly pushNotification?: PushNotification | undefined
  /** The thread that has changed, if the message is a new or deleted reply. */
  readonly thread?: Thread | undefined
}

/** A channel as it is now, or was to the end. */
interface AboutChannel extends InChannel {
  readonly channel: Channel
}

/** Memberships that one call, or one change to the channel, has begun, moved or ended, in the latter case as they were. */
interface AboutMemberships extends InChannel {
  readonly memberships: readonly PlacedMembership[]
}

/** The role of a moderator or a ban as it is now, or was to the end. `by` is who did it; undefined if it ended by itself. */
interface AboutRole extends InChannel {
  readonly role: ListedIdentity
  readonly by: Identity
}

/** `subChannelName` is its SubChannelId; `wanted` members are still to be moved into a new one. */
interface AboutSubChannel extends InChannel {
  readonly subChannelId: number
  readonly subChannelName: string
  readonly wanted: number
}

interface AboutPin {
  readonly moment: Moment
  readonly place: NamedPlace
  readonly messageId: string
  readonly by: Identity
}

type AboutFlow = { readonly flowId: number }
type AboutTags = { readonly resource: TaggedResource }
type AboutUser = { readonly userId: number }
type AboutBot = { readonly botId: number }
type AboutAppInstance = { readonly appInstanceId: number }
type AboutAdmin = AboutAppInstance & { readonly identityId: number }
type AboutUserEndpoint = AboutUser & { readonly endpointId: string }

/**
 * The states of a message. `Held` is on its way through the channel's flow, which then passes it (`Sent`, `Edited`), denies it or fails.
 * Those that do not name an edit are about a new message.
 */
export type MessageKind =
  | 'MessageSent'
  | 'MessageHeld'
  | 'MessageDenied'
  | 'MessageFailed'
  | 'MessageEdited'
  | 'MessageEditHeld'
  | 'MessageEditDenied'
  | 'MessageEditFailed'
  | 'MessageRedacted'
  | 'MessageDeleted'

/** THE TABLE of all events of the domain: what each kind carries. followers.ts declares what follows from each. */
interface Contents extends Record<MessageKind, AboutMessage> {
  /** A processor of the channel's flow has to be invoked for a message. */
  ProcessorDue: { readonly callbackId: string; readonly functionArn: string; readonly now: number }

  ChannelCreated: InChannel
  ChannelUpdated: AboutChannel
  ChannelDeleted: AboutChannel
  /** Undefined if the expiration was removed. */
  ChannelExpirationSet: InChannel & { readonly expiration: ChannelExpiration | undefined }
  /** Undefined if the channel has no flow any more. */
  ChannelFlowSet: { readonly channelId: number; readonly flowId: number | undefined }

  /** `asBatch` says whether sockets get one event for all of them. */
  MembersJoined: AboutMemberships & { readonly asBatch: boolean }
  MembersLeft: AboutMemberships
  /** The balancing has moved them out of the sub-channel `from`. */
  MembersMoved: AboutMemberships & { readonly from: number }
  /** Moderators' memberships that have ended with their sub-channel. */
  ModeratorsLeftSubChannel: AboutMemberships
  ModeratorCreated: AboutRole
  ModeratorDeleted: AboutRole
  BanCreated: AboutRole
  BanDeleted: AboutRole
  SubChannelCreated: AboutSubChannel
  SubChannelDeleted: AboutSubChannel
  /** `left` are the unread counts of the member after the change; `isForAll`: the event is for all members, not only for the member. */
  ReadMarkerMoved: {
    readonly left: Unread
    readonly channelId: number
    readonly channelArn: string
    readonly member: Identity
    readonly readAt: Date
    readonly isForAll: boolean
  }
  /** A member has replaced its reactions to a message by these; `counts` are those of all members. */
  ReactionsChanged: {
    readonly moment: Moment
    readonly place: NamedPlace
    readonly message: Message
    readonly member: Identity
    readonly reactions: readonly string[]
    readonly counts: readonly { readonly reaction: string; readonly count: number }[]
  }
  MessagePinned: AboutPin
  MessageUnpinned: AboutPin
  /** A member has changed its push preferences for the channel. */
  PreferencesSet: { readonly channelId: number; readonly memberId: number }

  FlowCreated: AboutFlow
  FlowUpdated: AboutFlow
  FlowDeleted: AboutFlow
  ResourceTagged: AboutTags
  ResourceUntagged: AboutTags
  /** The streams of an app instance have changed, for one or more data types. */
  StreamingSet: AboutAppInstance
  StreamingRemoved: AboutAppInstance

  UserCreated: AboutUser
  UserUpdated: AboutUser
  UserDeleted: AboutUser
  /** A user has set its presence status. */
  StatusSet: AboutUser
  BotCreated: AboutBot
  BotUpdated: AboutBot
  BotDeleted: AboutBot
  AppInstanceCreated: AboutAppInstance
  AppInstanceUpdated: AboutAppInstance
  AppInstanceDeleted: AboutAppInstance
  /** The presence of an app instance's users was switched on or off. */
  PresenceSwitched: AboutAppInstance
  AdminCreated: AboutAdmin
  AdminDeleted: AboutAdmin
  UserEndpointRegistered: AboutUserEndpoint
  UserEndpointUpdated: AboutUserEndpoint
  UserEndpointDeregistered: AboutUserEndpoint
  /** A device has become INACTIVE. */
  UserEndpointDeactivated: AboutUserEndpoint & { readonly reason: StatusReason }
}

export type EventKind = keyof Contents

/** The event of a kind; of several kinds, one of their events. */
export type EventOf<Kind extends EventKind> = { [Each in Kind]: { readonly kind: Each } & Contents[Each] }[Kind]

export type DomainEvent = EventOf<EventKind>

export type MessageEvent = EventOf<MessageKind>

/** A member types, or has stopped. This event is not in a transaction. */
export interface TypingIndicated {
  readonly kind: 'TypingIndicated'
  readonly place: NamedPlace
  readonly member: Identity
  readonly isTyping: boolean
}
