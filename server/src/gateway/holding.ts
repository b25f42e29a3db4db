import type { SocketEvent } from '../bus/socket-events.ts'
import type { Frame } from './frame.ts'

/** The most frames that wait while a client is sent what it missed. If there are more, the client has to connect again. */
const mostHeld = 1000

interface Held {
  readonly channelId: number
  readonly sequence: number | undefined
  readonly frame: Frame
}

/**
 * The events that arrive while a client is sent what it missed: those of a channel are sent after what was missed there. What was
 * missed is read from the database, which may be ahead of this node. So an event that the client was sent may arrive here later, and
 * is dropped then.
 */
export class Holding {
  #held: Held[] = []
  /** The last number that the client was sent of each channel. Once all was sent, a channel stays until a later event of it arrives. */
  readonly #told = new Map<number, number>()
  #isOverfull = false
  #isOver = false

  get isOverfull(): boolean {
    return this.#isOverfull
  }

  /** False if the frame is to be sent now. */
  take({ channelId, sequence }: SocketEvent, frame: Frame): boolean {
    const told = this.#told.get(channelId)
    if (told !== undefined) {
      if (sequence !== undefined && sequence <= told) return true
      if (this.#isOver && sequence !== undefined) this.#told.delete(channelId)
      return false
    }
    if (this.#isOver) return false
    if (this.#held.length < mostHeld) this.#held.push({ channelId, sequence, frame })
    else this.#isOverfull = true
    return true
  }

  /** The frames of the channel after that number; the client has been sent everything up to it. */
  release(channelId: number, told: number): Frame[] {
    this.#told.set(channelId, told)
    const [own, others] = [this.#held.filter(held => held.channelId === channelId), this.#held.filter(held => held.channelId !== channelId)]
    this.#held = others
    return own.filter(({ sequence }) => sequence === undefined || sequence > told).map(({ frame }) => frame)
  }

  /** All frames that are left, once everything that was missed has been sent. From now on no frame waits. */
  rest(): Frame[] {
    this.#isOver = true
    return this.#held.splice(0).map(({ frame }) => frame)
  }
}
