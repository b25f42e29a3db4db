import { appendToOutbox } from '../store/outbox.ts'
import type { EventOf } from './events.ts'
import { afterCommit, type Follower } from './follower.ts'

/** The kind of the outbox's entries that invoke a processor of a channel flow. */
export const invocationKind = 'flow-invocation'

/** The payload of an invocation in the outbox; everything else is read when it is made. */
export interface Invocation {
  readonly callbackId: string
}

/** Writes the invocation of the processor into the outbox. */
export const invokeProcessor: Follower<EventOf<'ProcessorDue'>> = async (tx, { callbackId, now }) => {
  await appendToOutbox(tx, invocationKind, { callbackId } satisfies Invocation, now)
  afterCommit(tx, { wake: 'outbox' })
}
