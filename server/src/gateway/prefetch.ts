import { setImmediate as turn } from 'node:timers/promises'
import type { Arrivals } from '../http/arrivals.ts'
import { retentionCutoff } from '../auth/roles/sight.ts'
import { channelSummary } from '../present/channels.ts'
import { identity } from '../present/identities.ts'
import { heardSummary } from '../present/messages.ts'
import type { Database } from '../database/database.ts'
import { listMembers } from '../store/memberships.ts'
import { listMessages } from '../store/messages.ts'
import { Turns } from '../tools/turns.ts'
import { channelsToPrefetch, type PrefetchedChannel, type PrefetchOrder } from '../store/prefetch.ts'
import { channelDetailsFrame } from './frame.ts'
import { mostRetold, type Hub } from './hub.ts'
import type { Session } from './session.ts'

/** Soft limits of the service (docs/service/limits.md#counts). */
const mostChannels = 50
const mostMessages = 20
const mostMembers = 30
/** How many channels are read at the same time, for all sessions together. */
const atOnce = 4
/** How often a channel is read again because something has happened in it meanwhile. */
const mostReadings = 3

interface Asked {
  readonly session: Session
  readonly order: PrefetchOrder
  readonly retentionDays: number | undefined
  /** Those that are left; undefined until they are chosen. */
  channels?: PrefetchedChannel[]
}

/**
 * Sends new sessions the details of their channels. Sessions take turns, one channel at a time, and a client that does not read waits
 * until it does. So the work of a connect is bounded, and no prefetch holds up another one or a call.
 */
export class Prefetch {
  readonly #db: Database
  readonly #hub: Hub
  readonly #now: () => number
  readonly #failed: (session: Session, error: unknown) => void
  readonly #arrivals: Arrivals
  readonly #turns = new Turns(atOnce)

  constructor(given: {
    db: Database
    hub: Hub
    now: () => number
    failed: (session: Session, error: unknown) => void
    arrivals: Arrivals
  }) {
    this.#db = given.db
    this.#hub = given.hub
    this.#now = given.now
    this.#failed = given.failed
    this.#arrivals = given.arrivals
  }

  /** After SESSION_ESTABLISHED. */
  add(asked: Asked) {
    void this.#turns.take(async () => {
      await this.#pause()
      try {
        await this.#step(asked)
      } catch (error) {
        this.#failed(asked.session, error)
      }
    })
  }

  /**
   * Waits for a turn of the event loop, and longer while clients connect: after a restart all connect at once, and none should wait
   * for another's prefetch.
   */
  async #pause() {
    await turn()
    await this.#arrivals.over
  }

  async #step(asked: Asked) {
    const { session, order } = asked
    if (!session.isOpen) return
    if (session.isCongested) {
      session.onceDrained(() => this.add(asked))
      return
    }
    asked.channels ??= (await channelsToPrefetch(this.#db, { memberId: session.userId, order }, mostChannels)).toReversed()
    const channel = asked.channels.pop()
    if (!channel) return
    await this.#tell(asked, channel)
    if (asked.channels.length > 0) this.add(asked)
  }

  /**
   * An event before the reading is contained in the details, and a later event follows them. If events arrive during the reading,
   * the channel is read again, and the events during the last reading are sent after the details. A channel that the user leaves
   * meanwhile is skipped, and so is a busier one, whose events arrive as they happen.
   */
  async #tell({ session, retentionDays }: Asked, place: PrefetchedChannel) {
    for (let count = 1; count <= mostReadings; count++) {
      const topic = this.#hub.topicOf(place)
      if (!topic || !session.topics.includes(topic)) return
      const reading = this.#hub.beginReading(session, topic)
      try {
        const details = await this.#details(session, place, retentionDays)
        const { heard } = reading
        if (!session.topics.includes(topic) || (heard.length > 0 && count < mostReadings)) continue
        if (heard.length > mostRetold) return
        for (const frame of [channelDetailsFrame(details), ...heard]) this.#hub.send(session, frame)
        return
      } finally {
        this.#hub.endReading(reading)
      }
    }
  }

  async #details(session: Session, place: PrefetchedChannel, retentionDays: number | undefined) {
    const { channelId, subChannelId } = place
    const notBefore = new Date(retentionCutoff(this.#now(), retentionDays))
    const { userId: viewerId } = session
    const listing = { channelId, subChannelId, viewerId, order: 'DESCENDING', notBefore, notAfter: undefined } as const
    const [messages, members] = await Promise.all([
      listMessages(this.#db, listing, undefined, mostMessages),
      listMembers(this.#db, { channelId, subChannelId, type: 'DEFAULT' }, undefined, mostMembers),
    ])
    // Counts the messages since the channels were chosen.
    const lastMessageAt = messages.items.find(({ status }) => status === 'SENT')?.createdAt ?? place.channel.lastMessageAt
    return {
      Channel: channelSummary({ ...place.channel, lastMessageAt }),
      ChannelMessages: messages.items.map(heardSummary),
      ChannelMessagesHasMore: messages.next !== undefined,
      ChannelMemberships: members.items.map(member => ({ Member: identity(member) })),
      ReadMarkerTimestamp: place.readAt,
      SubChannelId: place.subChannelName,
    }
  }
}
