import type { Arn } from '../arn.ts'
import type { Bus } from '../bus/bus.ts'
import { badRequest, conflict, forbidden } from '../errors.ts'
import { announce, emit } from '../events/emit.ts'
import { shareableAs, type Queries, type Transaction, type Work } from '../database/database.ts'
import type { Identity } from '../store/identities.ts'
import { membershipType } from '../store/memberships.ts'
import { passingMessageId } from '../store/message-ids.ts'
import type { MessageKey } from '../store/message-keys.ts'
import { isRunning, type RunContent } from '../store/flow-runs.ts'
import {
  deleteMessage,
  findMessage,
  insertMessage,
  redactMessage,
  updateMessage,
  type Message,
  type MessageType,
  type Persistence,
} from '../store/messages.ts'
import type { Advancing, Moment } from '../store/channels.ts'
import { removePin } from '../store/pins.ts'
import { dropReactions } from '../store/reactions.ts'
import { raiseSubChannel } from '../store/sub-channels.ts'
import { addReply, dropFromThread } from '../store/threads.ts'
import type { ActingInChannel } from './acting.ts'
import { advance } from './advance.ts'
import { enterFlow, isForFlow, processorsFor } from './flow-runs.ts'
import { requireIdentity } from './identities.ts'
import { checkMessageSize } from './sizes.ts'
import { subChannelIdOf } from './sub-channels.ts'
import { requireRoot, rootIdOf } from './threads.ts'
import type { NamedPlace } from '../store/places.ts'

const sent = { Value: 'SENT' as const }
const pending = { Value: 'PENDING' as const }

/** Throws for a change of a message that a flow has not released. */
export function requireSent(message: Message) {
  if (message.status === 'SENT') return
  throw conflict(
    'The message is not sent',
    `Its Status is ${message.status}: only a message that is SENT can be changed, redacted, pinned or reacted to.`,
  )
}

/** The message as it is now, in the transaction of its change. Throws ConflictException if it is redacted or deleted by now. */
export async function requireContent(tx: Queries, key: MessageKey, reason: string): Promise<Message> {
  const message = await findMessage(tx, key)
  if (!message || message.redacted) throw conflict('The message has been redacted', reason)
  return message
}

export interface MessageToSend extends RunContent {
  readonly type: MessageType
  readonly persistence: Persistence
  /** The target of a targeted message; undefined for all members. */
  readonly target: Arn | undefined
  /** The creation time before which retention hides messages; they cannot be replied to. */
  readonly hiddenBefore: number
}

/** The channel or sub-channel of the actor's messages. */
export const placeOf = ({ channel, subChannel }: Pick<ActingInChannel, 'channel' | 'subChannel'>): NamedPlace => ({
  channelId: channel.id,
  channelArn: channel.arn,
  subChannelId: subChannelIdOf({ subChannel }),
  subChannelName: subChannel?.name,
})

/** The member that a targeted message is for. */
async function targetOf(db: Queries, { channel, subChannel }: ActingInChannel, arn: Arn | undefined) {
  if (arn === undefined) return undefined
  const member = await requireIdentity(db, arn)
  if (await membershipType(db, channel.id, subChannelIdOf({ subChannel }), member.id)) return member
  throw badRequest('The Target must be a member of the channel', `${arn.text} is not a member of ${subChannel?.name ?? channel.arn}.`)
}

/** The result of sending: the status is PENDING until the channel's flow has decided. */
export interface Taken {
  readonly MessageId: string
  readonly Status: { readonly Value: 'SENT' | 'PENDING' }
}

/**
 * Takes the next number of the channel for a message, which its sub-channel counts if there is one; throws ForbiddenException if the
 * sub-channel is gone.
 */
async function advanceForMessage(tx: Queries, { channel, subChannel, now }: ActingInChannel, what: Advancing): Promise<Moment> {
  if (!subChannel) return advance(tx, channel, now(), what)
  const moment = await advance(tx, channel, now(), what === 'other' ? what : 'message')
  const counted = await raiseSubChannel(tx, subChannel.id, moment.at, what)
  if (counted === undefined) throw forbidden(`The sub-channel ${subChannel.name} does not exist any more.`)
  return { ...moment, counted }
}

/** A new message, with the present as its time. */
const newMessage = (
  { actor }: ActingInChannel,
  { type, persistence, content, metadata, attributes, contentType }: MessageToSend,
  given: { messageId: string; target: Identity | undefined; at: number; status: 'SENT' | 'PENDING' },
): Message => {
  const at = new Date(given.at)
  return {
    messageId: given.messageId,
    sender: actor,
    target: given.target,
    type,
    persistence,
    content,
    metadata,
    attributes,
    contentType,
    redacted: false,
    status: given.status,
    statusDetail: undefined,
    createdAt: at,
    editedAt: undefined,
    updatedAt: at,
  }
}

/** Sends a message of which nothing is stored: sockets get it immediately. */
async function sendUnstored(db: Queries, bus: Bus, acting: ActingInChannel, message: MessageToSend): Promise<Taken> {
  checkMessageSize(message.type, message, acting.limits)
  const target = await targetOf(db, acting, message.target)
  const at = acting.now()
  const messageId = passingMessageId(at, acting.ids.nonce())
  const sentMessage = newMessage(acting, message, { messageId, target, at, status: 'SENT' })
  announce(bus, { kind: 'MessageSent', moment: undefined, place: placeOf(acting), message: sentMessage })
  return { MessageId: messageId, Status: sent }
}

/**
 * Sends a message that is stored, or whose record is. A message with a flow starts on its way and is visible to its sender only. Any
 * other persistent message moves the LastMessageTimestamp of those who see it.
 */
export async function send(tx: Transaction, acting: ActingInChannel, message: MessageToSend): Promise<Taken> {
  const { channel, actor, subChannel, now, ids } = acting
  checkMessageSize(message.type, message, acting.limits)
  const rootId = rootIdOf(message)
  const target = await targetOf(tx, acting, message.target)
  const { pushNotification } = message
  const whose = { channelId: channel.id, subChannelId: subChannelIdOf({ subChannel }), senderId: actor.id, targetId: target?.id }
  const processors = await processorsFor(tx, channel, message.type)
  const isPersistent = message.persistence === 'PERSISTENT'
  const nonce = ids.nonce()
  const isForAll = isPersistent && !processors && !target
  const asMessage = message.type === 'STANDARD' ? 'counted message' : 'message'
  const moment = await advanceForMessage(tx, acting, isForAll ? asMessage : 'other')
  const place = placeOf(acting)
  if (rootId !== undefined) await requireRoot(tx, place, rootId, message.hiddenBefore)
  if (processors) {
    const waiting = isPersistent ? ('PENDING' as const) : ('PASSING' as const)
    const messageId = await insertMessage(tx, { ...message, ...whose, waiting, nonce }, moment)
    const start = { messageId, isEdit: false, sentAt: moment.at, editedAt: undefined }
    await enterFlow(tx, { ...message, ...whose, ...start, processors }, { now: now(), ids })
    const held = newMessage(acting, message, { messageId, target, at: moment.at, status: 'PENDING' })
    await emit(tx, { kind: 'MessageHeld', moment, place, message: held, pushNotification })
    return { MessageId: messageId, Status: pending }
  }
  const messageId = isPersistent ? await insertMessage(tx, { ...message, ...whose, nonce }, moment) : passingMessageId(moment.at, nonce)
  const thread = rootId === undefined ? undefined : await addReply(tx, { ...place, messageId }, rootId)
  const sentMessage = newMessage(acting, message, { messageId, target, at: moment.at, status: 'SENT' })
  await emit(tx, { kind: 'MessageSent', moment, place, message: sentMessage, pushNotification, thread })
  return { MessageId: messageId, Status: sent }
}

/** How a message is sent: in a transaction or, if nothing of it is stored, directly to the sockets. */
export type Taking =
  | { readonly isStored: true; readonly take: Work<Taken> }
  | { readonly isStored: false; readonly take: (db: Queries, bus: Bus) => Promise<Taken> }

/** Decides how a message is sent, by the message and its channel. Messages for all members are shareable, unless there is a flow or a thread. */
export function takingOf(acting: ActingInChannel, message: MessageToSend): Taking {
  const { channel, subChannel } = acting
  const meetsFlow = isForFlow(channel.flowId, message.type)
  const isPersistent = message.persistence === 'PERSISTENT'
  const hasFollowers = channel.isStreamed || (channel.hasBots && message.type === 'STANDARD') || message.pushNotification !== undefined
  if (!isPersistent && !meetsFlow && !hasFollowers) return { isStored: false, take: (db, bus) => sendUnstored(db, bus, acting, message) }
  const isShareable =
    isPersistent && !meetsFlow && message.target === undefined && subChannel === undefined && rootIdOf(message) === undefined
  return { isStored: true, take: shareableAs({ isShareable }, tx => send(tx, acting, message)) }
}

/** Changes a message of the actor, or starts the edit on its way through the channel's flow; the stored version stays meanwhile. */
export async function edit(
  tx: Transaction,
  acting: ActingInChannel,
  message: Message,
  given: { content: string; metadata: string | undefined; contentType: string | undefined },
): Promise<Taken> {
  const { channel, actor, now, ids } = acting
  const { messageId, type } = message
  requireSent(message)
  checkMessageSize(type, { ...given, attributes: undefined }, acting.limits)
  const place = placeOf(acting)
  const key = { ...place, messageId }
  const moment = await advance(tx, channel, now())
  const { at } = moment
  // The message entered a flow before the channel lost the flow.
  if (await isRunning(tx, channel.id, messageId)) {
    throw conflict('The message is being processed', 'The message, or an earlier edit of it, is still PENDING. Try again once it is SENT.')
  }
  const processors = await processorsFor(tx, channel, type)
  const stored = await requireContent(tx, key, 'A message that is redacted or deleted cannot be changed.')
  const { metadata = stored.metadata, contentType = stored.contentType, content } = given
  const edited = { ...stored, content, metadata, contentType, editedAt: new Date(at), updatedAt: new Date(at) }
  if (!processors) {
    await updateMessage(tx, key, { ...given, now: at })
    await emit(tx, { kind: 'MessageEdited', moment, place, message: edited, before: stored.content })
    return { MessageId: messageId, Status: sent }
  }
  const whose = { ...key, senderId: actor.id, targetId: stored.target?.id }
  const { attributes, persistence } = stored
  const what = { content, metadata, contentType, attributes, pushNotification: undefined, persistence }
  const times = { isEdit: true, sentAt: stored.createdAt.getTime(), editedAt: at }
  await enterFlow(tx, { ...whose, ...what, ...times, processors }, { now: now(), ids })
  await emit(tx, { kind: 'MessageEditHeld', moment, place, message: { ...edited, status: 'PENDING' } })
  return { MessageId: messageId, Status: pending }
}

/** Removes the content of a message for good; a message that is already redacted or gone stays as it is. */
export async function redact(tx: Transaction, acting: ActingInChannel, message: Message) {
  const { messageId } = message
  requireSent(message)
  if (message.redacted) return
  const place = placeOf(acting)
  const key = { ...place, messageId }
  const moment = await advance(tx, acting.channel, acting.now())
  const stored = await findMessage(tx, key)
  if (!(await redactMessage(tx, key, moment.at))) return
  await dropReactions(tx, key)
  await removePin(tx, key)
  const redacted = await findMessage(tx, key)
  if (redacted) await emit(tx, { kind: 'MessageRedacted', moment, place, message: redacted, before: stored?.content })
}

/** Deletes a message, unless it is already gone. */
export async function remove(tx: Transaction, acting: ActingInChannel, { messageId, status }: Message) {
  if (status !== 'SENT') throw forbidden('Only messages that are SENT can be deleted: this one waits for a channel flow, or has FAILED.')
  const place = placeOf(acting)
  const key = { ...place, messageId }
  const moment = await advance(tx, acting.channel, acting.now())
  const message = await findMessage(tx, key)
  if (!message || !(await deleteMessage(tx, key, message))) return
  await dropReactions(tx, key)
  await removePin(tx, key)
  const thread = await dropFromThread(tx, key)
  const { content: before } = message
  await emit(tx, { kind: 'MessageDeleted', moment, place, message: { ...message, updatedAt: new Date(moment.at) }, before, thread })
}
