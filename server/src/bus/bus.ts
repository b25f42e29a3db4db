import type { BusEvent } from './socket-events.ts'

/** A listener must not throw. */
export interface Listener {
  hear(event: BusEvent): void
  /** The sub-channels of the channel that have a session on this node, 0 for an ordinary channel; empty if there is none. */
  placesIn(channelId: number): readonly number[]
  /** The users with a socket on this node. */
  userIds(): readonly number[]
  /** The user is a member of that place, although no event of its join may have arrived. */
  join(userId: number, place: { readonly channelId: number; readonly subChannelId: number }): void
  /** The events of the channel can no longer be repaired: its sockets are closed, so that the clients list again. */
  lost(channelId: number): void
}

/** What a node tells the bus about its sessions. */
export interface Following {
  /** Resolves once the events about the user from other nodes arrive here. */
  enter(userId: number): Promise<void>
  /**
   * Resolves once the events of the channels from other nodes arrive here, after the numbers that the channels have by then; to
   * whether some of them have not arrived before.
   */
  join(channelIds: readonly number[]): Promise<boolean>
}

/**
 * Carries events from the transactions that cause them to the sockets.
 *
 * Every listener gets the events of one channel in the order of their numbers, each once; there is no order between channels.
 * Publishers publish after the commit, in commit order (database/database.ts). Publishing never waits and never throws. Between
 * nodes, events without a number, and departures, may be lost.
 */
export interface Bus {
  publish(event: BusEvent): void
  /** The listener gets every event from now on. */
  subscribe(listener: Listener): void
  /** Every event from before that time has arrived here, in epoch milliseconds of this machine. */
  heardUntil(): number
  /** Undefined on a single node, which hears every event. */
  readonly following: Following | undefined
}

/** The bus, and how to close it. */
export interface OpenBus {
  readonly bus: Bus
  close(): Promise<void>
}
