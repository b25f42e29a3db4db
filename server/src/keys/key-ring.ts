import { BoundedMap } from '../bounded-map.ts'
import { parsePolicy } from '../auth/iam/policy.ts'
import { rootPrincipal, type Principal } from '../auth/principal.ts'
import type { AccessKey, FindKey } from '../auth/signing-key.ts'
import type { RootKey } from '../config.ts'
import { unavailable } from '../errors.ts'
import type { Log } from '../log.ts'
import type { MasterKey, MasterKeySource } from '../master-key.ts'
import { accessKeys, type StoredAccessKey } from '../store/access-keys.ts'
import { accessVersion } from '../store/access-version.ts'
import type { Database } from '../store/database.ts'
import { iamRoles } from '../store/iam-roles.ts'
import { masterKeys } from '../store/master-keys.ts'
import { isOutage } from '../store/outage.ts'
import { currentOf, longestSession, settledMasterKey } from './master-keys.ts'
import { sessionPrincipal, userPrincipal, type Role } from './principals.ts'
import { openSecret } from './secret.ts'
import { openSession, type Session } from './session.ts'

/** Two nodes, or a command, that change something are heard of within half a second. */
const pollMilliseconds = 500
/** How many session tokens in use are kept open. */
const openSessions = 5000

interface Wiring {
  readonly db: Database
  readonly rootKey: RootKey
  readonly account: string
  readonly source: MasterKeySource
  /** The clock of what is stored; sessions end by real time, as signatures do. */
  readonly now: () => number
  readonly log: Log
}

/** All that is stored of who may call. */
interface Snapshot {
  readonly version: number
  /** Those that are not disabled. */
  readonly keys: ReadonlyMap<string, AccessKey>
  readonly roles: ReadonlyMap<string, Role>
  readonly rolesById: ReadonlyMap<string, Role>
  /** By id: those that open session tokens, the one in use among them. */
  readonly sealing: ReadonlyMap<string, MasterKey & { readonly goodUntil: number }>
}

const nothing: Snapshot = { version: -1, keys: new Map(), roles: new Map(), rolesById: new Map(), sealing: new Map() }

/** What a session token was opened to, and what a snapshot makes of it. */
interface Opened {
  readonly session: Session
  /** When its master key is forgotten. */
  readonly goodUntil: number
  readonly snapshot: Snapshot
  readonly key: AccessKey | undefined
}

/**
 * Who may call, in memory: the root key, the keys and roles of the database, and the temporary credentials that come from them. One
 * number is asked of the database twice a second, and all is read again when it has changed; so what is disabled, deleted or changed
 * is so on every node within a second. Requests ask this ring only, and wait for nothing. While the database is away it stays as it was.
 */
export class KeyRing {
  readonly #wiring: Wiring
  readonly #root: AccessKey
  readonly #opened = new BoundedMap<string, Opened>(openSessions)
  readonly #sessions = new WeakMap<AccessKey, Pick<Opened, 'session' | 'goodUntil'>>()
  #snapshot = nothing
  #isStale = false
  #polling: Promise<void> | undefined
  readonly #timer: NodeJS.Timeout

  private constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.#root = { ...wiring.rootKey, principal: rootPrincipal(wiring.account) }
    const poll = () => {
      this.#polling ??= this.#poll().finally(() => (this.#polling = undefined))
    }
    this.#timer = setInterval(poll, pollMilliseconds).unref()
  }

  /** Throws where the database has keys under a master key that this node does not have. */
  static async open(wiring: Wiring): Promise<KeyRing> {
    const ring = new KeyRing(wiring)
    try {
      const { db, source } = wiring
      currentOf(await masterKeys(db), await source.read())
      await ring.refresh()
      return ring
    } catch (error) {
      await ring.close()
      throw error
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#polling
  }

  readonly find: FindKey = (accessKeyId, token) => {
    if (token !== undefined) return this.#open(accessKeyId, token)
    return accessKeyId === this.#root.accessKeyId ? this.#root : this.#snapshot.keys.get(accessKeyId)
  }

  /** Whether a key that was found still is, with the same secret. */
  readonly isGood = (key: AccessKey): boolean => {
    const opened = this.#sessions.get(key)
    if (opened) return opened.goodUntil > this.#wiring.now() && this.#isLiving(opened.session)
    return this.find(key.accessKeyId, undefined)?.secretAccessKey === key.secretAccessKey
  }

  /** The session that temporary credentials belong to; undefined for a key that lasts. */
  sessionOf(key: AccessKey): Session | undefined {
    return this.#sessions.get(key)?.session
  }

  role(name: string): Role | undefined {
    return this.#snapshot.roles.get(name)
  }

  /** The master key that new session tokens are sealed under; it is made at first need. */
  async masterKey(): Promise<MasterKey> {
    const { db, source, now } = this.#wiring
    const latest = [...this.#snapshot.sealing.values()].find(({ goodUntil }) => goodUntil === Infinity)
    if (latest) return latest
    try {
      const settled = await settledMasterKey(db, source, now())
      await this.refresh()
      return settled
    } catch (error) {
      if (isOutage(error)) throw error
      throw unavailable('Temporary credentials cannot be made at the moment', (error as Error).message, error)
    }
  }

  async #poll() {
    const { db, log } = this.#wiring
    try {
      if ((await accessVersion(db)) !== this.#snapshot.version) await this.refresh()
      this.#isStale = false
    } catch (error) {
      if (!this.#isStale) log.warn({ err: error }, 'The access keys cannot be read; those that were read last hold')
      this.#isStale = true
    }
  }

  /** Reads everything again. */
  async refresh(): Promise<void> {
    const { db, source, account, log } = this.#wiring
    // The number first: what changes afterwards is read again.
    const version = await accessVersion(db)
    const [stored, roles, known] = [await accessKeys(db), await iamRoles(db), await masterKeys(db)]
    const own = await source.read().catch((error: unknown) => {
      log.error({ err: error }, 'The master key cannot be read')
      return []
    })
    if (known.some(({ id, retiredAt }) => retiredAt === undefined && own.every(each => each.id !== id)))
      log.error('The master key has been rotated to one that this node does not have; it refuses what is sealed under that')
    const keys = new Map<string, AccessKey>()
    for (const row of stored) {
      const key = row.isDisabled ? undefined : this.#keyOf(row, own)
      if (key) keys.set(row.id, key)
    }
    const understood: Role[] = roles.flatMap(role => {
      try {
        return { ...role, permissions: parsePolicy(role.policy) }
      } catch (error) {
        log.error({ err: error, role: role.name }, 'The policy of a role is not understood; the role cannot be assumed')
        return []
      }
    })
    const sealing = known.flatMap(({ id, retiredAt }) => {
      const masterKey = own.find(each => each.id === id)
      return masterKey ? { ...masterKey, goodUntil: retiredAt === undefined ? Infinity : retiredAt + longestSession } : []
    })
    this.#snapshot = {
      version,
      keys,
      roles: new Map(understood.map(role => [role.name, role])),
      rolesById: new Map(understood.map(role => [role.id, role])),
      sealing: new Map(sealing.map(each => [each.id, each])),
    }
    log.debug({ version, account, keys: keys.size, roles: understood.length }, 'The access keys have been read')
  }

  #keyOf(row: StoredAccessKey, own: readonly MasterKey[]): AccessKey | undefined {
    const { account, log } = this.#wiring
    const secretAccessKey = openSecret(own, row)
    if (secretAccessKey === undefined) {
      log.error({ accessKeyId: row.id }, 'The secret of an access key cannot be opened; the key is refused')
      return undefined
    }
    try {
      const principal = userPrincipal(account, row.id, row.name, parsePolicy(row.policy))
      return { accessKeyId: row.id, secretAccessKey, principal }
    } catch (error) {
      log.error({ err: error, accessKeyId: row.id }, 'The policy of an access key is not understood; the key is refused')
      return undefined
    }
  }

  /** A token is decrypted once and remembered while it is in use; what is no token of ours is never kept. */
  #open(accessKeyId: string, token: string): AccessKey | undefined {
    const now = this.#wiring.now()
    const known = this.#opened.get(token)
    const isKnown = known?.session.accessKeyId === accessKeyId && known.goodUntil > now
    if (isKnown && known.snapshot === this.#snapshot) return known.key
    const accepted = new Map([...this.#snapshot.sealing].filter(([, { goodUntil }]) => goodUntil > now))
    const opened = openSession(accepted, accessKeyId, token)
    if (!opened) return undefined
    const key = this.#keyOfSession(opened.session, token)
    const { goodUntil } = accepted.get(opened.masterKeyId)!
    if (key) this.#sessions.set(key, { session: opened.session, goodUntil })
    this.#opened.set(token, { session: opened.session, goodUntil, snapshot: this.#snapshot, key })
    return key
  }

  #sourceOf({ sourceKeyId }: Session): Principal | undefined {
    return sourceKeyId === undefined ? undefined : this.find(sourceKeyId, undefined)?.principal
  }

  /** Ends with the key that it comes from, and with each role on its way. */
  #isLiving(session: Session): boolean {
    const hasSource = session.sourceKeyId === undefined || this.#sourceOf(session) !== undefined
    return hasSource && session.roleIds.every(id => this.#snapshot.rolesById.has(id))
  }

  #keyOfSession(session: Session, token: string): AccessKey | undefined {
    if (!this.#isLiving(session)) return undefined
    const role = this.#snapshot.rolesById.get(session.roleIds.at(-1) ?? '')
    const { accessKeyId, secretAccessKey, expiresAt } = session
    const principal = sessionPrincipal(this.#wiring.account, session, role, this.#sourceOf(session))
    return { accessKeyId, secretAccessKey, expiresAt, sessionToken: token, principal }
  }
}
