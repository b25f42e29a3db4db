import { emit } from '../events/emit.ts'
import type { Transaction } from '../database/database.ts'
import type { Message } from '../store/messages.ts'
import { changeReactions, countReactions, reactionsBy, type ReactionCount } from '../store/reactions.ts'
import type { ActingInChannel } from './acting.ts'
import { advance } from './advance.ts'
import { checkCount } from './counts.ts'
import { placeOf, requireContent, requireSent } from './messages.ts'

/** Replaces the reactions of the actor to a message by these; returns how many users have added each reaction. */
export async function putReactions(
  tx: Transaction,
  acting: ActingInChannel,
  message: Message,
  wanted: ReadonlySet<string>,
): Promise<ReactionCount[]> {
  const { actor, limits } = acting
  const { messageId } = message
  requireSent(message)
  const place = placeOf(acting)
  const key = { ...place, messageId }
  const moment = await advance(tx, acting.channel, acting.now())
  const stored = await requireContent(tx, key, 'A redacted or deleted message cannot have reactions.')
  const present = await reactionsBy(tx, key, actor.id)
  const added = [...wanted].filter(reaction => !present.has(reaction))
  const removed = [...present].filter(reaction => !wanted.has(reaction))
  await changeReactions(tx, key, actor.id, { added, removed, sequence: moment.sequence })
  const counts = await countReactions(tx, key)
  if (added.length > 0) checkCount(counts.length - 1, 'reactionsPerMessage', limits)
  if (added.length > 0 || removed.length > 0) {
    await emit(tx, { kind: 'ReactionsChanged', moment, place, message: stored, member: actor, reactions: [...wanted], counts })
  }
  return counts.map(({ reaction, count }) => ({ reaction, count, me: wanted.has(reaction) }))
}
