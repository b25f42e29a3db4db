import { timingSafeEqual } from 'node:crypto'
import type { Credential } from './authorization-header.ts'
import { hashCanonicalRequest, type CanonicalRequest } from './canonical-request.ts'
import { createSigningKeyCache, deriveSigningKey, type FindKey, type SigningSecret } from './signing-key.ts'

/** Stands in for an unknown key, so that it costs what a wrong secret costs. */
const nobody: SigningSecret = { accessKeyId: '', secretAccessKey: 'nobody' }

/** Who says to have signed, for what verifies headers and what verifies URLs. */
interface Signer<Key> {
  /** Undefined where there is no such key. */
  readonly known: Key | undefined
  /** Whether its signature of that time, 64 lower-case hexadecimal digits, is that of the request. */
  holds(canonical: CanonicalRequest, basicTime: string, signature: string): boolean
  /** Remembers what it signs with. Only for a key whose signature has held: nobody else can push out those in use. */
  accept(): void
}

export function createSigners<Key extends SigningSecret>(
  findKey: FindKey<Key>,
): (credential: Credential, sessionToken: string | undefined) => Signer<Key> {
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
