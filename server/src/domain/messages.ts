import type { ChannelCall } from '../call.ts'
import { badRequest, forbidden } from '../errors.ts'
import type { Queries } from '../store/database.ts'
import { membershipType } from '../store/memberships.ts'
import { insertMessage, type Message, type MessageAttributes, type MessageType } from '../store/messages.ts'
import { raiseSubChannel } from '../store/sub-channels.ts'
import { advance } from './channels.ts'
import { retentionCutoff } from './expiration.ts'
import { identity, requireIdentity } from './identities.ts'
import { subChannelIdOf } from './sub-channels.ts'

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
  Status: { Value: 'SENT' as const },
  MessageAttributes: message.attributes,
  ContentType: message.contentType,
  Target: message.target && [{ MemberArn: message.target.arn }],
})

export const messageDetails = (message: Message, { channel, subChannel }: ChannelCall) => ({
  ...messageSummary(message),
  ChannelArn: channel.arn,
  SubChannelId: subChannel?.name,
  Persistence: 'PERSISTENT' as const,
})

/** The message that a call is about, where its bearer may see it: retention hides old ones, a targeted one is for sender and target. */
export function seenMessage({ message, caller, retentionDays, now }: ChannelCall): Message | undefined {
  if (message && message.createdAt.getTime() < retentionCutoff(now(), retentionDays)) return undefined
  if (!message?.target || message.sender.id === caller.id || message.target.id === caller.id) return message
  return undefined
}

export interface MessageToSend {
  readonly type: MessageType
  readonly content: string
  readonly metadata: string | undefined
  readonly attributes: MessageAttributes | undefined
  readonly contentType: string | undefined
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

/** Keeps a message and moves the LastMessageTimestamp of those who see it; returns its id. */
export async function send(tx: Queries, call: ChannelCall, message: MessageToSend, targetId: number | undefined): Promise<string> {
  const moment = await advance(tx, call.channel, call.now(), targetId === undefined ? 'message' : 'other')
  const subChannelId = subChannelIdOf(call)
  if (subChannelId !== 0 && !(await raiseSubChannel(tx, subChannelId, targetId === undefined ? moment.at : undefined))) {
    throw forbidden(`The sub-channel ${call.subChannel?.name} does not exist any more.`)
  }
  return insertMessage(tx, { ...message, channelId: call.channel.id, subChannelId, senderId: call.caller.id, targetId }, moment)
}
