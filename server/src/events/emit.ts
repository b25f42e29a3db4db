import type { Bus } from '../bus/bus.ts'
import type { Transaction } from '../database/database.ts'
import type { DomainEvent, MessageEvent, TypingIndicated } from './events.ts'
import type { Follower } from './follower.ts'
import { followers } from './followers.ts'
import { heardOfMessage, heardOfTyping } from './sockets.ts'

/**
 * Says what has happened in the transaction; followers.ts says what follows. For an event of a channel the transaction has taken the
 * channel's next number before, which locks the channel until the commit.
 */
export async function emit(tx: Transaction, event: DomainEvent) {
  for (const follow of followers[event.kind] as readonly Follower<DomainEvent>[]) await follow(tx, event)
}

/** The same for what is stored nowhere: sockets hear it at once, and it is lost with them. */
export function announce(bus: Bus, event: MessageEvent<'MessageSent'> | TypingIndicated) {
  bus.publish(event.kind === 'TypingIndicated' ? heardOfTyping(event) : heardOfMessage(event))
}
