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
/**
 * A client that answers pings in time has received everything that is older than this: the longest time until the server notices that it
 * does not answer.
 */
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
  /** The node has got every event from before this time, by its clock. */
  readonly heardUntil: () => number
  readonly log: Log
}

/**
 * Stores which sessions may be resumed, and from which time: the open ones, and those that were lost. A session is written only when this
 * changes, apart from calls and messages, so a message costs nothing more.
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
   * Resolves to the time since when the client may have missed events; undefined for a session that is new, or was closed by its client.
   * `sureAt` is that of its socket on this node, if there is one.
   */
  async find(session: SessionOfUser, sureAt: number | undefined): Promise<number | undefined> {
    const own = this.#own.get(keyOf(known(session)))
    const surely = sureAt ?? own?.sureAt
    if (own && surely !== undefined) return since({ openedAt: own.openedAt, sureAt: surely })
    if (this.#changes.has(keyOf(known(session)))) return undefined
    const standing = await findResumable(this.#wiring.db, known(session))
    return standing && since(standing)
  }

  /** Writes the session in the transaction that takes it, so that it can be resumed even if this node fails immediately. */
  async put(tx: Queries, session: SessionOfUser, since: number | undefined) {
    const own = known(session)
    const openedAt = this.#own.get(keyOf(own))?.openedAt ?? since ?? Date.now()
    await putResumable(tx, own, { nodeId: this.#wiring.nodeId, openedAt, sureAt: since })
  }

  /** The session is open. `since` is the time since when its client has missed events of an earlier session. */
  opened(session: SessionOfUser, since: number | undefined) {
    const key = keyOf(known(session))
    const openedAt = this.#own.get(key)?.openedAt ?? since ?? Date.now()
    this.#own.set(key, { session, openedAt, sureAt: since, isOpen: true })
    this.#note(session, async (tx, own, nodeId) => putResumable(tx, own, { nodeId, openedAt, sureAt: since }))
  }

  /** The client has certainly received only what was sent before `sureAt`; undefined if it answers in time. */
  standsAt(session: SessionOfUser, sureAt: number | undefined) {
    const own = this.#ownOf(session)
    if (!own || own.sureAt === sureAt) return
    own.sureAt = sureAt
    this.#note(session, async (tx, one, nodeId) => changeResumable(tx, one, nodeId, sureAt))
  }

  /** The socket is lost, and the client may reconnect. */
  lost(session: SessionOfUser, sureAt: number) {
    const own = this.#ownOf(session)
    if (!own) return
    own.isOpen = false
    own.sureAt = sureAt
    // Also if that is known already: a session that is written is removed here, so that another node may have it.
    this.#note(session, async (tx, one, nodeId) => changeResumable(tx, one, nodeId, sureAt))
  }

  /** The client has closed the session, or may not reconnect. */
  ended(session: SessionOfUser) {
    if (!this.#ownOf(session)) return
    this.#own.delete(keyOf(known(session)))
    this.#note(session, removeResumable)
  }

  /** Writes the changes that wait. */
  async stop() {
    await this.#endWriting()
    await this.#write().catch((error: unknown) => this.#complain(error))
  }

  /** Undefined if another socket has the session. */
  #ownOf(session: SessionOfUser): Own | undefined {
    const own = this.#own.get(keyOf(known(session)))
    return own?.session === session ? own : undefined
  }

  #note(session: SessionOfUser, change: Change) {
    const own = known(session)
    const earlier = this.#changes.get(keyOf(own))
    // If an earlier change of the session is not written yet, both are written, in order.
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
    // A client of a node that gets no events cannot have received any.
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
        // A change since then is newer, and is written next.
        this.#changes = new Map([...changes, ...this.#changes])
        throw error
      }
      for (const [key] of changes) if (this.#own.get(key)?.isOpen === false && !this.#changes.has(key)) this.#own.delete(key)
    }
  }

  #complain(error: unknown) {
    this.#wiring.log.warn({ err: error }, 'Which sessions may be resumed cannot be stored at the moment')
  }
}

function since({ openedAt, sureAt, aliveAt }: Omit<Standing, 'aliveAt'> & Partial<Standing>): number {
  // The node has just got its first session, and its heartbeat is not written yet.
  const surely = sureAt ?? (aliveAt === undefined ? openedAt : aliveAt - answerMilliseconds)
  return Math.max(openedAt, surely - slackMilliseconds)
}
