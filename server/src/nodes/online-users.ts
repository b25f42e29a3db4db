import { BoundedMap } from '../tools/bounded-map.ts'
import type { PresenceDelta, PresenceSnapshot } from '../bus/socket-events.ts'

/** How many users who have gone offline are in memory, with the time. The database has it a minute later. */
const mostDeparted = 100_000

/** The reports of another node. */
interface Other {
  users: Set<number>
  /** The number of its last delta that was taken; undefined until its first snapshot has arrived. */
  number: number | undefined
  /** The beginning of a snapshot whose end has not arrived. */
  arriving: Set<number> | undefined
  /** For how many ticks it has been silent. */
  silent: number
}

/** A user who has gone offline, and when it was last seen. */
interface Departed {
  readonly userId: number
  readonly at: number
}

/**
 * Who is online, over all nodes. Each node reports the users with a socket on it. A user stays online for some seconds after its last
 * socket, or after its node has fallen silent, since clients come back within that time. One tick is one second.
 */
export class OnlineUsers {
  readonly #nodeId: string
  readonly #graceSeconds: number
  /** The server's clock, for the times when users were last seen. */
  readonly #clock: () => number
  /** The users of this node. Those without a socket have the real time since when, and that time by the server's clock. */
  readonly #own = new Map<number, { readonly at: number; readonly seenAt: number } | undefined>()
  readonly #leaving = new Set<number>()
  readonly #others = new Map<string, Other>()
  #on = new Set<number>()
  #off = new Set<number>()
  #changed = new Set<number>()
  #gone: Departed[] = []
  readonly #departed = new BoundedMap<number, number>(mostDeparted)
  #number = 0

  constructor(nodeId: string, graceSeconds: number, clock: () => number) {
    this.#nodeId = nodeId
    this.#graceSeconds = graceSeconds
    this.#clock = clock
  }

  isOnline(userId: number): boolean {
    if (this.#own.has(userId)) return true
    for (const { users } of this.#others.values()) if (users.has(userId)) return true
    return false
  }

  /** Whether this node reports the user. */
  hasOwn(userId: number): boolean {
    return this.#own.has(userId)
  }

  /** When the user was last seen, if it has gone offline a short time ago. */
  lastSeen(userId: number): number | undefined {
    return this.#departed.get(userId)
  }

  /** The user has a socket on this node. */
  came(userId: number) {
    this.#leaving.delete(userId)
    if (this.#own.has(userId)) {
      this.#own.set(userId, undefined)
      return
    }
    this.#change([userId], () => this.#own.set(userId, undefined))
    this.#off.delete(userId)
    this.#on.add(userId)
  }

  /** The user has no socket on this node any more. */
  went(userId: number, now: number) {
    if (!this.#own.has(userId) || this.#leaving.has(userId)) return
    this.#own.set(userId, { at: now, seenAt: this.#clock() })
    this.#leaving.add(userId)
  }

  /** The presence of the user is not shown any more, whether it has a socket or not. */
  hide(userId: number) {
    if (!this.#own.has(userId)) return
    this.#change([userId], () => this.#remove(userId))
    this.#departed.delete(userId)
  }

  /**
   * Lets users go offline whose time to reconnect is over, and removes nodes that have been silent for as long. `hears` says whether
   * reports of other nodes arrive here. Returns the report of this node.
   */
  tick(now: number, hears: boolean): PresenceDelta {
    for (const userId of this.#leaving) {
      const left = this.#own.get(userId)
      if (left && now - left.at >= this.#graceSeconds * 1000) {
        this.#gone.push(...this.#change([userId], () => this.#remove(userId), left.seenAt))
      }
    }
    if (hears) {
      for (const [nodeId, other] of this.#others) {
        if (++other.silent <= this.#graceSeconds) continue
        const at = this.#clock() - this.#graceSeconds * 1000
        // A node that is silent cannot report them as offline.
        this.#gone.push(...this.#change(other.users, () => this.#others.delete(nodeId), at))
      }
    }
    const delta: PresenceDelta = {
      type: 'presence-delta',
      nodeId: this.#nodeId,
      number: ++this.#number,
      on: [...this.#on],
      off: [...this.#off],
    }
    this.#on = new Set()
    this.#off = new Set()
    return delta
  }

  /** All users of this node, in several pieces. Other nodes need them if they have missed a delta. */
  snapshot(piece = 10_000): PresenceSnapshot[] {
    const users = [...this.#own.keys()]
    const pieces = Math.max(1, Math.ceil(users.length / piece))
    return Array.from({ length: pieces }, (_, index) => ({
      type: 'presence-snapshot',
      nodeId: this.#nodeId,
      number: this.#number,
      users: users.slice(index * piece, (index + 1) * piece),
      isFirst: index === 0,
      isLast: index === pieces - 1,
    }))
  }

  /** Applies the report of another node; false if a snapshot of that node is needed. */
  hear(report: PresenceDelta | PresenceSnapshot): boolean {
    if (report.nodeId === this.#nodeId) return true
    const other = this.#otherOf(report.nodeId)
    other.silent = 0
    if (report.type === 'presence-delta') return this.#hearDelta(other, report)
    if (report.isFirst) other.arriving = new Set()
    if (!other.arriving) return false
    for (const userId of report.users) other.arriving.add(userId)
    if (!report.isLast) return true
    const [before, after] = [other.users, other.arriving]
    other.arriving = undefined
    other.number = report.number
    this.#change(new Set([...before, ...after]), () => (other.users = after), this.#clock())
    return true
  }

  /** The users who have come online or gone offline since the last call. */
  takeChanged(): ReadonlySet<number> {
    const changed = this.#changed
    this.#changed = new Set()
    return changed
  }

  /** The users who have gone offline since the last call: those of this node, and those of nodes that are gone. */
  takeGone(): readonly Departed[] {
    return this.#gone.splice(0)
  }

  #otherOf(nodeId: string): Other {
    let other = this.#others.get(nodeId)
    if (!other) this.#others.set(nodeId, (other = { users: new Set(), number: undefined, arriving: undefined, silent: 0 }))
    return other
  }

  #hearDelta(other: Other, { number, on, off }: PresenceDelta): boolean {
    const isNext = other.number !== undefined && number === other.number + 1
    if (other.number !== undefined && number <= other.number) return true
    // Its content is valid even if an earlier report is missing.
    const take = () => {
      for (const userId of on) other.users.add(userId)
      for (const userId of off) other.users.delete(userId)
    }
    this.#change([...on, ...off], take, this.#clock() - this.#graceSeconds * 1000)
    other.number = isNext ? number : undefined
    return isNext
  }

  #remove(userId: number) {
    this.#own.delete(userId)
    this.#leaving.delete(userId)
    this.#on.delete(userId)
    this.#off.add(userId)
  }

  /**
   * Notes which of the users come online or go offline by the change, and returns those who go offline. `at` is when they were last seen;
   * undefined if that must not be shown.
   */
  #change(userIds: Iterable<number>, change: () => void, at?: number): Departed[] {
    const before = [...userIds].map(userId => [userId, this.isOnline(userId)] as const)
    const gone: Departed[] = []
    change()
    for (const [userId, was] of before) {
      const is = this.isOnline(userId)
      if (was === is) continue
      this.#changed.add(userId)
      if (is) this.#departed.delete(userId)
      else if (at !== undefined) {
        this.#departed.set(userId, at)
        gone.push({ userId, at })
      }
    }
    return gone
  }
}
