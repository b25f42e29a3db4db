import type { SocketEvent, SocketEventType } from '../bus/socket-events.ts'

/** A client that types repeats its indicator within the time that it lasts. A repetition within this part of that time is not delivered. */
const leastMilliseconds = 3000
/** The most members who type at the same time in the channels of this node. Further indicators are dropped. */
const mostTypists = 100_000

interface Typist {
  /** The event of the indicator, as it was first delivered. */
  readonly event: SocketEvent
  deliveredAt: number
  until: number
}

/** The events of a new message. One that enters a channel flow is sent, too, although others see it later or not at all. */
const sent: ReadonlySet<SocketEventType> = new Set<SocketEventType>(['CREATE_CHANNEL_MESSAGE', 'PENDING_CREATE_CHANNEL_MESSAGE'])

/** The member who types, and the channel or sub-channel. */
const keyOf = ({ channelId, subChannelId, payload }: SocketEvent, by: 'Member' | 'Sender') =>
  `${channelId}/${subChannelId} ${(payload[by] as { readonly Arn?: string } | undefined)?.Arn}`

/**
 * Knows who types in the channels of this node. Typing ends with the member's message, or after a time. Each node ends it for its own
 * sessions, so it also ends if the node of the member is gone.
 */
export class Typing {
  readonly #typists = new Map<string, Typist>()
  readonly #milliseconds: number

  /** How long an indicator lasts, in milliseconds. */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  /** Whether the indicator is delivered to the sessions. A repetition is not. */
  take(event: SocketEvent, now: number): boolean {
    const key = keyOf(event, 'Member')
    if (event.payload['IsTyping'] !== true) return this.#typists.delete(key)
    const known = this.#typists.get(key)
    if (!known) {
      if (this.#typists.size >= mostTypists) return false
      this.#typists.set(key, { event, deliveredAt: now, until: now + this.#milliseconds })
      return true
    }
    known.until = now + this.#milliseconds
    if (now - known.deliveredAt < leastMilliseconds) return false
    known.deliveredAt = now
    return true
  }

  /** Returns the event to deliver after an event of a channel: the sender of a message has stopped typing. */
  after(event: SocketEvent): SocketEvent | undefined {
    if (this.#typists.size === 0 || event.messageType !== 'STANDARD' || !sent.has(event.type)) return undefined
    return this.#end(keyOf(event, 'Sender'))
  }

  /** Returns the events about members whose indicators have expired. */
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
