import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { badRequest } from './errors.ts'
import type { Cursor } from './store/page.ts'

const nonceBytes = 12
const tagBytes = 16

/**
 * NextTokens: the cursor of a page, encrypted and authenticated (AES-256-GCM) together with what it is bound to, so that a
 * token can't be read, forged, or used in another listing. Base64url without padding.
 */
export class PageTokens {
  readonly #key: KeyObject
  #random = Buffer.alloc(0)

  /** `key` has 32 bytes and is the same on all nodes. */
  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key)
  }

  /** `binding` names the listing: operation, bearer, whose list, filters. */
  seal(binding: readonly string[], cursor: Cursor): string {
    const nonce = this.#nonce()
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(aad(binding))
    const sealed = cipher.update(cursor.join(','), 'utf8')
    return Buffer.concat([nonce, sealed, cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }

  /** Random bytes, drawn for many tokens at once: asking for twelve costs as much as asking for thousands. */
  #nonce(): Buffer {
    if (this.#random.length < nonceBytes) this.#random = randomBytes(nonceBytes * 256)
    const nonce = this.#random.subarray(0, nonceBytes)
    this.#random = this.#random.subarray(nonceBytes)
    return nonce
  }

  /** The cursor of a token that was sealed with the same binding; a BadRequestException for every other text. */
  open(binding: readonly string[], token: string): Cursor {
    const bytes = Buffer.from(token, 'base64url')
    if (bytes.length > nonceBytes + tagBytes && bytes.toString('base64url') === token) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, nonceBytes))
          .setAAD(aad(binding))
          .setAuthTag(bytes.subarray(-tagBytes))
        const cursor = decipher.update(bytes.subarray(nonceBytes, -tagBytes)).toString('utf8')
        decipher.final()
        return cursor.split(',').map(Number)
      } catch {
        // Not one of ours, or bound to something else: told below.
      }
    }
    throw badRequest(
      "1 validation error detected: Value at 'nextToken' failed to satisfy constraint: Member must be a token that the same list returned",
      'NextToken belongs to one operation, one bearer and one set of filters. Pass the token of the page before unchanged, or none to start again.',
    )
  }
}

const aad = (binding: readonly string[]) => Buffer.from(JSON.stringify(binding))
