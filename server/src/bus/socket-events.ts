/** The events of a socket (docs/service/sessions.md#events) that are about a channel. */
export type SocketEventType =
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
  /** The channel's number of the commit that it belongs to; undefined for what is in no transaction. */
  readonly sequence: number | undefined
  /** Whose members hear it: 0 of an ordinary channel, undefined for those of all sub-channels. */
  readonly subChannelId: number | undefined
  /** If given, only these users and bots hear it, members or not. */
  readonly only?: readonly number[]
  /** A member who joins hears it already, one who leaves hears it too; afterwards they hear the channel, or do not. */
  readonly moves?: readonly Move[]
  /** The wire's object, neutral: times are `Date`. */
  readonly payload: Readonly<Record<string, unknown>>
  /** That of a message; everything else is SYSTEM. */
  readonly messageType?: 'STANDARD' | 'CONTROL'
  /** The one documented x-amz-chime-event-reason (docs/service/sessions.md#frames). */
  readonly reason?: 'subchannel_DELETED'
}

/**
 * All that sockets hear of one number of a channel. Undefined is the number of what is in no transaction.
 */
export interface Step {
  readonly channelId: number
  readonly sequence: number | undefined
  readonly events: readonly SocketEvent[]
}

/** The sockets of a deleted user, or of all users of a deleted app instance, are closed. */
export type Departure =
  { readonly type: 'user-deleted'; readonly userId: number } | { readonly type: 'app-instance-deleted'; readonly appInstanceId: number }

/** A socket of the user has been established on the node, so one of the same sessionId on another node is closed. */
export interface SessionTaken {
  readonly type: 'session-taken'
  readonly userId: number
  readonly sessionId: string
  readonly nodeId: string
}

export type BusEvent = SocketEvent | Departure | SessionTaken

export const isSocketEvent = (event: BusEvent): event is SocketEvent => 'channelId' in event
