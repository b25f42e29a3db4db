import { laneOf } from '../store/outbox.ts'
import type { EventOf } from './events.ts'
import type { Follower } from './follower.ts'
import { addToOutbox } from './outbox.ts'

/** The kind of the outbox's lanes that invoke processors of channel flows: one for each function. */
export const invocationKind = 'flow-invocation'

/** The payload of an invocation in the outbox; everything else is read when the processor is invoked. */
export interface Invocation {
  readonly callbackId: string
}

/** Writes the invocation of the processor into the outbox. */
export const invokeProcessor: Follower<EventOf<'ProcessorDue'>> = async (tx, { callbackId, functionArn, now }) =>
  addToOutbox(tx, laneOf(invocationKind, functionArn), { callbackId } satisfies Invocation, now)
