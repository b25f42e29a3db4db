import { setImmediate as turn } from 'node:timers/promises'
import { parseArn } from '../arn.ts'
import { seenChannels, seenPeople } from '../auth/roles/sight.ts'
import type { PresenceWatched } from '../bus/socket-events.ts'
import type { Queries } from '../database/database.ts'
import { namedMembersAtMost, presenceDetails, type OnlineNow } from '../present/presence.ts'
import { findFacts } from '../store/facts.ts'
import { presenceOf } from '../store/presences.ts'
import { BoundedMap } from '../tools/bounded-map.ts'
import type { ChannelMembers } from './channel-members.ts'
import { presenceFrame, type Frame } from './frame.ts'
import type { Session } from './session.ts'

/** The numbers of large channels are sent with every Nth presence frame only. */
const numbersEvery = 5
/** After this time a watch is checked again, in case an event was lost. */
const checkedMilliseconds = 10 * 60_000
/** The most watches that one round checks again; further ones wait for the next round. */
const mostChecked = 200
/** The most cached presences of users, in the form in which they are sent. */
const mostCached = 50_000
/** How many sessions are sent a frame before other work gets its turn. */
const portion = 200

/** A presence as it is sent: as it is, and to a session that may not see the user any more. */
interface Texts {
  readonly shown: string
  readonly offline: string
}

interface Watch {
  readonly session: Session
  userArn: string
  channels: ReadonlySet<Channel>
  userIds: ReadonlySet<number>
  /** The users whose presence is to be sent to it. */
  changed: Set<number>
  /** The users whom it has watched and may not see any more: it is sent once that they are offline. */
  lost: Set<number>
  /** Whether everything is to be sent to it. */
  isNew: boolean
  checkedAt: number
}

/** A channel that sessions of this node watch. */
interface Channel {
  readonly id: number
  readonly arn: string
  readonly isElastic: boolean
  readonly watches: Set<Watch>
  members: ReadonlySet<number>
  /** The number that was last sent of a large channel. */
  sentCount: number | undefined
  readAt: number
  isStale: boolean
  /** The members whose presence has changed since the last round. */
  changed: Set<number>
}

interface Wiring {
  readonly db: Queries
  readonly online: OnlineNow
  readonly members: ChannelMembers
  readonly send: (session: Session, frame: Frame) => void
}

const common = <Item>(one: ReadonlySet<Item>, other: ReadonlySet<Item>) => new Set([...one].filter(item => other.has(item)))

const isLarge = ({ isElastic, members }: Channel) => isElastic || members.size > namedMembersAtMost

const watchesByName = ({ userIds, channels }: Watch, userId: number) =>
  userIds.has(userId) || [...channels].some(channel => !isLarge(channel) && channel.members.has(userId))

function addTo<Key, Item>(index: Map<Key, Set<Item>>, key: Key, item: Item) {
  const items = index.get(key)
  if (items) items.add(item)
  else index.set(key, new Set([item]))
}

function takeFrom<Key, Item>(index: Map<Key, Set<Item>>, key: Key, item: Item) {
  const items = index.get(key)
  if (items?.delete(item) && items.size === 0) index.delete(key)
}

/**
 * Knows whom the sessions of this node watch, and sends them changes of presence: at most one frame a session in a round. A text for many
 * sessions is made once. Who may see whom is checked when a watch begins, when a membership ends, and every few minutes.
 */
export class Watches {
  readonly #wiring: Wiring
  readonly #watches = new Map<Session, Watch>()
  readonly #channels = new Map<number, Channel>()
  /** The sessions that watch a user by name, and the watched small channels of a member. */
  readonly #watchers = new Map<number, Set<Watch>>()
  readonly #channelsOf = new Map<number, Set<Channel>>()
  readonly #suspect = new Set<Watch>()
  readonly #details = new BoundedMap<number, Texts>(mostCached)
  #rounds = 0

  constructor(wiring: Wiring) {
    this.#wiring = wiring
  }

  get size(): number {
    return this.#watches.size
  }

  /** The session watches that from now on, and nothing else. */
  set(session: Session, { userArn, channels, people: userIds }: PresenceWatched) {
    this.end(session)
    if (channels.length + userIds.length === 0 || !session.isOpen) return
    const watch: Watch = {
      session,
      userArn,
      channels: new Set(),
      userIds: new Set(userIds),
      changed: new Set(),
      lost: new Set(),
      isNew: true,
      checkedAt: Date.now(),
    }
    this.#watches.set(session, watch)
    watch.channels = new Set(channels.map(channel => this.#join(watch, channel)))
    for (const userId of userIds) addTo(this.#watchers, userId, watch)
  }

  end(session: Session) {
    const watch = this.#watches.get(session)
    if (!watch) return
    this.#watches.delete(session)
    this.#suspect.delete(watch)
    this.#restrictTo(watch, new Set(), new Set())
  }

  /** A membership of the user in the channel has begun or ended. */
  membershipChanged(channelId: number, sessions: readonly Session[], memberId: number, hasEnded: boolean) {
    const channel = this.#channels.get(channelId)
    if (channel) channel.isStale = true
    if (!hasEnded) return
    for (const watch of this.#watchers.get(memberId) ?? []) this.#suspect.add(watch)
    this.suspect(sessions)
  }

  /** Checks again what these sessions may see. */
  suspect(sessions: readonly Session[]) {
    for (const session of sessions) {
      const watch = this.#watches.get(session)
      if (watch) this.#suspect.add(watch)
    }
  }

  /** The presence of the user has changed; that of all users if none is given. */
  uncache(userId: number | undefined) {
    if (userId === undefined) this.#details.clear()
    else this.#details.delete(userId)
  }

  /** Everything is sent to all sessions again. */
  renew() {
    for (const watch of this.#watches.values()) watch.isNew = true
  }

  /** Runs a round: sends changes to the sessions that watch the users, and everything to sessions whose watch has just begun. */
  async runRound(changed: ReadonlySet<number>) {
    for (const userId of changed) this.#note(userId)
    this.#rounds++
    await this.#check()
    await this.#readChannels()
    const isTimeForNumbers = this.#rounds % numbersEvery === 0
    const numbers = new Set([...this.#channels.values()].filter(channel => isLarge(channel) && isTimeForNumbers && this.#count(channel)))
    const shared = new Map<string, Frame | undefined>()
    let sent = 0
    for (const watch of this.#watches.values()) {
      if (!watch.session.isOpen) {
        this.end(watch.session)
        continue
      }
      const { isNew, changed: userIds } = watch
      const channels = [...watch.channels].filter(channel => isNew || channel.changed.size > 0 || numbers.has(channel))
      const lost = [...watch.lost].filter(userId => userId !== watch.session.userId && !watchesByName(watch, userId))
      watch.lost = new Set()
      if (!isNew && userIds.size === 0 && channels.length === 0 && lost.length === 0) continue
      watch.changed = new Set()
      watch.isNew = false
      // Many sessions watch one channel and nothing else.
      const isShared = channels.length === 1 && (isNew ? watch.userIds : userIds).size === 0 && lost.length === 0
      const key = isShared ? `${channels[0]!.id} ${isNew}` : undefined
      const frame =
        key !== undefined && shared.has(key)
          ? shared.get(key)
          : await this.#frameFor(channels, isNew ? watch.userIds : userIds, lost, isNew)
      if (key !== undefined) shared.set(key, frame)
      if (frame) this.#wiring.send(watch.session, frame)
      if (++sent % portion === 0) await turn()
    }
    for (const channel of this.#channels.values()) channel.changed = new Set()
  }

  #note(userId: number) {
    this.#details.delete(userId)
    for (const watch of this.#watchers.get(userId) ?? []) watch.changed.add(userId)
    for (const channel of this.#channelsOf.get(userId) ?? []) channel.changed.add(userId)
  }

  async #frameFor(
    channels: readonly Channel[],
    userIds: ReadonlySet<number>,
    lost: readonly number[],
    isNew: boolean,
  ): Promise<Frame | undefined> {
    const small = channels.filter(channel => !isLarge(channel))
    // A user who has changed may have left meanwhile.
    const unique = new Set([...userIds, ...small.flatMap(({ members, changed }) => [...(isNew ? members : common(changed, members))])])
    await this.#read(new Set([...unique, ...lost]))
    const presences = [
      ...[...unique].flatMap(userId => this.#details.get(userId)?.shown ?? []),
      ...lost.flatMap(userId => this.#details.get(userId)?.offline ?? []),
    ]
    const numbers = channels
      // A new watch is also sent that a channel has no members who are shown.
      .filter(channel => isLarge(channel) || (isNew && channel.members.size === 0))
      .map(channel => JSON.stringify({ ChannelArn: channel.arn, OnlineMemberCount: channel.sentCount ?? this.#counted(channel) }))
    return isNew || presences.length + numbers.length > 0 ? presenceFrame(presences, numbers) : undefined
  }

  /** Reads the presences of these users, as far as they are not cached. */
  async #read(userIds: ReadonlySet<number>) {
    const unknown = [...userIds].filter(userId => !this.#details.has(userId))
    await Promise.all(
      unknown.map(async userId => {
        const stored = await presenceOf(this.#wiring.db, userId)
        if (!stored) return
        const [shown, offline] = [
          presenceDetails(userId, stored, this.#wiring.online),
          { AppInstanceUserArn: stored.arn, IsOnline: false },
        ].map(presence => JSON.stringify(presence)) as [string, string]
        this.#details.set(userId, { shown, offline })
      }),
    )
  }

  #counted({ members }: Channel): number {
    let count = 0
    for (const userId of members) if (this.#wiring.online.isOnline(userId)) count++
    return count
  }

  /** Counts those online, to be sent as the number of the channel; false if that is the number that was last sent. */
  #count(channel: Channel): boolean {
    const count = this.#counted(channel)
    if (count === channel.sentCount) return false
    channel.sentCount = count
    return true
  }

  #join(watch: Watch, { id, arn, isElastic }: PresenceWatched['channels'][number]): Channel {
    let channel = this.#channels.get(id)
    if (!channel) {
      const empty = { watches: new Set<Watch>(), members: new Set<number>(), sentCount: undefined, changed: new Set<number>() }
      this.#channels.set(id, (channel = { ...empty, id, arn, isElastic, readAt: 0, isStale: true }))
    }
    channel.watches.add(watch)
    return channel
  }

  #leave(watch: Watch, channel: Channel) {
    channel.watches.delete(watch)
    if (channel.watches.size > 0) return
    this.#channels.delete(channel.id)
    this.#index(channel, new Set())
  }

  /** Sets the members of a channel. They are watched by name unless it is large. */
  #index(channel: Channel, members: ReadonlySet<number>) {
    if (!isLarge(channel)) {
      for (const userId of channel.members) {
        if (members.has(userId)) continue
        takeFrom(this.#channelsOf, userId, channel)
        for (const watch of channel.watches) watch.lost.add(userId)
      }
    }
    const before = isLarge(channel) ? new Set<number>() : channel.members
    channel.members = members
    if (isLarge(channel)) {
      for (const userId of before) takeFrom(this.#channelsOf, userId, channel)
      return
    }
    for (const userId of members) {
      if (before.has(userId)) continue
      addTo(this.#channelsOf, userId, channel)
      channel.changed.add(userId)
    }
  }

  #restrictTo(watch: Watch, channelIds: ReadonlySet<number>, userIds: ReadonlySet<number>) {
    for (const channel of watch.channels) if (!channelIds.has(channel.id)) this.#leave(watch, channel)
    for (const userId of watch.userIds) if (!userIds.has(userId)) takeFrom(this.#watchers, userId, watch)
    watch.channels = new Set([...watch.channels].filter(({ id }) => channelIds.has(id)))
    watch.userIds = common(watch.userIds, userIds)
    watch.changed = common(watch.changed, userIds)
  }

  /** Reads the members of channels that are new, of which a membership has changed, or that were read long ago. */
  async #readChannels() {
    const old = Date.now() - checkedMilliseconds
    for (const channel of this.#channels.values()) {
      const isDue = isLarge(channel) ? channel.readAt < old : channel.isStale || channel.readAt < old
      if (!isDue) continue
      channel.isStale = false
      channel.readAt = Date.now()
      const wasLarge = isLarge(channel)
      const members = await this.#wiring.members.of(channel.id)
      if (this.#channels.get(channel.id) !== channel) continue
      this.#index(channel, members)
      if (wasLarge === isLarge(channel)) continue
      channel.sentCount = undefined
      for (const watch of channel.watches) watch.isNew = true
    }
  }

  async #check() {
    const old = Date.now() - checkedMilliseconds
    for (const watch of this.#watches.values()) if (watch.checkedAt < old) this.#suspect.add(watch)
    for (const watch of [...this.#suspect].slice(0, mostChecked)) {
      this.#suspect.delete(watch)
      watch.checkedAt = Date.now()
      const bearer = parseArn(watch.userArn)
      const facts = bearer && (await findFacts(this.#wiring.db, bearer))
      const arns = [...watch.channels].flatMap(({ arn }) => parseArn(arn) ?? [])
      const channels = facts ? await seenChannels(this.#wiring.db, bearer, arns) : []
      const userIds = facts ? await seenPeople(this.#wiring.db, facts, [...watch.userIds]) : []
      // The watch may have been replaced meanwhile.
      if (this.#watches.get(watch.session) !== watch) continue
      const channelIds = new Set(channels.map(({ id }) => id))
      const lostChannels = [...watch.channels].filter(channel => !isLarge(channel) && !channelIds.has(channel.id))
      for (const userId of [...watch.userIds, ...lostChannels.flatMap(({ members }) => [...members])]) watch.lost.add(userId)
      this.#restrictTo(watch, channelIds, new Set(userIds))
    }
  }
}
