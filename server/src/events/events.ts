import type { ShownMessage } from '../present/messages.ts'
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
import type { NamedPlace } from '../store/places.ts'

/** The moment that the channel has given to the transaction in which it happened. Several events of one transaction share it. */
export interface InChannel {
  readonly channelId: number
  readonly moment: Moment
}

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

export interface MessageEvent<Kind extends MessageKind = MessageKind> {
  readonly kind: Kind
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

/** A member types, or has stopped. This event is not in a transaction. */
export interface TypingIndicated {
  readonly kind: 'TypingIndicated'
  readonly place: NamedPlace
  readonly member: Identity
  readonly isTyping: boolean
}

/** A processor of the channel's flow has to be invoked for a message. */
interface ProcessorDue {
  readonly kind: 'ProcessorDue'
  readonly callbackId: string
  readonly functionArn: string
  readonly now: number
}

interface ChannelCreated extends InChannel {
  readonly kind: 'ChannelCreated'
}

/** As it is now, or was to the end. */
interface ChannelEvent extends InChannel {
  readonly kind: 'ChannelUpdated' | 'ChannelDeleted'
  readonly channel: Channel
}

interface ChannelExpirationSet extends InChannel {
  readonly kind: 'ChannelExpirationSet'
  readonly expiration: ChannelExpiration | undefined
}

interface ChannelFlowSet {
  readonly kind: 'ChannelFlowSet'
  readonly channelId: number
  /** Undefined if the expiration was removed. */
  readonly flowId: number | undefined
}

interface FlowEvent {
  readonly kind: 'FlowCreated' | 'FlowUpdated' | 'FlowDeleted'
  readonly flowId: number
}

/** Memberships that one call or the creation of the channel has begun. */
interface MembersJoined extends InChannel {
  readonly kind: 'MembersJoined'
  readonly memberships: readonly PlacedMembership[]
  /** Whether sockets get one event for all of them. */
  readonly asBatch: boolean
}

/** Memberships that have ended, as they were. */
interface MembersLeft extends InChannel {
  readonly kind: 'MembersLeft'
  readonly memberships: readonly PlacedMembership[]
}

/** Memberships that the balancing has moved out of the sub-channel `from`. */
interface MembersMoved extends InChannel {
  readonly kind: 'MembersMoved'
  readonly from: number
  readonly memberships: readonly PlacedMembership[]
}

/** Moderators' memberships that have ended with their sub-channel. */
interface ModeratorsLeftSubChannel extends InChannel {
  readonly kind: 'ModeratorsLeftSubChannel'
  readonly memberships: readonly PlacedMembership[]
}

/** The beginning or end of a moderator's role or a ban. `by` is who did it; undefined if it ended by itself. */
interface RoleEvent extends InChannel {
  readonly kind: 'ModeratorCreated' | 'ModeratorDeleted' | 'BanCreated' | 'BanDeleted'
  /** As it is now, or was to the end. */
  readonly role: ListedIdentity
  readonly by: Identity
}

/** `wanted` members are still to be moved into a new one. */
interface SubChannelEvent extends InChannel {
  readonly kind: 'SubChannelCreated' | 'SubChannelDeleted'
  readonly subChannelId: number
  /** Its SubChannelId. */
  readonly subChannelName: string
  readonly wanted: number
}

interface ReadMarkerMoved {
  readonly kind: 'ReadMarkerMoved'
  /** The unread counts of the member after the change. */
  readonly left: Unread
  readonly channelId: number
  readonly channelArn: string
  readonly member: Identity
  readonly readAt: Date
  /** Whether the event is for all members; otherwise only for the member itself. */
  readonly isForAll: boolean
}

/** A member has replaced its reactions to a message by these; `counts` are those of all members. */
interface ReactionsChanged {
  readonly kind: 'ReactionsChanged'
  readonly moment: Moment
  readonly place: NamedPlace
  readonly message: Message
  readonly member: Identity
  readonly reactions: readonly string[]
  readonly counts: readonly { readonly reaction: string; readonly count: number }[]
}

interface PinEvent {
  readonly kind: 'MessagePinned' | 'MessageUnpinned'
  readonly moment: Moment
  readonly place: NamedPlace
  readonly messageId: string
  readonly by: Identity
}

/** A member has changed its push preferences for the channel. */
interface PreferencesSet {
  readonly kind: 'PreferencesSet'
  readonly channelId: number
  readonly memberId: number
}

interface TagEvent {
  readonly kind: 'ResourceTagged' | 'ResourceUntagged'
  readonly resource: TaggedResource
}

/** The streams of an app instance have changed, for one or more data types. */
interface StreamingEvent {
  readonly kind: 'StreamingSet' | 'StreamingRemoved'
  readonly appInstanceId: number
}

interface UserEvent {
  readonly kind: 'UserCreated' | 'UserUpdated' | 'UserDeleted'
  readonly userId: number
}

interface BotEvent {
  readonly kind: 'BotCreated' | 'BotUpdated' | 'BotDeleted'
  readonly botId: number
}

interface AppInstanceEvent {
  readonly kind: 'AppInstanceCreated' | 'AppInstanceUpdated' | 'AppInstanceDeleted'
  readonly appInstanceId: number
}

/** A user has set its presence status. */
interface StatusSet {
  readonly kind: 'StatusSet'
  readonly userId: number
}

/** The presence of an app instance's users was switched on or off. */
interface PresenceSwitched {
  readonly kind: 'PresenceSwitched'
  readonly appInstanceId: number
}

interface AdminEvent {
  readonly kind: 'AdminCreated' | 'AdminDeleted'
  readonly appInstanceId: number
  readonly identityId: number
}

interface UserEndpointEvent {
  readonly kind: 'UserEndpointRegistered' | 'UserEndpointUpdated' | 'UserEndpointDeregistered'
  readonly userId: number
  readonly endpointId: string
}

/** A device has become INACTIVE. */
interface UserEndpointDeactivated {
  readonly kind: 'UserEndpointDeactivated'
  readonly userId: number
  readonly endpointId: string
  readonly reason: StatusReason
}

/** All events of the domain. followers.ts declares what follows from each. */
export type DomainEvent =
  | { [Kind in MessageKind]: MessageEvent<Kind> }[MessageKind]
  | ProcessorDue
  | ChannelCreated
  | ChannelEvent
  | ChannelExpirationSet
  | ChannelFlowSet
  | MembersJoined
  | MembersLeft
  | MembersMoved
  | ModeratorsLeftSubChannel
  | RoleEvent
  | SubChannelEvent
  | ReadMarkerMoved
  | ReactionsChanged
  | PinEvent
  | PreferencesSet
  | StatusSet
  | PresenceSwitched
  | FlowEvent
  | TagEvent
  | StreamingEvent
  | UserEvent
  | BotEvent
  | AppInstanceEvent
  | AdminEvent
  | UserEndpointEvent
  | UserEndpointDeactivated

export type EventKind = DomainEvent['kind']

export type EventOf<Kind extends EventKind> = Extract<DomainEvent, { kind: Kind }>
