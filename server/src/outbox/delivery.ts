import type { Transaction } from '../database/database.ts'
import type { OutboxEntry } from '../store/outbox.ts'

/** The other side has refused the delivery for good. */
export class Refused extends Error {}

/** A destination does not answer at the moment. */
export class NotReached extends Error {}

/** What follows from a delivery: once, however often the entry has been delivered. */
type Following = (tx: Transaction) => Promise<void>

/** Delivers entries one by one, those of a sub-lane one after the other. An entry may be delivered more than once. */
export interface SingleDelivery {
  readonly isOrdered: false
  /** The number of tries after which an entry is given up. */
  readonly attempts: number
  /** How many entries of all lanes of this kind are delivered at once, if they may not take all places: they take long. */
  readonly inAllAtMost?: number
  /** How long one try may take, in milliseconds. */
  readonly patience?: number
  /** Whether the destination of the lane wants nothing at the moment: then nothing is tried. */
  readonly isPaused?: (lane: string) => boolean
  /**
   * Resolves to what follows from the delivery, which is done in the transaction that removes the entry. Rejects if the delivery failed,
   * with Refused if another try would not help. Ends early when the signal aborts.
   */
  readonly deliver: (entry: OutboxEntry, signal: AbortSignal) => Promise<Following | void>
  /** Called in the transaction that gives up an entry, with the error of the last try. Without this member the entry is kept as dead. */
  readonly giveUp?: (tx: Transaction, entry: OutboxEntry, error: unknown) => Promise<void>
}

/** What a destination takes at once. */
export interface BatchSize {
  readonly entries: number
  readonly bytes: number
  /** Where a part of a batch may fail, entries of one sub-lane travel one after the other. */
  readonly isOneOfEachSubLane: boolean
}

/** The outcome of an entry: undefined if it was delivered, Refused if no try can succeed; any other error is tried again. */
export type Outcome = Error | undefined

/**
 * Delivers batches of a lane: entries of a sub-lane are delivered in order, and nothing is given up but what the destination refuses
 * for good. An entry may be delivered more than once.
 */
export interface OrderedDelivery {
  readonly isOrdered: true
  readonly batch: (destination: string) => BatchSize
  /** Resolves to the outcome of each entry. Rejects where none of them may have been delivered. Ends early when the signal aborts. */
  readonly deliver: (destination: string, entries: readonly OutboxEntry[], signal: AbortSignal) => Promise<readonly Outcome[]>
}

export type Delivery = SingleDelivery | OrderedDelivery

/** How long one try may take unless the delivery says otherwise. */
export const tryMilliseconds = 5000

/** After its signal a delivery has so long to say in its own words what it has waited for. */
const lastWordsMilliseconds = 500

/** One try. It gives its place back in time, also where the delivery does not heed its signal. */
export async function attempt<Result>(
  stopping: AbortSignal,
  deliver: (signal: AbortSignal) => Promise<Result>,
  milliseconds = tryMilliseconds,
): Promise<Result> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(milliseconds)])
  const brokenOff = Promise.withResolvers<never>()
  const breakOff = () => setTimeout(() => brokenOff.reject(signal.reason as Error), lastWordsMilliseconds)
  if (signal.aborted) throw signal.reason as Error
  signal.addEventListener('abort', breakOff, { once: true })
  try {
    return await Promise.race([deliver(signal), brokenOff.promise])
  } finally {
    signal.removeEventListener('abort', breakOff)
  }
}

/** The longest message of an error that is logged or stored: some are as long as the answer of a service. */
const longestMessage = 2000

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, longestMessage)
