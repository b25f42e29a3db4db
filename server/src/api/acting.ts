import type { BearerCall, ChannelCall } from './call.ts'
import type { Acting, ActingInChannel } from '../domain/acting.ts'

/** The caller, as an act in domain/ knows whoever acts. */
export const acting = ({ facts: { caller: actor }, now, limits }: BearerCall): Acting => ({ actor, now, limits })

/** The same in the channel, or the sub-channel, that the call is about. */
export const actingIn = ({ facts: { caller: actor, channel, subChannel }, now, limits }: ChannelCall): ActingInChannel => ({
  actor,
  channel,
  subChannel,
  now,
  limits,
})
