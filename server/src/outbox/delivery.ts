import type { Database, Transaction } from '../database/database.ts'
import type { Log } from '../observe/log.ts'
import type { OutboxEntry } from '../store/outbox.ts'
import type { Ids } from '../tools/ids.ts'
import type { ReportFailure } from './failure-events.ts'

/** What deliveries are made with. */
export interface DeliveryTools {
  readonly db: Database
  readonly now: () => number
  readonly ids: Ids
  readonly log: Log
  readonly report: ReportFailure
}

/** The destination has refused the delivery for good. */
export class Refused extends Error {}

/** A destination does not answer at the moment. */
export class NotReached extends Error {}

/** A pause that a destination has asked for. */
export interface AskedPause {
  /** By `performance.now()`. */
  readonly until: number
  /** The answer that has asked for it. */
  readonly why: string
}

/** Writes what follows from a delivery. Runs once, even if the entry was delivered more than once. */
type Following = (tx: Transaction) => Promise<void>

/** Delivers entries one by one, those of a sub-lane one after the other. An entry may be delivered more than once. */
export interface SingleDelivery {
  readonly isOrdered: false
  /** The number of attempts after which an entry is given up. */
  readonly attempts: number
  /** How many entries of all lanes of this kind may be in flight, for kinds whose deliveries take long. */
  readonly inAllAtMost?: number
  /** How long one try may take, in milliseconds. */
  readonly patience?: number
  /** The pause that the destination of the lane has asked for: until it has ended, no delivery is attempted. */
  readonly pauseOf?: (lane: string) => AskedPause | undefined
  /**
   * Resolves to what follows from the delivery, which is done in the transaction that removes the entry. Rejects if the delivery failed,
   * with Refused if a retry would not help. Ends early when the signal aborts.
   */
  readonly deliver: (entry: OutboxEntry, signal: AbortSignal) => Promise<Following | void>
  /**
   * Called in the transaction that gives up an entry, with the error of the last attempt. Without this member the entry is stored as dead.
   */
  readonly giveUp?: (tx: Transaction, entry: OutboxEntry, error: unknown) => Promise<void>
}

/** The limits of a batch. */
export interface BatchSize {
  readonly entries: number
  readonly bytes: number
  /** Whether only some entries of a batch may fail. Then a batch has at most one entry of each sub-lane. */
  readonly isOneOfEachSubLane: boolean
}

/** The outcome of an entry: undefined if it was delivered, Refused if no retry can succeed; after any other error it is retried. */
export type Outcome = Error | undefined

/**
 * Delivers batches of a lane: entries of a sub-lane are delivered in order, and only entries that the destination refuses for good are
 * given up. An entry may be delivered more than once.
 */
export interface OrderedDelivery {
  readonly isOrdered: true
  readonly batch: (destination: string) => BatchSize
  /** Resolves to the outcome of each entry. Rejects if possibly none of them was delivered. Ends early when the signal aborts. */
  readonly deliver: (destination: string, entries: readonly OutboxEntry[], signal: AbortSignal) => Promise<readonly Outcome[]>
}

export type Delivery = SingleDelivery | OrderedDelivery

/** The longest time of an attempt, unless the delivery sets another one. */
export const tryMilliseconds = 5000

/** The time that a delivery has after the abort of its signal, to reject with an error of its own. */
const lastWordsMilliseconds = 500

/** Runs one attempt. It settles in time even if the delivery ignores its signal. */
export async function attempt<Result>(
  stopping: AbortSignal,
  deliver: (signal: AbortSignal) => Promise<Result>,
  milliseconds = tryMilliseconds,
): Promise<Result> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(milliseconds)])
  const brokenOff = Promise.withResolvers<never>()
  const late = () => new Error('The destination has not answered in time', { cause: signal.reason })
  const breakOff = () => setTimeout(() => brokenOff.reject(late()), lastWordsMilliseconds)
  if (signal.aborted) throw signal.reason as Error
  signal.addEventListener('abort', breakOff, { once: true })
  try {
    return await Promise.race([deliver(signal), brokenOff.promise])
  } finally {
    signal.removeEventListener('abort', breakOff)
  }
}

/** Whether the time for the answer was over. The SDK calls a connection that has ended a TimeoutError, too. */
export const isLate = (error: unknown) =>
  error instanceof Error &&
  /^(?:Abort|Timeout)Error$/.test(error.name) &&
  !('code' in error && /^(?:ECONNRESET|EPIPE)$/.test(String(error.code)))
