import type { Input } from '../contract/index.ts'
import { retentionCutoff } from '../tools/retention.ts'
import type { ChannelCall, Handlers } from './call.ts'
import { badRequest, forbidden, notFound } from '../errors.ts'
import { seenMessage } from '../auth/roles/sight.ts'
import { subChannelIdOf } from '../domain/sub-channels.ts'
import { edit, placeOf, redact, remove, takingOf, type Taken } from '../domain/messages.ts'
import { messageDetails, messageStatus, messageSummary } from '../present/messages.ts'
import { isRunning } from '../store/flow-runs.ts'
import { listMessages, type Message, type Viewing } from '../store/messages.ts'
import { actingIn } from './acting.ts'
import { once, onceInMemory, type StoredForm } from './idempotency.ts'
import { namedIfGiven } from './named.ts'
import { paged } from './paging.ts'

/**
 * Returns the message that the bearer wants to change; a missing one is Forbidden (docs/service/operations.md#missing-resources).
 */
function requireSeen(call: ChannelCall): Message {
  const message = seenMessage(call.facts, call.now())
  if (!message) throw forbidden(`There is no such message in ${call.facts.channel.arn}.`)
  return message
}

/** Returns the message that the call names. Throws NotFoundException if the bearer does not see it. */
export function requireMessage(call: ChannelCall, id: string): Message {
  const message = seenMessage(call.facts, call.now())
  if (!message) throw notFound('The message does not exist.', `There is no message ${id} in ${call.facts.channel.arn}.`)
  return message
}

/** The viewer, and the channel or sub-channel whose messages it sees. */
export const viewingOf = ({ facts, now }: ChannelCall): Viewing => ({
  channelId: facts.channel.id,
  subChannelId: subChannelIdOf(facts),
  viewerId: facts.caller.id,
  notBefore: retentionCutoff(now(), facts.retentionDays),
})

const answer = ({ facts: { channel, subChannel } }: ChannelCall, taken: Taken) => ({
  ChannelArn: channel.arn,
  ...taken,
  SubChannelId: subChannel?.name,
})

/** The bytes of the MessageId, and one more if the message is PENDING. */
const takenForm: StoredForm<Taken> = {
  toBytes: ({ MessageId, Status }) => Buffer.from(Status.Value === 'PENDING' ? `${MessageId}01` : MessageId, 'hex'),
  fromBytes(bytes) {
    const digits = Buffer.from(bytes).toString('hex')
    return { MessageId: digits.slice(0, 64), Status: { Value: digits.length > 64 ? 'PENDING' : 'SENT' } }
  },
}

/** Throws for a period that ends before it begins. */
export function checkPeriod({ NotBefore, NotAfter }: { NotBefore?: Date; NotAfter?: Date }) {
  if (NotBefore && NotAfter && NotBefore > NotAfter) {
    throw badRequest('NotBefore must not be later than NotAfter', 'Swap the two, or leave one out.')
  }
}

/** The target of a message; undefined for a message to all members. */
function targetOf(input: Input<'SendChannelMessage'>, call: ChannelCall) {
  const target = namedIfGiven(call, 'Target')
  if (input.Target && !target) throw badRequest('A Target needs a MemberArn', 'Give the MemberArn of the member that the message is for.')
  return target
}

export const messages = {
  async SendChannelMessage(input, call) {
    const taking = takingOf(actingIn(call), {
      type: input.Type,
      persistence: input.Persistence,
      content: input.Content,
      metadata: input.Metadata,
      attributes: input.MessageAttributes,
      contentType: input.ContentType,
      pushNotification: input.PushNotification,
      target: targetOf(input, call),
      hiddenBefore: viewingOf(call).notBefore,
    })
    // The channel's id in the database: a new channel under the ChannelId of a deleted one has another.
    const parent = String(call.facts.channel.id)
    if (taking.isStored) return answer(call, await once(call, parent, input, taking.take, takenForm))
    return onceInMemory(call, parent, input, async () => answer(call, await taking.take(call.db, call.bus)))
  },

  async GetChannelMessage(input, call) {
    return { ChannelMessage: messageDetails(requireMessage(call, input.MessageId), placeOf(call.facts)) }
  },

  async ListChannelMessages(input, call) {
    const { facts } = call
    const { SortOrder: order = 'DESCENDING', NotBefore, NotAfter } = input
    checkPeriod(input)
    const notBefore = new Date(Math.max(NotBefore?.getTime() ?? 0, retentionCutoff(call.now(), facts.retentionDays)))
    const subChannelId = subChannelIdOf(facts)
    const listing = { channelId: facts.channel.id, subChannelId, viewerId: facts.caller.id, order, notBefore, notAfter: NotAfter }
    const about = [facts.channel.arn, String(subChannelId), order, NotBefore?.toISOString() ?? '', NotAfter?.toISOString() ?? '']
    const { items, NextToken } = await paged(call, input, about, (after, limit) => listMessages(call.db, listing, after, limit))
    return { ChannelArn: facts.channel.arn, NextToken, ChannelMessages: items.map(messageSummary), SubChannelId: facts.subChannel?.name }
  },

  async UpdateChannelMessage(input, call) {
    const message = requireSeen(call)
    const given = { content: input.Content, metadata: input.Metadata, contentType: input.ContentType }
    return answer(call, await call.db.transaction(tx => edit(tx, actingIn(call), message, given)))
  },

  async RedactChannelMessage(_, call) {
    const message = requireSeen(call)
    await call.db.transaction(tx => redact(tx, actingIn(call), message))
    return { ChannelArn: call.facts.channel.arn, MessageId: message.messageId, SubChannelId: call.facts.subChannel?.name }
  },

  /** An admin may delete a message that it cannot see, such as a targeted one. */
  async DeleteChannelMessage(_, call) {
    const { message } = call.facts
    if (message) await call.db.transaction(tx => remove(tx, actingIn(call), message))
  },

  /** For the sender only, whatever the caller's role; the rule of the operation has checked that. */
  async GetChannelMessageStatus(_, call) {
    const message = requireSeen(call)
    const isBeingEdited = message.status === 'SENT' && (await isRunning(call.db, call.facts.channel.id, message.messageId))
    return { Status: isBeingEdited ? { Value: 'PENDING' } : messageStatus(message) }
  },
} satisfies Partial<Handlers>
