import type { SocketEvent } from '../bus/socket-events.ts'
import type { Frame } from './frame.ts'

/** So many frames wait until a client has been told what it missed; one that would wait for more is to come back once more. */
const mostHeld = 1000

interface Held {
  readonly channelId: number
  readonly sequence: number | undefined
  readonly frame: Frame
}

/** What happens while a client is told what it has missed: of each channel it is heard after that. */
export class Holding {
  #held: Held[] = []
  readonly #told = new Set<number>()
  #isOverfull = false

  get isOverfull(): boolean {
    return this.#isOverfull
  }

  /** False for what is heard at once. */
  take({ channelId, sequence }: SocketEvent, frame: Frame): boolean {
    if (this.#told.has(channelId)) return false
    if (this.#held.length < mostHeld) this.#held.push({ channelId, sequence, frame })
    else this.#isOverfull = true
    return true
  }

  /** The client has been told of the channel up to that number: what has happened in it since. */
  release(channelId: number, told: number): Frame[] {
    this.#told.add(channelId)
    const [own, others] = [this.#held.filter(held => held.channelId === channelId), this.#held.filter(held => held.channelId !== channelId)]
    this.#held = others
    return own.filter(({ sequence }) => sequence === undefined || sequence > told).map(({ frame }) => frame)
  }

  /** All that is left, when there is nothing more to tell. */
  rest(): Frame[] {
    return this.#held.splice(0).map(({ frame }) => frame)
  }
}
