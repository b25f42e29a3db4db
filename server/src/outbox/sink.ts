import type { OutboxEntry } from '../store/outbox.ts'
import type { BatchSize, Outcome } from './delivery.ts'

/** Where the records of a stream go. */
export interface StreamSink {
  readonly batch: BatchSize
  /** Rejects with an Error that says why records cannot go there, and what to change; with NotReached where that may pass. */
  readonly check: (arn: string, signal: AbortSignal) => Promise<void>
  /** Resolves to the outcome of each record. Rejects where none of them may have arrived. */
  readonly put: (arn: string, entries: readonly OutboxEntry[], signal: AbortSignal) => Promise<readonly Outcome[]>
  /** Ends its connection. */
  readonly close?: () => Promise<void>
}
