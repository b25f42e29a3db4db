import { setImmediate as turn } from 'node:timers/promises'
import type { Queries } from '../database/database.ts'
import { defaultMembers, placesOfMembers } from '../store/presences.ts'
import { BoundedMap } from '../tools/bounded-map.ts'
import { Turns } from '../tools/turns.ts'
import { namedMembersAtMost } from '../present/presence.ts'

/** How many memberships are read at once, and of how many channels at the same time. */
const portion = 1000
const readsAtOnce = 2
/** For how long the members of large channels are cached, and of how many channels. */
const cachedMilliseconds = 5 * 60_000
const mostCached = 500

/** The DEFAULT members of channels. Those of large channels are cached for some minutes, since only the number of those online is shown. */
export class ChannelMembers {
  readonly #db: Queries
  readonly #reads = new Turns(readsAtOnce)
  readonly #cached = new BoundedMap<number, { readonly at: number; readonly members: Promise<ReadonlySet<number>> }>(mostCached)

  constructor(db: Queries) {
    this.#db = db
  }

  async of(channelId: number): Promise<ReadonlySet<number>> {
    const known = this.#cached.get(channelId)
    if (known && Date.now() - known.at < cachedMilliseconds) return known.members
    const reading = this.#reads.take(async () => this.#read(channelId))
    // Later callers wait for this read.
    this.#cached.set(channelId, { at: Date.now(), members: reading })
    try {
      const members = await reading
      if (members.size <= namedMembersAtMost) this.#cached.delete(channelId)
      return members
    } catch (error) {
      this.#cached.delete(channelId)
      throw error
    }
  }

  async #read(channelId: number): Promise<ReadonlySet<number>> {
    const members = new Set<number>()
    for (const subChannelId of await placesOfMembers(this.#db, channelId)) {
      for (let after = 0; ;) {
        const page = await defaultMembers(this.#db, { channelId, subChannelId }, after, portion)
        for (const { memberId } of page) members.add(memberId)
        if (page.length < portion) break
        after = page.at(-1)!.id
        await turn()
      }
    }
    return members
  }
}
