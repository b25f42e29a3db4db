import type { BusEvent } from '../bus/socket-events.ts'
import type { Transaction } from '../database/database.ts'

/** Background work of this node to wake after the commit. The database says what there is to do. */
export type Wake =
  | { readonly wake: 'outbox'; readonly lane: string }
  | { readonly wake: 'purge' }
  | { readonly wake: 'search' }
  /** The sizes of an elastic channel's sub-channels have changed. */
  | { readonly wake: 'balancing'; readonly elasticId: number }

/** What follows once a transaction is committed: an event for sockets, or work to wake. */
export type AfterCommit = BusEvent | Wake

/**
 * Registers what follows after the commit. Nothing else does, so everything that the database passes on has this type. Events of one
 * channel are delivered in the order of its commits.
 */
export function afterCommit(tx: Transaction, what: AfterCommit) {
  tx.afterCommit(what, 'channelId' in what ? what.channelId : undefined)
}

/**
 * Does what follows from an event, in the transaction of the event. A follower writes there what must not be lost, and passes the rest to
 * `afterCommit`.
 */
export type Follower<Event> = (tx: Transaction, event: Event) => void | Promise<void>
