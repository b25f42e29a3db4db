import type { MasterKey } from '../settings/master-keys.ts'
import type { MasterKeySource } from '../secrets/master-key.ts'
import { accessKeys, deleteAccessKey, resealAccessKey } from '../store/access-keys.ts'
import { changeAccess } from '../store/access-version.ts'
import type { Database, Queries } from '../database/database.ts'
import { holdJob } from '../store/leases.ts'
import { deleteMasterKeys, masterKeys, retireMasterKey, useMasterKey, type KnownMasterKey } from '../store/master-keys.ts'
import { openSecret, sealSecret } from './secret.ts'
import { longestCredentials } from './session-token.ts'

const inUse = (known: readonly KnownMasterKey[]) => known.find(({ retiredAt }) => retiredAt === undefined)?.id

const absent = (id: string) =>
  new Error(
    `The secrets of the access keys in this database are encrypted under the master key ${id}, which this process does not have. ` +
      'Give it by CARILLON_MASTER_KEY, or put the file master-key of the server into the data folder. ' +
      'If it is lost: carillon keys rotate-master-key --lost, which deletes these access keys.',
  )

/**
 * Resolves to the master key in use, from those of this process; undefined if none has been needed yet. Throws if this process does not
 * have it.
 */
export function currentOf(known: readonly KnownMasterKey[], own: readonly MasterKey[]): MasterKey | undefined {
  const id = inUse(known)
  if (id === undefined) return undefined
  const current = own.find(each => each.id === id)
  if (!current) throw absent(id)
  return current
}

/** The same for encrypting: if none is in use yet, the first key of this process becomes the one that all nodes use. */
export async function settledMasterKey(db: Database, source: MasterKeySource, now: number): Promise<MasterKey> {
  const settled = currentOf(await masterKeys(db), await source.read())
  if (settled) return settled
  const [own] = await source.make()
  await changeAccess(db, async tx => {
    if (inUse(await masterKeys(tx)) === undefined) await useMasterKey(tx, own!.id, now)
  })
  return currentOf(await masterKeys(db), await source.read())!
}

async function reseal(tx: Queries, own: readonly MasterKey[], renewed: MasterKey): Promise<number> {
  const keys = await accessKeys(tx)
  for (const key of keys) {
    const secret = openSecret(own, key)
    if (secret === undefined) throw new Error(`The secret of ${key.id} cannot be decrypted. Delete that key, and rotate again.`)
    await resealAccessKey(tx, key.id, sealSecret(renewed, key.id, secret), renewed.id)
  }
  return keys.length
}

/** The lease of a rotation: of two concurrent ones that write the file, one would lose its key. */
const lease = 'rotate-master-key'
const leaseMilliseconds = 60_000

/**
 * Replaces the master key: every secret is encrypted under the new one, in one transaction. The old one decrypts session tokens
 * until the longest of them has expired, or not at all with `atOnce`. Returns the number of secrets.
 */
export async function rotateMasterKey(db: Database, source: MasterKeySource, now: number, atOnce: boolean) {
  return alone(db, now, async () => {
    const old = await settledMasterKey(db, source, now)
    // The file is written before the commit, so a process that sees the change finds the key.
    const renewed = await source.renew(old.id)
    if (renewed.id === old.id) {
      throw new Error(
        'The first key of CARILLON_MASTER_KEY is in use already. Start every node with CARILLON_MASTER_KEY=NEW,OLD first, then rotate with the same.',
      )
    }
    const own = await source.read()
    const count = await changeAccess(db, async tx => {
      if (inUse(await masterKeys(tx)) !== old.id) throw new Error('Another command has just rotated the master key.')
      const sealed = await reseal(tx, own, renewed)
      await retireMasterKey(tx, now)
      await deleteMasterKeys(tx, atOnce ? now : now - longestCredentials * 1000)
      await useMasterKey(tx, renewed.id, now)
      return sealed
    })
    return { count, id: renewed.id }
  })
}

async function alone<Result>(db: Database, now: number, work: () => Promise<Result>): Promise<Result> {
  if (!(await holdJob(db, lease, now, now + leaseMilliseconds)))
    throw new Error('Another command is rotating the master key. Try again in a minute.')
  try {
    return await work()
  } finally {
    await holdJob(db, lease, now + leaseMilliseconds, 0)
  }
}

/**
 * Starts to use a new master key if the present one is lost, and with it every secret. Returns the number of access keys that are
 * deleted.
 */
export async function replaceLostMasterKey(db: Database, source: MasterKeySource, now: number) {
  return alone(db, now, async () => {
    const own = new Set((await source.read()).map(({ id }) => id))
    const lost = inUse(await masterKeys(db))
    if (lost === undefined || own.has(lost)) throw new Error('The master key in use is not lost: rotate it without --lost.')
    const renewed = await source.renew(lost)
    const count = await changeAccess(db, async tx => {
      const keys = await accessKeys(tx)
      for (const { id } of keys) await deleteAccessKey(tx, id)
      await retireMasterKey(tx, now)
      await deleteMasterKeys(tx, now)
      await useMasterKey(tx, renewed.id, now)
      return keys.length
    })
    return { count, id: renewed.id }
  })
}
