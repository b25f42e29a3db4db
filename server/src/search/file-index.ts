import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Database } from '../database/database.ts'
import { unavailable } from '../errors.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Cursor } from '../store/page.ts'
import { deleteSearched } from '../store/search-changes.ts'
import type { FileHit } from '../store/search-file.ts'
import type { ScopedSearch } from '../store/search-words.ts'
import { OnDemand } from '../tools/on-demand.ts'
import type { FilePaths, FromThread, ToThread } from './file-messages.ts'
import type { Candidate, SearchIndex } from './search-index.ts'

/** How long changes wait for others, so that they are indexed together. */
const gatherMilliseconds = 100
/** A thread that does not answer a search in this time is replaced. */
const answerMilliseconds = 5000
/** How many searches may wait for the thread. */
const mostWaiting = 100
const restartMilliseconds = 1000
/** How many changes one transaction deletes. */
const step = 500

const threadFile = new URL(import.meta.url.endsWith('.ts') ? './file-thread.ts' : './search-thread.js', import.meta.url)

interface Waiting {
  readonly resolve: (hits: readonly FileHit[]) => void
  readonly reject: (error: unknown) => void
}

interface Tools {
  readonly db: Database
  readonly log: Log
  readonly metrics: Metrics
}

/** The index of SQLite: a file that a thread of its own reads and writes. */
export class FileIndex implements SearchIndex {
  readonly #paths: FilePaths
  readonly #tools: Tools
  readonly #deletions: OnDemand
  readonly #waiting = new Map<number, Waiting>()
  #thread: Worker
  #lastId = 0
  #position = 0
  #isComplete = false
  #gathering: NodeJS.Timeout | undefined
  #restarting: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(paths: FilePaths, tools: Tools) {
    this.#paths = paths
    this.#tools = tools
    this.#thread = this.#started()
    this.#deletions = new OnDemand(
      async stopping => this.#deleteIndexed(stopping),
      error => this.#troubled(error),
    )
  }

  async isComplete() {
    return this.#isComplete
  }

  async candidates(search: ScopedSearch, after: Cursor | undefined, limit: number): Promise<Candidate[]> {
    const hits = await this.#ask({ kind: 'search', id: ++this.#lastId, search: { ...search, before: after?.[0], limit } })
    return hits.map(({ rowid, ...hit }) => ({ ...hit, cursor: [rowid] }))
  }

  soon() {
    if (this.#isStopped) return
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined
      this.#say({ kind: 'changed' })
    }, gatherMilliseconds)
  }

  async stop() {
    this.#isStopped = true
    clearTimeout(this.#gathering)
    clearTimeout(this.#restarting)
    await this.#deletions.stop()
    const closed = once(this.#thread, 'exit')
    this.#say({ kind: 'close' })
    const tooLong = setTimeout(() => void this.#thread.terminate(), answerMilliseconds)
    if (this.#thread.threadId !== -1) await closed
    clearTimeout(tooLong)
    this.#refuseAll()
  }

  #say(message: ToThread) {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin.
    this.#thread.postMessage(message)
  }

  async #ask(message: Extract<ToThread, { kind: 'search' }>): Promise<readonly FileHit[]> {
    if (this.#waiting.size >= mostWaiting || this.#isStopped) throw busy()
    const { promise, resolve, reject } = Promise.withResolvers<readonly FileHit[]>()
    this.#waiting.set(message.id, { resolve, reject })
    this.#say(message)
    const tooLong = setTimeout(() => void this.#thread.terminate(), answerMilliseconds)
    try {
      return await promise
    } finally {
      clearTimeout(tooLong)
      this.#waiting.delete(message.id)
    }
  }

  #started(): Worker {
    const thread = new Worker(threadFile, { workerData: this.#paths, name: 'search', resourceLimits: { maxOldGenerationSizeMb: 256 } })
    thread.unref()
    thread.on('message', (message: FromThread) => this.#heard(message))
    thread.on('error', error => this.#troubled(error))
    thread.on('exit', () => {
      this.#refuseAll()
      if (this.#isStopped) return
      this.#tools.log.warn('The thread of the search index has ended and is started again')
      this.#restarting = setTimeout(() => (this.#thread = this.#started()), restartMilliseconds)
    })
    return thread
  }

  #heard(message: FromThread) {
    const { log } = this.#tools
    if (message.kind === 'found') this.#waiting.get(message.id)?.resolve(message.hits)
    else if (message.kind === 'failed') this.#waiting.get(message.id)?.reject(busy())
    else if (message.kind === 'trouble') this.#troubled(new Error(message.message))
    else if (message.kind === 'renewed') log.warn({ why: message.why }, 'The search index is rebuilt')
    else if (message.kind === 'built') log.warn('The search index is complete')
    else {
      const { position, isComplete } = message.state
      this.#isComplete = isComplete
      if (position !== this.#position) this.#deletions.soon()
      this.#position = position
    }
  }

  #troubled(error: unknown) {
    this.#tools.metrics.jobFailures.inc({ job: 'search' })
    this.#tools.log.warn({ err: error }, 'The search index has failed and will be retried')
  }

  #refuseAll() {
    for (const { reject } of this.#waiting.values()) reject(busy())
    this.#waiting.clear()
  }

  /** Removes the changes that are in the file. */
  async #deleteIndexed(stopping: AbortSignal) {
    const { db } = this.#tools
    const position = this.#position
    while (!stopping.aborted && (await db.transaction(tx => deleteSearched(tx, position, step))) === step);
  }
}

const busy = () => unavailable('The search does not answer', 'The search index is busy or is being started again. Try again in a moment.')
