import type { ChannelCall } from '../call.ts'
import { badRequest, conflict, forbidden } from '../errors.ts'
import type { Queries } from '../store/database.ts'
import { membershipType } from '../store/memberships.ts'
import { isRunning, type PushNotification } from '../store/flow-runs.ts'
import {
  findMessage,
  insertMessage,
  passingMessageId,
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
import { identity, requireIdentity } from './identities.ts'
import { subChannelIdOf } from './sub-channels.ts'

const sent = { Value: 'SENT' as const }

/** What a list shows of a message; the whole of it adds the channel. */
export const messageSummary = (message: Message) => ({
  MessageId: message.messageId,
  Content: message.content,
  Metadata: message.metadata,
  Type: message.type,
  CreatedTimestamp: message.createdAt,
  LastUpdatedTimestamp: message.updatedAt,
  LastEditedTimestamp: message.editedAt,
  Sender: identity(message.sender),
  Redacted: message.redacted,
  Status: { Value: message.status },
  MessageAttributes: message.attributes,
  ContentType: message.contentType,
  Target: message.target && [{ MemberArn: message.target.arn }],
})

export const messageDetails = (message: Message, { channel, subChannel }: ChannelCall) => ({
  ...messageSummary(message),
  ChannelArn: channel.arn,
  SubChannelId: subChannel?.name,
  Persistence: message.persistence,
})

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

/**
 * Takes a message: one that a flow decides on is on its way then, and its sender's alone. Any other that is persistent is kept,
 * and moves the LastMessageTimestamp of those who see it.
 */
export async function send(tx: Queries, call: ChannelCall, message: MessageToSend, targetId: number | undefined): Promise<Taken> {
  const { channel, caller, now } = call
  const subChannelId = subChannelIdOf(call)
  const whose = { channelId: channel.id, subChannelId, senderId: caller.id, targetId }
  const processors = await processorsFor(tx, call, message.type)
  if (processors) {
    const moment = await advance(tx, channel, now())
    await requireSubChannel(tx, call, undefined)
    const waiting = message.persistence === 'PERSISTENT' ? ('PENDING' as const) : ('PASSING' as const)
    const MessageId = await insertMessage(tx, { ...message, ...whose, waiting }, moment)
    const start = { messageId: MessageId, isEdit: false, sentAt: moment.at, editedAt: undefined }
    await enterFlow(tx, { ...message, ...whose, ...start, processors }, now())
    return { MessageId, Status: { Value: 'PENDING' } }
  }
  if (message.persistence === 'NON_PERSISTENT') return { MessageId: passingMessageId(now()), Status: sent }
  const moment = await advance(tx, channel, now(), targetId === undefined ? 'message' : 'other')
  await requireSubChannel(tx, call, targetId === undefined ? moment.at : undefined)
  return { MessageId: await insertMessage(tx, { ...message, ...whose }, moment), Status: sent }
}

/** Changes a message of the caller's, or starts the edit on its way through the channel's flow: then the stored version stays meanwhile. */
export async function edit(
  tx: Queries,
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
  const stored = processors && (await findMessage(tx, channel.id, subChannelId, messageId))
  if (stored && !stored.redacted) {
    const { metadata = stored.metadata, contentType = stored.contentType, content } = given
    const whose = { channelId: channel.id, subChannelId, messageId, senderId: caller.id, targetId: stored.target?.id }
    const what = {
      content,
      metadata,
      contentType,
      attributes: stored.attributes,
      pushNotification: undefined,
      persistence: stored.persistence,
    }
    const times = { isEdit: true, sentAt: stored.createdAt.getTime(), editedAt: at }
    await enterFlow(tx, { ...whose, ...what, ...times, processors }, now())
    return { MessageId: messageId, Status: { Value: 'PENDING' } }
  }
  if (!(await updateMessage(tx, channel.id, subChannelId, messageId, { ...given, now: at }))) {
    throw conflict('The message has been redacted', 'A message that is redacted or deleted cannot be changed.')
  }
  return { MessageId: messageId, Status: sent }
}
