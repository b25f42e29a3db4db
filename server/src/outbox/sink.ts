import type { OutboxEntry } from '../store/outbox.ts'
import type { BatchSize, Outcome } from './delivery.ts'

/** The destination of the records of a stream. */
export interface StreamSink {
  readonly batch: BatchSize
  /**
   * Rejects with an Error that says why records cannot be sent there, and what to change; with NotReached if the cause may be temporary.
   */
  readonly check: (arn: string, signal: AbortSignal) => Promise<void>
  /** Resolves to the outcome of each record. Rejects if possibly none of them has arrived. */
  readonly put: (arn: string, entries: readonly OutboxEntry[], signal: AbortSignal) => Promise<readonly Outcome[]>
  /** Ends its connection. */
  readonly close?: () => Promise<void>
}
