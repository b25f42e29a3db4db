import type { SocketEvent } from '../bus/socket-events.ts'
import type { Frame } from './frame.ts'

/** The most frames that wait while a client is sent missed events. If there are more, the client has to reconnect. */
const mostHeld = 1000

interface Held {
  readonly channelId: number
  readonly sequence: number | undefined
  readonly frame: Frame
}

/**
 * Holds the events that arrive while a client is sent the events that it missed: the held events of a channel follow the missed ones.
 * Missed events are read from the database, which may be ahead of this node. So an event that the client has been sent may arrive here
 * later; it is dropped.
 */
export class Holding {
  #held: Held[] = []
  /**
   * The last number of each channel that the client has been sent. After the last missed event, a channel stays here until a later event of
   * it arrives.
   */
  readonly #sentUpTo = new Map<number, number>()
  #isOverfull = false
  #isOver = false

  get isOverfull(): boolean {
    return this.#isOverfull
  }

  /** False if the frame is to be sent immediately. */
  take({ channelId, sequence }: SocketEvent, frame: Frame): boolean {
    const sentUpTo = this.#sentUpTo.get(channelId)
    if (sentUpTo !== undefined) {
      if (sequence !== undefined && sequence <= sentUpTo) return true
      if (this.#isOver && sequence !== undefined) this.#sentUpTo.delete(channelId)
      return false
    }
    if (this.#isOver) return false
    if (this.#held.length < mostHeld) this.#held.push({ channelId, sequence, frame })
    else this.#isOverfull = true
    return true
  }

  /**
   * Takes the held frames of the channel after that number, up to which the client has been sent everything; further ones wait behind them.
   * If there are none, the channel is released: its further frames are not held.
   */
  next(channelId: number, sentUpTo: number): Frame[] {
    const [own, others] = [this.#held.filter(held => held.channelId === channelId), this.#held.filter(held => held.channelId !== channelId)]
    this.#held = others
    const frames = own.filter(({ sequence }) => sequence === undefined || sequence > sentUpTo).map(({ frame }) => frame)
    if (frames.length === 0) this.#sentUpTo.set(channelId, sentUpTo)
    return frames
  }

  /** The same of all channels, once all missed events have been sent. If there are none, no further frame is held. */
  rest(): Frame[] {
    const frames = this.#held.splice(0).map(({ frame }) => frame)
    if (frames.length === 0) this.#isOver = true
    return frames
  }
}
