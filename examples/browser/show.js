/** The screen. All text that others have written is inserted as text, never as HTML. */

import * as store from './store.js'

const { channels, current, me, people, threadOf } = store

export const $ = selector => document.querySelector(selector)
const element = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}
/** A text by users within a line: one that is written from right to left does not change the order of what is beside it. */
const isolated = text => element('bdi', {}, text)
/** A text that only screen readers read. */
const spoken = text => element('span', { className: 'spoken' }, text)
/** A button and the like that can be shown anew: the keyboard then stays on the one with the same key. */
const keyed = (key, made) => {
  made.dataset.key = key
  return made
}

/** Shows something or hides it. If the keyboard was on what is hidden, it goes on at `next`. */
function showIf(isShown, selector, next) {
  const isLost = !isShown && $(selector).contains(document.activeElement)
  $(selector).hidden = !isShown
  if (isLost) $(next).focus({ preventScroll: true })
}

export const nameOf = arn => arn.split('/').at(-1)

const timeOf = date => {
  const isToday = date.toDateString() === new Date().toDateString()
  return date.toLocaleString(undefined, { timeStyle: 'short', ...(!isToday && { dateStyle: 'medium' }) })
}

/** `distrusted` is the host whose certificate the browser may not trust. Without an error there is none any more. */
export function showError(error, place = '#chat') {
  const box = $(`${place} > .error`)
  box.hidden = !error
  if (!error) return
  if (error.distrusted) {
    const link = element('a', { href: `https://${error.distrusted}/health`, target: '_blank' }, `https://${error.distrusted}`)
    box.replaceChildren(`No connection to wss://${error.distrusted}. Does the browser trust its certificate? Look at `, link)
    return
  }
  // Without an answer carillon/client throws the error of fetch, for which Chromium, Firefox and Safari have these words.
  const isUnanswered = error.$metadata
    ? !error.$metadata.httpStatusCode
    : /^(?:Failed to fetch|NetworkError|Load failed)/.test(error.message)
  // The server says in Reason which check has failed.
  const message = isUnanswered ? `The endpoint does not answer: ${error.message}` : error.message
  box.textContent = [message, error.Reason].filter(Boolean).join('\n')
}

export function showState(state, text) {
  $('#state').dataset.state = state
  $('#state').textContent = text
  showIf(state === 'closed', '#again', '#chat h1')
}

function badge({ unread, mentions }) {
  if (unread === 0) return []
  if (mentions === 0) return [element('span', { className: 'badge' }, String(unread), spoken(' unread'))]
  return [element('span', { className: 'badge mention' }, `@ ${unread}`, spoken(` unread, ${mentions} for you`))]
}

export function showChannels({ open }) {
  const shown = [...channels.values()].toSorted((a, b) => b.last - a.last || a.name.localeCompare(b.name))
  const focused = document.activeElement?.dataset.arn
  $('#channels').replaceChildren(
    ...shown.map(channel => {
      const { arn, name, unread } = channel
      const button = element(
        'button',
        { className: unread > 0 ? 'unread' : '', onclick: () => open(arn) },
        element('bdi', { title: name }, name),
        ...badge(channel),
      )
      button.dataset.arn = arn
      button.setAttribute('aria-current', arn === current())
      return element('li', {}, button)
    }),
  )
  if (focused) $(`#channels [data-arn="${focused}"]`)?.focus()
  $('#no-channels').hidden = channels.size > 0
  const unread = [...channels.values()].reduce((sum, channel) => sum + channel.unread, 0)
  const name = channels.get(current())?.name
  document.title = `${unread > 0 ? `(${unread}) ` : ''}${name ? `${name} – ` : ''}Carillon chat`
}

const common = ['👍', '❤️', '😂', '🎉', '😮']

/** The reactions to a message as buttons, and a small choice of others. */
function reactionsOf(message, channel, react) {
  const { MessageId } = message
  const chips = (channel.reactions.get(MessageId) ?? []).map(({ Reaction, Count, Me }) => {
    const chip = keyed(
      Reaction,
      element('button', { className: 'chip', onclick: () => react(MessageId, Reaction) }, `${Reaction} ${Count}`),
    )
    chip.setAttribute('aria-pressed', Boolean(Me))
    return chip
  })
  const summary = keyed('react', element('summary', { className: 'chip', ariaLabel: 'React' }, '☺'))
  const others = element('details', {}, summary)
  for (const Reaction of common) {
    const choose = () => {
      others.open = false
      summary.focus()
      react(MessageId, Reaction)
    }
    others.append(
      keyed(`choose ${Reaction}`, element('button', { className: 'chip', ariaLabel: `React with ${Reaction}`, onclick: choose }, Reaction)),
    )
  }
  return [...chips, others]
}

/** A time as people read it; the whole of it, with its zone, is in the title. */
const timeElement = (date, text = timeOf(date)) =>
  element('time', { dateTime: date.toISOString(), title: date.toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'long' }) }, text)

function messageItem(message, channel, { edit, look, pin, react, remove, reply }) {
  const { MessageId, Sender, Content, CreatedTimestamp, LastEditedTimestamp, Redacted, Status } = message
  const notes = [timeElement(CreatedTimestamp)]
  if (LastEditedTimestamp && !Redacted) notes.push(timeElement(new Date(LastEditedTimestamp), 'edited'))
  const isSent = !Status || Status.Value === 'SENT'
  if (!isSent) notes.push(Status.Value.toLowerCase())
  const isPinned = channel.pins.has(MessageId)
  if (isPinned) notes.push('pinned')
  const isMine = Sender.Arn === me()
  const name = element('strong', {}, isolated(isMine ? 'You' : Sender.Name || nameOf(Sender.Arn)))
  const line = element('small', {}, name, ...notes.flatMap(note => [' · ', note]))
  const item = element('li', { className: isMine ? 'mine' : '' }, line)
  item.classList.toggle('redacted', Boolean(Redacted))
  item.classList.toggle('first-new', MessageId === channel.newFrom)
  item.dataset.id = MessageId
  item.tabIndex = -1
  const rootId = threadOf(message)
  if (rootId) {
    const root = channel.messages.get(rootId)
    const text = root?.Redacted ? '…' : (root?.Content ?? 'An earlier message')
    item.append(keyed('quote', element('button', { className: 'quote', dir: 'auto', onclick: () => look(channel.arn, rootId) }, text)))
  }
  item.append(element('p', { dir: 'auto' }, Redacted ? 'This message has been redacted' : Content))
  if (Redacted || !isSent) return item
  const replies = channel.replies.get(MessageId) ?? 0
  const counted = replies > 0 ? [element('small', {}, replies === 1 ? '1 reply' : `${replies} replies`)] : []
  const action = (text, act, key = text) => keyed(key, element('button', { className: 'chip action', onclick: () => act(message) }, text))
  const acts = [action('Reply', reply)]
  if (store.mayModerate(channel)) acts.push(action(isPinned ? 'Unpin' : 'Pin', pin, 'Pin'))
  if (store.mayEdit(message)) acts.push(action('Edit', edit))
  if (store.mayRemove(message, channel)) acts.push(action(store.mayDelete() ? 'Delete' : 'Redact', remove))
  // A screen reader does not read out what can be done, nor each reaction.
  item.append(element('div', { className: 'below', ariaLive: 'off' }, ...reactionsOf(message, channel, react), ...acts, ...counted))
  return item
}

/** Says above the field what its text will be: a reply, or the new text of a message. */
export function showComposer() {
  const { message, isEdit } = store.composed() ?? {}
  showIf(message, '#composing', '#send input')
  $('#send > button').textContent = isEdit ? 'Save' : 'Send'
  if (!message) return
  const { Sender, Content } = message
  const what = isEdit ? ['Edit your message'] : ['Reply to ', isolated(Sender.Name || nameOf(Sender.Arn))]
  $('#composing > span').replaceChildren(...what, ': ', isolated(Content))
}

/** Resolves to whether the user confirms that a message is deleted, or else redacted. */
export function confirmed({ Content, MessageId }, isDeleted) {
  const [dialog, verb] = [$('#removing'), isDeleted ? 'Delete' : 'Redact']
  $('#removing h2').textContent = `${verb} this message?`
  $('#removing p').textContent = isDeleted
    ? 'It is gone for everybody and for good.'
    : 'Its text is removed for everybody and for good. That there was a message stays visible.'
  $('#removing blockquote').textContent = Content
  $('#removing .danger').textContent = verb
  const opener = document.activeElement
  dialog.returnValue = ''
  dialog.showModal()
  const closed = new Promise(resolve => dialog.addEventListener('close', resolve, { once: true }))
  return closed.then(() => {
    // It is gone with the message, or because that was shown anew.
    if (!opener.isConnected) ($(`#messages [data-id="${MessageId}"]`) ?? $('#scroll')).focus({ preventScroll: true })
    return dialog.returnValue === 'yes'
  })
}

/** Changes only the parts of a message that differ. What is below its text acts on the message as it is now, so it is always changed. */
function renew(item, made) {
  item.className = made.className
  const [old, now] = [[...item.children], [...made.children]]
  if (old.length !== now.length) {
    item.replaceChildren(...now)
    return
  }
  old.forEach((part, index) => {
    if (part.className === 'below' || !part.isEqualNode(now[index])) part.replaceWith(now[index])
  })
}

/** Changes only what differs, so that a screen reader reads only what is new. */
export function showMessages(actions) {
  const channel = channels.get(current())
  showIf(channel, '#channel', '#chat h1')
  $('#no-channel').hidden = Boolean(channel) || channels.size === 0
  $('#chat').classList.toggle('reading', Boolean(channel))
  if (!channel) return
  $('#name').textContent = channel.name
  $('#name').title = channel.name
  if (channel.isStale) return
  showIf(channel.next, '#earlier', '#scroll')
  const list = $('#messages')
  const shown = store.inOrder(channel)
  const old = new Map([...list.children].map(item => [item.dataset.id, item]))
  shown.forEach((message, index) => {
    const before = old.get(message.MessageId)
    old.delete(message.MessageId)
    const made = messageItem(message, channel, actions)
    // A choice of reactions that is open stays open.
    if (before?.querySelector('details[open]')) made.querySelector('details')?.setAttribute('open', '')
    const item = before ?? made
    const focused = item.contains(document.activeElement) && document.activeElement
    if (!item.isEqualNode(made)) renew(item, made)
    // What the keyboard was on may be gone, such as the last of a reaction.
    if (focused && !focused.isConnected)
      (item.querySelector(`[data-key="${CSS.escape(focused.dataset.key)}"]`) ?? item.querySelector('summary') ?? $('#scroll')).focus({
        preventScroll: true,
      })
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null)
  })
  for (const item of old.values()) {
    if (item.contains(document.activeElement)) $('#scroll').focus({ preventScroll: true })
    item.remove()
  }
  $('#no-messages').hidden = shown.length > 0
}

/** Scrolls to a message, and marks it for a moment. */
export function showMessage(messageId, isFocused) {
  const item = $(`#messages [data-id="${messageId}"]`)
  item?.scrollIntoView({ block: 'center' })
  if (isFocused) item?.focus({ preventScroll: true })
  item?.animate([{ backgroundColor: 'var(--found)' }, {}], 2000)
}

/** What is pinned, the last one first. */
export function showPins({ look }) {
  const channel = channels.get(current())
  if (!channel || channel.isStale) return
  const pinned = [...channel.pins.values()].map(message => channel.messages.get(message.MessageId) ?? message)
  showIf(pinned.length > 0, '#pins', '#scroll')
  $('#pins > summary').textContent = `${pinned.length} pinned`
  const focused = $('#pins > ul').contains(document.activeElement) && document.activeElement.dataset.key
  $('#pins > ul').replaceChildren(
    ...pinned.map(({ MessageId, Sender, Content }) => {
      const name = element('small', { dir: 'auto' }, Sender.Arn === me() ? 'You' : Sender.Name || nameOf(Sender.Arn))
      const button = element('button', { onclick: () => look(channel.arn, MessageId) }, name, element('span', { dir: 'auto' }, Content))
      return element('li', {}, keyed(MessageId, button))
    }),
  )
  if (focused) ($(`#pins [data-key="${focused}"]`) ?? $('#pins > summary')).focus({ preventScroll: true })
}

const statuses = { BUSY: 'busy', AWAY: 'away', DO_NOT_DISTURB: 'do not disturb' }

/** Nothing is said of a user before the first event of a watch. */
function presenceOf(arn) {
  const presence = people.get(arn)
  if (!presence) return { state: 'unknown', text: '' }
  if (presence.IsOnline) return { state: presence.Status in statuses ? 'busy' : 'online', text: statuses[presence.Status] ?? 'online' }
  const seen = presence.LastSeenTimestamp
  return { state: 'offline', text: seen ? `last seen ${timeOf(new Date(seen))}` : 'offline' }
}

const isOnline = ({ Arn }) => Boolean(people.get(Arn)?.IsOnline)

/** The members of the channel, first those who are online; of a large one only how many are online. */
export function showPeople() {
  const channel = channels.get(current())
  if (!channel) return
  const others = channel.members.filter(({ Arn }) => Arn !== me()).toSorted((a, b) => isOnline(b) - isOnline(a))
  const shown = others.map(({ Arn, Name }) => {
    const { state, text } = presenceOf(Arn)
    const item = element('li', {}, element('bdi', { title: Name || nameOf(Arn) }, Name || nameOf(Arn)), element('small', {}, ` ${text}`))
    item.dataset.presence = state
    return item
  })
  const online = channel.online
  $('#people').replaceChildren(...(online === undefined ? shown : [element('li', {}, `${online} online`)]))
}

export function showTyping() {
  const names = [...(channels.get(current())?.typing.values() ?? [])].map(({ name }) => name)
  const listed = names.flatMap((name, index) => [index > 0 ? ' and ' : '', isolated(name)])
  const line = element('span', {}, ...listed, ['', ' is typing…'][names.length] ?? ' are typing…')
  // A text that is set again would be read out again.
  if (line.textContent !== $('#typing').textContent) $('#typing').replaceChildren(line)
}

/** The results of SearchMessages, until the next search. */
export function showFound(answer, { look } = {}) {
  $('#found').hidden = !answer
  $('#chat').classList.toggle('searching', Boolean(answer))
  if (!answer) return
  const { FoundMessages, IndexedAllMessages, NextToken } = answer
  $('#found > ul').replaceChildren(
    ...FoundMessages.map(({ ChannelArn, ChannelMessage, Snippet }) => {
      const text = Snippet.map(({ Text, IsMatch }) => (IsMatch ? element('mark', {}, Text) : Text))
      const { CreatedTimestamp, MessageId, Sender } = ChannelMessage
      const [name, sender] = [channels.get(ChannelArn)?.name ?? '', Sender.Name || nameOf(Sender.Arn)].map(isolated)
      const where = element('small', {}, name, ' · ', sender, ' · ', timeOf(CreatedTimestamp))
      return element(
        'li',
        {},
        element('button', { onclick: () => look(ChannelArn, MessageId) }, where, element('span', { dir: 'auto' }, ...text)),
      )
    }),
  )
  const count = FoundMessages.length
  const notes = [count === 0 ? 'Nothing found.' : count === 1 ? '1 message found.' : `${count} messages found.`]
  if (NextToken) notes[0] = `These are the newest ${count}: more words find older ones.`
  if (!IndexedAllMessages) notes.push('Not all messages are indexed yet.')
  $('#found > .hint').textContent = notes.join(' ')
}
