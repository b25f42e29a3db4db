import { badRequest, conflict, limitExceeded, notFound } from '../errors.ts'
import type { MasterKeySource } from '../secrets/master-key.ts'
import {
  accessKeyOf,
  countAccessKeys,
  deleteAccessKey,
  insertAccessKey,
  updateAccessKey,
  type StoredAccessKey,
} from '../store/access-keys.ts'
import { changeAccess, type AccessChange } from '../store/access-version.ts'
import type { Database, Queries } from '../database/database.ts'
import { masterKeys } from '../store/master-keys.ts'
import { newId, newSecret } from '../tools/access-key-ids.ts'
import { settledMasterKey } from './master-keys.ts'
import { sealSecret } from './secret.ts'

/** The most access keys. Each node holds all of them in memory; users of an app get temporary credentials instead. */
const mostKeys = 10_000

/** Throws unless the name is allowed for IAM users and roles. */
export function checkName(name: string, what: string) {
  if (!/^[\w+=,.@-]{1,64}$/.test(name))
    throw badRequest('The name is not valid', `The name of a ${what} has 1 to 64 letters, digits and characters of _+=,.@-, not '${name}'.`)
}

/** Creates a key; its secret is returned this once. */
export async function createAccessKey(
  db: Database,
  source: MasterKeySource,
  given: { name: string | undefined; policy: string; now: number },
) {
  const { policy, now } = given
  const id = newId('AKIA')
  const name = given.name ?? id.toLowerCase()
  checkName(name, 'key')
  const secret = newSecret()
  const masterKey = await settledMasterKey(db, source, now)
  const sealedSecret = sealSecret(masterKey, id, secret)
  const create = async (tx: Queries) => {
    if ((await countAccessKeys(tx)) >= mostKeys)
      throw limitExceeded(
        'The limit of access keys is reached',
        `There are ${mostKeys} access keys already. Give users temporary credentials.`,
      )
    const current = (await masterKeys(tx)).find(({ retiredAt }) => retiredAt === undefined)
    if (current?.id !== masterKey.id) throw conflict('The master key has just been rotated', 'Try again.')
    const isNew = await insertAccessKey(tx, { id, name, policy, sealedSecret, masterKeyId: masterKey.id, createdAt: new Date(now) })
    if (!isNew) throw conflict('The name is in use', `There is already an access key with the name ${name}.`)
  }
  await changeAccess(db, create, () => ({ kind: 'key', name: id }))
  return { id, name, secret }
}

/** The key of that id or name. Throws if there is none. */
export async function requireAccessKey(db: Queries, idOrName: string): Promise<StoredAccessKey> {
  const found = await accessKeyOf(db, idOrName)
  if (!found)
    throw notFound(
      `There is no access key with the id or name ${idOrName}`,
      'carillon keys list, or ListAccessKeys, lists the access keys. The root key is not among them.',
    )
  return found
}

const ofKey = ({ id }: StoredAccessKey): AccessChange => ({ kind: 'key', name: id })

/** What can be changed of a key. */
type Changed = Parameters<typeof updateAccessKey>[2]

/**
 * Changes a key to what `change` returns. If a key is disabled, its sockets are closed and the temporary credentials that come from it end.
 * A new policy applies to these credentials as well.
 */
export async function changeAccessKey(db: Database, idOrName: string, change: (key: StoredAccessKey) => Partial<Changed>) {
  const work = async (tx: Queries) => {
    const key = await requireAccessKey(tx, idOrName)
    await updateAccessKey(tx, key.id, { policy: key.policy, disabledAt: key.disabledAt?.getTime(), ...change(key) })
    return key
  }
  return changeAccess(db, work, ofKey)
}

export async function removeAccessKey(db: Database, idOrName: string) {
  const work = async (tx: Queries) => {
    const key = await requireAccessKey(tx, idOrName)
    await deleteAccessKey(tx, key.id)
    return key
  }
  return changeAccess(db, work, ofKey)
}
