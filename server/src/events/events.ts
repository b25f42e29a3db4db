import type { MessagePlace, ShownMessage } from '../present/messages.ts'
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

/**
 * What becomes of a message. `Held` is on its way through the channel's flow, which then passes it (`Sent`, `Edited`), denies it or
 * fails: what is not an edit's is a new message's.
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
  /** Undefined for a message that is NON_PERSISTENT and meets no flow: it is in no transaction. */
  readonly moment: Moment | undefined
  readonly place: MessagePlace
  readonly message: ShownMessage
  /** The Content until now, of a message that is edited or redacted. */
  readonly before?: string | undefined
  /** What a new message says to devices. */
  readonly pushNotification?: PushNotification | undefined
  /** The thread that has changed, since the message is a reply that is new or deleted. */
  readonly thread?: Thread | undefined
}

/** A member types, or has stopped. It is in no transaction. */
export interface TypingIndicated {
  readonly kind: 'TypingIndicated'
  readonly place: MessagePlace
  readonly member: Identity
  readonly isTyping: boolean
}

/** A processor of the channel's flow has to look at a message now. */
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
  /** Undefined where it has none any more. */
  readonly flowId: number | undefined
}

interface FlowEvent {
  readonly kind: 'FlowCreated' | 'FlowUpdated' | 'FlowDeleted'
  readonly flowId: number
}

/** Members who came in together, one call's or one creation's. */
interface MembersJoined extends InChannel {
  readonly kind: 'MembersJoined'
  readonly memberships: readonly PlacedMembership[]
  /** Sockets hear of them as one. */
  readonly asBatch: boolean
}

/** Memberships that have ended, as they were. */
interface MembersLeft extends InChannel {
  readonly kind: 'MembersLeft'
  readonly memberships: readonly PlacedMembership[]
}

/** Members whom the balancing has moved out of the sub-channel `from`. */
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

/** A moderator's or a ban's beginning or end. `by` is the one that did it, where somebody did. */
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
  /** What the member has not read now. */
  readonly left: Unread
  readonly channelId: number
  readonly channelArn: string
  readonly member: Identity
  readonly readAt: Date
  /** Whether all members hear of it; otherwise only the member itself. */
  readonly isForAll: boolean
}

/** A member has replaced its reactions to a message by these; `counts` are those of all members. */
interface ReactionsChanged {
  readonly kind: 'ReactionsChanged'
  readonly moment: Moment
  readonly place: MessagePlace
  readonly message: Message
  readonly member: Identity
  readonly reactions: readonly string[]
  readonly counts: readonly { readonly reaction: string; readonly count: number }[]
}

interface PinEvent {
  readonly kind: 'MessagePinned' | 'MessageUnpinned'
  readonly moment: Moment
  readonly place: MessagePlace
  readonly messageId: string
  readonly by: Identity
}

/** What a member wants to be pushed of the channel. */
interface PreferencesSet {
  readonly kind: 'PreferencesSet'
  readonly channelId: number
  readonly memberId: number
}

interface TagEvent {
  readonly kind: 'ResourceTagged' | 'ResourceUntagged'
  readonly resource: TaggedResource
}

/** Where the events of an app instance are streamed to has changed, for one data type or more. */
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

/** A user has set what it shows of itself. */
interface StatusSet {
  readonly kind: 'StatusSet'
  readonly userId: number
}

/** Whether the presence of an app instance's users is shown has changed. */
interface PresenceSwitched {
  readonly kind: 'PresenceSwitched'
  readonly appInstanceId: number
}

interface AdminEvent {
  readonly kind: 'AdminCreated' | 'AdminDeleted'
  readonly appInstanceId: number
  readonly identityId: number
}

interface EndpointEvent {
  readonly kind: 'EndpointRegistered' | 'EndpointUpdated' | 'EndpointDeregistered'
  readonly userId: number
  readonly endpointId: string
}

/** Nothing is pushed to the device any more. */
interface EndpointDeactivated {
  readonly kind: 'EndpointDeactivated'
  readonly userId: number
  readonly endpointId: string
  readonly reason: StatusReason
}

/** What happened, in the words of the domain. Whoever has to know is declared in followers.ts. */
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
  | EndpointEvent
  | EndpointDeactivated

export type EventKind = DomainEvent['kind']

export type EventOf<Kind extends EventKind> = Extract<DomainEvent, { kind: Kind }>
