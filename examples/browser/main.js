/** A small chat with the stock amazon-chime-sdk-js. README.md beside it says how to run it. */

import { ChimeSDKMessaging, paginateListChannelMembershipsForAppInstanceUser } from '@aws-sdk/client-chime-sdk-messaging'
import {
  ConsoleLogger,
  DefaultMessagingSession,
  DefaultWebSocketAdapter,
  LogLevel,
  MessagingSessionConfiguration,
  PrefetchOn,
} from 'amazon-chime-sdk-js'

const $ = selector => document.querySelector(selector)
/** All that others have written goes in as text, never as HTML. */
const element = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

/** By ARN: { arn, name, last, read, messages, next, isStale }. `last` is the newest message, `read` the read marker. */
const channels = new Map()
let messaging, session, me, current
let hasConnected = false

const nameOf = arn => arn.split('/').at(-1)
const isUnread = ({ last, read }) => last > read

// ---- What is shown

const timeOf = date => {
  const isToday = date.toDateString() === new Date().toDateString()
  return date.toLocaleString(undefined, { timeStyle: 'short', ...(!isToday && { dateStyle: 'medium' }) })
}

function showError(error, place = '#chat') {
  const box = $(`${place} > .error`)
  box.hidden = !error
  if (!error) return
  const isUnanswered = error.$metadata && !error.$metadata.httpStatusCode
  // The server says in Reason which check has failed.
  const message = isUnanswered ? `The endpoint does not answer: ${error.message}` : error.message
  box.textContent = [message, error.Reason].filter(Boolean).join('\n')
}

function showDistrust(host) {
  const link = element('a', { href: `https://${host}/health`, target: '_blank' }, `https://${host}`)
  const box = $('#chat > .error')
  box.replaceChildren(`No connection to wss://${host}. Does the browser trust its certificate? Look at `, link)
  box.hidden = false
}

function showState(state, text) {
  $('#state').dataset.state = state
  $('#state').textContent = text
  $('#again').hidden = state !== 'closed'
}

function showChannels() {
  const shown = [...channels.values()].toSorted((a, b) => b.last - a.last || a.name.localeCompare(b.name))
  const focused = document.activeElement?.dataset.arn
  $('#channels').replaceChildren(
    ...shown.map(channel => {
      const button = element('button', { className: isUnread(channel) ? 'unread' : '', onclick: () => open(channel.arn) }, channel.name)
      button.dataset.arn = channel.arn
      button.setAttribute('aria-current', channel.arn === current)
      if (isUnread(channel)) button.ariaLabel = `${channel.name}, unread`
      return element('li', {}, button)
    }),
  )
  if (focused) $(`#channels [data-arn="${focused}"]`)?.focus()
  $('#no-channels').hidden = channels.size > 0
  document.title = [...channels.values()].some(isUnread) ? '● Carillon chat' : 'Carillon chat'
}

function messageItem({ MessageId, Sender, Content, CreatedTimestamp, LastEditedTimestamp, Redacted, Status }) {
  const notes = [timeOf(CreatedTimestamp)]
  if (LastEditedTimestamp) notes.push('edited')
  if (Status && Status.Value !== 'SENT') notes.push(Status.Value.toLowerCase())
  const isMine = Sender.Arn === me
  const line = element('small', {}, element('strong', {}, isMine ? 'You' : Sender.Name || nameOf(Sender.Arn)), ` · ${notes.join(' · ')}`)
  const text = element('p', {}, Redacted ? 'This message has been redacted' : Content)
  const item = element('li', { className: isMine ? 'mine' : '' }, line, text)
  item.classList.toggle('redacted', Boolean(Redacted))
  item.dataset.id = MessageId
  return item
}

/** Only what has changed is touched, so that a screen reader reads out what is new and nothing else. */
function showMessages() {
  const channel = channels.get(current)
  $('#channel').hidden = !channel
  $('#no-channel').hidden = Boolean(channel)
  $('#chat').classList.toggle('reading', Boolean(channel))
  if (!channel) return
  $('#name').textContent = channel.name
  if (channel.isStale) return
  $('#earlier').hidden = !channel.next
  const list = $('#messages')
  const shown = [...channel.messages.values()].filter(({ isDeleted }) => !isDeleted)
  shown.sort((a, b) => a.CreatedTimestamp - b.CreatedTimestamp)
  const old = new Map([...list.children].map(item => [item.dataset.id, item]))
  shown.forEach((message, index) => {
    const before = old.get(message.MessageId)
    old.delete(message.MessageId)
    const made = messageItem(message)
    const item = before?.isEqualNode(made) ? before : made
    if (before && before !== item) before.replaceWith(item)
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null)
  })
  for (const item of old.values()) item.remove()
  $('#no-messages').hidden = shown.length > 0
}

// ---- What is known

/** From a call, an event or prefetched: the same message may come from all three, and an older state of it after a newer one. */
function keep(channel, given, isDeleted = false) {
  if (given.Type === 'CONTROL') return
  const [CreatedTimestamp, LastUpdatedTimestamp] = [new Date(given.CreatedTimestamp), new Date(given.LastUpdatedTimestamp)]
  const known = channel.messages.get(given.MessageId)
  if (known && (known.isDeleted || known.LastUpdatedTimestamp > LastUpdatedTimestamp)) return
  channel.messages.set(given.MessageId, { ...given, CreatedTimestamp, LastUpdatedTimestamp, isDeleted })
}

function keepChannel({ ChannelArn, Name, LastMessageTimestamp }, readMarker) {
  const known = channels.get(ChannelArn) ?? { arn: ChannelArn, messages: new Map() }
  const last = new Date(LastMessageTimestamp ?? 0)
  // An answer may be older than what has been marked meanwhile.
  const read = new Date(Math.max(new Date(readMarker ?? 0), known.read ?? 0))
  channels.set(ChannelArn, Object.assign(known, { name: Name, last, read }))
  return known
}

/** One after the other, so that an older answer never comes last. */
let listing = Promise.resolve()
const listChannels = () => (listing = listing.catch(() => {}).then(listChannelsNow))

async function listChannelsNow() {
  const listed = new Set()
  for await (const page of paginateListChannelMembershipsForAppInstanceUser({ client: messaging, pageSize: 50 }, { ChimeBearer: me })) {
    for (const { ChannelSummary, AppInstanceUserMembershipSummary } of page.ChannelMemberships) {
      listed.add(keepChannel(ChannelSummary, AppInstanceUserMembershipSummary.ReadMarkerTimestamp).arn)
    }
  }
  for (const arn of channels.keys()) if (!listed.has(arn)) channels.delete(arn)
  if (!channels.has(current)) current = undefined
  showChannels()
  showMessages()
}

async function listMessages(channel, NextToken) {
  const page = await messaging.listChannelMessages({ ChannelArn: channel.arn, ChimeBearer: me, MaxResults: 50, NextToken })
  for (const message of page.ChannelMessages) keep(channel, message)
  channel.next = page.NextToken
  channel.isStale = false
  showMessages()
}

async function markRead() {
  const channel = channels.get(current)
  if (!channel || !isUnread(channel) || document.hidden) return
  channel.read = channel.last
  showChannels()
  await messaging.updateChannelReadMarker({ ChannelArn: channel.arn, ChimeBearer: me })
}

/** What happens while there is no connection is never told, so all is read anew. Until then what is on the screen stays there. */
async function readAll() {
  for (const channel of channels.values()) Object.assign(channel, { messages: new Map(), isStale: true })
  await listChannels()
  const channel = channels.get(current)
  if (channel) await listMessages(channel)
  await markRead()
}

// ---- What is heard

function hear({ type, payload }) {
  const event = JSON.parse(payload)
  if (type === 'CHANNEL_DETAILS') {
    const channel = keepChannel(event.Channel, event.ReadMarkerTimestamp)
    for (const message of event.ChannelMessages) keep(channel, message)
  } else if (type.endsWith('_CHANNEL_MESSAGE')) {
    const channel = channels.get(event.ChannelArn)
    if (!channel) return
    keep(channel, event, type === 'DELETE_CHANNEL_MESSAGE')
    if (type === 'CREATE_CHANNEL_MESSAGE' && event.Persistence === 'PERSISTENT') channel.last = new Date(event.CreatedTimestamp)
  } else if (type.endsWith('_CHANNEL') || (event?.Members ?? [event?.Member]).some(member => member?.Arn === me)) {
    // A channel has changed, or the user is in another set of them.
    attempt(listChannels)
  }
  showChannels()
  showMessages()
  attempt(markRead)
}

/** The session says when it tries to connect, not when a connection has ended; its socket does. */
class ObservedSocket extends DefaultWebSocketAdapter {
  create(url, ...rest) {
    super.create(url, ...rest)
    this.addEventListener('close', ({ code, reason }) => {
      showState('reconnecting', `Reconnecting… (${code}${reason ? ` ${reason}` : ''})`)
      if (!hasConnected && code === 1006) showDistrust(new URL(url).host)
    })
  }
}

const hasStopped = ({ code, reason }) => showState('closed', `Closed (${code}${reason ? ` ${reason}` : ''})`)
// A session that gives up, or is refused, while it reconnects, says so only by this.
addEventListener('unhandledrejection', event => {
  if (!(event.reason instanceof CloseEvent)) return
  event.preventDefault()
  hasStopped(event.reason)
})

function newSession() {
  const configuration = new MessagingSessionConfiguration(me, null, undefined, messaging)
  configuration.prefetchOn = PrefetchOn.Connect
  // At a lower level the SDK prints the signed URL.
  const logger = new ConsoleLogger('chat', LogLevel.WARN)
  const made = new DefaultMessagingSession(configuration, logger, new ObservedSocket(logger))
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

// ---- What is done

const attempt = (act, place) => void act().catch(error => showError(error, place))
const connect = () => void session.start().catch(hasStopped)
const on = (selector, type, act) => $(selector).addEventListener(type, act)

function open(arn) {
  current = arn
  $('#messages').replaceChildren()
  showChannels()
  showMessages()
  $('#send').content.focus()
  attempt(() => listMessages(channels.get(arn)))
  attempt(markRead)
}

on('#sign-in', 'submit', submitted => {
  submitted.preventDefault()
  const { endpoint, user, accessKeyId, secretAccessKey, sessionToken } = Object.fromEntries(new FormData(submitted.target))
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
  messaging = new ChimeSDKMessaging({ endpoint, region: user.split(':')[3], credentials })
  me = user
  attempt(async () => {
    await listChannels()
    $('#sign-in').hidden = true
    $('#chat').hidden = false
    $('#me').textContent = nameOf(me)
    session = newSession()
    connect()
  }, '#sign-in')
})

on('#send', 'submit', submitted => {
  submitted.preventDefault()
  const [channel, input] = [channels.get(current), submitted.target.content]
  const message = { ChannelArn: channel.arn, Content: input.value, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer: me }
  attempt(async () => {
    await messaging.sendChannelMessage(message)
    input.value = ''
    showError()
    // Otherwise the session tells it to its sender too.
    if ($('#state').dataset.state !== 'connected') await listMessages(channel)
  })
})

on('#earlier', 'click', () => attempt(() => listMessages(channels.get(current), channels.get(current).next)))
on('#again', 'click', connect)
on('#back', 'click', () => {
  current = undefined
  showChannels()
  showMessages()
})
on('#sign-out', 'click', () => location.reload())
document.addEventListener('visibilitychange', () => attempt(markRead))
