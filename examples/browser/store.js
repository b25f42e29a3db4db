/** The state of the page: channels with their messages, users with their presence. */

/**
 * By ARN: { arn, name, last, unread, mentions, first, messages, reactions, replies, pins, members, online, typing, next, isStale, draft }. `last`
 * is when the newest message was sent, `first` the first unread one; `messages`, `reactions`, `replies` and `pins` are by MessageId.
 */
export const channels = new Map()
/** By ARN: the last UPDATE_PRESENCE of each user. */
export const people = new Map()

let user, chosen, composing
const roles = { isAdmin: false, moderated: new Set() }

export const me = () => user
export const current = () => chosen
export const signIn = arn => (user = arn)
export const choose = arn => (chosen = arn)
/** { message, isEdit }: the message that the text in the field replies to, or changes; undefined for a new message. */
export const composed = () => composing
export const compose = composed => (composing = composed)

export const keepRoles = learnt => Object.assign(roles, learnt)
export const mayModerate = channel => roles.isAdmin || roles.moderated.has(channel.arn)
export const mayDelete = () => roles.isAdmin

const isMine = ({ Sender }) => Sender.Arn === user
const isThere = ({ isDeleted, Redacted, Status }) => !isDeleted && !Redacted && (!Status || Status.Value === 'SENT')
export const mayEdit = message => isMine(message) && isThere(message)
export const mayRemove = (message, channel) => isThere(message) && (isMine(message) || mayModerate(channel))
/** The newest message of the user that can be changed. */
export const lastOfMine = channel => inOrder(channel).findLast(mayEdit)

/** The messages that are shown, the oldest first. */
export const inOrder = channel =>
  [...channel.messages.values()].filter(({ isDeleted }) => !isDeleted).toSorted((a, b) => a.CreatedTimestamp - b.CreatedTimestamp)

export const threadOf = ({ MessageAttributes }) => MessageAttributes?.['CARILLON.thread']?.StringValues[0]

/** A message from a call, an event or the prefetch: it may come from all three, and an older state of it after a newer one. */
export function keep(channel, given, isDeleted = false) {
  if (given.Type === 'CONTROL') return
  const [CreatedTimestamp, LastUpdatedTimestamp] = [new Date(given.CreatedTimestamp), new Date(given.LastUpdatedTimestamp)]
  const known = channel.messages.get(given.MessageId)
  if (known && (known.isDeleted || known.LastUpdatedTimestamp > LastUpdatedTimestamp)) return
  channel.messages.set(given.MessageId, { ...given, CreatedTimestamp, LastUpdatedTimestamp, isDeleted })
  if (!isDeleted && !given.Redacted) return
  channel.reactions.delete(given.MessageId)
  channel.pins.delete(given.MessageId)
}

/** `counts` is an item of ListChannelUnreadCounts, or the details of a channel, which may be without counts. */
export function keepChannel({ ChannelArn, Name, LastMessageTimestamp }, counts) {
  const known = channels.get(ChannelArn) ?? {
    arn: ChannelArn,
    unread: 0,
    mentions: 0,
    messages: new Map(),
    reactions: new Map(),
    replies: new Map(),
    pins: new Map(),
    typing: new Map(),
    members: [],
  }
  channels.set(ChannelArn, Object.assign(known, { name: Name, last: new Date(LastMessageTimestamp ?? 0) }))
  if (counts.UnreadCount !== undefined) {
    Object.assign(known, { unread: counts.UnreadCount, mentions: counts.UnreadMentionCount, first: counts.FirstUnreadMessageId })
  }
  return known
}

export function keepOnly(arns) {
  for (const arn of channels.keys()) if (!arns.has(arn)) channels.delete(arn)
  if (!channels.has(chosen)) chosen = undefined
}

export function keepOnline(arn, count) {
  const channel = channels.get(arn)
  if (channel) channel.online = count
}

/** The state may be out of date; it stays until it is read again. */
export function forget() {
  for (const channel of channels.values()) {
    Object.assign(channel, { messages: new Map(), reactions: new Map(), replies: new Map(), typing: new Map(), isStale: true })
  }
}

export function hearMessage(channel, type, event) {
  // Only the sender hears of a message that a channel flow holds.
  const isNew =
    /^(PENDING_)?CREATE_CHANNEL_MESSAGE$/.test(type) && event.Persistence === 'PERSISTENT' && !channel.messages.has(event.MessageId)
  keep(channel, event, type === 'DELETE_CHANNEL_MESSAGE')
  channel.typing.delete(event.Sender.Arn)
  if (!isNew) return
  channel.last = new Date(event.CreatedTimestamp)
  if (event.Type !== 'STANDARD') return
  // A user who sends a message has read what came before it, on all devices.
  if (event.Sender.Arn === user) Object.assign(channel, { unread: 0, mentions: 0, first: undefined })
  else {
    channel.unread++
    channel.first ??= event.MessageId
    if (event.MessageAttributes?.['CHIME.mentions']?.StringValues.includes(user)) channel.mentions++
  }
}

const typingMilliseconds = 11_000

export function hearTyping(channel, { Member, IsTyping }) {
  if (IsTyping) channel.typing.set(Member.Arn, { name: Member.Name, until: Date.now() + typingMilliseconds })
  else channel.typing.delete(Member.Arn)
}

/** The server ends typing too; this is for a connection that is lost. */
export function endTyping() {
  for (const { typing } of channels.values()) for (const [arn, { until }] of typing) if (until < Date.now()) typing.delete(arn)
}

export const reactionsOfMine = (channel, messageId) =>
  (channel.reactions.get(messageId) ?? []).filter(({ Me }) => Me).map(({ Reaction }) => Reaction)

/** The event has the counts, which are the same for all, and the reactions of one member. */
export function hearReactions(channel, { MessageId, Member, MemberReactions, Reactions }) {
  const mine = Member.Arn === user ? MemberReactions : reactionsOfMine(channel, MessageId)
  channel.reactions.set(
    MessageId,
    Reactions.map(({ Reaction, Count }) => ({ Reaction, Count, Me: mine.includes(Reaction) })),
  )
}
