import { BoundedMap } from '../tools/bounded-map.ts'
import type { Access } from '../auth/access.ts'
import { rootPrincipal, type Principal } from '../auth/principal.ts'
import type { AccessKey, FindKey } from '../auth/signature/signing-key.ts'
import type { RootKey } from '../settings/config.ts'
import { unavailable } from '../errors.ts'
import type { MasterKey } from '../settings/master-keys.ts'
import { accessVersion, isSameVersion } from '../store/access-version.ts'
import { masterKeys } from '../store/master-keys.ts'
import { isOutage } from '../database/outage.ts'
import { Poller } from './poller.ts'
import { createAccessKey } from './access-keys.ts'
import { currentOf, settledMasterKey } from './master-keys.ts'
import { temporaryPrincipal, type IamRole } from './principals.ts'
import { openSessionToken, type TemporaryCredentials } from './session-token.ts'
import { nextSnapshot, nothing, type Snapshot, type SnapshotWiring } from './snapshot.ts'

/** A change by another node or a command is loaded within half a second, and immediately before a refusal. */
export const pace = { every: 500, pause: 20, patience: 1000 }
/** How many decrypted session tokens are cached. */
const mostOpenedTokens = 5000

interface Wiring extends SnapshotWiring {
  readonly rootKey: RootKey
  /** The clock of stored times; sessions end by the real time, as signatures do. */
  readonly now: () => number
}

/** A decrypted session token, and the key that a snapshot makes of it. */
interface Opened {
  readonly credentials: TemporaryCredentials
  /** The master key under which it is encrypted. */
  readonly masterKeyId: string
  readonly snapshot: Snapshot
  readonly key: AccessKey | undefined
}

/**
 * All keys in memory: the root key, the keys and roles of the database, and the temporary credentials that come from them. The ring reads
 * their version from the database twice a second, and loads what has changed when the version has. So every node applies a change within a
 * second.
 * Requests use the ring only. A request that is about to be refused first waits for a new look at the version, so a key that a command has
 * just created works immediately. All such requests share the look. While the database is unavailable the ring stays as it is.
 */
export class KeyRing implements Access {
  readonly #wiring: Wiring
  readonly #root: AccessKey
  readonly #opened = new BoundedMap<string, Opened>(mostOpenedTokens)
  readonly #temporary = new WeakMap<AccessKey, Pick<Opened, 'credentials' | 'masterKeyId'>>()
  readonly #following: Poller
  #snapshot = nothing
  /** How many reads have begun, and which of them has made the snapshot. */
  #begun = 0
  #installed = 0
  #isStale = false
  #changed = () => {}

  private constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.#root = { ...wiring.rootKey, principal: rootPrincipal(wiring.account) }
    this.#following = new Poller(() => this.#look(), pace)
  }

  /** Throws if the database has keys under a master key that this node does not have. */
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
    await this.#following.end()
  }

  readonly find: FindKey = (accessKeyId, token) => {
    if (token !== undefined) return this.#open(accessKeyId, token)
    return accessKeyId === this.#root.accessKeyId ? this.#root : this.#snapshot.keys.get(accessKeyId)
  }

  /** Whether a key that was found still exists, with the same secret. */
  readonly isGood = (key: AccessKey): boolean => {
    const opened = this.#temporary.get(key)
    if (opened) return this.#isOpenedBy(opened.masterKeyId) && this.#isLiving(opened.credentials)
    return this.find(key.accessKeyId, undefined)?.secretAccessKey === key.secretAccessKey
  }

  get known(): unknown {
    return this.#snapshot
  }

  async hasChanged(known: unknown): Promise<boolean> {
    if (this.#snapshot === known) await this.#following.soon()
    return this.#snapshot !== known
  }

  /** Calls the listener after each change. */
  onChange(listener: () => void) {
    this.#changed = listener
  }

  /** The session of temporary credentials; undefined for a long-lived key. */
  temporaryCredentialsOf(key: AccessKey): TemporaryCredentials | undefined {
    return this.#temporary.get(key)?.credentials
  }

  iamRole(name: string): IamRole | undefined {
    return this.#snapshot.iamRoles.get(name)
  }

  /** The master key for new session tokens; it is created when it is first needed. */
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
      throw unavailable('Keys and temporary credentials cannot be made at the moment', (error as Error).message, error)
    }
  }

  /** Creates an access key; its secret is returned this once. */
  async makeKey(given: { name: string | undefined; policy: string }) {
    const { db, source, now } = this.#wiring
    // Throws if this process does not have the master key.
    await this.masterKey()
    const made = await createAccessKey(db, source, { ...given, now: now() })
    // The key is stored, and an outage that begins now must not lose its secret. The ring reads the key soon in any case.
    await this.refresh().catch(() => {})
    return made
  }

  async #look() {
    const { db, log } = this.#wiring
    try {
      if (!isSameVersion(await accessVersion(db), this.#snapshot)) await this.refresh()
      this.#isStale = false
    } catch (error) {
      if (!this.#isStale)
        log.warn({ err: error }, 'The access keys cannot be read; the server continues with those that it has read before')
      this.#isStale = true
    }
  }

  /** Reads what has changed. */
  async refresh(): Promise<void> {
    const begun = ++this.#begun
    const read = await nextSnapshot(this.#wiring, this.#snapshot)
    // Of two concurrent reads the one that began later wins. Versions cannot decide: a database that has lost changes has a lower one.
    if (begun < this.#installed) return
    this.#installed = begun
    this.#snapshot = read
    this.#changed()
  }

  #isOpenedBy(masterKeyId: string): boolean {
    return (this.#snapshot.sealing.get(masterKeyId)?.goodUntil ?? 0) > this.#wiring.now()
  }

  /** A token is decrypted once and cached while it is in use; invalid tokens are never cached. */
  #open(accessKeyId: string, token: string): AccessKey | undefined {
    const known = this.#opened.get(token)
    const isKnown = known?.credentials.accessKeyId === accessKeyId && this.#isOpenedBy(known.masterKeyId)
    if (isKnown && known.snapshot === this.#snapshot) return known.key
    const opened = openSessionToken(this.#snapshot.sealing, accessKeyId, token)
    if (!opened || !this.#isOpenedBy(opened.masterKeyId)) return undefined
    const key = this.#keyOfToken(opened.credentials, token)
    if (key) this.#temporary.set(key, opened)
    this.#opened.set(token, { ...opened, snapshot: this.#snapshot, key })
    return key
  }

  #sourceOf({ sourceKeyId }: TemporaryCredentials): Principal | undefined {
    return sourceKeyId === undefined ? undefined : this.find(sourceKeyId, undefined)?.principal
  }

  /** A session ends with the key that it comes from, and with each role in its chain. */
  #isLiving(credentials: TemporaryCredentials): boolean {
    const hasSource = credentials.sourceKeyId === undefined || this.#sourceOf(credentials) !== undefined
    return hasSource && credentials.iamRoleIds.every(id => this.#snapshot.iamRolesById.has(id))
  }

  #keyOfToken(credentials: TemporaryCredentials, token: string): AccessKey | undefined {
    if (!this.#isLiving(credentials)) return undefined
    const role = this.#snapshot.iamRolesById.get(credentials.iamRoleIds.at(-1) ?? '')
    const { accessKeyId, secretAccessKey, expiresAt } = credentials
    const principal = temporaryPrincipal(this.#wiring.account, credentials, role, this.#sourceOf(credentials))
    return { accessKeyId, secretAccessKey, expiresAt, sessionToken: token, principal }
  }
}
