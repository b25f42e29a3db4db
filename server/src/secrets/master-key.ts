import { join } from 'node:path'
import { dataFolder } from '../database/data-folder.ts'
import type { Config } from '../settings/config.ts'
import { newMasterKey, parseMasterKeys, type MasterKey } from '../settings/master-keys.ts'
import { makeFile, replaceFile, textOf } from './secret-file.ts'

/** Where the master keys of this process come from. */
export interface MasterKeySource {
  /** The present keys, the newest first; empty if none has been needed. */
  read(): Promise<readonly MasterKey[]>
  /** The same, but creates one if there is none. Throws an Error that says what to do if the operator must provide it. */
  make(): Promise<readonly MasterKey[]>
  /**
   * Adds a new key before the others and returns it; if the operator provides the keys, returns the first of them. The key with the
   * id `current` stays.
   */
  renew(current: string): Promise<MasterKey>
}

const absent = async () => {
  throw new Error(
    'With --database-url the master key is given by CARILLON_MASTER_KEY (openssl rand -base64 32): all nodes use the same one.',
  )
}

/** From the environment, from `master-key` in the data folder, or only in memory if nothing is stored. */
export function masterKeySource({ masterKeys: given, databaseUrl, data }: Config): MasterKeySource {
  if (given) return { read: async () => given, make: async () => given, renew: async () => given[0]! }
  if (databaseUrl !== undefined) {
    return { read: async () => [], make: absent, renew: absent }
  }
  return data === ':memory:' ? inMemory() : inFile(data)
}

function inMemory(): MasterKeySource {
  let keys: readonly MasterKey[] = []
  return {
    read: async () => keys,
    make: async () => (keys = keys.length > 0 ? keys : [newMasterKey()]),
    async renew() {
      const made = newMasterKey()
      keys = [made, ...keys]
      return made
    },
  }
}

/** The most keys in the file. Failed rotations leave keys in it. */
const mostStored = 8

/** The file is read each time, since the command line may have changed it. Mode 600. */
function inFile(data: string): MasterKeySource {
  const path = async () => join(await dataFolder(data), 'master-key')
  const read = async () => {
    const file = await path()
    const text = await textOf(file)
    return text === undefined ? [] : parseMasterKeys(text, file)
  }
  return {
    read,
    async make() {
      const stored = await read()
      if (stored.length > 0) return stored
      await makeFile(await path(), `${newMasterKey().text}\n`, 0o600)
      return read()
    },
    async renew(current) {
      const made = newMasterKey()
      const stored = (await read()).filter(({ id }, index) => id === current || index < mostStored)
      await replaceFile(await path(), [made, ...stored].map(({ text }) => `${text}\n`).join(''), 0o600)
      return made
    },
  }
}
