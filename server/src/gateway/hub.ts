import { ownKindOf, type Departure, type SocketEvent } from '../bus/socket-events.ts'
import { eventFrame, type Frame } from './frame.ts'
import type { Session, Topic } from './session.ts'
import type { Place } from '../store/places.ts'
import type { TurnEnd } from '../tools/turn-end.ts'
import type { SessionFaults } from './wiring.ts'

/** The events that a session was sent of a topic while a prefetch reads that topic for it. */
export interface Reading {
  readonly session: Session
  readonly topic: Topic
  /** The first events, at most one more than `mostRecorded`. */
  readonly heard: Frame[]
}

/** The most events that a reading records. */
export const mostRecorded = 100

const placeKey = ({ channelId, subChannelId }: Place) => `${channelId}/${subChannelId}`

/** Removes an item from a list whose order does not matter. */
function take<Item>(items: Item[], item: Item) {
  const index = items.indexOf(item)
  if (index < 0) return
  const last = items.pop()!
  if (index < items.length) items[index] = last
}

/**
 * Knows which sessions of this node hear which channel. It follows the memberships by the events that change them, so a delivery
 * needs no query. A member who joins hears the event of the join, and a member who leaves hears that of the leave.
 */
export class Hub {
  readonly #sessionsOfUsers = new Map<number, Session[]>()
  #comings = new Set<number>()
  /** Ordinary channels by their id, sub-channels by theirs: each has a map of its own. */
  readonly #channels = new Map<number, Topic>()
  readonly #subChannels = new Map<number, Topic>()
  /** The sub-channels of an elastic channel that have a session on this node. */
  readonly #parts = new Map<number, Set<Topic>>()
  readonly #queued: Session[] = []
  /** The readings of prefetches; a few at the most, since prefetches take turns. */
  readonly #readings = new Set<Reading>()
  readonly #tooSlow: (session: Session) => void
  readonly #turnEnd: Pick<TurnEnd, 'soon' | 'add'>
  readonly #faults: Pick<SessionFaults, 'drops'> | undefined

  /** `tooSlow` is called for a client that cannot keep up. */
  constructor(turnEnd: Pick<TurnEnd, 'soon' | 'add'>, tooSlow: (session: Session) => void, faults?: Pick<SessionFaults, 'drops'>) {
    this.#turnEnd = turnEnd
    turnEnd.add(() => this.flush())
    this.#faults = faults
    this.#tooSlow = tooSlow
  }

  sessionsOf(userId: number): readonly Session[] {
    return this.#sessionsOfUsers.get(userId) ?? []
  }

  userIds(): number[] {
    return [...this.#sessionsOfUsers.keys()]
  }

  get userCount(): number {
    return this.#sessionsOfUsers.size
  }

  /** Returns the users whose first session here has begun, or whose last one has ended, since the previous call. */
  takeComings(): ReadonlySet<number> {
    const comings = this.#comings
    this.#comings = new Set()
    return comings
  }

  /** The sub-channels of the channel that have a session on this node, 0 for an ordinary one. */
  subChannelIdsIn(channelId: number): readonly number[] {
    if (this.#channels.has(channelId)) return [0]
    return [...(this.#parts.get(channelId) ?? [])].map(({ subChannelId }) => subChannelId)
  }

  /** The sessions that hear the channel. */
  sessionsIn(channelId: number): Session[] {
    const topics = this.subChannelIdsIn(channelId).flatMap(subChannelId => this.topicOf({ channelId, subChannelId }) ?? [])
    return [...new Set(topics.flatMap(({ sessions }) => sessions))]
  }

  /** All present sessions. */
  allSessions(): Session[] {
    return [...this.#sessionsOfUsers.values()].flat()
  }

  /** From now on the session follows its user's memberships. */
  enter(session: Session) {
    const { userId } = session
    const sessions = this.#sessionsOfUsers.get(userId)
    if (sessions) sessions.push(session)
    else {
      this.#sessionsOfUsers.set(userId, [session])
      this.#comings.add(userId)
    }
  }

  /** Adds the memberships that the database had at some time since the session entered, except those that have changed since. */
  join(session: Session, places: readonly Place[]) {
    for (const place of places) {
      if (session.isOpen && !session.leftWhileJoining?.has(placeKey(place))) this.#add(session, place)
    }
  }

  leave(session: Session) {
    for (const topic of session.topics.splice(0)) this.#remove(session, topic)
    const { userId } = session
    const sessions = this.#sessionsOfUsers.get(userId)
    if (!sessions) return
    take(sessions, session)
    if (sessions.length > 0) return
    this.#sessionsOfUsers.delete(userId)
    this.#comings.add(userId)
  }

  topicOf({ channelId, subChannelId }: Place): Topic | undefined {
    return subChannelId === 0 ? this.#channels.get(channelId) : this.#subChannels.get(subChannelId)
  }

  /** From now on, until `endReading`, records the events of the topic that the session is sent. */
  beginReading(session: Session, topic: Topic): Reading {
    const reading = { session, topic, heard: [] }
    this.#readings.add(reading)
    return reading
  }

  endReading(reading: Reading) {
    this.#readings.delete(reading)
  }

  /** Queues a frame for one session, until `flush` at the end of the turn at the latest. After a paced one the caller waits for the client. */
  send(session: Session, frame: Frame, { isPaced = false } = {}) {
    if (!session.queue(frame, isPaced)) return
    this.#queued.push(session)
    this.#turnEnd.soon()
  }

  /** Writes what is queued. */
  flush() {
    const now = Date.now()
    for (const session of this.#queued.splice(0)) if (!session.flush(now)) this.#tooSlow(session)
  }

  /** Never throws, never waits. */
  deliver(event: SocketEvent) {
    const { moves = [], channelId } = event
    for (const { memberId, to } of moves) {
      if (to === undefined) continue
      for (const session of this.sessionsOf(memberId)) {
        this.#add(session, { channelId, subChannelId: to })
      }
    }
    const topics = this.#topicsOf(event)
    const own = ownKindOf(event.type)
    // Events beyond Amazon's do not change the details of a channel.
    if (!own) for (const topic of topics) topic.version++
    const hearers = this.#faults?.drops(event.type) ? [] : this.#hearersOf(event, topics)
    const audience = own ? [...hearers].filter(({ eventKinds, userId }) => eventKinds.has(own) && userId !== event.except) : hearers
    let frame: Frame | undefined
    for (const session of audience) {
      frame ??= eventFrame(event)
      if (event.only && !own) session.heardAlone?.add(channelId)
      if (!session.holding?.take(event, frame)) this.send(session, frame)
    }
    if (frame) this.#record(frame, topics, audience)
    for (const { memberId, from } of moves) {
      if (from === undefined) continue
      const place = { channelId, subChannelId: from }
      const topic = this.topicOf(place)
      if (topic) topic.version++
      for (const session of this.sessionsOf(memberId)) {
        session.leftWhileJoining?.add(placeKey(place))
        if (!topic) continue
        take(session.topics, topic)
        this.#remove(session, topic)
      }
    }
    if (event.type === 'DELETE_CHANNEL') this.#drop(event)
  }

  /** Returns the sessions of a deleted user, or of all users of a deleted app instance. */
  departed(event: Departure): Session[] {
    if (event.type === 'user-deleted') return [...this.sessionsOf(event.userId)]
    return this.allSessions().filter(({ appInstanceId }) => appInstanceId === event.appInstanceId)
  }

  #topicsOf({ channelId, subChannelId }: SocketEvent): readonly Topic[] {
    if (subChannelId !== undefined) {
      const topic = this.topicOf({ channelId, subChannelId })
      return topic ? [topic] : []
    }
    const channel = this.#channels.get(channelId)
    return channel ? [channel] : [...(this.#parts.get(channelId) ?? [])]
  }

  #record(frame: Frame, topics: readonly Topic[], audience: Iterable<Session>) {
    for (const { session, topic, heard } of this.#readings) {
      if (heard.length <= mostRecorded && topics.includes(topic) && [...audience].includes(session)) heard.push(frame)
    }
  }

  #hearersOf(event: SocketEvent, topics: readonly Topic[]): Iterable<Session> {
    if (event.only) {
      const sessions = event.only.flatMap(id => this.sessionsOf(id))
      return new Set(event.isForMembers ? sessions.filter(session => topics.some(topic => session.topics.includes(topic))) : sessions)
    }
    // A moderator may be in several sub-channels.
    return topics.length === 1 ? topics[0]!.sessions : new Set(topics.flatMap(({ sessions }) => sessions))
  }

  #add(session: Session, { channelId, subChannelId }: Place) {
    const topics = subChannelId === 0 ? this.#channels : this.#subChannels
    const key = subChannelId === 0 ? channelId : subChannelId
    const topic = topics.get(key)
    if (!topic) {
      const made = { channelId, subChannelId, sessions: [session], version: 0 }
      topics.set(key, made)
      session.topics.push(made)
      if (subChannelId !== 0) this.#parts.set(channelId, (this.#parts.get(channelId) ?? new Set()).add(made))
    } else if (!topic.sessions.includes(session)) {
      topic.sessions.push(session)
      session.topics.push(topic)
    }
  }

  #remove(session: Session, topic: Topic) {
    take(topic.sessions, session)
    if (topic.sessions.length === 0) this.#discard(topic)
  }

  #discard(topic: Topic) {
    const { channelId, subChannelId } = topic
    if (subChannelId === 0) {
      this.#channels.delete(channelId)
      return
    }
    this.#subChannels.delete(subChannelId)
    const parts = this.#parts.get(channelId)
    parts?.delete(topic)
    if (parts?.size === 0) this.#parts.delete(channelId)
  }

  /** A deleted channel has no more events. */
  #drop(event: SocketEvent) {
    for (const topic of this.#topicsOf(event)) {
      for (const session of topic.sessions.splice(0)) take(session.topics, topic)
      this.#discard(topic)
    }
  }
}
