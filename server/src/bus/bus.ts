import type { BusEvent } from './socket-events.ts'

/** A listener must not throw. */
export interface Listener {
  hear(event: BusEvent): void
  /** Writes the frames of the events so far now instead of at the end of the turn. */
  flush(): void
}

/**
 * Carries the events that sockets hear from where they happen to where they are heard.
 *
 * At most once: what is published while nobody listens is gone, and nothing is ever repeated. Events of one channel arrive in
 * the order in which they were published, at every listener; nothing is promised about those of different channels. Publishers
 * publish after the commit, in commit order (database/database.ts). Publishing never waits and never throws.
 */
export interface Bus {
  publish(event: BusEvent): void
  /** Nothing more is published for now. */
  flush(): void
  /** Hears every event from now on. */
  subscribe(listener: Listener): void
}
