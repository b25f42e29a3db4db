import type { BusEvent } from './socket-events.ts'

/** A listener must not throw. */
export interface Listener {
  hear(event: BusEvent): void
  /** Writes the frames of the events so far now, instead of at the end of the turn. */
  flush(): void
  /** The sub-channels of the channel that somebody here is in, 0 for an ordinary channel; empty where nobody is in it. */
  placesIn(channelId: number): readonly number[]
  /** Whose sockets are here. */
  userIds(): readonly number[]
  /** The user is a member there, whatever has been heard. */
  join(userId: number, place: { readonly channelId: number; readonly subChannelId: number }): void
  /** What has happened in the channel cannot be told any more: its sockets are to come back and ask. */
  lost(channelId: number): void
}

/** What a node says to the others of whom it listens for. */
export interface Following {
  /** Resolves once it is heard here what happens to the user elsewhere. */
  enter(userId: number): Promise<void>
  /** Resolves once it is heard here what happens in the channels elsewhere, after the numbers that they have by then. */
  join(channelIds: readonly number[]): Promise<void>
}

/**
 * Carries the events that sockets hear from where they happen to where they are heard.
 *
 * Events of one channel arrive in the order of their numbers, each once, at every listener; nothing is promised about those of
 * different channels. Publishers publish after the commit, in commit order (database/database.ts). Publishing never waits and never
 * throws. Between nodes, events that have no number, and departures, may be lost.
 */
export interface Bus {
  publish(event: BusEvent): void
  /** Says that nothing more is published for now. */
  flush(): void
  /** The listener gets every event from now on. */
  subscribe(listener: Listener): void
  /** Undefined where there is one node, which hears everything. */
  readonly following: Following | undefined
}
