import type { Database, Queries } from '../database/database.ts'
import type { Log } from '../observe/log.ts'
import type { KnownSession } from '../store/nodes.ts'
import { beatResumable, changeResumable, findResumable, putResumable, removeResumable, type Standing } from '../store/resumable.ts'
import { repeated } from '../tools/repeated.ts'
import { keyOf, known, type SessionOfUser } from './session-of-user.ts'

/** How long a change waits to be written together with others, and how many changes one transaction writes. */
const writeMilliseconds = 250
const portion = 200
const beatMilliseconds = 5000
/** A client that answers pings in time has received everything that is older than this; so long may it take to notice that it does not. */
const answerMilliseconds = 12_000
/** The time from a transaction to its events, plus the difference between the clocks of two nodes. */
const slackMilliseconds = 4000

type Change = (tx: Queries, own: KnownSession, nodeId: string) => Promise<void>

interface Own {
  readonly session: SessionOfUser
  readonly openedAt: number
  /** Undefined while the client answers in time. */
  sureAt: number | undefined
  isOpen: boolean
}

interface Wiring {
  readonly db: Database
  readonly nodeId: string
  /** The node has heard every event from before that time, by its clock. */
  readonly heardUntil: () => number
  readonly log: Log
}

/**
 * Which sessions may be resumed, and from when on: those that are open, and those that have been lost. It is written beside what
 * connects and sends, and for each session only when that changes, so that a message costs nothing more for it.
 */
export class ResumableSessions {
  readonly #wiring: Wiring
  readonly #own = new Map<string, Own>()
  #changes = new Map<string, { readonly own: KnownSession; readonly change: Change }>()
  readonly #endWriting: () => Promise<void>
  #beatenAt = -Infinity

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.#endWriting = repeated(
      writeMilliseconds,
      () => this.#writeAndBeat(),
      error => this.#complain(error),
    )
  }

  /**
   * From when on the session is to be told again what happened; undefined for one that is new, or was closed by its client. `sureAt`
   * is that of its socket on this node, if there is one.
   */
  async find(session: SessionOfUser, sureAt: number | undefined): Promise<number | undefined> {
    const own = this.#own.get(keyOf(known(session)))
    const surely = sureAt ?? own?.sureAt
    if (own && surely !== undefined) return since({ openedAt: own.openedAt, sureAt: surely })
    if (this.#changes.has(keyOf(known(session)))) return undefined
    const standing = await findResumable(this.#wiring.db, known(session))
    return standing && since(standing)
  }

  /** Writes it in the transaction that takes the session, so that its client may lose this node at once. */
  async put(tx: Queries, session: SessionOfUser, since: number | undefined) {
    const own = known(session)
    const openedAt = this.#own.get(keyOf(own))?.openedAt ?? since ?? Date.now()
    await putResumable(tx, own, { nodeId: this.#wiring.nodeId, openedAt, sureAt: since })
  }

  /** `since` says what its client is still to be told: that is from before the session. */
  opened(session: SessionOfUser, since: number | undefined) {
    const key = keyOf(known(session))
    const openedAt = this.#own.get(key)?.openedAt ?? since ?? Date.now()
    this.#own.set(key, { session, openedAt, sureAt: since, isOpen: true })
    this.#note(session, async (tx, own, nodeId) => putResumable(tx, own, { nodeId, openedAt, sureAt: since }))
  }

  /** The client has received all that was sent before `sureAt`, and perhaps not what was sent since; undefined where it answers in time. */
  standsAt(session: SessionOfUser, sureAt: number | undefined) {
    const own = this.#ownOf(session)
    if (!own || own.sureAt === sureAt) return
    own.sureAt = sureAt
    this.#note(session, async (tx, one, nodeId) => changeResumable(tx, one, nodeId, sureAt))
  }

  /** The socket is gone, and the client may come back. */
  lost(session: SessionOfUser, sureAt: number) {
    const own = this.#ownOf(session)
    if (!own) return
    own.isOpen = false
    own.sureAt = sureAt
    // Also where that is known already: what is written is forgotten here, so that another node may have the session.
    this.#note(session, async (tx, one, nodeId) => changeResumable(tx, one, nodeId, sureAt))
  }

  /** The client has closed the session, or may not come back. */
  ended(session: SessionOfUser) {
    if (!this.#ownOf(session)) return
    this.#own.delete(keyOf(known(session)))
    this.#note(session, removeResumable)
  }

  /** Writes what is to be written. */
  async stop() {
    await this.#endWriting()
    await this.#write().catch((error: unknown) => this.#complain(error))
  }

  /** Undefined where another socket has the session. */
  #ownOf(session: SessionOfUser): Own | undefined {
    const own = this.#own.get(keyOf(known(session)))
    return own?.session === session ? own : undefined
  }

  #note(session: SessionOfUser, change: Change) {
    const own = known(session)
    const earlier = this.#changes.get(keyOf(own))
    // A session that is lost before it was written is written at once as it stands.
    const both: Change = earlier
      ? async (tx, one, nodeId) => {
          await earlier.change(tx, one, nodeId)
          await change(tx, one, nodeId)
        }
      : change
    this.#changes.set(keyOf(own), { own, change: both })
  }

  async #writeAndBeat() {
    await this.#write()
    if (this.#own.size === 0 || performance.now() - this.#beatenAt <= beatMilliseconds) return
    // A client of a node that hears nothing cannot have received anything.
    const aliveAt = Math.min(Date.now(), this.#wiring.heardUntil() + answerMilliseconds)
    await beatResumable(this.#wiring.db, this.#wiring.nodeId, aliveAt)
    this.#beatenAt = performance.now()
  }

  async #write() {
    while (this.#changes.size > 0) {
      const all = [...this.#changes]
      const changes = all.slice(0, portion).toSorted(([a], [b]) => (a < b ? -1 : 1))
      this.#changes = new Map(all.slice(portion))
      try {
        await this.#wiring.db.transaction(async tx => {
          for (const [, { own, change }] of changes) await change(tx, own, this.#wiring.nodeId)
        })
      } catch (error) {
        // What has changed since is newer.
        this.#changes = new Map([...changes, ...this.#changes])
        throw error
      }
      for (const [key] of changes) if (this.#own.get(key)?.isOpen === false && !this.#changes.has(key)) this.#own.delete(key)
    }
  }

  #complain(error: unknown) {
    this.#wiring.log.warn({ err: error }, 'It cannot be written at the moment which sessions may be resumed')
  }
}

function since({ openedAt, sureAt, aliveAt }: Omit<Standing, 'aliveAt'> & Partial<Standing>): number {
  // A node that has not said yet that it is alive has just got its first session.
  const surely = sureAt ?? (aliveAt === undefined ? openedAt : aliveAt - answerMilliseconds)
  return Math.max(openedAt, surely - slackMilliseconds)
}
