import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Config } from './config.ts'
import { makeFile, replaceFile, textOf } from './kept-file.ts'
import { dataFolder } from './store/data-folder.ts'

const nonceBytes = 12
const tagBytes = 16

/** Seals texts (AES-256-GCM) so that they can neither be read nor changed, nor pass for what belongs elsewhere. */
interface Sealer {
  /** `binding` names what the text belongs to; whoever opens it must name the same. */
  seal(binding: string, text: string): Buffer
  /** Undefined for whatever was not sealed with this key and this binding. */
  open(binding: string, sealed: Buffer): string | undefined
}

/** Thirty-two bytes from which every key of this server that seals something is derived. */
export interface MasterKey {
  /** Names it and says nothing of it. */
  readonly id: string
  /** As CARILLON_MASTER_KEY and the file hold it. */
  readonly text: string
  /** For the secrets of access keys. */
  readonly secrets: Sealer
  /** For session tokens. */
  readonly sessions: Sealer
}

function sealerOf(bytes: Uint8Array): Sealer {
  const key = createSecretKey(bytes)
  return {
    seal(binding, text) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(binding))
      const sealed = cipher.update(text, 'utf8')
      return Buffer.concat([nonce, sealed, cipher.final(), cipher.getAuthTag()])
    },
    open(binding, sealed) {
      if (sealed.length < nonceBytes + tagBytes) return undefined
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
          .setAAD(Buffer.from(binding))
          .setAuthTag(sealed.subarray(-tagBytes))
        const text = decipher.update(sealed.subarray(nonceBytes, -tagBytes))
        decipher.final()
        return text.toString('utf8')
      } catch {
        return undefined
      }
    },
  }
}

const derived = (bytes: Uint8Array, purpose: string, length: number) =>
  new Uint8Array(hkdfSync('sha256', bytes, '', `carillon ${purpose}`, length))

function masterKeyOf(bytes: Uint8Array): MasterKey {
  return {
    id: Buffer.from(derived(bytes, 'master key id', 8)).toString('hex'),
    text: Buffer.from(bytes).toString('base64'),
    secrets: sealerOf(derived(bytes, 'secrets of access keys', 32)),
    sessions: sealerOf(derived(bytes, 'session tokens', 32)),
  }
}

const newMasterKey = () => masterKeyOf(randomBytes(32))

/** Reads one or several, separated by commas or line breaks. The error does not repeat the text. */
export function parseMasterKeys(text: string, where: string): readonly MasterKey[] {
  const parts = text.split(/[,\n]/).map(part => part.trim())
  const keys = parts
    .filter((part, index) => part !== '' || (index === 0 && parts.length === 1))
    .map(part => {
      const encoding = /^[\da-f]{64}$/i.test(part) ? 'hex' : /^[\w+/-]{43}=?$/.test(part) ? 'base64' : undefined
      const bytes = encoding && Buffer.from(part, encoding)
      if (bytes?.length !== 32)
        throw new Error(`${where} must be 32 bytes in base64 or hexadecimal digits, or several such keys, separated by commas.`)
      return masterKeyOf(bytes)
    })
  return [...new Map(keys.map(key => [key.id, key])).values()]
}

/** Where the master keys of this process come from. */
export interface MasterKeySource {
  /** Those that it has now, the newest first; none where none has been needed. */
  read(): Promise<readonly MasterKey[]>
  /** The same; where there is none, one is made. Throws an Error that says what to do where it must be given. */
  make(): Promise<readonly MasterKey[]>
  /** Puts a new one before the others, and answers it; where they are given, the first of them. The one of the id `current` stays. */
  renew(current: string): Promise<MasterKey>
}

const absent = async () => {
  throw new Error(
    'With --database-url the master key is given by CARILLON_MASTER_KEY (openssl rand -base64 32): all nodes use the same one.',
  )
}

/** Given by the environment, kept in `master-key` in the data folder, or only in memory where nothing is kept. */
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

/** A rotation that has failed leaves a key behind, which is kept as well. */
const mostKept = 8

/** The file is read each time: the command line may have changed it. Mode 600. */
function inFile(data: string): MasterKeySource {
  const place = async () => join(await dataFolder(data), 'master-key')
  const read = async () => {
    const file = await place()
    const text = await textOf(file)
    return text === undefined ? [] : parseMasterKeys(text, file)
  }
  return {
    read,
    async make() {
      const kept = await read()
      if (kept.length > 0) return kept
      await makeFile(await place(), `${newMasterKey().text}\n`, 0o600)
      return read()
    },
    async renew(current) {
      const made = newMasterKey()
      const kept = (await read()).filter(({ id }, index) => id === current || index < mostKept)
      await replaceFile(await place(), [made, ...kept].map(({ text }) => `${text}\n`).join(''), 0o600)
      return made
    },
  }
}
