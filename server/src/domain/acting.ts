import type { Actor, CalledChannel, CalledSubChannel } from '../store/facts.ts'
import type { Limits } from '../settings/limits.ts'
import type { Ids } from '../tools/ids.ts'

/** The clock and the limits of an act, and the ids of what it creates. */
export interface Doing {
  readonly now: () => number
  readonly limits: Limits
  readonly ids: Ids
}

/** The actor of an act, as far as acts need it. */
export interface Acting extends Doing {
  readonly actor: Actor
}

/** The actor in a channel. */
export interface ActingInChannel extends Acting {
  readonly channel: CalledChannel
  /** The sub-channel in the call, if the channel is elastic. */
  readonly subChannel: CalledSubChannel | undefined
}
