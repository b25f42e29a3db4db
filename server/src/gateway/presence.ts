import type { Bus } from '../bus/bus.ts'
import type { PresenceEvent, SocketEvent } from '../bus/socket-events.ts'
import type { Database } from '../database/database.ts'
import { OnlineUsers } from '../nodes/online-users.ts'
import type { Log } from '../observe/log.ts'
import { presenceOf, putSeen } from '../store/presences.ts'
import { repeated } from '../tools/repeated.ts'
import { ChannelMembers } from './channel-members.ts'
import type { Hub } from './hub.ts'
import { Watches } from './watches.ts'

/** The ticks between two presence frames of a session; a tick is a second. */
const roundEvery = 2
/** The ticks between two writes of when users were last seen. */
const writeEvery = 60
/** How many users are read at once, or written by one transaction. */
const portion = 500
/** Within this many ticks each user of this node is checked: whether its presence is shown may have changed by an event that was lost. */
const checkWithin = 60
/** While nothing has arrived from the bus for longer than this, no node counts as dead. */
const deafMilliseconds = 8000

interface Wiring {
  readonly hub: Hub
  readonly db: Database
  readonly bus: Bus
  readonly nodeId: string
  readonly graceSeconds: number
  /** The server's clock, for the times when users were last seen. */
  readonly now: () => number
  readonly log: Log
}

/**
 * Presence: which users have sockets, on which node, and whom the sessions of this node watch. It works once a second and not at
 * each event, so that many users may come and go.
 */
export class Presence {
  readonly #wiring: Wiring
  readonly online: OnlineUsers
  readonly members: ChannelMembers
  readonly #watches: Watches
  readonly #toCheck = new Set<number>()
  #toSend = new Set<number>()
  /** When users were last seen, as far as it is not stored yet. */
  readonly #seen = new Map<number, number>()
  #checking: number[] = []
  #ticks = 0
  /** Ends the ticks. */
  readonly close: () => Promise<void>
  /** Whether other nodes need a list of all users of this node. */
  #isWanted = false

  constructor(wiring: Wiring) {
    const { hub, db, nodeId, graceSeconds, now } = wiring
    this.#wiring = wiring
    this.online = new OnlineUsers(nodeId, graceSeconds, now)
    this.members = new ChannelMembers(db)
    this.#watches = new Watches({ db, online: this.online, members: this.members, send: (session, frame) => hub.send(session, frame) })
    this.close = repeated(
      1000,
      () => this.#tick(),
      error => wiring.log.warn({ err: error }, 'Presence cannot be updated at the moment'),
    )
  }

  /** Handles the events of presence from the bus. */
  hear(event: PresenceEvent) {
    const { hub, bus, nodeId } = this.#wiring
    if (event.type === 'presence-delta' || event.type === 'presence-snapshot') {
      if (!this.online.hear(event)) bus.publish({ type: 'presence-wanted', nodeId: event.nodeId })
    } else if (event.type === 'presence-wanted') {
      if (event.nodeId === undefined || event.nodeId === nodeId) this.#isWanted = true
    } else if (event.type === 'presence-watched') {
      const session = hub.sessionsOf(event.userId).find(({ id }) => id === event.sessionId)
      if (session) this.#watches.set(session, event)
    } else if (event.userId === undefined) {
      for (const userId of hub.userIds()) this.#toCheck.add(userId)
      this.#watches.uncache(undefined)
      this.#watches.renew()
    } else {
      this.#toCheck.add(event.userId)
      this.#toSend.add(event.userId)
    }
  }

  /** Takes an event that changes memberships, or deletes a channel, before the hub delivers it. */
  before({ channelId, moves = [], type }: SocketEvent) {
    if (this.#watches.size === 0) return
    const { hub } = this.#wiring
    for (const { memberId, from, to } of moves) {
      const hasEnded = from !== undefined && to === undefined
      this.#watches.membershipChanged(channelId, hasEnded ? hub.sessionsOf(memberId) : [], memberId, hasEnded)
    }
    if (type === 'DELETE_CHANNEL') this.#watches.suspect(hub.sessionsIn(channelId))
  }

  /** The user is deleted. */
  userGone(userId: number) {
    this.online.hide(userId)
    this.#toSend.add(userId)
  }

  /** Writes when users were last seen, those who are online here included. */
  async stop() {
    await this.close()
    const now = this.#wiring.now()
    for (const { users } of this.online.snapshot()) for (const userId of users) this.#seen.set(userId, now)
    await this.#write().catch((error: unknown) =>
      this.#wiring.log.warn({ err: error }, 'The times when users were last seen cannot be stored'),
    )
  }

  async #tick() {
    const { bus } = this.#wiring
    const now = Date.now()
    this.#ticks++
    this.#follow(now)
    await this.#show()
    const delta = this.online.tick(Date.now(), Date.now() - bus.heardUntil() < deafMilliseconds)
    if (bus.following) {
      if (this.#ticks === 1) bus.publish({ type: 'presence-wanted' })
      bus.publish(delta)
      if (this.#isWanted) for (const piece of this.online.snapshot()) bus.publish(piece)
      this.#isWanted = false
    }
    for (const { userId, at } of this.online.takeGone()) this.#seen.set(userId, at)
    if (this.#ticks % roundEvery === 0) {
      const changed = new Set([...this.online.takeChanged(), ...this.#toSend])
      this.#toSend = new Set()
      await this.#watches.runRound(changed)
    }
    if (this.#ticks % writeEvery === 0) await this.#write()
  }

  /** Applies which users have their first socket on this node, and which have lost their last one. */
  #follow(now: number) {
    const { hub } = this.#wiring
    for (const userId of hub.takeComings()) {
      if (hub.sessionsOf(userId).length === 0) {
        this.online.went(userId, now)
      } else if (this.online.hasOwn(userId)) this.online.came(userId)
      else this.#toCheck.add(userId)
    }
    // This finds changes whose events were lost.
    if (this.#checking.length === 0) this.#checking = hub.userIds()
    for (const userId of this.#checking.splice(0, Math.ceil(hub.userCount / checkWithin))) this.#toCheck.add(userId)
  }

  /** Reads whether the users that are to be checked are shown. */
  async #show() {
    const { db, hub } = this.#wiring
    const toCheck = [...this.#toCheck]
    for (let start = 0; start < toCheck.length; start += portion) {
      const userIds = toCheck.slice(start, start + portion)
      const found = await Promise.all(userIds.map(async userId => presenceOf(db, userId)))
      for (const [index, userId] of userIds.entries()) {
        this.#toCheck.delete(userId)
        if (hub.sessionsOf(userId).length === 0) continue
        if (!found[index]?.isShown) this.online.hide(userId)
        else if (!this.online.hasOwn(userId)) {
          this.online.came(userId)
          // Stored for the case that this node is killed.
          this.#seen.set(userId, this.#wiring.now())
        }
      }
    }
  }

  async #write() {
    const all = [...this.#seen].toSorted(([a], [b]) => a - b)
    for (let start = 0; start < all.length; start += portion) {
      const some = all.slice(start, start + portion)
      await this.#wiring.db.transaction(async tx => {
        for (const [userId, at] of some) await putSeen(tx, userId, at)
      })
      // If the write fails, it is retried with the times that are known then.
      for (const [userId, at] of some) if (this.#seen.get(userId) === at) this.#seen.delete(userId)
    }
  }
}
