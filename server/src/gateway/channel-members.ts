import { setImmediate as turn } from 'node:timers/promises'
import type { Queries } from '../database/database.ts'
import { defaultMembers, placesOfMembers, versionOfMembers } from '../store/presences.ts'
import { BoundedMap } from '../tools/bounded-map.ts'
import { Turns } from '../tools/turns.ts'
import { namedMembersAtMost } from '../present/presence.ts'

/** How many memberships are read at once, and of how many channels at the same time. */
const portion = 1000
const readsAtOnce = 2
/** For how long the members of large channels are cached, and of how many channels. */
const cachedMilliseconds = 5 * 60_000
const mostCached = 500

interface Read {
  readonly version: string
  readonly members: ReadonlySet<number>
}

/**
 * The DEFAULT members of channels. Those of large channels are cached for some minutes, since only the number of those online is shown.
 * After that one query finds whether a membership has begun or ended; all are read again only then.
 */
export class ChannelMembers {
  readonly #db: Queries
  readonly #reads = new Turns(readsAtOnce)
  readonly #cached = new BoundedMap<number, { readonly at: number; readonly read: Promise<Read> }>(mostCached)

  constructor(db: Queries) {
    this.#db = db
  }

  async of(channelId: number): Promise<ReadonlySet<number>> {
    const known = this.#cached.get(channelId)
    if (known && Date.now() - known.at < cachedMilliseconds) return (await known.read).members
    const read = this.#reads.take(async () => this.#read(channelId, await known?.read))
    // Later callers wait for this read.
    this.#cached.set(channelId, { at: Date.now(), read })
    try {
      const { members } = await read
      if (members.size <= namedMembersAtMost) this.#cached.delete(channelId)
      return members
    } catch (error) {
      this.#cached.delete(channelId)
      throw error
    }
  }

  async #read(channelId: number, before: Read | undefined): Promise<Read> {
    // Read first: a change during the reading shows in the next version.
    const version = await versionOfMembers(this.#db, channelId)
    if (before?.version === version) return before
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
    return { version, members }
  }
}
