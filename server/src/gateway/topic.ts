/** A channel, or a sub-channel of an elastic one, with the sessions on this node of those who are in it. */
export interface TopicOf<Session> {
  readonly channelId: number
  /** 0 for an ordinary channel. */
  readonly subChannelId: number
  readonly sessions: Session[]
  /** Raised by every event, whoever hears it: details that were read before it may have changed. */
  version: number
}
