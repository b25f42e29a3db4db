import type { Bus } from '../bus/bus.ts'
import { announce } from '../events/emit.ts'
import type { ActingInChannel } from './acting.ts'
import { placeOf } from './messages.ts'

/** Tells the members of the channel that the actor types, or has stopped. Nothing is stored. */
export function indicateTyping(bus: Bus, acting: ActingInChannel, isTyping: boolean) {
  announce(bus, { kind: 'TypingIndicated', place: placeOf(acting), member: acting.actor, isTyping })
}
