import type { BusEvent } from './socket-events.ts'

/** A listener must not throw. */
export interface Listener {
  hear(event: BusEvent): void
  /** The sub-channels of the channel that have a session on this node, 0 for an ordinary channel; empty if there is none. */
  subChannelIdsIn(channelId: number): readonly number[]
  /** The users with a socket on this node. */
  userIds(): readonly number[]
  /** The user is a member of that channel or sub-channel; the event of its join may be missing. */
  join(userId: number, place: { readonly channelId: number; readonly subChannelId: number }): void
  /**
   * Too many events of the channel are missing, or nobody knows which since that time, in epoch milliseconds: its sockets are closed, so
   * that the clients load the channel again.
   */
  lost(channelId: number, since: number): void
}

/** What the gateway reports to the bus about its sessions. */
export interface Following {
  /** Resolves once the events about the user from other nodes arrive here. */
  enter(userId: number): Promise<void>
  /**
   * Resolves once the events of the channels from other nodes arrive here, beginning after the present numbers of the channels. Resolves to
   * true if the events of some of the channels did not arrive before.
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
  /** All events from before this time have arrived, in epoch milliseconds of this machine. */
  heardUntil(): number
  /** Undefined on a single node, which hears every event. */
  readonly following: Following | undefined
}

/** The bus, and how to close it. */
export interface OpenBus {
  readonly bus: Bus
  close(): Promise<void>
}
