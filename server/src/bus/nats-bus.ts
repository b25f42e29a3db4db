import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Bus, Following, Listener } from './bus.ts'
import { ChannelNumbers, type Missed, type MissingRange, type Reached } from './channel-numbers.ts'
import type { NatsLink } from './nats-link.ts'
import { Turns } from '../tools/turns.ts'
import { Publisher } from './publisher.ts'
import type { BusEvent, Step } from './socket-events.ts'
import { readMessage, type Subjects } from './wire.ts'

/** The interval of the comparison with the database, and the most that is added at random. */
const compareMilliseconds = 20_000
const jitterMilliseconds = 5000
/** The interval while NATS is unavailable. */
const deafMilliseconds = 4000
/** The delay before a channel that a user joins by an event is compared. */
const soonMilliseconds = 100
/** An event that follows one that arrives now is not older than this, by any node's clock. */
const recentMilliseconds = 60_000
/** How many channels one query compares, and how many are read at once. */
const portion = 10_000
const readsAtOnce = 4
/** The most time from the `join` of a session until it is in its channels. */
const joiningMilliseconds = 60_000

/** What the bus reads from the database. */
export interface Journal {
  /** How far these channels are; purged ones are left out. */
  reached(channelIds: readonly number[]): Promise<ReadonlyMap<number, Reached>>
  missed(asked: MissingRange & { readonly subChannelIds: readonly number[] }): Promise<Missed>
  /** Which of the users are deleted. */
  gone(userIds: readonly number[]): Promise<readonly number[]>
  /** Reads memberships that are new since the previous reads. */
  joined(userIds: readonly number[]): Promise<readonly Joined[]>
}

interface Joined {
  readonly userId: number
  readonly channelId: number
  readonly subChannelId: number
  /** How far the channel was before, if that is known. */
  readonly before: Reached | undefined
}

/** A comparison of all channels with the database. */
interface Comparison {
  /** When it began, by both clocks. */
  readonly at: number
  readonly sureAt: number
  /** How often the connection to NATS had been lost before. */
  readonly losses: number
  /** Whether NATS had answered before it began. */
  readonly isSubscribed: boolean
  readonly behind: readonly ChannelNumbers[]
}

interface Wiring {
  readonly link: NatsLink
  readonly subjects: Subjects
  readonly journal: Journal
  readonly metrics: Metrics
  readonly log: Log
}

/**
 * The bus between nodes. NATS delivers at most once, so every step has its channel's number. A step that does not arrive is read from the
 * database: immediately if a later one shows the gap, and otherwise at the next comparison.
 */
export class NatsBus implements Bus {
  readonly following: Following
  readonly #wiring: Wiring
  readonly #publisher: Publisher
  readonly #channels = new Map<number, ChannelNumbers>()
  readonly #users = new Map<number, number>()
  readonly #reads = new Turns(readsAtOnce)
  #listener: Listener | undefined
  #comparing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #soon = new Set<number>()
  #isClosed = false
  /** The last comparison, until everything that it has found is delivered. */
  #comparison: Comparison | undefined
  #surelyUntil = Date.now()
  /** Whether everything from the time without NATS has been read. */
  #isSure = true
  #losses = 0

  constructor(wiring: Wiring) {
    const { link, subjects, metrics } = wiring
    this.#wiring = wiring
    this.#publisher = new Publisher(link, subjects, step => this.#take(step))
    this.following = { enter: async userId => this.#enter(userId), join: async channelIds => this.#join(channelIds) }
    metrics.busConnected.set(link.isConnected ? 1 : 0)
    link.onBack = () => {
      metrics.busConnected.set(1)
      this.#publisher.repeat()
      this.#compareAfter(0)
    }
    link.onDeaf = () => {
      this.#surelyUntil = this.heardUntil()
      this.#isSure = false
      this.#losses++
      metrics.busConnected.set(0)
      this.#compareAfter(deafMilliseconds)
    }
    link.subscribe(subjects.all)
    link.subscribe(subjects.presence)
    this.#compareAfter(compareMilliseconds)
  }

  publish(event: BusEvent) {
    this.#publisher.publish(event)
    // The sockets of this node get events without a channel immediately, too.
    if (!('channelId' in event)) this.#listener?.hear(event)
  }

  /** While NATS answers, everything until then has arrived. Without NATS, everything until the last comparison with the database. */
  heardUntil(): number {
    this.#settle()
    return this.#isSure ? Math.max(this.#wiring.link.answeredAt, this.#surelyUntil) : this.#surelyUntil
  }

  subscribe(listener: Listener) {
    this.#listener = listener
  }

  /** Handles a message from NATS. */
  hear(data: Uint8Array) {
    try {
      this.#hear(data)
    } catch (error) {
      this.#wiring.log.error({ err: error }, 'A message of another node cannot be read')
    }
  }

  async close() {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const numbers of this.#channels.values()) numbers.end()
    await this.#publisher.close()
    await this.#comparing
    await this.#wiring.link.close()
  }

  #hear(data: Uint8Array) {
    const { kind, channelId, sequence, sentAt, events, other } = readMessage(data)
    if (kind === 'other') {
      this.#listener?.hear(other())
      return
    }
    const numbers = this.#channels.get(channelId)
    if (kind === 'number') {
      if (sequence !== undefined) numbers?.expect(sequence)
      return
    }
    // A node that follows the channel takes the step, any other takes the copy.
    if ((kind === 'step') !== (numbers !== undefined)) return
    this.#wiring.metrics.busLag.observe(Math.max(0, Date.now() - sentAt) / 1000)
    this.#take({ channelId, sequence, events: events() })
  }

  #take(step: Step) {
    const { channelId, sequence } = step
    const numbers = this.#channels.get(channelId)
    if (numbers && sequence !== undefined) {
      numbers.take({ ...step, sequence })
      return
    }
    this.#deliver(step)
    if (sequence === undefined || numbers || this.#listener?.subChannelIdsIn(channelId).length === 0) return
    // A user of this node has joined with the step.
    this.#follow(channelId, { sequence, at: Date.now() - recentMilliseconds })
    this.#soon.add(channelId)
    if (this.#soon.size === 1) setTimeout(() => void this.#compareSoon(), soonMilliseconds).unref()
  }

  #deliver({ events }: Step) {
    for (const event of events) this.#listener?.hear(event)
  }

  /** `subChannelId` is the one that a user joins; it may not be in the hub yet. */
  #follow(channelId: number, reached: Reached, subChannelId?: number) {
    const { link, subjects, journal, log, metrics } = this.#wiring
    if (this.#channels.has(channelId)) return
    link.subscribe(subjects.channel(channelId))
    const subChannelIds = () => [
      ...new Set([...(this.#listener?.subChannelIdsIn(channelId) ?? []), ...(subChannelId === undefined ? [] : [subChannelId])]),
    ]
    const numbers = new ChannelNumbers(channelId, reached, {
      hear: step => this.#deliver(step),
      lost: (id, since) => this.#listener?.lost(id, since),
      missed: asked => this.#reads.take(() => journal.missed({ ...asked, subChannelIds: subChannelIds() })),
      log,
      metrics,
    })
    this.#channels.set(channelId, numbers)
  }

  async #enter(userId: number) {
    this.#users.set(userId, performance.now())
    if (this.#wiring.link.subscribe(this.#wiring.subjects.user(userId))) await this.#wiring.link.confirm()
  }

  async #join(channelIds: readonly number[]) {
    const { link, subjects, journal } = this.#wiring
    const unknown = [...new Set(channelIds)].filter(id => !this.#channels.has(id))
    if (unknown.length === 0) return false
    // All subscriptions are sent before the server has to confirm them.
    const isNew = unknown.map(id => link.subscribe(subjects.channel(id))).includes(true)
    if (isNew) await link.confirm()
    for (const [id, reached] of await journal.reached(unknown)) this.#follow(id, reached)
    return true
  }

  /** Compares channels, to find events between a user's join and the subscription. */
  async #compareSoon() {
    const joined = [...this.#soon]
    this.#soon = new Set()
    try {
      await this.#wiring.link.confirm()
      if (!this.#isClosed) await this.#compareChannels(joined)
    } catch (error) {
      this.#wiring.log.warn(
        { err: error },
        'Channels with a new member cannot be compared with the database at the moment; the next comparison includes them',
      )
    }
  }

  #compareAfter(milliseconds: number) {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.#compare(), milliseconds).unref()
  }

  async #compare() {
    await this.#comparing
    this.#comparing = this.#compareAll().catch((error: unknown) => {
      this.#wiring.log.warn(
        { err: error },
        'Channels cannot be compared with the database at the moment, so events of other nodes may be missing',
      )
    })
    await this.#comparing
    const pause = compareMilliseconds + Math.random() * jitterMilliseconds
    this.#compareAfter(this.#wiring.link.isConnected ? pause : deafMilliseconds)
  }

  async #compareAll() {
    this.#removeUnused()
    const { link, journal } = this.#wiring
    // The numbers must not be read before the subscriptions of a new connection exist.
    const isSubscribed = await link.confirm()
    const begun = { at: Date.now(), sureAt: performance.now(), losses: this.#losses, isSubscribed }
    const userIds = this.#listener?.userIds() ?? []
    for (const userId of await journal.gone(userIds)) this.#listener?.hear({ type: 'user-deleted', userId })
    for (const { userId, before, ...place } of await journal.joined(userIds)) {
      if (this.#isClosed) return
      const isFollowed = this.#channels.has(place.channelId)
      if (!isFollowed && before) this.#follow(place.channelId, before, place.subChannelId)
      // If the event of the join can be read, it is delivered; otherwise the user is a member without an event.
      if (!isFollowed && !before) {
        await this.#join([place.channelId])
        this.#listener?.join(userId, place)
      }
    }
    const channelIds = [...this.#channels.keys()]
    for (let start = 0; start < channelIds.length && !this.#isClosed; start += portion) {
      await this.#compareChannels(channelIds.slice(start, start + portion))
      await turn()
    }
    this.#comparison = { ...begun, behind: [...this.#channels.values()].filter(({ sureAt }) => sureAt < begun.sureAt) }
  }

  /** Once all channels are where the last comparison has found them, nothing from before it is missing. */
  #settle() {
    if (!this.#comparison) return
    const { at, sureAt, losses, isSubscribed, behind } = this.#comparison
    if (behind.some(numbers => !numbers.isEnded && numbers.sureAt < sureAt)) return
    this.#surelyUntil = Math.max(at, this.#surelyUntil)
    this.#isSure = isSubscribed && this.#wiring.link.isConnected && losses === this.#losses
    this.#comparison = undefined
  }

  async #compareChannels(channelIds: readonly number[]) {
    const askedAt = performance.now()
    const known = new Map(channelIds.map(id => [id, this.#channels.get(id)?.last ?? 0]))
    const reached = await this.#wiring.journal.reached(channelIds)
    for (const id of channelIds) {
      const numbers = this.#channels.get(id)
      const now = reached.get(id)
      if (now) numbers?.compare(now, askedAt, known.get(id)!)
      // The channel is deleted and purged, but its last events may still be stored.
      else numbers?.look()
    }
  }

  /** Removes channels and users that have no session on this node, and none that is about to join. */
  #removeUnused() {
    const { link, subjects } = this.#wiring
    const old = performance.now() - joiningMilliseconds
    const present = new Set(this.#listener?.userIds())
    for (const [id, numbers] of this.#channels) {
      if (numbers.bornAt > old || this.#listener?.subChannelIdsIn(id).length !== 0) continue
      numbers.end()
      this.#channels.delete(id)
    }
    for (const [id, since] of this.#users) if (since <= old && !present.has(id)) this.#users.delete(id)
    const channels = [...this.#channels.keys()].map(id => subjects.channel(id))
    link.unsubscribeOthers(new Set([subjects.all, subjects.presence, ...channels, ...[...this.#users.keys()].map(id => subjects.user(id))]))
  }
}
