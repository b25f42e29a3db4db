import { badRequest } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { Transaction } from '../database/database.ts'
import type { Message } from '../store/messages.ts'
import { countPins, insertPin, removePin } from '../store/pins.ts'
import type { ActingInChannel } from './acting.ts'
import { advance } from './advance.ts'
import { checkCount } from './counts.ts'
import { placeOf, requireContent, requireSent } from './messages.ts'

/** Pins a message for all members, unless it is pinned already. Pins of messages that retention hides do not count. */
export async function pin(tx: Transaction, acting: ActingInChannel, message: Message, notBefore: number) {
  const { actor: by, limits } = acting
  const { messageId } = message
  requireSent(message)
  if (message.target) {
    throw badRequest('A targeted message cannot be pinned', 'Pin a message that all members of the channel or sub-channel see.')
  }
  const place = placeOf(acting)
  const key = { ...place, messageId }
  const moment = await advance(tx, acting.channel, acting.now())
  await requireContent(tx, key, 'A message that is redacted or deleted cannot be pinned.')
  if (!(await insertPin(tx, key, by, moment))) return
  checkCount((await countPins(tx, { ...place, notBefore })) - 1, 'pinsPerChannel', limits)
  await emit(tx, { kind: 'MessagePinned', moment, place, messageId, by })
}

/** Unpins a message. If it is not pinned, nothing happens. */
export async function unpin(tx: Transaction, acting: ActingInChannel, { messageId }: Message) {
  const place = placeOf(acting)
  const moment = await advance(tx, acting.channel, acting.now())
  if (!(await removePin(tx, { ...place, messageId }))) return
  await emit(tx, { kind: 'MessageUnpinned', moment, place, messageId, by: acting.actor })
}
