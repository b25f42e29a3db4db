/** A channel, or a sub-channel of an elastic one, with the sessions of its members on this node. */
export interface TopicOf<Session> {
  readonly channelId: number
  /** 0 for an ordinary channel. */
  readonly subChannelId: number
  readonly sessions: Session[]
  /** Raised by every event, whatever its audience: details that were read before it may have changed. */
  version: number
}
