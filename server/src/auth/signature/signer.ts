import { timingSafeEqual } from 'node:crypto'
import type { CredentialScope } from './authorization-header.ts'
import { hashCanonicalRequest, type CanonicalRequest } from './canonical-request.ts'
import { createSigningKeyCache, deriveSigningKey, type FindKey, type SigningSecret } from './signing-key.ts'

/** Stands in for an unknown key, so that an unknown key costs as much as a wrong secret. */
const nobody: SigningSecret = { accessKeyId: '', secretAccessKey: 'nobody' }

/** The claimed signer, for the verifiers of headers and of URLs. */
interface Signer<Key> {
  /** Undefined if there is no such key. */
  readonly known: Key | undefined
  /** Whether the signature (64 lower-case hexadecimal digits) of that time is the one of the request. */
  holds(canonical: CanonicalRequest, basicTime: string, signature: string): boolean
  /** Caches the derived key. Call it only after a valid signature: then nobody without a secret can evict keys that are in use. */
  accept(): void
}

export function createSigners<Key extends SigningSecret>(
  findKey: FindKey<Key>,
): (credential: CredentialScope, sessionToken: string | undefined) => Signer<Key> {
  const cache = createSigningKeyCache(1000)
  return (credential, sessionToken) => {
    const known = findKey(credential.accessKeyId, sessionToken)
    const key: SigningSecret = known ?? nobody
    const cached = cache.find(key, credential)
    const sign = cached ?? deriveSigningKey(key.secretAccessKey, credential)
    return {
      known,
      holds: (canonical, basicTime, signature) =>
        equalInConstantTime(sign(`AWS4-HMAC-SHA256\n${basicTime}\n${credential.scope}\n${hashCanonicalRequest(canonical)}`), signature),
      accept: () => {
        if (cached === undefined) cache.keep(key, credential, sign)
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
