import { badRequest } from '../errors.ts'
import type { Queries } from '../database/database.ts'
import { retentionOfChannel } from '../store/app-instances.ts'
import { sequenceOf } from '../store/message-ids.ts'
import { findMessage, type MessageAttributes, type MessageType, type Persistence } from '../store/messages.ts'
import type { Place } from '../store/places.ts'
import { addReply, isReply, type Thread } from '../store/threads.ts'
import { retentionCutoff } from '../tools/retention.ts'

/** The attribute of a reply: the MessageId of the message that the thread begins with. */
const threadAttribute = 'CARILLON.thread'

const valuesOf = (attributes: MessageAttributes | undefined) => attributes?.[threadAttribute]?.StringValues ?? []

interface Sent {
  readonly type: MessageType
  readonly persistence: Persistence
  readonly attributes: MessageAttributes | undefined
  readonly target: unknown
}

/**
 * The MessageId in the attribute of a reply; undefined for any other message. In CONTROL and NON_PERSISTENT messages the attribute has no
 * effect, so an app can use it in typing indicators of a thread.
 */
export function rootIdOf({ type, persistence, attributes, target }: Sent): string | undefined {
  if (!attributes || !(threadAttribute in attributes) || type !== 'STANDARD' || persistence !== 'PERSISTENT') return undefined
  const [rootId, ...others] = valuesOf(attributes)
  if (rootId === undefined || others.length > 0) {
    throw badRequest(`${threadAttribute} must have one value`, 'Give the MessageId of the message that the thread begins with.')
  }
  if (target) throw badRequest('A targeted message cannot be a reply', `Leave out the Target, or the attribute ${threadAttribute}.`)
  return rootId
}

/** Whether all members see the message, unless retention hides it. */
async function isForAll(tx: Queries, place: Place, messageId: string, hiddenBefore: number) {
  const message = await findMessage(tx, { ...place, messageId })
  return message?.status === 'SENT' && message.target === undefined && message.createdAt.getTime() >= hiddenBefore
}

/** Throws unless a thread may begin with the message. */
export async function requireRoot(tx: Queries, place: Place, rootId: string, hiddenBefore: number) {
  if (!(await isForAll(tx, place, rootId, hiddenBefore))) {
    throw badRequest(
      'The message to reply to does not exist',
      `${threadAttribute} must be the MessageId of a message that all members of the channel or sub-channel see.`,
    )
  }
  if (!(await isReply(tx, { ...place, messageId: rootId }, hiddenBefore))) return
  throw badRequest(
    'The message to reply to is a reply itself',
    `${threadAttribute} must be the MessageId of the message that the thread begins with.`,
  )
}

/**
 * Adds a message that a channel flow has released to its thread. A processor may have changed the attribute, and the thread may be gone:
 * then the message is in no thread. A thread has no replies that are older than its first message: retention would hide them before it.
 */
export async function enterThread(
  tx: Queries,
  reply: Place & { readonly messageId: string; readonly attributes: MessageAttributes | undefined },
  now: number,
): Promise<Thread | undefined> {
  const [rootId, ...others] = valuesOf(reply.attributes)
  if (rootId === undefined || others.length > 0) return undefined
  const [root, own] = [sequenceOf(rootId), sequenceOf(reply.messageId)]
  if (root === undefined || own === undefined || root >= own) return undefined
  const hiddenBefore = retentionCutoff(now, await retentionOfChannel(tx, reply.channelId))
  const canBegin = (await isForAll(tx, reply, rootId, hiddenBefore)) && !(await isReply(tx, { ...reply, messageId: rootId }, hiddenBefore))
  return canBegin ? addReply(tx, reply, rootId) : undefined
}
