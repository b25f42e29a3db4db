import type { SocketEvent } from '../bus/socket-events.ts'

/** A client that types says so again within the time that an indicator lasts; more often than this nobody is told again. */
const leastMilliseconds = 3000
/** The most members who type at the same time in the channels of this node; nobody is told of further ones. */
const mostTypists = 100_000

interface Typist {
  /** What the others were told. */
  readonly event: SocketEvent
  toldAt: number
  until: number
}

/** Whose event it is, and where. */
const keyOf = ({ channelId, subChannelId, payload }: SocketEvent, by: 'Member' | 'Sender') =>
  `${channelId}/${subChannelId} ${(payload[by] as { readonly Arn?: string } | undefined)?.Arn}`

/**
 * Knows who types in the channels of this node. Typing ends with the member's message, and by itself: each node ends it for its
 * own sessions, so it ends too if the node of the member is gone.
 */
export class Typing {
  readonly #typists = new Map<string, Typist>()
  readonly #milliseconds: number

  /** An indicator lasts that long. */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  /** Whether the sessions are told of the indicator. They are not if they know it. */
  take(event: SocketEvent, now: number): boolean {
    const key = keyOf(event, 'Member')
    if (event.payload['IsTyping'] !== true) return this.#typists.delete(key)
    const known = this.#typists.get(key)
    if (!known) {
      if (this.#typists.size >= mostTypists) return false
      this.#typists.set(key, { event, toldAt: now, until: now + this.#milliseconds })
      return true
    }
    known.until = now + this.#milliseconds
    if (now - known.toldAt < leastMilliseconds) return false
    known.toldAt = now
    return true
  }

  /** What the sessions are told after an event of a channel: the sender of a message has stopped to type. */
  after(event: SocketEvent): SocketEvent | undefined {
    if (this.#typists.size === 0 || event.type !== 'CREATE_CHANNEL_MESSAGE' || event.messageType !== 'STANDARD') return undefined
    return this.#end(keyOf(event, 'Sender'))
  }

  /** What the sessions are told of members who have not said for long that they type. */
  ended(now: number): SocketEvent[] {
    return [...this.#typists].flatMap(([key, { until }]) => (until <= now ? (this.#end(key) ?? []) : []))
  }

  #end(key: string): SocketEvent | undefined {
    const typist = this.#typists.get(key)
    if (!typist) return undefined
    this.#typists.delete(key)
    return { ...typist.event, payload: { ...typist.event.payload, IsTyping: false } }
  }
}
