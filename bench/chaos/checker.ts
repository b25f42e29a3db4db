import type { Final, Heard, History, SocketLife } from './history.ts'

/** The most by which the clocks of two nodes may differ: what one node calls read may have been sent at another node's later time. */
const clocksApart = 4000

const isCreation = ({ type }: Heard) => type === 'CREATE_CHANNEL_MESSAGE'
const created = ({ heard }: SocketLife, channel: string) => heard.filter(event => isCreation(event) && event.channel === channel)

const heardIds = new WeakMap<SocketLife, ReadonlySet<string>>()
function hasHeard(socket: SocketLife, messageId: string | undefined): boolean {
  const ids = heardIds.get(socket) ?? new Set(socket.heard.filter(isCreation).map(event => event.messageId))
  heardIds.set(socket, ids)
  return messageId !== undefined && ids.has(messageId)
}

/** Each reads the whole history, and returns what contradicts it. */
type Property = (history: History, channel: Final, members: ReadonlySet<string>) => string[]

const noneLost: Property = ({ sent }, { channel, messages }) => {
  const kept = new Map(messages.map(({ messageId, content }) => [messageId, content]))
  return sent
    .filter(message => message.channel === channel && message.ackedAt !== undefined && !kept.has(message.messageId!))
    .map(({ content }) => `acknowledged and lost: ${content}`)
}

const noneTwice: Property = ({ sent }, { channel, messages }) => {
  const counts = Map.groupBy(messages, ({ content }) => content)
  return sent
    .filter(message => message.channel === channel && (counts.get(message.content)?.length ?? 0) > 1)
    .map(({ content }) => `stored twice: ${content}`)
}

const numbered = ({ messages }: Final) => new Map(messages.map(({ messageId }, index) => [messageId, index]))

/** For members who stay: a socket hears every message of a channel from its first to its last one, once, in the order of the channel. */
const heardInOrder: Property = ({ sockets }, final, members) => {
  const places = numbered(final)
  const found: string[] = []
  for (const socket of sockets.filter(({ user }) => members.has(user))) {
    let last: { place: number; event: Heard } | undefined
    for (const event of created(socket, final.channel)) {
      const place = places.get(event.messageId)
      if (place === undefined) found.push(`heard and not there: ${event.content}`)
      else if (last && place !== last.place + 1) {
        const what = place <= last.place ? 'again or too late' : `with ${place - last.place - 1} missing before it`
        found.push(`${socket.user} on ${socket.node} hears ${event.content} ${what}, after ${last.event.content}`)
      }
      if (place !== undefined) last = { place, event }
    }
  }
  return found
}

/** A socket hears every message that is sent after it was established. */
const heardFromTheStart: Property = ({ sent, sockets }, final, members) => {
  const places = numbered(final)
  const found: string[] = []
  const inOrder = sent.filter(({ channel, messageId }) => channel === final.channel && messageId !== undefined)
  for (const socket of sockets.filter(({ user }) => members.has(user))) {
    const [first] = created(socket, final.channel)
    const firstPlace = first && places.get(first.messageId)
    if (firstPlace === undefined) continue
    for (const { beganAt, messageId, content } of inOrder) {
      if (beganAt > socket.establishedAt && (places.get(messageId!) ?? firstPlace) < firstPlace)
        found.push(`${socket.user} on ${socket.node} has not heard ${content}, which was sent after it was established`)
    }
  }
  return found
}

/**
 * A client that reconnects with the same sessionId hears what it missed: all its sockets together have heard every message since the first.
 */
const nothingMissed: Property = ({ sockets }, final, members) => {
  const places = numbered(final)
  const found: string[] = []
  for (const user of members) {
    const heard = new Set(
      sockets
        .filter(socket => socket.user === user)
        .flatMap(socket => created(socket, final.channel).map(event => places.get(event.messageId))),
    )
    const first = Math.min(...[...heard].map(place => place ?? Infinity))
    const missed = final.messages.filter((_, place) => place > first && !heard.has(place))
    if (missed.length > 0)
      found.push(`${user} has missed ${missed.length} messages over all its sockets, the first is ${missed[0]!.content}`)
  }
  return found
}

/** Every client that is connected in the end has heard the last message. */
const heardToTheEnd: Property = ({ sockets }, final, members) => {
  const last = final.messages.at(-1)
  const open = sockets.filter(({ user, closedAt }) => members.has(user) && closedAt === undefined)
  const deaf = [...members].filter(user => !open.some(socket => socket.user === user)).map(user => `${user} is not connected in the end`)
  if (!last) return deaf
  return [
    ...deaf,
    ...open
      .filter(socket => created(socket, final.channel).at(-1)?.messageId !== last.messageId)
      .map(({ user, node }) => `${user} on ${node} has not heard the last message, ${last.content}`),
  ]
}

/** The last acknowledged edit is stored, unless a later one has arrived without an answer; sockets have heard it last. */
const editsStand: Property = ({ edits, sockets }, { channel, messages }, members) => {
  const found: string[] = []
  for (const [messageId, all] of Map.groupBy(
    edits.filter(edit => edit.channel === channel),
    edit => edit.messageId,
  )) {
    const acked = all.findLastIndex(({ ackedAt }) => ackedAt !== undefined)
    if (acked < 0) continue
    const allowed = all.slice(acked).map(({ content }) => content)
    const now = messages.find(message => message.messageId === messageId)?.content
    if (now === undefined || !allowed.includes(now)) found.push(`edited to ${allowed[0]}, but it says ${now}`)
    for (const user of members) {
      const heard = sockets.filter(socket => socket.user === user).flatMap(socket => socket.heard)
      const last = heard.findLast(event => event.messageId === messageId)
      if (last && last.content !== now) found.push(`${user} has heard ${last.content} last, but it says ${now}`)
    }
  }
  return found
}

/** A guest hears what is sent while it is certainly a member, and nothing while it certainly is none. */
const membersHear: Property = ({ moves, sent, sockets }, { channel }, members) => {
  const found: string[] = []
  for (const [user, own] of Map.groupBy(
    moves.filter(move => move.channel === channel && !members.has(move.user)),
    ({ user }) => user,
  )) {
    for (const [index, { kind, ackedAt }] of own.entries()) {
      const end = own[index + 1]?.beganAt ?? Infinity
      if (ackedAt === undefined) continue
      for (const message of sent) {
        if (message.channel !== channel || message.ackedAt === undefined || message.beganAt < ackedAt || message.ackedAt > end) continue
        for (const socket of sockets) {
          if (socket.user !== user || socket.establishedAt > message.beganAt) continue
          const hears = hasHeard(socket, message.messageId)
          if (kind === 'leave' && hears) found.push(`${user} hears ${message.content} after it has left`)
          // A socket that closes later may have been cut off before.
          if (kind === 'join' && !hears && socket.closedAt === undefined)
            found.push(`${user} does not hear ${message.content}, as a member`)
        }
      }
    }
  }
  return found
}

/** The last message is the same on all nodes; a message that was read is not unread again, and a later message does not count as read. */
const unreadRight: Property = ({ marks, sent }, { channel, node, messages, lastMessageAt, readAt }) => {
  const last = messages.at(-1)
  const found =
    last && last.createdAt !== lastMessageAt
      ? [`${node} says that the last message is of ${lastMessageAt}, but it is of ${last.createdAt}`]
      : []
  const times = new Map(messages.map(({ messageId, createdAt }) => [messageId, createdAt]))
  for (const { user, beganAt, ackedAt, channel: marked } of marks) {
    if (marked !== channel || ackedAt === undefined) continue
    for (const message of sent) {
      if (message.channel !== channel || message.ackedAt === undefined || message.ackedAt > beganAt) continue
      const time = times.get(message.messageId!)
      if (time !== undefined && (readAt[user] ?? 0) + clocksApart < time) found.push(`${message.content} is unread again for ${user}`)
    }
  }
  for (const [user, own] of Map.groupBy(
    marks.filter(mark => mark.channel === channel),
    mark => mark.user,
  )) {
    const end = Math.max(...own.map(({ ackedAt }) => ackedAt ?? Infinity))
    const at = readAt[user]
    for (const message of sent) {
      const isLater = message.channel === channel && message.beganAt > end
      if (at !== undefined && isLater && (times.get(message.messageId!) ?? Infinity) <= at)
        found.push(`${message.content} counts as read by ${user}, who has not marked it since`)
    }
  }
  return found
}

const lastOf = (some: readonly { readonly place: number }[]) => Math.max(-1, ...some.map(({ place }) => place))

/** A user has read what came before its own last message and its last marker, and nothing that was sent after both. */
const unreadCounted: Property = ({ marks, sent }, { channel, node, messages, unread }, members) => {
  const places = new Map(messages.flatMap(({ messageId, content }, place) => [[messageId, place] as const, [content, place] as const]))
  // A message without an answer has no id, and is not edited.
  const all = sent.flatMap(message => {
    const place = message.channel === channel ? places.get(message.messageId ?? message.content) : undefined
    return place === undefined ? [] : [{ ...message, place }]
  })
  return [...members].flatMap(user => {
    const own = lastOf(all.filter(message => message.user === user))
    const marked = marks.filter(mark => mark.channel === channel && mark.user === user)
    const surely = marked.map(({ beganAt, ackedAt }) =>
      ackedAt === undefined ? -1 : lastOf(all.filter(one => (one.ackedAt ?? Infinity) < beganAt)),
    )
    const perhaps = marked.map(({ ackedAt = Infinity }) => lastOf(all.filter(one => one.beganAt < ackedAt)))
    const [most, least] = [surely, perhaps].map(read => messages.length - 1 - Math.max(own, ...read))
    const count = unread[user]
    if (count !== undefined && count >= least! && count <= most!) return []
    return [`${node} says that ${count} messages are unread for ${user}, but it must be ${least} to ${most}`]
  })
}

const sameOnAllNodes: Property = ({ final }, one) =>
  final
    .filter(other => other.channel === one.channel && JSON.stringify({ ...other, node: '' }) !== JSON.stringify({ ...one, node: '' }))
    .map(other => `${one.node} and ${other.node} do not say the same of ${one.channel}`)

const properties: Readonly<Record<string, Property>> = {
  'no acknowledged message is lost': noneLost,
  'no message is stored twice': noneTwice,
  'a socket hears a channel in order, once, without gaps': heardInOrder,
  'a socket hears all since it was established': heardFromTheStart,
  'a client that reconnects hears what it missed': nothingMissed,
  'every socket hears the last message': heardToTheEnd,
  'edits stand and are heard': editsStand,
  'a channel is heard by its members, and by nobody else': membersHear,
  'unread is right': unreadRight,
  'unread messages are counted': unreadCounted,
  'all nodes say the same': sameOnAllNodes,
}

/**
 * The contradictions of each property, at most a few examples of each; empty where all hold. `members` are those who never leave, by
 * channel.
 */
export function contradictions(
  history: History,
  members: Readonly<Record<string, ReadonlySet<string>>>,
): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = {}
  const add = (property: string, what: readonly string[]) => {
    if (what.length > 0) found[property] = [...new Set([...(found[property] ?? []), ...what])].slice(0, 10)
  }
  for (const final of history.final)
    for (const [name, property] of Object.entries(properties)) add(name, property(history, final, members[final.channel]!))
  add('nothing is refused', history.refusals)
  const ill = history.recoveries.filter(({ isWell }) => !isWell)
  add(
    'every client is well again in time',
    ill.map(({ fault, milliseconds }) => `${fault}: not after ${milliseconds} ms`),
  )
  return found
}
