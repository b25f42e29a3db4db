import { appendToOutbox, laneOf } from '../store/outbox.ts'
import type { EventOf } from './events.ts'
import { afterCommit, type Follower } from './follower.ts'

/** The kind of the outbox's lanes that invoke processors of channel flows: one for each function. */
export const invocationKind = 'flow-invocation'

/** The payload of an invocation in the outbox; everything else is read when the processor is invoked. */
export interface Invocation {
  readonly callbackId: string
}

/** Writes the invocation of the processor into the outbox. */
export const invokeProcessor: Follower<EventOf<'ProcessorDue'>> = async (tx, { callbackId, functionArn, now }) => {
  const lane = laneOf(invocationKind, functionArn)
  await appendToOutbox(tx, lane, { callbackId } satisfies Invocation, now)
  afterCommit(tx, { wake: 'outbox', lane })
}
