/** What clients have done and heard, by the clock of the process in which they all run, in milliseconds. */
export interface History {
  readonly sent: Sent[]
  readonly edits: Edit[]
  readonly moves: Move[]
  readonly marks: Mark[]
  readonly sockets: SocketLife[]
  /** The answers of servers that no fault explains. */
  readonly refusals: string[]
  /** How long it took after each fault until every client had recovered. */
  readonly recoveries: Recovery[]
  /** The state at the end, by the name of the channel and of the node that returned it. */
  final: Final[]
}

export interface Sent {
  readonly channel: string
  readonly user: string
  readonly content: string
  readonly beganAt: number
  ackedAt?: number
  messageId?: string
}

export interface Edit {
  readonly channel: string
  readonly messageId: string
  readonly content: string
  readonly beganAt: number
  ackedAt?: number
}

/** A user joins a channel or leaves it. */
export interface Move {
  readonly channel: string
  readonly user: string
  readonly kind: 'join' | 'leave'
  readonly beganAt: number
  ackedAt?: number
}

export interface Mark {
  readonly channel: string
  readonly user: string
  readonly beganAt: number
  ackedAt?: number
}

export interface SocketLife {
  readonly user: string
  readonly node: string
  readonly establishedAt: number
  closedAt?: number
  readonly heard: Heard[]
}

export interface Heard {
  readonly type: string
  readonly channel: string
  readonly messageId: string
  readonly content: string
  readonly at: number
}

interface Recovery {
  readonly fault: string
  readonly milliseconds: number
  readonly isWell: boolean
}

export interface Final {
  readonly channel: string
  readonly node: string
  /** In the order of the channel. */
  readonly messages: readonly { readonly messageId: string; readonly content: string; readonly createdAt: number }[]
  /** In epoch milliseconds. */
  readonly lastMessageAt: number
  /** By user; undefined for a user without a marker. */
  readonly readAt: Readonly<Record<string, number | undefined>>
  /** How many messages each user has not read. */
  readonly unread: Readonly<Record<string, number | undefined>>
}

export const newHistory = (): History => ({
  sent: [],
  edits: [],
  moves: [],
  marks: [],
  sockets: [],
  refusals: [],
  recoveries: [],
  final: [],
})
