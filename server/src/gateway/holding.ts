import type { SocketEvent } from '../bus/socket-events.ts'
import type { Frame } from './frame.ts'

/** The most frames that wait while a client is sent what it missed. If there are more, the client has to connect again. */
const mostHeld = 1000

interface Held {
  readonly channelId: number
  readonly sequence: number | undefined
  readonly frame: Frame
}

/** The events that arrive while a client is sent what it missed: those of a channel are sent after what was missed there. */
export class Holding {
  #held: Held[] = []
  readonly #told = new Set<number>()
  #isOverfull = false

  get isOverfull(): boolean {
    return this.#isOverfull
  }

  /** False if the frame need not wait. */
  take({ channelId, sequence }: SocketEvent, frame: Frame): boolean {
    if (this.#told.has(channelId)) return false
    if (this.#held.length < mostHeld) this.#held.push({ channelId, sequence, frame })
    else this.#isOverfull = true
    return true
  }

  /** The frames of the channel after that number; the client has been sent everything up to it. */
  release(channelId: number, told: number): Frame[] {
    this.#told.add(channelId)
    const [own, others] = [this.#held.filter(held => held.channelId === channelId), this.#held.filter(held => held.channelId !== channelId)]
    this.#held = others
    return own.filter(({ sequence }) => sequence === undefined || sequence > told).map(({ frame }) => frame)
  }

  /** All frames that are left, once everything that was missed has been sent. */
  rest(): Frame[] {
    return this.#held.splice(0).map(({ frame }) => frame)
  }
}
