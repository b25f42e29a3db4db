import type { BusEvent } from './events.ts'

export type Listener = (event: BusEvent) => void

/**
 * What sockets hear, on the way from where it happened to where it is heard.
 *
 * At most once: what is published while nobody listens is gone, and nothing is ever repeated. Events of one channel arrive in
 * the order in which they were published, at every listener; nothing is said about those of different channels. Whoever
 * publishes does so after the commit, in commit order (store/database.ts). Publishing never waits and never throws.
 */
export interface Bus {
  publish(event: BusEvent): void
  /** Hears every event from now on. A listener must not throw. */
  subscribe(listener: Listener): void
}
