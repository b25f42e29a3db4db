/** The events that Amazon does not have, each with the kind that a session must ask for to get it (docs/beyond-amazon.md). */
const ownEvents = {
  UPDATE_CHANNEL_READ_MARKER: 'read',
  UPDATE_CHANNEL_UNREAD: 'unread',
  UPDATE_TYPING_INDICATOR: 'typing',
  UPDATE_CHANNEL_MESSAGE_REACTIONS: 'reaction',
  UPDATE_CHANNEL_THREAD: 'thread',
  PIN_CHANNEL_MESSAGE: 'pin',
  UNPIN_CHANNEL_MESSAGE: 'pin',
} as const

/** The kinds that a session may ask for. */
export type OwnKind = (typeof ownEvents)[keyof typeof ownEvents]

export const ownKinds: ReadonlySet<string> = new Set<OwnKind>(Object.values(ownEvents))

/** Undefined for an event of Amazon's, which every session hears. */
export const ownKindOf = (type: SocketEventType): OwnKind | undefined =>
  (ownEvents as { readonly [Type in SocketEventType]?: OwnKind })[type]

/** The events about a channel that sockets get (docs/service/sessions.md#events). */
export type SocketEventType =
  | keyof typeof ownEvents
  | `${'' | 'PENDING_' | 'FAILED_' | 'DENIED_'}${'CREATE' | 'UPDATE'}_CHANNEL_MESSAGE`
  | 'REDACT_CHANNEL_MESSAGE'
  | 'DELETE_CHANNEL_MESSAGE'
  | 'UPDATE_CHANNEL'
  | 'DELETE_CHANNEL'
  | 'CREATE_CHANNEL_MEMBERSHIP'
  | 'BATCH_CREATE_CHANNEL_MEMBERSHIP'
  | 'DELETE_CHANNEL_MEMBERSHIP'
  | 'UPDATE_CHANNEL_MEMBERSHIP'

/** A member enters a sub-channel, leaves one, or both; the sub-channel of an ordinary channel is 0. */
export interface Move {
  readonly memberId: number
  readonly from?: number
  readonly to?: number
}

/** An event that the sockets of a channel's members hear. */
export interface SocketEvent {
  readonly type: SocketEventType
  readonly channelId: number
  /** The channel's number of the commit that the event belongs to; undefined for an event without a transaction. */
  readonly sequence: number | undefined
  /** The sub-channel whose members hear it: 0 for an ordinary channel, undefined for the members of all sub-channels. */
  readonly subChannelId: number | undefined
  /** If given, only these users and bots hear it, members or not. */
  readonly only?: readonly number[]
  /** If given, only those of them hear it who are members. */
  readonly isForMembers?: true
  /** If given, the sessions of this user do not hear it; only for events that Amazon does not have. */
  readonly except?: number
  /** The memberships that the event changes: a member who joins hears the event already, a member who leaves still hears it. */
  readonly moves?: readonly Move[]
  /** The payload in a neutral form: times are `Date`. */
  readonly payload: Readonly<Record<string, unknown>>
  /** The type of a message; every other event is SYSTEM. */
  readonly messageType?: 'STANDARD' | 'CONTROL'
  /** The one documented x-amz-chime-event-reason (docs/service/sessions.md#frames). */
  readonly reason?: 'subchannel_DELETED'
}

/** All events of one number of a channel for sockets. The number is undefined for an event without a transaction. */
export interface Step {
  readonly channelId: number
  readonly sequence: number | undefined
  readonly events: readonly SocketEvent[]
}

export type NumberedStep = Step & { readonly sequence: number }

/** The sockets of a deleted user, or of all users of a deleted app instance, are closed. */
export type Departure =
  { readonly type: 'user-deleted'; readonly userId: number } | { readonly type: 'app-instance-deleted'; readonly appInstanceId: number }

/** A socket of the user was established on the node, so a session with the same sessionId on another node is closed. */
interface SessionTaken {
  readonly type: 'session-taken'
  readonly userId: number
  readonly sessionId: string
  readonly nodeId: string
}

/** The users who have come online or gone offline on a node since its last delta; one each second, numbered. */
export interface PresenceDelta {
  readonly type: 'presence-delta'
  readonly nodeId: string
  readonly number: number
  readonly on: readonly number[]
  readonly off: readonly number[]
}

/** A piece of the list of all users who are online on a node, as they were after the delta of that number. */
export interface PresenceSnapshot {
  readonly type: 'presence-snapshot'
  readonly nodeId: string
  readonly number: number
  readonly users: readonly number[]
  readonly isFirst: boolean
  readonly isLast: boolean
}

/** A node has missed a report of who is online on that node; without a node, on all nodes. */
interface PresenceWanted {
  readonly type: 'presence-wanted'
  readonly nodeId?: string
}

/** The stored presence of a user has changed; without a user, that of any user may have. */
interface PresenceChanged {
  readonly type: 'presence-changed'
  readonly userId?: number
}

/** From now on the session of the user watches these channels and users only. */
export interface PresenceWatched {
  readonly type: 'presence-watched'
  readonly userId: number
  readonly userArn: string
  readonly sessionId: string
  readonly channels: readonly { readonly id: number; readonly arn: string; readonly isElastic: boolean }[]
  readonly people: readonly number[]
}

export type PresenceEvent = PresenceDelta | PresenceSnapshot | PresenceWanted | PresenceChanged | PresenceWatched

/** An event that does not belong to a channel. */
export type OtherEvent = Departure | SessionTaken | PresenceEvent

export type BusEvent = SocketEvent | OtherEvent

export const isSocketEvent = (event: BusEvent): event is SocketEvent => 'channelId' in event

export const isPresenceEvent = (event: OtherEvent): event is PresenceEvent => event.type.startsWith('presence-')
