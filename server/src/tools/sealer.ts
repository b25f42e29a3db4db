import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import { pooledRandomBytes } from './random.ts'

const nonceBytes = 12
const tagBytes = 16

/** Encrypts and authenticates texts (AES-256-GCM), each bound to a purpose, so that none can be used for another. */
export interface Sealer {
  /** `binding` names the purpose; `open` needs the same. */
  seal(binding: string, text: string): Buffer
  /** Undefined for any text that was not sealed with this key and this binding. */
  open(binding: string, sealed: Buffer): string | undefined
}

/** `bytes` is a key of 32 bytes. */
export function sealerOf(bytes: Uint8Array): Sealer {
  const key = createSecretKey(bytes)
  return {
    seal(binding, text) {
      const nonce = pooledRandomBytes(nonceBytes)
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
