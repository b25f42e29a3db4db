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
import {
  $,
  confirmed,
  nameOf,
  showChannels,
  showComposer,
  showError,
  showFound,
  showMessage,
  showMessages,
  showPeople,
  showPins,
  showState,
  showTyping,
} from './show.js'
import * as store from './store.js'

const { channels, people } = store
let messaging, carillon, session
let hasConnected = false

/** The events that Amazon does not have: a session hears those that its URL asks for. */
const events = ['unread', 'typing', 'reaction', 'thread', 'pin']

const isConnected = () => $('#state').dataset.state === 'connected'
const attempt = (act, place) => act().catch(error => showError(error, place))
const current = () => channels.get(store.current())
const as = () => ({ ChimeBearer: store.me() })

const actions = { edit, look, open, pin, react, remove, reply }

let showing
function show() {
  clearTimeout(showing)
  showing = undefined
  showChannels(actions)
  showMessages(actions)
  showPins(actions)
  showPeople()
  showTyping()
}

/** Events come in bursts, each of which is shown once. A hidden page has no animation frames, and its title counts what is unread. */
const showSoon = () => (showing ??= setTimeout(show, 50))

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
  showSoon()
}

/** Learns whether the user is an AppInstanceAdmin: the server refuses this list to everybody else. If it fails, the page knows no better. */
async function learnAdmin() {
  const asked = { AppInstanceArn: store.me().split('/user/')[0], Privacy: 'PRIVATE', MaxResults: 1, ...as() }
  const isAdmin = await messaging.listChannels(asked).then(Boolean, error => {
    if (error.name === 'ForbiddenException') return false
    throw error
  })
  store.keepRoles({ isAdmin })
  showSoon()
}

/** Learns in which channels the user is a moderator; no event says so. If it fails, the page only offers less. */
async function learnModerated() {
  const moderated = new Set()
  let NextToken
  do {
    const page = await messaging.listChannelsModeratedByAppInstanceUser({ NextToken, ...as() })
    for (const { ChannelSummary } of page.Channels) moderated.add(ChannelSummary.ChannelArn)
    ;({ NextToken } = page)
  } while (NextToken)
  store.keepRoles({ moderated })
  showSoon()
}

async function listMessages(channel, NextToken) {
  const about = { ChannelArn: channel.arn, ...as() }
  const page = await messaging.listChannelMessages({ ...about, MaxResults: 50, NextToken })
  for (const message of page.ChannelMessages) store.keep(channel, message)
  channel.next = page.NextToken
  channel.isStale = false
  showSoon()
  if (page.ChannelMessages.length === 0) return
  const MessageIds = page.ChannelMessages.map(({ MessageId }) => MessageId)
  const [reactions, threads] = await Promise.all([
    carillon.call('BatchGetMessageReactions', { ...about, MessageIds }),
    carillon.call('BatchGetThreads', { ...about, MessageIds }),
  ])
  for (const { MessageId, Reactions } of reactions.MessageReactions) channel.reactions.set(MessageId, Reactions)
  for (const { MessageId, ReplyCount } of threads.Threads) channel.replies.set(MessageId, ReplyCount)
  showSoon()
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
  showSoon()
}

/** Reads who is in the channel, and watches from now on who of them is online. The server names up to 100 members, and counts more. */
async function watch(channel) {
  const about = { ChannelArn: channel.arn, MaxResults: 50, ...as() }
  const page = await messaging.listChannelMemberships(about)
  const rest = page.NextToken && (await messaging.listChannelMemberships({ ...about, NextToken: page.NextToken }))
  channel.members = [...page.ChannelMemberships, ...(rest?.ChannelMemberships ?? [])].map(({ Member }) => Member)
  showSoon()
  // The first event of a watch has no number if the members have names again. Until it comes the screen stays as it is.
  store.keepOnline(channel.arn, undefined)
  const SessionId = session.configuration.messagingSessionId
  if (isConnected()) await carillon.call('WatchPresence', { SessionId, ChannelArns: [channel.arn], ...as() })
}

async function markRead() {
  const channel = current()
  if (!channel || channel.unread === 0 || document.hidden) return
  Object.assign(channel, { unread: 0, mentions: 0, first: undefined })
  showSoon()
  await messaging.updateChannelReadMarker({ ChannelArn: channel.arn, ...as() })
}

/** Events during a lost connection may be missing, so everything is read again. Until then the screen stays as it is. */
async function readAll() {
  store.forget()
  learnAdmin().catch(() => {})
  learnModerated().catch(() => {})
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
  } else if (type === 'PIN_CHANNEL_MESSAGE') {
    // Of another channel they are listed when it is opened.
    if (channel && channel === current()) attempt(() => listPins(channel))
  } else if (type === 'UNPIN_CHANNEL_MESSAGE') {
    channel?.pins.delete(event.MessageId)
  } else if (type.endsWith('_CHANNEL_MESSAGE')) {
    if (channel) store.hearMessage(channel, type, event)
    // Whether the message was unread is known to the server only.
    if (channel?.unread > 0 && /^(REDACT|DELETE)_/.test(type)) attempt(listChannels)
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
  showSoon()
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

/** Opens a channel. Its id is in the address, so that Back leads to the channel before. Resolves once its newest messages are there. */
function open(arn, { isForWriting = true } = {}) {
  if (channelInAddress() !== arn) history.pushState(null, '', `#${encodeURIComponent(nameOf(arn))}`)
  leave()
  store.choose(arn)
  const channel = current()
  // The line above the new messages stays while the channel is open.
  channel.newFrom = channel.first
  $('#send').content.value = channel.draft ?? ''
  $('#messages').replaceChildren()
  $('#pins').open = false
  $('#pins').hidden = true
  show()
  if (isForWriting) $('#send').content.focus()
  attempt(() => listPins(channel))
  attempt(() => watch(channel))
  attempt(markRead)
  learnModerated().catch(() => {})
  return attempt(() => listMessages(channel))
}

/** How many pages of earlier messages are read at the most for a message that is to be shown. */
const mostPages = 40

/** Opens the channel of a message and scrolls to the message, for which it reads earlier messages. */
async function look(arn, messageId) {
  const from = document.activeElement
  if (arn !== store.current()) await open(arn, { isForWriting: false })
  const channel = channels.get(arn)
  await attempt(async () => {
    for (let pages = 0; !channel.messages.has(messageId) && channel.next && channel === current(); pages++) {
      if (pages === mostPages) throw new Error('This message is far back: press Earlier messages to go on towards it.')
      await listMessages(channel, channel.next)
    }
  })
  if (channel !== current()) return
  show()
  // The keyboard goes there too, unless the user has gone elsewhere meanwhile.
  showMessage(messageId, [from, document.body].includes(document.activeElement))
}

/** Keeps what is written in the open channel, and ends a reply or a change. */
function leave() {
  compose()
  const channel = current()
  if (channel) channel.draft = $('#send').content.value
  store.choose(undefined)
}

function channelInAddress() {
  // Anything may stand in the address, and decoding it would throw.
  const id = location.hash.slice(1)
  return [...channels.keys()].find(arn => encodeURIComponent(nameOf(arn)) === id)
}

function openFromAddress() {
  const arn = channelInAddress()
  if (arn === store.current()) return
  if (arn) {
    open(arn)
  } else {
    leave()
    show()
  }
}

/** Adds a reaction of the user to a message, or removes it: a call replaces all of them. */
function react(messageId, reaction) {
  const channel = current()
  const mine = store.reactionsOfMine(channel, messageId)
  const Reactions = mine.includes(reaction) ? mine.filter(each => each !== reaction) : [...mine, reaction]
  attempt(async () => {
    const answer = await carillon.call('PutMessageReactions', { ChannelArn: channel.arn, MessageId: messageId, Reactions, ...as() })
    channel.reactions.set(messageId, answer.Reactions)
    showSoon()
  })
}

/** Pins a message, or unpins it; the event changes the screen. */
function pin({ MessageId }) {
  const channel = current()
  const operation = channel.pins.has(MessageId) ? 'UnpinMessage' : 'PinMessage'
  attempt(() => carillon.call(operation, { ChannelArn: channel.arn, MessageId, ...as() }))
}

/** What the next submission of the form is: a message, a reply to one, or a change of one, whose text is then in the field. */
function compose(composed) {
  const [isBefore, { content }] = [store.composed()?.isEdit, $('#send')]
  if (composed?.isEdit && !isBefore) current().draft = content.value
  if (composed?.isEdit) content.value = composed.message.Content
  else if (isBefore) content.value = current()?.draft ?? ''
  store.compose(composed)
  showComposer()
  if (composed) content.focus()
}

function reply(message) {
  compose({ message, isEdit: false })
}

function edit(message) {
  compose({ message, isEdit: true })
}

/** Deletes a message. Only an AppInstanceAdmin may do so; others redact it: its place stays, without its text. */
async function remove(message) {
  const channel = current()
  const isDeleted = store.mayDelete()
  if (!(await confirmed(message, isDeleted))) return
  attempt(async () => {
    const about = { ChannelArn: channel.arn, MessageId: message.MessageId, ...as() }
    await (isDeleted ? messaging.deleteChannelMessage(about) : messaging.redactChannelMessage(about))
    showError()
    // The session sends the change, if it is connected.
    if (!isConnected()) attempt(readAll)
  })
}

/** Sends that the user types, at most every five seconds. */
let saidTyping = 0
function sayTyping(IsTyping) {
  if (IsTyping ? Date.now() - saidTyping < 5000 : saidTyping === 0) return
  saidTyping = IsTyping ? Date.now() : 0
  attempt(() => carillon.call('SendTypingIndicator', { ChannelArn: store.current(), IsTyping, ...as() }))
}

/** A second press of Enter while a message is on its way does not send it twice. */
let isSending = false

/** Sends a message or a reply, and then empties the field, or the draft if the user has gone on. What was written meanwhile stays. */
async function send(channel, Content, composed) {
  const replied = composed?.message
  // A reply to a reply is one more reply in the same thread.
  const root = replied && (store.threadOf(replied) ?? replied.MessageId)
  await messaging.sendChannelMessage({
    ChannelArn: channel.arn,
    Content,
    Type: 'STANDARD',
    Persistence: 'PERSISTENT',
    ...(root && { MessageAttributes: { 'CARILLON.thread': { StringValues: [root] } } }),
    ...as(),
  })
  saidTyping = 0
  const { content } = $('#send')
  if (channel.draft === Content) channel.draft = ''
  if (channel === current() && !store.composed()?.isEdit && content.value === Content) content.value = ''
  if (composed === store.composed()) compose()
}

/** Changes a message, which ends the change in the form. What was written meanwhile stays. */
async function change(channel, Content, composed) {
  await messaging.updateChannelMessage({ ChannelArn: channel.arn, MessageId: composed.message.MessageId, Content, ...as() })
  if (composed === store.composed() && $('#send').content.value === Content) compose()
}

async function submit() {
  const [channel, composed, Content] = [current(), store.composed(), $('#send').content.value]
  await (composed?.isEdit ? change : send)(channel, Content, composed)
  showError()
  // Otherwise the session sends it to the sender too.
  if (!isConnected()) await listMessages(channel)
}

on('#sign-in', 'submit', submitted => {
  submitted.preventDefault()
  // What is copied from a terminal often has a blank beside it.
  const given = [...new FormData(submitted.target)].map(([name, value]) => [name, value.trim()])
  const { endpoint, user, accessKeyId, secretAccessKey, sessionToken } = Object.fromEntries(given)
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
  showError(undefined, '#sign-in')
  messaging = new ChimeSDKMessaging({ endpoint, region: user.split(':')[3], credentials })
  carillon = new Carillon({ endpoint, credentials })
  store.signIn(user)
  attempt(async () => {
    await listChannels()
    const { Presences } = await carillon.call('BatchGetPresence', { AppInstanceUserArns: [user], ...as() })
    $('#status').value = Presences[0]?.Status ?? 'AVAILABLE'
    $('#signing-in').hidden = true
    $('#chat').hidden = false
    $('#chat h1').focus()
    $('#me').textContent = nameOf(user)
    session = newSession()
    connect()
    openFromAddress()
  }, '#sign-in')
})

on('#send', 'submit', submitted => {
  submitted.preventDefault()
  if (isSending) return
  isSending = true
  attempt(() => submit().finally(() => (isSending = false)))
})

on('#search', 'submit', submitted => {
  submitted.preventDefault()
  const SearchText = submitted.target.text.value.trim()
  if (SearchText === '') return showFound()
  attempt(async () => {
    const answer = carillon.call('SearchMessages', { SearchText, MaxResults: 20, ...as() })
    // What an earlier search has found would look like the answer.
    answer.catch(() => showFound())
    showFound(await answer, actions)
    showError()
  })
})
on('#search', 'input', ({ target }) => target.value === '' && showFound())
on('#send', 'input', ({ target }) => !store.composed()?.isEdit && sayTyping(target.value !== ''))
on('#send', 'keydown', event => {
  if (event.isComposing) return
  if (event.key === 'Escape') compose()
  if (event.key !== 'ArrowUp' || $('#send').content.value !== '') return
  const last = store.lastOfMine(current())
  if (!last) return
  event.preventDefault()
  edit(last)
})
on('#status', 'change', ({ target }) =>
  attempt(() => carillon.call('PutPresenceStatus', { AppInstanceUserArn: store.me(), Status: target.value, ...as() })),
)
on('#earlier', 'click', () => attempt(() => listMessages(current(), current().next)))
on('#no-compose', 'click', () => compose())
on('#again', 'click', connect)
on('#back', 'click', () => {
  const left = store.current()
  history.pushState(null, '', location.pathname)
  openFromAddress()
  $(`#channels [data-arn="${left}"]`)?.focus()
})
// Escape closes a choice of reactions, and the pins.
on('#chat', 'keydown', ({ key, target }) => {
  const opened = key === 'Escape' && target.closest('details[open]')
  if (!opened) return
  opened.open = false
  opened.querySelector('summary').focus()
})
addEventListener('popstate', () => session && openFromAddress())
on('#sign-out', 'click', () => location.assign(location.pathname))
document.addEventListener('visibilitychange', () => attempt(markRead))
setInterval(() => {
  store.endTyping()
  showTyping()
}, 1000)
