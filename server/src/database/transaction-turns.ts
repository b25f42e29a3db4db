import { ApiError, unavailable } from '../errors.ts'
import type { Place } from './database.ts'
import { isLocked, isOutage } from './outage.ts'
import { Turns } from '../tools/turns.ts'

/** For so long a transaction waits for somebody's lock where it holds up others. */
const brieflyMilliseconds = 300
/**
 * For so long it waits once more where it does not: longer than PostgreSQL takes to notice a deadlock, and less than half of what a
 * statement may take, since who queues for a row waits twice, for its turn and for the row.
 */
const patientlyMilliseconds = 2000
/** For so long it waits for its turn in a queue that stands still, and in one that moves: a burst is worked off, not refused. */
const standstillMilliseconds = 3000
const inAllMilliseconds = 15_000

/** So many connections are left to what is no transaction. */
const leftToReads = 3
/** So many transactions at once wait patiently. */
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
    isKeptFromEnd: error => isOutage(error) || (error instanceof ApiError && error.status === 503),
  })

/** A try of a transaction, in which nobody's lock is waited for longer than that. */
type Try<Result> = (lockMilliseconds: number) => Promise<Result>

/**
 * Who may hold a connection for a transaction. What somebody has locked holds up who wants the same, for a bounded time; the reads,
 * and the transactions of other channels and app instances, have connections that it cannot take.
 */
export class TransactionTurns {
  readonly #most: number
  readonly #all: Turns
  readonly #patient = turns(patientAtMost, locked)
  readonly #places = new Map<Place, Turns>()

  constructor(connections: number) {
    this.#most = connections - leftToReads
    this.#all = turns(this.#most, crowded)
  }

  async briefly<Result>(work: Try<Result>): Promise<Result> {
    return this.#all.take(() => work(brieflyMilliseconds))
  }

  /** Briefly, and where a lock has kept it from what it wants, patiently. At most two of a channel are under way at once. */
  async alone<Result>(place: Place | undefined, work: Try<Result>): Promise<Result> {
    if (place === undefined) return this.#untilUnlocked(work)
    let queue = this.#places.get(place)
    if (!queue) this.#places.set(place, (queue = turns(place.startsWith('channel') ? 2 : this.#most - 2, locked)))
    try {
      return await queue.take(() => this.#untilUnlocked(work))
    } finally {
      if (queue.isIdle) this.#places.delete(place)
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
