import type { BusEvent } from '../bus/socket-events.ts'
import type { Transaction } from '../database/database.ts'

/** Work of this node that has something to do after the commit. What is to be done stands in the database. */
export type Wake =
  | { readonly wake: 'outbox' }
  | { readonly wake: 'purge' }
  /** The sizes of an elastic channel's sub-channels have changed. */
  | { readonly wake: 'balancing'; readonly elasticId: number }

/** What follows once a transaction is committed: sockets hear, and work wakes. */
export type AfterCommit = BusEvent | Wake

/** The only way in: what the database hands on is of this type. Events of one channel keep the order of its commits. */
export function afterCommit(tx: Transaction, what: AfterCommit) {
  tx.afterCommit(what, 'channelId' in what ? what.channelId : undefined)
}

/**
 * Does what follows from an event, in the transaction in which it happened: what must not be lost is written there, and the
 * rest is said by `afterCommit`.
 */
export type Follower<Event> = (tx: Transaction, event: Event) => void | Promise<void>
