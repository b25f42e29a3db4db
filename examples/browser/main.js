/** A small chat with the stock amazon-chime-sdk-js, and what Carillon has beyond Amazon. README.md beside it says how to run it. */

import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import {
  ConsoleLogger,
  DefaultMessagingSession,
  DefaultSigV4,
  DefaultWebSocketAdapter,
  LogLevel,
  MessagingSessionConfiguration,
  PrefetchOn,
} from 'amazon-chime-sdk-js'
import { Carillon } from 'carillon/client'
import { $, nameOf, showChannels, showError, showFound, showMessages, showPeople, showPins, showState, showTyping } from './show.js'
import * as store from './store.js'

const { channels, people } = store
let messaging, carillon, session
let hasConnected = false

/** The events that Amazon does not have: a session hears those that its URL asks for. */
const events = ['unread', 'typing', 'reaction', 'thread', 'pin']

const attempt = (act, place) => void act().catch(error => showError(error, place))
const current = () => channels.get(store.current())
const as = () => ({ ChimeBearer: store.me() })

const actions = { open, pin, react, reply }

function show() {
  showChannels(actions)
  showMessages(actions)
  showPins()
}

// ---- Reading

/** One after the other, so that an older answer never comes last. */
let listing = Promise.resolve()
const listChannels = () => (listing = listing.catch(() => {}).then(listChannelsNow))

async function listChannelsNow() {
  const listed = new Set()
  let NextToken
  do {
    const page = await carillon.call('ListChannelUnreadCounts', { SortBy: 'LAST_MESSAGE', IncludeFirstUnread: true, NextToken, ...as() })
    for (const entry of page.ChannelMemberships) listed.add(store.keepChannel(entry.ChannelSummary, entry).arn)
    ;({ NextToken } = page)
  } while (NextToken)
  store.keepOnly(listed)
  show()
}

async function listMessages(channel, NextToken) {
  const about = { ChannelArn: channel.arn, ...as() }
  const page = await messaging.listChannelMessages({ ...about, MaxResults: 50, NextToken })
  for (const message of page.ChannelMessages) store.keep(channel, message)
  channel.next = page.NextToken
  channel.isStale = false
  showMessages(actions)
  if (page.ChannelMessages.length === 0) return
  const MessageIds = page.ChannelMessages.map(({ MessageId }) => MessageId)
  const [reactions, threads] = await Promise.all([
    carillon.call('BatchGetMessageReactions', { ...about, MessageIds }),
    carillon.call('BatchGetThreads', { ...about, MessageIds }),
  ])
  for (const { MessageId, Reactions } of reactions.MessageReactions) channel.reactions.set(MessageId, Reactions)
  for (const { MessageId, ReplyCount } of threads.Threads) channel.replies.set(MessageId, ReplyCount)
  showMessages(actions)
}

/** Reads all pins of the channel. */
async function listPins(channel) {
  const pinned = []
  let NextToken
  do {
    const page = await carillon.call('ListPinnedMessages', { ChannelArn: channel.arn, NextToken, ...as() })
    pinned.push(...page.PinnedMessages)
    ;({ NextToken } = page)
  } while (NextToken)
  channel.pins = new Map(pinned.map(({ Message }) => [Message.MessageId, Message]))
  show()
}

/** Learns whether the user may pin: moderators and AppInstanceAdmins may, and nobody else may list the moderators. */
async function learnWhetherMayPin(channel) {
  const asked = messaging.listChannelModerators({ ChannelArn: channel.arn, MaxResults: 1, ...as() })
  channel.mayPin = await asked.then(
    () => true,
    () => false,
  )
  show()
}

/** Reads who is in the channel, and watches from now on who of them is online. */
async function watch(channel) {
  const { ChannelMemberships } = await messaging.listChannelMemberships({ ChannelArn: channel.arn, ...as() })
  channel.members = ChannelMemberships.map(({ Member }) => Member)
  showPeople()
  const SessionId = session.configuration.messagingSessionId
  if (hasConnected) await carillon.call('WatchPresence', { SessionId, ChannelArns: [channel.arn], ...as() })
}

async function markRead() {
  const channel = current()
  if (!channel || channel.unread === 0 || document.hidden) return
  Object.assign(channel, { unread: 0, mentions: 0, first: undefined })
  showChannels(actions)
  await messaging.updateChannelReadMarker({ ChannelArn: channel.arn, ...as() })
}

/** Events during a lost connection may be missing, so everything is read again. Until then the screen stays as it is. */
async function readAll() {
  store.forget()
  await listChannels()
  const channel = current()
  if (channel) await Promise.all([listMessages(channel), listPins(channel), watch(channel)])
  await markRead()
}

// ---- Events

function hear({ type, payload }) {
  const event = JSON.parse(payload)
  // SESSION_ESTABLISHED has no payload.
  if (!event) return
  const channel = channels.get(event.ChannelArn)
  if (type === 'CHANNEL_DETAILS') {
    const known = store.keepChannel(event.Channel, event)
    for (const message of event.ChannelMessages) store.keep(known, message)
  } else if (type === 'UPDATE_PRESENCE') {
    for (const presence of event.Presences) people.set(presence.AppInstanceUserArn, presence)
    for (const { ChannelArn, OnlineMemberCount } of event.Channels) store.keepOnline(ChannelArn, OnlineMemberCount)
    showPeople()
  } else if (type === 'PIN_CHANNEL_MESSAGE') {
    // Of another channel they are listed when it is opened.
    if (channel && channel === current()) attempt(() => listPins(channel))
  } else if (type === 'UNPIN_CHANNEL_MESSAGE') {
    channel?.pins.delete(event.MessageId)
  } else if (type.endsWith('_CHANNEL_MESSAGE')) {
    if (channel) store.hearMessage(channel, type, event)
  } else if (type === 'UPDATE_CHANNEL_UNREAD') {
    if (channel) Object.assign(channel, { unread: event.UnreadCount, mentions: event.UnreadMentionCount })
  } else if (type === 'UPDATE_TYPING_INDICATOR') {
    if (channel) store.hearTyping(channel, event)
  } else if (type === 'UPDATE_CHANNEL_MESSAGE_REACTIONS') {
    if (channel) store.hearReactions(channel, event)
  } else if (type === 'UPDATE_CHANNEL_THREAD') {
    channel?.replies.set(event.MessageId, event.ReplyCount)
  } else if (type.endsWith('_CHANNEL') || (event.Members ?? [event.Member]).some(member => member?.Arn === store.me())) {
    // A channel has changed, or the user has joined or left one.
    attempt(listChannels)
  }
  show()
  showTyping()
  attempt(markRead)
}

/** Asks for events by a parameter of the URL, which is signed with it. */
class AskingSigV4 extends DefaultSigV4 {
  signURL(method, scheme, service, host, path, body, query) {
    return super.signURL(method, scheme, service, host, path, body, new Map([...query, ['carillon-events', [events.join()]]]))
  }
}

/** The session reports when it tries to connect, not when a connection has ended; its socket does. */
class ObservedSocket extends DefaultWebSocketAdapter {
  create(url, ...rest) {
    super.create(url, ...rest)
    this.addEventListener('close', ({ code, reason }) => {
      showState('reconnecting', `Reconnecting… (${code}${reason ? ` ${reason}` : ''})`)
      if (!hasConnected && code === 1006) showError({ distrusted: new URL(url).host })
    })
  }
}

const hasStopped = ({ code, reason }) => showState('closed', `Closed (${code}${reason ? ` ${reason}` : ''})`)
// This is the only report of a session that gives up, or is refused, while it reconnects.
addEventListener('unhandledrejection', event => {
  if (!(event.reason instanceof CloseEvent)) return
  event.preventDefault()
  hasStopped(event.reason)
})

function newSession() {
  const configuration = new MessagingSessionConfiguration(store.me(), null, undefined, messaging)
  configuration.prefetchOn = PrefetchOn.Connect
  // At a lower level the SDK prints the signed URL.
  const logger = new ConsoleLogger('chat', LogLevel.WARN)
  const made = new DefaultMessagingSession(configuration, logger, new ObservedSocket(logger), undefined, new AskingSigV4(messaging))
  made.addObserver({
    messagingSessionDidStartConnecting: isAgain => showState('connecting', isAgain ? 'Reconnecting…' : 'Connecting…'),
    messagingSessionDidStart() {
      hasConnected = true
      showState('connected', 'Connected')
      showError()
      attempt(readAll)
    },
    messagingSessionDidStop: hasStopped,
    messagingSessionDidReceiveMessage: message => hear(message),
  })
  return made
}

// ---- Calls

const connect = () => void session.start().catch(hasStopped)
const on = (selector, type, act) => $(selector).addEventListener(type, act)

function open(arn) {
  store.choose(arn)
  const channel = current()
  // The line above the new messages stays while the channel is open.
  channel.newFrom = channel.first
  reply()
  $('#messages').replaceChildren()
  $('#pins').open = false
  show()
  showPeople()
  showTyping()
  $('#send').content.focus()
  attempt(() => listMessages(channel))
  attempt(() => listPins(channel))
  attempt(() => learnWhetherMayPin(channel))
  attempt(() => watch(channel))
  attempt(markRead)
}

/** Adds a reaction of the user to a message, or removes it: a call replaces all of them. */
function react(messageId, reaction) {
  const channel = current()
  const mine = store.reactionsOfMine(channel, messageId)
  const Reactions = mine.includes(reaction) ? mine.filter(each => each !== reaction) : [...mine, reaction]
  attempt(async () => {
    const answer = await carillon.call('PutMessageReactions', { ChannelArn: channel.arn, MessageId: messageId, Reactions, ...as() })
    channel.reactions.set(messageId, answer.Reactions)
    showMessages(actions)
  })
}

/** Pins a message, or unpins it; the event changes the screen. */
function pin(MessageId) {
  const channel = current()
  const operation = channel.pins.has(MessageId) ? 'UnpinMessage' : 'PinMessage'
  attempt(() => carillon.call(operation, { ChannelArn: channel.arn, MessageId, ...as() }))
}

function reply(message) {
  store.replyTo(message)
  $('#replying').hidden = !message
  if (!message) return
  $('#replying > span').textContent = `Reply to ${message.Sender.Name || nameOf(message.Sender.Arn)}: ${message.Content}`
  $('#send').content.focus()
}

/** Sends that the user types, at most every five seconds. */
let saidTyping = 0
function sayTyping(IsTyping) {
  if (IsTyping ? Date.now() - saidTyping < 5000 : saidTyping === 0) return
  saidTyping = IsTyping ? Date.now() : 0
  attempt(() => carillon.call('SendTypingIndicator', { ChannelArn: store.current(), IsTyping, ...as() }))
}

on('#sign-in', 'submit', submitted => {
  submitted.preventDefault()
  const { endpoint, user, accessKeyId, secretAccessKey, sessionToken } = Object.fromEntries(new FormData(submitted.target))
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
  messaging = new ChimeSDKMessaging({ endpoint, region: user.split(':')[3], credentials })
  carillon = new Carillon({ endpoint, credentials })
  store.signIn(user)
  attempt(async () => {
    await listChannels()
    const { Presences } = await carillon.call('BatchGetPresence', { AppInstanceUserArns: [user], ...as() })
    $('#status').value = Presences[0]?.Status ?? 'AVAILABLE'
    $('#sign-in').hidden = true
    $('#chat').hidden = false
    $('#me').textContent = nameOf(user)
    session = newSession()
    connect()
  }, '#sign-in')
})

on('#send', 'submit', submitted => {
  submitted.preventDefault()
  const [channel, input, message] = [current(), submitted.target.content, store.repliesTo()]
  // A reply to a reply is one more reply in the same thread.
  const root = message && (store.threadOf(message) ?? message.MessageId)
  attempt(async () => {
    await messaging.sendChannelMessage({
      ChannelArn: channel.arn,
      Content: input.value,
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      ...(root && { MessageAttributes: { 'CARILLON.thread': { StringValues: [root] } } }),
      ...as(),
    })
    input.value = ''
    saidTyping = 0
    reply()
    showError()
    // Otherwise the session sends it to the sender too.
    if ($('#state').dataset.state !== 'connected') await listMessages(channel)
  })
})

on('#search', 'submit', submitted => {
  submitted.preventDefault()
  const SearchText = submitted.target.text.value.trim()
  if (SearchText === '') return showFound()
  attempt(async () => {
    showFound(await carillon.call('SearchMessages', { SearchText, MaxResults: 20, ...as() }), actions)
    showError()
  })
})
on('#search', 'input', ({ target }) => target.value === '' && showFound())
on('#send', 'input', ({ target }) => sayTyping(target.value !== ''))
on('#status', 'change', ({ target }) =>
  attempt(() => carillon.call('PutPresenceStatus', { AppInstanceUserArn: store.me(), Status: target.value, ...as() })),
)
on('#earlier', 'click', () => attempt(() => listMessages(current(), current().next)))
on('#no-reply', 'click', () => reply())
on('#again', 'click', connect)
on('#back', 'click', () => {
  store.choose(undefined)
  show()
})
on('#sign-out', 'click', () => location.reload())
document.addEventListener('visibilitychange', () => attempt(markRead))
setInterval(() => {
  store.endTyping()
  showTyping()
}, 1000)
