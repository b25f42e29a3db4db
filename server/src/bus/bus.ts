import type { BusEvent } from './socket-events.ts'

/** A listener must not throw. */
export interface Listener {
  hear(event: BusEvent): void
  /** What has been heard so far leaves now, and not at the end of the turn. */
  flush(): void
}

/**
 * What sockets hear, on the way from where it happened to where it is heard.
 *
 * At most once: what is published while nobody listens is gone, and nothing is ever repeated. Events of one channel arrive in
 * the order in which they were published, at every listener; nothing is said about those of different channels. Whoever
 * publishes does so after the commit, in commit order (database/database.ts). Publishing never waits and never throws.
 */
export interface Bus {
  publish(event: BusEvent): void
  /** Nothing more is published for now. */
  flush(): void
  /** Hears every event from now on. */
  subscribe(listener: Listener): void
}
