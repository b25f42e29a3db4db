import { timingSafeEqual } from 'node:crypto'
import { BoundedMap } from '../../tools/bounded-map.ts'
import type { CredentialScope } from './authorization-header.ts'
import { hashCanonicalRequest, type CanonicalRequest } from './canonical-request.ts'
import { deriveSigningKey, type FindKey, type Sign, type SigningSecret } from './signing-key.ts'

/** Verified in place of an unknown key, so that an unknown key takes as long as a wrong secret. */
const nobody: SigningSecret = { accessKeyId: '', secretAccessKey: 'nobody' }

/** How many signing keys are cached. */
const cachedAtMost = 1000

/** The claimed signer, for the verifiers of headers and of URLs. */
interface Signer<Key> {
  /** Undefined if there is no such key. */
  readonly known: Key | undefined
  /** Whether the signature (64 lower-case hexadecimal digits) of that time is the one of the request. */
  holds(canonical: CanonicalRequest, basicTime: string, signature: string): boolean
  /** Caches the derived key. Call it only after a valid signature, so that nobody without a secret can evict keys that are in use. */
  accept(): void
}

export function createSigners<Key extends SigningSecret>(
  findKey: FindKey<Key>,
): (credential: CredentialScope, sessionToken: string | undefined) => Signer<Key> {
  const cache = new BoundedMap<string, { readonly secretAccessKey: string; readonly sign: Sign }>(cachedAtMost)
  return (credential, sessionToken) => {
    const known = findKey(credential.accessKeyId, sessionToken)
    const key: SigningSecret = known ?? nobody
    const { secretAccessKey } = key
    const cached = cache.get(credential.text)
    const isCached = cached?.secretAccessKey === secretAccessKey
    const sign = isCached ? cached.sign : deriveSigningKey(secretAccessKey, credential)
    return {
      known,
      holds: (canonical, basicTime, signature) =>
        equalInConstantTime(sign(`AWS4-HMAC-SHA256\n${basicTime}\n${credential.scope}\n${hashCanonicalRequest(canonical)}`), signature),
      accept: () => {
        if (!isCached) cache.set(credential.text, { secretAccessKey, sign })
      },
    }
  }
}

const expectedBytes = Buffer.alloc(64)
const givenBytes = Buffer.alloc(64)

/** Both are 64 hexadecimal digits. */
function equalInConstantTime(expected: string, given: string): boolean {
  expectedBytes.write(expected, 'latin1')
  givenBytes.write(given, 'latin1')
  return timingSafeEqual(expectedBytes, givenBytes)
}
