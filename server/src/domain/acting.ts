import type { Actor, CalledChannel, CalledSubChannel } from '../store/facts.ts'
import type { Limits } from '../settings/limits.ts'

/** By which clock and limits something is done: by a call, a job, a bot or a flow. */
export interface Doing {
  readonly now: () => number
  readonly limits: Limits
}

/** What an act needs to know of whoever acts. */
export interface Acting extends Doing {
  readonly actor: Actor
}

/** The same in a channel. */
export interface ActingInChannel extends Acting {
  readonly channel: CalledChannel
  /** The sub-channel that is named, where the channel is elastic. */
  readonly subChannel: CalledSubChannel | undefined
}
