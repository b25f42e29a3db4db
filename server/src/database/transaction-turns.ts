import { ApiError, unavailable } from '../errors.ts'
import type { LockName } from './database.ts'
import { isLocked, isOutage } from './outage.ts'
import { Turns } from '../tools/turns.ts'

/** How long a transaction waits for a lock while it delays others. */
const brieflyMilliseconds = 300
/**
 * How long it waits for the lock a second time, when it delays no others. That is longer than PostgreSQL takes to detect a deadlock, and
 * less than half of a statement's time-out, since a transaction waits twice, for its turn and for the row.
 */
const patientlyMilliseconds = 2000
/** How long it waits for its turn in a queue without progress, and in one with progress: a burst is served, not refused. */
const standstillMilliseconds = 3000
const inAllMilliseconds = 15_000

/** The connections that are reserved for queries outside transactions. */
const leftToReads = 3
/** The most transactions that wait for a lock a second time. */
const patientAtMost = 3

const locked = (cause?: unknown) =>
  unavailable(
    'The service is temporarily unavailable',
    'Another transaction has locked the rows that this call changes and did not release them in time. Try again.',
    cause,
  )

const crowded = () => unavailable('The service is temporarily unavailable', 'Too many changes are waiting for the database. Try again.')

const turns = (most: number, refusal: () => Error) =>
  new Turns(most, {
    standstillMilliseconds,
    inAllMilliseconds,
    refusal,
    isPrevented: error => isOutage(error) || (error instanceof ApiError && error.status === 503),
  })

/** An attempt of a transaction, in which a wait for a lock is bounded by that time. */
type Try<Result> = (lockMilliseconds: number) => Promise<Result>

/**
 * Who may hold a connection for a transaction. A lock delays only the transactions that need the same row, for a bounded time. Connections
 * are reserved for reads, and for the transactions of other channels and app instances.
 */
export class TransactionTurns {
  readonly #most: number
  readonly #all: Turns
  readonly #patient = turns(patientAtMost, locked)
  readonly #queues = new Map<LockName, Turns>()

  constructor(connections: number) {
    this.#most = connections - leftToReads
    this.#all = turns(this.#most, crowded)
  }

  async briefly<Result>(work: Try<Result>): Promise<Result> {
    return this.#all.take(() => work(brieflyMilliseconds))
  }

  /**
   * Runs with the short wait for locks and, if a lock prevented it, again with the long one. At most two transactions of a channel
   * run at once.
   */
  async alone<Result>(lock: LockName | undefined, work: Try<Result>): Promise<Result> {
    if (lock === undefined) return this.#untilUnlocked(work)
    let queue = this.#queues.get(lock)
    if (!queue) this.#queues.set(lock, (queue = turns(lock.startsWith('channel') ? 2 : this.#most - 2, locked)))
    try {
      return await queue.take(() => this.#untilUnlocked(work))
    } finally {
      if (queue.isIdle) this.#queues.delete(lock)
    }
  }

  async #untilUnlocked<Result>(work: Try<Result>): Promise<Result> {
    try {
      return await this.briefly(work)
    } catch (error) {
      if (!isLocked(error)) throw error
    }
    try {
      return await this.#patient.take(() => this.#all.take(() => work(patientlyMilliseconds)))
    } catch (error) {
      throw isLocked(error) ? locked(error) : error
    }
  }
}
