import type { ChannelCall } from '../call.ts'
import { badRequest, conflict, forbidden } from '../errors.ts'
import type { Queries, Transaction } from '../store/database.ts'
import type { Identity } from '../store/identities.ts'
import { membershipType } from '../store/memberships.ts'
import { isRunning, type PushNotification } from '../store/flow-runs.ts'
import {
  deleteMessage,
  findMessage,
  insertMessage,
  passingMessageId,
  redactMessage,
  updateMessage,
  type Message,
  type MessageAttributes,
  type MessageType,
  type Persistence,
} from '../store/messages.ts'
import { raiseSubChannel } from '../store/sub-channels.ts'
import { advance } from './channels.ts'
import { retentionCutoff } from './expiration.ts'
import { enterFlow, processorsFor } from './flows.ts'
import { requireIdentity } from './identities.ts'
import { messageEvent, placeOf } from './message-events.ts'
import { subChannelIdOf } from './sub-channels.ts'

const sent = { Value: 'SENT' as const }

/**
 * The message that a call is about, where its bearer may see it: retention hides old ones, a targeted one is for sender and
 * target, and what a flow has not released is for its sender.
 */
export function seenMessage({ message, caller, retentionDays, now }: ChannelCall): Message | undefined {
  if (message && message.createdAt.getTime() < retentionCutoff(now(), retentionDays)) return undefined
  if (message && message.status !== 'SENT' && message.sender.id !== caller.id) return undefined
  if (!message?.target || message.sender.id === caller.id || message.target.id === caller.id) return message
  return undefined
}

/** Refuses to change what a flow has not released. */
export function requireSent(message: Message): Message {
  if (message.status === 'SENT') return message
  throw conflict('The message is not sent', `Its Status is ${message.status}: only a message that is SENT can be changed or redacted.`)
}

export interface MessageToSend {
  readonly type: MessageType
  readonly persistence: Persistence
  readonly content: string
  readonly metadata: string | undefined
  readonly attributes: MessageAttributes | undefined
  readonly contentType: string | undefined
  readonly pushNotification: PushNotification | undefined
}

/** The member that a targeted message is for. */
export async function targetOf(db: Queries, call: ChannelCall, target: readonly { MemberArn?: string }[] | undefined) {
  if (target === undefined) return undefined
  const [{ MemberArn } = {}] = target
  if (MemberArn === undefined) throw badRequest('A Target needs a MemberArn', 'Name the member that the message is for.')
  const member = await requireIdentity(db, MemberArn)
  if (await membershipType(db, call.channel.id, subChannelIdOf(call), member.id)) return member
  throw badRequest(
    'The Target must be a member of the channel',
    `${MemberArn} is not a member of ${call.subChannel?.name ?? call.channel.arn}.`,
  )
}

/** Where a message is once it has been taken: PENDING until the channel's flow has decided on it. */
export interface Taken {
  readonly MessageId: string
  readonly Status: { readonly Value: 'SENT' | 'PENDING' }
}

/** Moves the LastMessageTimestamp of the sub-channel that the call names, where a time is given; ForbiddenException where it is gone. */
async function requireSubChannel(tx: Queries, { subChannel }: ChannelCall, at: number | undefined) {
  if (!subChannel || (await raiseSubChannel(tx, subChannel.id, at))) return
  throw forbidden(`The sub-channel ${subChannel.name} does not exist any more.`)
}

/** A message that is taken now. */
const newMessage = (
  { caller }: ChannelCall,
  { type, persistence, content, metadata, attributes, contentType }: MessageToSend,
  given: { messageId: string; target: Identity | undefined; at: number; status: 'SENT' | 'PENDING' },
): Message => {
  const at = new Date(given.at)
  return {
    messageId: given.messageId,
    sender: caller,
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

/** Takes a message that is delivered and never kept, and that no flow decides on: it is told at once. */
export function deliver(call: ChannelCall, message: MessageToSend, target: Identity | undefined): Taken {
  const at = call.now()
  const messageId = passingMessageId(at)
  call.bus.publish(
    messageEvent('CREATE_CHANNEL_MESSAGE', newMessage(call, message, { messageId, target, at, status: 'SENT' }), placeOf(call)),
  )
  return { MessageId: messageId, Status: sent }
}

/**
 * Takes a message: one that a flow decides on is on its way then, and its sender's alone. Any other that is persistent is kept,
 * and moves the LastMessageTimestamp of those who see it.
 */
export async function send(tx: Transaction, call: ChannelCall, message: MessageToSend, target: Identity | undefined): Promise<Taken> {
  const { channel, caller, now } = call
  const subChannelId = subChannelIdOf(call)
  const whose = { channelId: channel.id, subChannelId, senderId: caller.id, targetId: target?.id }
  const processors = await processorsFor(tx, call, message.type)
  const isKept = message.persistence === 'PERSISTENT'
  const isForAll = isKept && !processors && !target
  const moment = await advance(tx, channel, now(), isForAll ? 'message' : 'other')
  await requireSubChannel(tx, call, isForAll ? moment.at : undefined)
  const tell = (
    type: 'CREATE_CHANNEL_MESSAGE' | 'PENDING_CREATE_CHANNEL_MESSAGE',
    messageId: string,
    status: 'SENT' | 'PENDING',
  ): Taken => {
    tx.tell(messageEvent(type, newMessage(call, message, { messageId, target, at: moment.at, status }), placeOf(call)))
    return { MessageId: messageId, Status: { Value: status } }
  }
  if (processors) {
    const waiting = isKept ? ('PENDING' as const) : ('PASSING' as const)
    const messageId = await insertMessage(tx, { ...message, ...whose, waiting }, moment)
    const start = { messageId, isEdit: false, sentAt: moment.at, editedAt: undefined }
    await enterFlow(tx, { ...message, ...whose, ...start, processors }, now())
    return tell('PENDING_CREATE_CHANNEL_MESSAGE', messageId, 'PENDING')
  }
  const messageId = isKept ? await insertMessage(tx, { ...message, ...whose }, moment) : passingMessageId(moment.at)
  return tell('CREATE_CHANNEL_MESSAGE', messageId, 'SENT')
}

/** Changes a message of the caller's, or starts the edit on its way through the channel's flow: then the stored version stays meanwhile. */
export async function edit(
  tx: Transaction,
  call: ChannelCall,
  { messageId, type }: Message,
  given: { content: string; metadata: string | undefined; contentType: string | undefined },
): Promise<Taken> {
  const { channel, caller, now } = call
  const subChannelId = subChannelIdOf(call)
  const { at } = await advance(tx, channel, now())
  // One that has entered a flow before the channel lost it.
  if (await isRunning(tx, channel.id, messageId)) {
    throw conflict('The message is being processed', 'It, or an earlier change of it, is still PENDING. Try again once it is SENT.')
  }
  const processors = await processorsFor(tx, call, type)
  const stored = await findMessage(tx, channel.id, subChannelId, messageId)
  if (!stored || stored.redacted) {
    throw conflict('The message has been redacted', 'A message that is redacted or deleted cannot be changed.')
  }
  const { metadata = stored.metadata, contentType = stored.contentType, content } = given
  const edited = { ...stored, content, metadata, contentType, editedAt: new Date(at), updatedAt: new Date(at) }
  if (!processors) {
    await updateMessage(tx, channel.id, subChannelId, messageId, { ...given, now: at })
    tx.tell(messageEvent('UPDATE_CHANNEL_MESSAGE', edited, placeOf(call)))
    return { MessageId: messageId, Status: sent }
  }
  const whose = { channelId: channel.id, subChannelId, messageId, senderId: caller.id, targetId: stored.target?.id }
  const { attributes, persistence } = stored
  const what = { content, metadata, contentType, attributes, pushNotification: undefined, persistence }
  const times = { isEdit: true, sentAt: stored.createdAt.getTime(), editedAt: at }
  await enterFlow(tx, { ...whose, ...what, ...times, processors }, now())
  tx.tell(messageEvent('PENDING_UPDATE_CHANNEL_MESSAGE', { ...edited, status: 'PENDING' }, placeOf(call)))
  return { MessageId: messageId, Status: { Value: 'PENDING' } }
}

/** Takes away for good what a message says; one that is redacted or gone meanwhile stays as it is. */
export async function redact(tx: Transaction, call: ChannelCall, { messageId }: Message) {
  const place = placeOf(call)
  const { at } = await advance(tx, call.channel, call.now())
  if (!(await redactMessage(tx, place.channelId, place.subChannelId, messageId, at))) return
  const redacted = await findMessage(tx, place.channelId, place.subChannelId, messageId)
  if (redacted) tx.tell(messageEvent('REDACT_CHANNEL_MESSAGE', redacted, place))
}

/** Removes a message, unless it is gone meanwhile. */
export async function remove(tx: Transaction, call: ChannelCall, { messageId }: Message) {
  const place = placeOf(call)
  const { at } = await advance(tx, call.channel, call.now())
  const message = await findMessage(tx, place.channelId, place.subChannelId, messageId)
  if (!message || !(await deleteMessage(tx, place.channelId, place.subChannelId, message))) return
  tx.tell(messageEvent('DELETE_CHANNEL_MESSAGE', { ...message, updatedAt: new Date(at) }, place))
}
