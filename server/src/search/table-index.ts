import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from '../database/database.ts'
import { PreventedAttempts } from '../database/prevented.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { holdJob } from '../store/leases.ts'
import type { Cursor } from '../store/page.ts'
import { indexStep, isIndexComplete, searchTable } from '../store/search-table.ts'
import type { ScopedSearch } from '../store/search-words.ts'
import { OnDemand } from '../tools/on-demand.ts'
import type { Candidate, SearchIndex } from './search-index.ts'

/** How long changes wait for others, so that they are indexed together. */
const gatherMilliseconds = 100
/** How often a node checks for changes by other nodes. */
const lookMilliseconds = 1000
/** The lease of the node that indexes. */
const leaseMilliseconds = 2000

/** The index of PostgreSQL: a table that one node at a time fills. */
export class TableIndex implements SearchIndex {
  readonly #db: Database
  readonly #indexing: OnDemand
  readonly #looking: NodeJS.Timeout
  readonly #log: Log
  readonly #now: () => number
  #heldUntil = 0
  readonly #prevented = new PreventedAttempts()

  constructor({ db, now, log, metrics }: { db: Database; now: () => number; log: Log; metrics: Metrics }) {
    this.#db = db
    this.#now = now
    this.#log = log
    this.#indexing = new OnDemand(
      async stopping => this.#index(stopping),
      error => {
        // A step of another node takes longer than its lease, and this node has waited for it.
        if (this.#prevented.add(error)) return
        metrics.jobFailures.inc({ job: 'search' })
        log.warn({ err: error }, 'The search index has failed and will be retried')
      },
    )
    this.#looking = setInterval(() => this.soon(), lookMilliseconds)
    this.soon()
  }

  async isComplete() {
    return isIndexComplete(this.#db)
  }

  async candidates(search: ScopedSearch, after: Cursor | undefined, limit: number): Promise<Candidate[]> {
    return searchTable(this.#db, search, after, limit)
  }

  soon() {
    this.#indexing.soon()
  }

  async stop() {
    clearInterval(this.#looking)
    await this.#indexing.stop()
  }

  async #index(stopping: AbortSignal) {
    await pause(gatherMilliseconds, undefined, { signal: stopping }).catch(() => {})
    while (!stopping.aborted && (await this.#isMine())) {
      const { hasMore, isNew } = await this.#db.transaction(tx => indexStep(tx))
      this.#prevented.end()
      if (isNew) this.#log.warn('The search index is rebuilt')
      if (!hasMore) return
    }
  }

  /** Whether this node is the one that indexes, until its lease ends. */
  async #isMine(): Promise<boolean> {
    const now = this.#now()
    if (now < this.#heldUntil) return true
    if (!(await holdJob(this.#db, 'search', now, now + leaseMilliseconds))) return false
    this.#heldUntil = now + leaseMilliseconds
    return true
  }
}
