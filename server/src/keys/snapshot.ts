import { parsePolicy } from '../auth/iam/policy.ts'
import type { AccessKey } from '../auth/signature/signing-key.ts'
import type { Log } from '../observe/log.ts'
import type { MasterKey } from '../settings/master-keys.ts'
import type { MasterKeySource } from '../secrets/master-key.ts'
import { accessKeyById, accessKeys, type StoredAccessKey } from '../store/access-keys.ts'
import { accessChangesAfter, accessVersion, type AccessChange, type AccessVersion } from '../store/access-version.ts'
import type { Database } from '../database/database.ts'
import { iamRoleOf, iamRoles, type StoredIamRole } from '../store/iam-roles.ts'
import { masterKeys } from '../store/master-keys.ts'
import { parsedIamRole, userPrincipal, type IamRole } from './principals.ts'
import { openSecret } from './secret.ts'
import { longestCredentials } from './session-token.ts'

/** Everything that is stored about keys and roles. */
export interface Snapshot extends AccessVersion {
  /** The keys that are not disabled. */
  readonly keys: ReadonlyMap<string, AccessKey>
  readonly iamRoles: ReadonlyMap<string, IamRole>
  readonly iamRolesById: ReadonlyMap<string, IamRole>
  /** The master keys that decrypt session tokens, by id, the one in use among them. */
  readonly sealing: ReadonlyMap<string, MasterKey & { readonly goodUntil: number }>
}

export const nothing: Snapshot = {
  version: -1,
  mark: '',
  keys: new Map(),
  iamRoles: new Map(),
  iamRolesById: new Map(),
  sealing: new Map(),
}

export interface SnapshotWiring {
  readonly db: Database
  readonly source: MasterKeySource
  readonly account: string
  readonly log: Log
}

async function ownMasterKeys({ source, log }: Pick<SnapshotWiring, 'source' | 'log'>): Promise<readonly MasterKey[]> {
  return source.read().catch((error: unknown) => {
    log.error({ err: error }, 'The master key cannot be read')
    return []
  })
}

/** Reads everything. A policy that cannot be parsed is left out, so it permits nothing. */
async function readSnapshot(wiring: SnapshotWiring): Promise<Snapshot> {
  const { db, account, log } = wiring
  // The number is read first, so the next look finds changes that are committed after this one.
  const { version, mark } = await accessVersion(db)
  const [stored, storedRoles, known] = [await accessKeys(db), await iamRoles(db), await masterKeys(db)]
  const own = await ownMasterKeys(wiring)
  if (known.some(({ id, retiredAt }) => retiredAt === undefined && own.every(each => each.id !== id)))
    log.error(
      'The master key has been rotated to one that this node does not have; the node refuses keys and tokens that are encrypted with the new one',
    )
  const keys = new Map<string, AccessKey>()
  for (const row of stored) {
    const key = keyOf(row, own, { account, log })
    if (key) keys.set(row.id, key)
  }
  const understood = storedRoles.map(role => roleOf(role, log)).filter(role => role !== undefined)
  const sealing = known.flatMap(({ id, retiredAt }) => {
    const masterKey = own.find(each => each.id === id)
    return masterKey ? { ...masterKey, goodUntil: retiredAt === undefined ? Infinity : retiredAt + longestCredentials * 1000 } : []
  })
  log.debug({ version, account, keys: keys.size, roles: understood.length }, 'The access keys have been read')
  return {
    version,
    mark,
    keys,
    iamRoles: new Map(understood.map(role => [role.name, role])),
    iamRolesById: byId(understood),
    sealing: new Map(sealing.map(each => [each.id, each])),
  }
}

/** The most keys and roles that are read one by one. */
const mostOneByOne = 100

/**
 * The snapshot after the changes that have followed `known`: reads the keys and roles that have changed since, or everything if that is not
 * known of each change.
 */
export async function nextSnapshot(wiring: SnapshotWiring, known: Snapshot): Promise<Snapshot> {
  const { db, account, log } = wiring
  const next = known === nothing ? undefined : await accessChangesAfter(db, known)
  if (!next || next.changes.length > mostOneByOne) return readSnapshot(wiring)
  const { version, mark, changes } = next
  const namesOf = (kind: AccessChange['kind']) => new Set(changes.filter(change => change.kind === kind).map(({ name }) => name))
  const [keyIds, roleNames] = [namesOf('key'), namesOf('role')]
  const [keys, roles] = [new Map(known.keys), new Map(known.iamRoles)]
  const own = keyIds.size > 0 ? await ownMasterKeys(wiring) : []
  for (const id of keyIds) {
    const row = await accessKeyById(db, id)
    setOrDelete(keys, id, row && keyOf(row, own, { account, log }))
  }
  for (const name of roleNames) {
    const row = await iamRoleOf(db, name)
    setOrDelete(roles, name, row && roleOf(row, log))
  }
  log.debug({ version, account, keys: keyIds.size, roles: roleNames.size }, 'Changed access keys have been read')
  return { ...known, version, mark, keys, iamRoles: roles, iamRolesById: byId([...roles.values()]) }
}

function setOrDelete<Value>(map: Map<string, Value>, name: string, value: Value | undefined) {
  if (value === undefined) map.delete(name)
  else map.set(name, value)
}

const byId = (roles: readonly IamRole[]) => new Map(roles.map(role => [role.id, role]))

function roleOf(role: StoredIamRole, log: Log): IamRole | undefined {
  try {
    return parsedIamRole(role)
  } catch (error) {
    log.error(
      { err: error, role: role.name },
      'The policy of a role, or its condition on claims, is not understood; the role cannot be assumed',
    )
    return undefined
  }
}

/** Undefined for a key that is disabled or cannot be used. */
function keyOf(
  row: StoredAccessKey,
  own: readonly MasterKey[],
  { account, log }: Pick<SnapshotWiring, 'account' | 'log'>,
): AccessKey | undefined {
  if (row.disabledAt) return undefined
  const secretAccessKey = openSecret(own, row)
  if (secretAccessKey === undefined) {
    log.error({ accessKeyId: row.id }, 'The secret of an access key cannot be decrypted; the key is refused')
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
