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
/** A search is refused if the thread has not answered it in this time. A thread that has said nothing at all in this time is replaced. */
const answerMilliseconds = 5000
/** How many searches the thread may have, those included that have been refused meanwhile. */
const mostWaiting = 100
const restartMilliseconds = 1000
/** How many changes one transaction deletes. */
const step = 500

const threadFile = new URL(import.meta.url.endsWith('.ts') ? './file-thread.ts' : './search-thread.js', import.meta.url)

type Waiting = PromiseWithResolvers<readonly FileHit[]>

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
  /** Undefined while it is about to be started again. */
  #thread: Worker | undefined
  /** When the thread last said something; it may take long to start, and is not replaced before. */
  #heardAt = Infinity
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
      this.#say(this.#thread, { kind: 'changed' })
    }, gatherMilliseconds)
  }

  async stop() {
    this.#isStopped = true
    clearTimeout(this.#gathering)
    clearTimeout(this.#restarting)
    await this.#deletions.stop()
    const thread = this.#thread
    if (!thread) return
    const closed = once(thread, 'exit')
    this.#say(thread, { kind: 'close' })
    const tooLong = setTimeout(() => void thread.terminate(), answerMilliseconds)
    await closed
    clearTimeout(tooLong)
  }

  #say(thread: Worker | undefined, message: ToThread) {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin.
    thread?.postMessage(message)
  }

  async #ask(message: Extract<ToThread, { kind: 'search' }>): Promise<readonly FileHit[]> {
    const thread = this.#thread
    if (!thread || this.#waiting.size >= mostWaiting || this.#isStopped) throw busy()
    const waiting: Waiting = Promise.withResolvers()
    this.#waiting.set(message.id, waiting)
    this.#say(thread, message)
    const tooLong = setTimeout(() => {
      waiting.reject(busy())
      if (performance.now() - this.#heardAt >= answerMilliseconds) void thread.terminate()
    }, answerMilliseconds)
    try {
      return await waiting.promise
    } finally {
      clearTimeout(tooLong)
    }
  }

  /** The search that the thread has answered. */
  #answered(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }

  #started(): Worker {
    this.#heardAt = Infinity
    const thread = new Worker(threadFile, { workerData: this.#paths, name: 'search', resourceLimits: { maxOldGenerationSizeMb: 256 } })
    thread.unref()
    thread.on('message', (message: FromThread) => this.#heard(message))
    thread.on('error', error => this.#troubled(error))
    thread.on('exit', () => {
      this.#thread = undefined
      for (const { reject } of this.#waiting.values()) reject(busy())
      this.#waiting.clear()
      if (this.#isStopped) return
      this.#tools.log.warn('The thread of the search index has ended and is started again')
      this.#restarting = setTimeout(() => (this.#thread = this.#started()), restartMilliseconds)
    })
    return thread
  }

  #heard(message: FromThread) {
    const { log } = this.#tools
    this.#heardAt = performance.now()
    if (message.kind === 'found') this.#answered(message.id)?.resolve(message.hits)
    else if (message.kind === 'failed') this.#answered(message.id)?.reject(busy())
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

  /** Removes the changes that are in the file. */
  async #deleteIndexed(stopping: AbortSignal) {
    const { db } = this.#tools
    const position = this.#position
    while (!stopping.aborted && (await db.transaction(tx => deleteSearched(tx, position, step))) === step);
  }
}

const busy = () => unavailable('The search does not answer', 'The search index is busy or is being started again. Try again in a moment.')
