import type { BearerCall, ChannelCall } from './call.ts'
import type { Acting, ActingInChannel } from '../domain/acting.ts'

/** The caller as the actor of an act in domain/. */
export const acting = ({ facts: { caller: actor }, now, limits, ids }: BearerCall): Acting => ({ actor, now, limits, ids })

/** The same, with the channel and the sub-channel of the call. */
export const actingIn = ({ facts: { caller: actor, channel, subChannel }, now, limits, ids }: ChannelCall): ActingInChannel => ({
  actor,
  channel,
  subChannel,
  now,
  limits,
  ids,
})
