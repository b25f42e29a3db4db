import { createCipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto'

/** The keys of a subscription: the browser's public key and the secret that it shares with the page. */
export interface SubscriptionKeys {
  readonly p256dh: Buffer
  readonly auth: Buffer
}

const recordSize = 4096

const derived = (secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number) =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, length))

/** A new key and a new salt, for one message. */
const fresh = () => {
  const key = createECDH('prime256v1')
  key.generateKeys()
  return { key, salt: randomBytes(16) }
}

/**
 * Encrypts a push for a browser (RFC 8291): one record of aes128gcm (RFC 8188) under a key that only the browser can derive. Throws if
 * p256dh is not a point of the curve.
 */
export function encryptForBrowser(plain: Buffer, { p256dh, auth }: SubscriptionKeys, { key, salt } = fresh()): Buffer {
  const ours = key.getPublicKey()
  const shared = key.computeSecret(p256dh)
  const input = derived(shared, auth, Buffer.concat([Buffer.from('WebPush: info\0'), p256dh, ours]), 32)
  const contentKey = derived(input, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = derived(input, salt, Buffer.from('Content-Encoding: nonce\0'), 12)
  const cipher = createCipheriv('aes-128-gcm', contentKey, nonce)
  // The last record ends with the byte 2.
  const record = Buffer.concat([cipher.update(plain), cipher.update(Buffer.of(2)), cipher.final(), cipher.getAuthTag()])
  const size = Buffer.alloc(4)
  size.writeUInt32BE(recordSize)
  return Buffer.concat([salt, size, Buffer.of(ours.length), ours, record])
}
