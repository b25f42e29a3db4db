import type { ChannelCall, Handlers } from '../call.ts'
import { badRequest, forbidden, notFound } from '../errors.ts'
import { isForFlow } from '../domain/flows.ts'
import { retentionCutoff } from '../domain/expiration.ts'
import { checkMessageSize } from '../domain/sizes.ts'
import { subChannelIdOf } from '../domain/sub-channels.ts'
import { messageDetails, messageStatus, messageSummary, placeOf } from '../domain/message-events.ts'
import { deliver, edit, redact, remove, requireSent, seenMessage, send, targetOf, type Taken } from '../domain/messages.ts'
import { isRunning } from '../store/flow-runs.ts'
import { listMessages, type Message } from '../store/messages.ts'
import { once, onceInMemory } from './idempotency.ts'
import { paged } from './paging.ts'

/** The message that the bearer wants to change; NotFound is not declared there, so its absence is a Forbidden (spec/operations.md G2). */
function requireSeen(call: ChannelCall): Message {
  const message = seenMessage(call)
  if (!message) throw forbidden(`There is no such message in ${call.channel.arn}.`)
  return message
}

/** The answer, after the commit: what a flow decides on is on its way. */
function told({ channel, subChannel, deliverSoon }: ChannelCall, taken: Taken) {
  if (taken.Status.Value === 'PENDING') deliverSoon()
  return { ChannelArn: channel.arn, ...taken, SubChannelId: subChannel?.name }
}

export const messages: Handlers<
  | 'SendChannelMessage'
  | 'GetChannelMessage'
  | 'ListChannelMessages'
  | 'UpdateChannelMessage'
  | 'RedactChannelMessage'
  | 'DeleteChannelMessage'
  | 'GetChannelMessageStatus'
> = {
  async SendChannelMessage(input, call) {
    const message = {
      type: input.Type,
      persistence: input.Persistence,
      content: input.Content,
      metadata: input.Metadata,
      attributes: input.MessageAttributes,
      contentType: input.ContentType,
      pushNotification: input.PushNotification,
    }
    checkMessageSize(message.type, message)
    const ChannelArn = call.channel.arn
    const SubChannelId = call.subChannel?.name
    // Its number, since a channel that comes back under the ChannelId of a deleted one is another.
    const parent = String(call.channel.id)
    const isFlowing = isForFlow(call.channel.flowId, input.Type)
    if (input.Persistence === 'NON_PERSISTENT' && !isFlowing) {
      return onceInMemory(call, parent, input, async () => {
        const target = await targetOf(call.db, call, input.Target)
        return { ChannelArn, ...deliver(call, message, target), SubChannelId }
      })
    }
    // One that goes to all members takes a few steps which PostgreSQL can do for many messages at once.
    const sharing = input.Target || isFlowing || call.subChannel ? 'alone' : 'shared'
    const taken = await once(call, parent, input, async tx => send(tx, call, message, await targetOf(tx, call, input.Target)), sharing)
    return told(call, taken)
  },

  async GetChannelMessage(input, call) {
    const message = seenMessage(call)
    if (!message) throw notFound('The message does not exist.', `There is no message ${input.MessageId} in ${call.channel.arn}.`)
    return { ChannelMessage: messageDetails(message, placeOf(call)) }
  },

  async ListChannelMessages(input, call) {
    const { SortOrder: order = 'DESCENDING', NotBefore, NotAfter } = input
    if (NotBefore && NotAfter && NotBefore > NotAfter) {
      throw badRequest('NotBefore must not be later than NotAfter', 'Swap the two, or leave one out.')
    }
    const notBefore = new Date(Math.max(NotBefore?.getTime() ?? 0, retentionCutoff(call.now(), call.retentionDays)))
    const subChannelId = subChannelIdOf(call)
    const listing = { channelId: call.channel.id, subChannelId, viewerId: call.caller.id, order, notBefore, notAfter: NotAfter }
    const about = [call.channel.arn, String(subChannelId), order, NotBefore?.toISOString() ?? '', NotAfter?.toISOString() ?? '']
    const { items, NextToken } = await paged(call, input, about, (after, limit) => listMessages(call.db, listing, after, limit))
    return { ChannelArn: call.channel.arn, NextToken, ChannelMessages: items.map(messageSummary), SubChannelId: call.subChannel?.name }
  },

  async UpdateChannelMessage(input, call) {
    const message = requireSent(requireSeen(call))
    checkMessageSize(message.type, { content: input.Content, metadata: input.Metadata, attributes: undefined })
    const given = { content: input.Content, metadata: input.Metadata, contentType: input.ContentType }
    return told(call, await call.db.transaction(tx => edit(tx, call, message, given)))
  },

  async RedactChannelMessage(_, call) {
    const message = requireSent(requireSeen(call))
    if (!message.redacted) await call.db.transaction(tx => redact(tx, call, message))
    return { ChannelArn: call.channel.arn, MessageId: message.messageId, SubChannelId: call.subChannel?.name }
  },

  /** An admin may delete what it cannot see: a targeted message among others. */
  async DeleteChannelMessage(_, call) {
    const { message } = call
    if (!message) return
    if (message.status !== 'SENT')
      throw forbidden('Only messages that are SENT can be deleted: this one is still decided on by a channel flow, or has FAILED.')
    await call.db.transaction(tx => remove(tx, call, message))
  },

  /** For the sender only, whatever its role: the rule has seen to that. */
  async GetChannelMessageStatus(_, call) {
    const message = requireSeen(call)
    const isBeingEdited = message.status === 'SENT' && (await isRunning(call.db, call.channel.id, message.messageId))
    return { Status: isBeingEdited ? { Value: 'PENDING' } : messageStatus(message) }
  },
}
