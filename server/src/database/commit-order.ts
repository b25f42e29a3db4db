import type { Follow } from './database.ts'

/** What follows from one transaction that has not ended. */
export interface FollowUps {
  add(what: unknown, channelId: number | undefined): void
  /** Drops everything for which `isSo` resolves to false. If it rejects, it can be called again. */
  keep(isSo: (what: unknown) => Promise<boolean>): Promise<void>
  end(how: 'committed' | 'undone'): void
}

interface Slot {
  readonly following: unknown[]
  hasEnded: boolean
}

/**
 * Orders what follows in a channel by the order of the commits, since the answers to two COMMITs may overtake each other on their
 * connections. A transaction holds the lock on the channel's row when it calls `afterCommit`. So a later caller commits later, and
 * waits here for the earlier one.
 */
export class CommitOrder {
  readonly #slots = new Map<number, Slot[]>()
  readonly #follow: Follow

  constructor(follow: Follow) {
    this.#follow = follow
  }

  begin(): FollowUps {
    const own = new Map<number, Slot>()
    const elsewhere: unknown[] = []
    return {
      add: (what, channelId) => {
        if (channelId === undefined) elsewhere.push(what)
        else this.#slotOf(channelId, own).following.push(what)
      },
      keep: async isSo => {
        for (const list of [elsewhere, ...[...own.values()].map(({ following }) => following)]) {
          const kept: unknown[] = []
          for (const what of list) if (await isSo(what)) kept.push(what)
          list.splice(0, list.length, ...kept)
        }
      },
      end: how => {
        for (const [channelId, slot] of own) {
          if (how === 'undone') slot.following.length = 0
          slot.hasEnded = true
          this.#flush(channelId)
        }
        if (how === 'committed') for (const what of elsewhere) this.#follow(what)
      },
    }
  }

  #slotOf(channelId: number, own: Map<number, Slot>): Slot {
    let slot = own.get(channelId)
    if (!slot) {
      slot = { following: [], hasEnded: false }
      own.set(channelId, slot)
      const waiting = this.#slots.get(channelId)
      if (waiting) waiting.push(slot)
      else this.#slots.set(channelId, [slot])
    }
    return slot
  }

  #flush(channelId: number) {
    const waiting = this.#slots.get(channelId)!
    while (waiting[0]?.hasEnded) for (const what of waiting.shift()!.following) this.#follow(what)
    if (waiting.length === 0) this.#slots.delete(channelId)
  }
}
