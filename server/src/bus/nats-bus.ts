import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Bus, Following, Listener } from './bus.ts'
import { ChannelNumbers, type Missed, type Reached } from './channel-numbers.ts'
import type { NatsLink } from './nats-link.ts'
import { Turns } from '../tools/turns.ts'
import { Publisher } from './publisher.ts'
import type { BusEvent, Step } from './socket-events.ts'
import { readMessage, type Subjects } from './wire.ts'

/** How often all is compared with the database, and how much longer at the most. */
const compareMilliseconds = 20_000
const jitterMilliseconds = 5000
/** The same while NATS is away. */
const deafMilliseconds = 4000
/** A channel that somebody joins by an event is compared after that. */
const soonMilliseconds = 100
/** What happens after an event that arrives now is not older than that, by any node's clock. */
const recentMilliseconds = 60_000
/** How many channels are compared by one query, and how many are read at once. */
const portion = 10_000
const readsAtOnce = 4
/** A session may take so long from `join` until it is in its channels. */
const joiningMilliseconds = 60_000

/** What the database knows. */
export interface Journal {
  /** Where these channels are; those that are gone are left out. */
  reached(channelIds: readonly number[]): Promise<ReadonlyMap<number, Reached>>
  missed(
    asked: Parameters<ConstructorParameters<typeof ChannelNumbers>[2]['missed']>[0] & { readonly places: readonly number[] },
  ): Promise<Missed>
  /** Those who are no users any more. */
  gone(userIds: readonly number[]): Promise<readonly number[]>
  /** Looks for memberships that are new since the last looks. */
  joined(userIds: readonly number[]): Promise<readonly Joined[]>
}

interface Joined {
  readonly userId: number
  readonly channelId: number
  readonly subChannelId: number
  /** Where the channel was before, as far as that is known. */
  readonly before: Reached | undefined
}

interface Wiring {
  readonly link: NatsLink
  readonly subjects: Subjects
  readonly journal: Journal
  readonly metrics: Metrics
  readonly log: Log
}

/**
 * The bus between nodes. NATS is at most once, so every step has its channel's number: what does not arrive is read from the database,
 * at once where a later one shows the gap, and otherwise with the next comparison.
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
      metrics.busConnected.set(0)
      this.#compareAfter(deafMilliseconds)
    }
    link.subscribe(subjects.all)
    this.#compareAfter(compareMilliseconds)
  }

  publish(event: BusEvent) {
    this.#publisher.publish(event)
    // Of what is no step the sockets here hear at once too.
    if (!('channelId' in event)) this.#listener?.hear(event)
  }

  flush() {
    this.#publisher.flush()
    this.#listener?.flush()
  }

  subscribe(listener: Listener) {
    this.#listener = listener
  }

  /** For the messages that arrive. */
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
    // Who follows the channel hears the step itself, and who does not hears the copy.
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
    this.#tell(step)
    if (sequence === undefined || numbers || this.#listener?.placesIn(channelId).length === 0) return
    // Somebody has joined with it.
    this.#follow(channelId, { sequence, at: Date.now() - recentMilliseconds })
    this.#soon.add(channelId)
    if (this.#soon.size === 1) setTimeout(() => void this.#compareSoon(), soonMilliseconds).unref()
  }

  #tell({ events }: Step) {
    for (const event of events) this.#listener?.hear(event)
  }

  /** `place` is where somebody joins. */
  #follow(channelId: number, reached: Reached, place?: number) {
    const { link, subjects, journal, log, metrics } = this.#wiring
    if (this.#channels.has(channelId)) return
    link.subscribe(subjects.channel(channelId))
    const places = () => [...new Set([...(this.#listener?.placesIn(channelId) ?? []), ...(place === undefined ? [] : [place])])]
    const numbers = new ChannelNumbers(channelId, reached, {
      hear: step => this.#tell(step),
      lost: id => this.#listener?.lost(id),
      missed: asked => this.#reads.take(() => journal.missed({ ...asked, places: places() })),
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
    if (unknown.length === 0) return
    // All are subscribed to before the server is asked whether it knows.
    const isNew = unknown.map(id => link.subscribe(subjects.channel(id))).includes(true)
    if (isNew) await link.confirm()
    for (const [id, reached] of await journal.reached(unknown)) this.#follow(id, reached)
  }

  /** What was published between an event by which somebody has joined and the subscription. */
  async #compareSoon() {
    const joined = [...this.#soon]
    this.#soon = new Set()
    try {
      await this.#wiring.link.confirm()
      if (!this.#isClosed) await this.#compareChannels(joined)
    } catch (error) {
      this.#wiring.log.warn({ err: error }, 'Channels that somebody has joined are compared with the database later')
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
      this.#wiring.log.warn({ err: error }, 'What other nodes have done cannot be compared with the database at the moment')
    })
    await this.#comparing
    const pause = compareMilliseconds + Math.random() * jitterMilliseconds
    this.#compareAfter(this.#wiring.link.isConnected ? pause : deafMilliseconds)
  }

  async #compareAll() {
    this.#forget()
    const { journal } = this.#wiring
    const userIds = this.#listener?.userIds() ?? []
    for (const userId of await journal.gone(userIds)) this.#listener?.hear({ type: 'user-deleted', userId })
    for (const { userId, before, ...place } of await journal.joined(userIds)) {
      if (this.#isClosed) return
      const isFollowed = this.#channels.has(place.channelId)
      if (!isFollowed && before) this.#follow(place.channelId, before, place.subChannelId)
      // Where it is read how the user has joined, that is heard; otherwise the user is there without a word.
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
  }

  async #compareChannels(channelIds: readonly number[]) {
    const askedAt = performance.now()
    const reached = await this.#wiring.journal.reached(channelIds)
    for (const id of channelIds) {
      const numbers = this.#channels.get(id)
      const now = reached.get(id)
      if (now) numbers?.compare(now, askedAt)
      // Deleted and purged: how it has ended may still be there to be read.
      else numbers?.look()
    }
  }

  /** Channels and users that nobody here is, or is about to be. */
  #forget() {
    const { link, subjects } = this.#wiring
    const old = performance.now() - joiningMilliseconds
    const present = new Set(this.#listener?.userIds())
    for (const [id, numbers] of this.#channels) {
      if (numbers.bornAt > old || this.#listener?.placesIn(id).length !== 0) continue
      numbers.end()
      this.#channels.delete(id)
    }
    for (const [id, since] of this.#users) if (since <= old && !present.has(id)) this.#users.delete(id)
    const kept = [...this.#channels.keys()].map(id => subjects.channel(id))
    link.keep(new Set([subjects.all, ...kept, ...[...this.#users.keys()].map(id => subjects.user(id))]))
  }
}
