import { hkdfSync, randomBytes } from 'node:crypto'
import { sealerOf, type Sealer } from '../tools/sealer.ts'

/** Thirty-two bytes, from which every encryption key of this server is derived. */
export interface MasterKey {
  /** Identifies the key without revealing it. */
  readonly id: string
  /** The form in CARILLON_MASTER_KEY and in the file. */
  readonly text: string
  /** For the secrets of access keys. */
  readonly secrets: Sealer
  /** For session tokens. */
  readonly sessionTokens: Sealer
}

const derived = (bytes: Uint8Array, purpose: string, length: number) =>
  new Uint8Array(hkdfSync('sha256', bytes, '', `carillon ${purpose}`, length))

function masterKeyOf(bytes: Uint8Array): MasterKey {
  return {
    id: Buffer.from(derived(bytes, 'master key id', 8)).toString('hex'),
    text: Buffer.from(bytes).toString('base64'),
    secrets: sealerOf(derived(bytes, 'secrets of access keys', 32)),
    sessionTokens: sealerOf(derived(bytes, 'session tokens', 32)),
  }
}

export const newMasterKey = () => masterKeyOf(randomBytes(32))

/** Parses one or several master keys, separated by commas or line breaks. The error does not repeat the text. */
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
