import type { Log } from '../observe/log.ts'
import type { Database, Queries } from '../database/database.ts'
import {
  deleteSession,
  deleteSessions,
  lockSessions,
  otherSessions,
  putMissingSessions,
  putSession,
  takenSessions,
  type StoredSession,
} from '../store/nodes.ts'
import { repeated } from '../tools/repeated.ts'
import { keyOf, known, type ConnectedSession, type SessionOfUser } from './session-of-user.ts'

/** The interval at which the sessions of the node are compared with the database. */
const compareMilliseconds = 15_000
/** How many sessions one query compares. */
const portion = 2000

interface Wiring {
  readonly db: Database
  readonly nodeId: string
  readonly log: Log
  readonly everyMilliseconds?: number
}

const stored = (session: ConnectedSession): StoredSession => ({ ...session, ...known(session) })

/** The sessions of all nodes: how many a user has, and which node has the one with a given id. */
export class SessionsOfNodes {
  readonly nodeId: string
  readonly #wiring: Wiring
  /** The sessions of this node, by their key in the database. */
  readonly #own = new Map<string, ConnectedSession>()
  /** The sessions for which the transaction that takes them has not ended. */
  readonly #taking = new Set<SessionOfUser>()
  /** Ends the comparisons. */
  stop = async () => {}

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.nodeId = wiring.nodeId
  }

  /**
   * Takes a session for this node: 'full' if the user has that many on all living nodes, 'replaced' if another node had one with
   * that id. `also` runs in the transaction that takes it.
   */
  async take(session: ConnectedSession, most: number, also?: (tx: Queries) => Promise<void>): Promise<'taken' | 'replaced' | 'full'> {
    const own = stored(session)
    const before = this.#own.get(keyOf(own))
    this.#own.set(keyOf(own), session)
    this.#taking.add(session)
    try {
      const outcome = await this.#take(own, most, also)
      if (outcome === 'full') this.#restore(own, session, before)
      return outcome
    } catch (error) {
      this.#restore(own, session, before)
      throw error
    } finally {
      this.#taking.delete(session)
    }
  }

  async #take(own: StoredSession, most: number, also: ((tx: Queries) => Promise<void>) | undefined) {
    return this.#wiring.db.transaction(async tx => {
      const present = await lockSessions(tx, own.userId)
      const older = present.find(other => other.session === own.session)
      if (!older && present.length >= most) return 'full' as const
      await putSession(tx, own, this.nodeId)
      await also?.(tx)
      return older && older.nodeId !== this.nodeId ? ('replaced' as const) : ('taken' as const)
    })
  }

  #restore(own: StoredSession, session: ConnectedSession, before: ConnectedSession | undefined) {
    if (this.#own.get(keyOf(own)) !== session) return
    if (before) this.#own.set(keyOf(own), before)
    else this.#own.delete(keyOf(own))
  }

  /** Ends a session of this node. A newer one with the same id, which this node has taken since, stays. */
  release(session: SessionOfUser) {
    const key = keyOf(known(session))
    const own = this.#own.get(key)
    if (!own || own !== session) return
    this.#own.delete(key)
    // If the database is unavailable, the next comparison does it.
    void deleteSession(this.#wiring.db, stored(own), this.nodeId).catch(() => {})
  }

  /** Compares repeatedly; `taken` is called for sessions that another node has taken without a message arriving here. */
  compare(taken: (session: SessionOfUser) => void) {
    const { everyMilliseconds = compareMilliseconds, log } = this.#wiring
    this.stop = repeated(
      everyMilliseconds,
      () => this.#compareOnce(taken),
      error => log.warn({ err: error }, 'The sessions of all nodes cannot be compared at the moment'),
    )
  }

  async #compareOnce(taken: (session: SessionOfUser) => void) {
    // Without the sessions that this node is about to take: another node may have them until the commit.
    const settled = new Map([...this.#own].filter(([, session]) => !this.#taking.has(session)))
    const own = [...settled.values()].map(known)
    for (let start = 0; start < own.length; start += portion) {
      for (const other of await takenSessions(this.#wiring.db, own.slice(start, start + portion), this.nodeId)) {
        const session = settled.get(keyOf(other))
        // The client may have reconnected to this node meanwhile.
        if (!session || this.#own.get(keyOf(other)) !== session) continue
        this.#own.delete(keyOf(other))
        taken(session)
      }
    }
    const { db } = this.#wiring
    const others = await otherSessions(db, [...this.#own.values()].map(known), this.nodeId)
    // Without those that this node has begun to take since the query.
    const gone = others.filter(other => !this.#own.has(keyOf(other)))
    if (gone.length > 0) await deleteSessions(db, gone, this.nodeId)
    // Without sessions that are being taken: only the transaction that counts the user's sessions may write these.
    const settledNow = [...this.#own.values()].filter(session => !this.#taking.has(session))
    await putMissingSessions(db, settledNow.map(stored), this.nodeId)
  }
}
