import type { Bus } from '../bus/bus.ts'
import type { Transaction } from '../database/database.ts'
import type { DomainEvent, EventOf, TypingIndicated } from './events.ts'
import type { Follower } from './follower.ts'
import { followers } from './followers.ts'
import { socketEventOfMessage, socketEventOfTyping } from './sockets.ts'

/**
 * Emits what has happened in the transaction, and runs its followers (followers.ts). Before an event of a channel the transaction must have
 * taken the channel's next number, which locks the channel until the commit.
 */
export async function emit(tx: Transaction, event: DomainEvent) {
  for (const follow of followers[event.kind] as readonly Follower<DomainEvent>[]) await follow(tx, event)
}

/** Sends an event of which nothing is stored directly to the sockets. It may be lost. */
export function announce(bus: Bus, event: EventOf<'MessageSent'> | TypingIndicated) {
  bus.publish(event.kind === 'TypingIndicated' ? socketEventOfTyping(event) : socketEventOfMessage(event))
}
