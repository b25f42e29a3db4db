import { isChannelEvent, type BusEvent } from '../events/events.ts'
import type { Tell } from './database.ts'

/** What one transaction says, until it has ended. */
export interface Telling {
  add(event: BusEvent): void
  end(how: 'committed' | 'undone'): void
}

interface Slot {
  readonly events: BusEvent[]
  hasEnded: boolean
}

/**
 * Puts the events of a channel in the order of the commits, where the answers to two COMMITs may overtake each other on their
 * connections. Who speaks of a channel has its row locked; so who speaks later commits later, and waits here for the other.
 */
export class CommitOrder {
  readonly #slots = new Map<number, Slot[]>()
  readonly #tell: Tell

  constructor(tell: Tell) {
    this.#tell = tell
  }

  begin(): Telling {
    const own = new Map<number, Slot>()
    const departures: BusEvent[] = []
    return {
      add: event => {
        if (isChannelEvent(event)) this.#slotOf(event.channelId, own).events.push(event)
        else departures.push(event)
      },
      end: how => {
        for (const [channelId, slot] of own) {
          if (how === 'undone') slot.events.length = 0
          slot.hasEnded = true
          this.#flush(channelId)
        }
        if (how === 'committed') for (const event of departures) this.#tell(event)
      },
    }
  }

  #slotOf(channelId: number, own: Map<number, Slot>): Slot {
    let slot = own.get(channelId)
    if (!slot) {
      slot = { events: [], hasEnded: false }
      own.set(channelId, slot)
      const waiting = this.#slots.get(channelId)
      if (waiting) waiting.push(slot)
      else this.#slots.set(channelId, [slot])
    }
    return slot
  }

  #flush(channelId: number) {
    const waiting = this.#slots.get(channelId)!
    while (waiting[0]?.hasEnded) for (const event of waiting.shift()!.events) this.#tell(event)
    if (waiting.length === 0) this.#slots.delete(channelId)
  }
}
