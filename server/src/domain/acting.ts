import type { Actor, CalledChannel, CalledSubChannel } from '../store/facts.ts'
import type { Limits } from '../settings/limits.ts'
import type { Ids } from '../tools/ids.ts'

/** The clock and the limits of an act, and the ids of what it creates. */
export interface Doing {
  readonly now: () => number
  readonly limits: Limits
  readonly ids: Ids
}

/** What an act gets to know of its actor. */
export interface Acting extends Doing {
  readonly actor: Actor
}

/** The same in a channel. */
export interface ActingInChannel extends Acting {
  readonly channel: CalledChannel
  /** The sub-channel in the call, if the channel is elastic. */
  readonly subChannel: CalledSubChannel | undefined
}
