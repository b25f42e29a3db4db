import { setImmediate as turn } from 'node:timers/promises'
import type { Counter } from 'prom-client'
import type { Arrivals } from '../http/arrivals.ts'
import { channelSummary } from '../present/channels.ts'
import { identity } from '../present/identities.ts'
import { messageInPrefetch } from '../present/messages.ts'
import type { Metrics } from '../observe/metrics.ts'
import { listMembers } from '../store/memberships.ts'
import { listMessages } from '../store/messages.ts'
import { RankedTurns } from '../tools/ranked-turns.ts'
import { channelsToPrefetch, channelToShow, nobody, type PrefetchedChannel, type PrefetchOrder } from '../store/prefetch.ts'
import { standingIn } from '../store/unread.ts'
import { retentionCutoff } from '../tools/retention.ts'
import { channelDetailsFrame, detailsText, type Frame } from './frame.ts'
import { mostRecorded } from './hub.ts'
import type { CatchUpWiring } from './resume.ts'
import type { Session, Topic } from './session.ts'
import { SharedDetails, type Details } from './shared-details.ts'

/** Soft limits of the service (docs/service/limits.md#counts). */
const mostChannels = 50
const mostMessages = 20
const mostMembers = 30
/** How many channels are read at the same time, for all sessions together. */
const atOnce = 4
/** How often a channel is read again because of an event during the reading. */
const mostReadings = 3
/** How many channels with shared details are sent in one write. */
const mostAtOnce = 4

interface Asked {
  readonly session: Session
  readonly order: PrefetchOrder
  readonly retentionDays: number | undefined
  /** The remaining channels; undefined until they are chosen. */
  channels?: PrefetchedChannel[]
  /** How many channels were sent or skipped. */
  sent?: number
}

/** The reader for which a channel is read, and the messages that it may see. */
interface Reader {
  readonly session: Session
  readonly topic: Topic
  readonly place: PrefetchedChannel
  /** `nobody` for what all members see. */
  readonly viewerId: number
  readonly retentionDays: number | undefined
  readonly cutoff: number
  /** The details that all members see, if they are loaded. */
  readonly shared: Details | undefined
  /** Whether no further reading follows. */
  readonly isLast: boolean
}

interface Wiring extends CatchUpWiring {
  readonly arrivals: Arrivals
  readonly metrics: Pick<Metrics, 'prefetched'>
}

/**
 * Sends new sessions the details of their channels. Sessions take turns, and a client that does not read is skipped until it does. So the
 * work of a connect is bounded, and no prefetch delays another one or a call. The session that has been sent the fewest channels comes
 * first, so all sessions get their most important channels before any gets its last one. Most sessions have about the same order, that of
 * the last messages. So many need the same details at about the same time, and share them.
 */
export class Prefetch {
  readonly #wiring: Wiring
  readonly #turns = new RankedTurns(atOnce)
  readonly #shared = new SharedDetails()
  readonly #figures: Readonly<Record<'shared' | 'read', Counter.Internal>>

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    const { prefetched } = wiring.metrics
    this.#figures = { shared: prefetched.labels('shared'), read: prefetched.labels('read') }
  }

  /** After SESSION_ESTABLISHED. */
  add(asked: Asked) {
    this.#turns.add(asked.sent ?? 0, async () => {
      await this.#pause()
      try {
        await this.#step(asked)
      } catch (error) {
        this.#wiring.failed(asked.session, error)
      }
    })
  }

  /**
   * Waits for a turn of the event loop, and longer while clients connect: after a restart all clients connect at once, and their
   * connections come before the prefetches.
   */
  async #pause() {
    await turn()
    await this.#wiring.arrivals.over
  }

  async #step(asked: Asked) {
    const { session } = asked
    if (!session.isOpen) return
    if (session.isCongested) {
      session.onceDrained(() => this.add(asked))
      return
    }
    asked.channels ??= await this.#choose(asked)
    for (let left = mostAtOnce; left > 0; left--) {
      const channel = asked.channels.pop()
      if (!channel) {
        session.heardAlone = undefined
        return
      }
      asked.sent = (asked.sent ?? 0) + 1
      if (!(await this.#sendDetails(asked, channel)) || session.isFull) break
    }
    this.add(asked)
  }

  /** In reverse order: the most important one is the last in the list. */
  async #choose({ session, order }: Asked): Promise<PrefetchedChannel[]> {
    // Set before the reading, so that an event that only this reader sees is either in the database when the channels are chosen, or noted
    // here.
    session.heardAlone = new Set()
    return (await channelsToPrefetch(this.#wiring.db, { memberId: session.userId, order }, mostChannels)).toReversed()
  }

  /**
   * Sends the details of a channel. A reader that sees the same as all members shares the details with others until the next event of the
   * channel. A channel that the user leaves meanwhile is skipped. Resolves to whether the details were ready to be sent.
   */
  async #sendDetails({ session, retentionDays }: Asked, place: PrefetchedChannel): Promise<boolean> {
    const { hub } = this.#wiring
    const sendsCounts = session.eventKinds.has('unread')
    for (let count = 1; count <= mostReadings; count++) {
      const topic = hub.topicOf(place)
      if (!topic || !session.topics.includes(topic)) return false
      const viewerId = place.hasPrivate || session.heardAlone?.has(place.channelId) ? session.userId : nobody
      const cutoff = retentionCutoff(this.#wiring.now(), retentionDays)
      // Details that do not fit the counts are not used a second time.
      const mayShare = viewerId === nobody && !(sendsCounts && count > 1)
      const shared = mayShare ? this.#shared.find(topic, { version: place, retentionDays, cutoff }) : undefined
      if (shared && !sendsCounts) {
        this.#send(session, 'shared', channelDetailsFrame(shared.text, place))
        return true
      }
      const isLast = count === mostReadings
      if (await this.#read({ session, topic, place, viewerId, retentionDays, cutoff, shared, isLast })) break
    }
    return false
  }

  #send(session: Session, how: 'shared' | 'read', frames: readonly Frame[]) {
    this.#figures[how].inc()
    for (const frame of frames) this.#wiring.hub.send(session, frame, { isPaced: true })
  }

  /**
   * Reads the details and sends them; resolves to false if the channel has to be read again. An event before the reading is contained in
   * them, and a later one follows them. If the session hears events during the reading, the channel has to be read again; after the last
   * reading they are sent behind the details. A busier channel is skipped: its events arrive as they happen.
   */
  async #read(reader: Reader): Promise<boolean> {
    const { session, topic, place, viewerId, retentionDays, cutoff, shared, isLast } = reader
    const { hub, db } = this.#wiring
    const reading = hub.beginReading(session, topic)
    const [heard, readAt] = [topic.version, performance.now()]
    try {
      const read = shared ?? (await this.#details(place, viewerId, cutoff))
      if (!read) return true
      const sendsCounts = session.eventKinds.has('unread')
      const standing = sendsCounts ? await standingIn(db, { ...place, memberId: session.userId }, cutoff) : undefined
      if (!session.topics.includes(topic)) return false
      // The counts are those of the details if nothing has happened in the channel between the two readings.
      const isOfOne = reading.heard.length === 0 && (!standing || standing.sequence === read.version.sequence)
      if (!isOfOne && !isLast) return false
      if (reading.heard.length > mostRecorded) return true
      if (!shared && viewerId === nobody && heard === topic.version) this.#shared.put(topic, { ...read, readAt, heard, retentionDays })
      const own = { readAt: standing ? standing.readAt : place.readAt, counts: isOfOne ? standing : undefined }
      this.#send(session, shared ? 'shared' : 'read', [...channelDetailsFrame(read.text, own), ...reading.heard])
      return true
    } finally {
      hub.endReading(reading)
    }
  }

  /** Reads the details of the channel that the viewer sees; undefined if the channel is deleted. */
  async #details(
    { channelId, subChannelId }: PrefetchedChannel,
    viewerId: number,
    cutoff: number,
  ): Promise<Pick<Details, 'text' | 'version' | 'oldestAt'> | undefined> {
    const { db } = this.#wiring
    // Read first, since every change after this reading raises the version.
    const shown = await channelToShow(db, { channelId, subChannelId, viewerId })
    if (!shown) return undefined
    const listing = { channelId, subChannelId, viewerId, order: 'DESCENDING', notBefore: new Date(cutoff), notAfter: undefined } as const
    const [messages, members] = await Promise.all([
      // One more than is shown, since the details say whether there are more.
      listMessages(db, listing, undefined, mostMessages + 1),
      listMembers(db, { channelId, subChannelId, type: 'DEFAULT' }, undefined, mostMembers),
    ])
    const { channel, subChannelName, version } = shown
    // Adds the messages since the channel was read.
    const lastMessageAt = later(messages.items.find(({ status }) => status === 'SENT')?.createdAt, channel.lastMessageAt)
    return {
      version,
      oldestAt: messages.items.at(-1)?.createdAt.getTime() ?? Infinity,
      text: detailsText({
        Channel: channelSummary({ ...channel, lastMessageAt }),
        ChannelMessages: messages.items.slice(0, mostMessages).map(messageInPrefetch),
        ChannelMessagesHasMore: messages.items.length > mostMessages,
        ChannelMemberships: members.items.map(member => ({ Member: identity(member) })),
        SubChannelId: subChannelName,
      }),
    }
  }
}

const later = (one: Date | undefined, other: Date | undefined) => (!one || (other && other > one) ? other : one)
