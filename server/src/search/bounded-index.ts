import type { Database } from '../database/database.ts'
import type { Log } from '../observe/log.ts'
import type { Cursor } from '../store/page.ts'
import { boundChanges } from '../store/search-generation.ts'
import type { ScopedSearch } from '../store/search-words.ts'
import { OnDemand } from '../tools/on-demand.ts'
import type { SearchIndex } from './search-index.ts'

const lookMilliseconds = 60_000

/**
 * An index for which a bounded number of changes waits. If it fails for longer, the changes are dropped, and it is rebuilt once it works
 * again.
 */
export class BoundedIndex implements SearchIndex {
  readonly #index: SearchIndex
  readonly #looking: OnDemand
  readonly #timer: NodeJS.Timeout

  constructor(index: SearchIndex, { db, log }: { db: Database; log: Log }, mostChanges = 1_000_000) {
    this.#index = index
    this.#looking = new OnDemand(
      async () => {
        if (await boundChanges(db, mostChanges)) log.warn('The search index is too far behind the messages, and is rebuilt')
      },
      error => log.warn({ err: error }, 'The changes that wait for the search index cannot be counted'),
    )
    this.#timer = setInterval(() => this.#looking.soon(), lookMilliseconds)
    this.#looking.soon()
  }

  async isComplete() {
    return this.#index.isComplete()
  }

  async candidates(search: ScopedSearch, after: Cursor | undefined, limit: number) {
    return this.#index.candidates(search, after, limit)
  }

  soon() {
    this.#index.soon()
  }

  async stop() {
    clearInterval(this.#timer)
    await this.#looking.stop()
    await this.#index.stop()
  }
}
