import type { IncomingHttpHeaders } from 'node:http'
import { readAuthorization, type SignedService } from './authorization-header.ts'
import { canonicalHeaders, canonicalPath, canonicalQuery, escapedQuery, hashBody, splitTarget } from './canonical-request.ts'
import type { CanonicalRequest } from './canonical-request.ts'
import { explainMismatch } from './explain-mismatch.ts'
import type { Holds } from './explain-mismatch.ts'
import { expiredToken, invalidSignature, missingAuthenticationToken } from './signature-errors.ts'
import { createSigners } from './signer.ts'
import type { FindKey, SigningSecret } from './signing-key.ts'
import { checkClock, readSigningTime } from './signing-time.ts'
import { unknownKey } from './unknown-key.ts'
import { upToDate, type Access } from '../access.ts'

/** A request as it travelled: `url` and `rawHeaders` are node's, untouched. */
export interface SignedRequest {
  method: string
  url: string
  rawHeaders: readonly string[]
  body: Uint8Array
  /** The Host that the client sent, as a trusted proxy reports it; a signature for it is valid as well. */
  forwardedHost?: string | undefined
}

/** Headers that may occur only once, since it would not be clear which of two the signature covers. */
const onlyOnce = new Set(['host', 'authorization', 'x-amz-date', 'x-amz-chime-bearer', 'x-amz-content-sha256', 'x-amz-security-token'])

/**
 * Verifies requests signed with Signature Version 4 in the Authorization header, and returns the key that signed; throws an
 * ApiError otherwise. Method, path, query, host, body, date and every `x-amz-*` header are then what the owner of the key sent.
 */
export function createVerifier<Key extends SigningSecret>(options: {
  findKey: FindKey<Key>
  service?: SignedService
  now?: () => number
}): (request: SignedRequest) => Key {
  const { findKey, service = 'chime', now = Date.now } = options
  const signerOf = createSigners(findKey)

  return request => {
    const { headers, decisive, repeated } = canonicalHeaders(request.rawHeaders)
    for (const name of repeated) if (onlyOnce.has(name)) throw invalidSignature(`The header ${name} occurs more than once.`)
    const authorization = headers.get('authorization')
    if (authorization === undefined) throw missingAuthenticationToken(reasonForNoAuthorization(request.url))
    const { credential, signedHeaders, signature } = readAuthorization(authorization, service)
    const time = readSigningTime(headers)
    checkScopeDate(credential.date, time.basic)
    checkClock(time, now())
    checkSignedHeaders(headers, decisive, signedHeaders)
    const bodyHash = checkedBodyHash(headers, request.body)
    const raw = targetOf(request.url)

    const token = headers.get('x-amz-security-token')
    const signer = signerOf(credential, token)
    const { known } = signer
    const holds: Holds = canonical => signer.holds(canonical, time.basic, signature)

    const canonical = {
      method: request.method,
      path: canonicalPath(raw.path),
      query: canonicalQuery(raw.query),
      headers,
      signedHeaders,
      bodyHash,
    }
    if (!holdsForSomeHost(canonical, request.forwardedHost, each => holds(each) || holdsEscaped(each, raw.query, holds))) {
      const mismatch = explainMismatch({ canonical, raw, forwardedHost: request.forwardedHost, holds })
      if (known !== undefined) throw mismatch
    }
    if (known === undefined) throw unknownKey(findKey, credential.accessKeyId, token)
    if ((known.expiresAt ?? Infinity) <= now()) throw expiredToken('The temporary credentials have expired: get new ones.')
    signer.accept()
    return known
  }
}

const keyIdPattern = /^AWS4-HMAC-SHA256 Credential=([^,/\s]+)\//

/**
 * Refuses an unsigned request, or one with an unknown key, by its headers, so that its body need not be read. A key that a command
 * has just created is found before the check rejects. The verifier checks the signature later.
 */
export function createKeyCheck(
  { findKey, service = 'chime' }: { findKey: FindKey<SigningSecret>; service?: SignedService },
  access: Access,
) {
  const check = ({ url, headers }: { url: string; headers: IncomingHttpHeaders }) => {
    const { authorization } = headers
    if (authorization === undefined) throw missingAuthenticationToken(reasonForNoAuthorization(url))
    const id = keyIdPattern.exec(authorization)?.[1] ?? readAuthorization(authorization, service).credential.accessKeyId
    const token = headers['x-amz-security-token']?.toString()
    if (findKey(id, token) === undefined) throw unknownKey(findKey, id, token)
  }
  return (head: { url: string; headers: IncomingHttpHeaders }): void | Promise<void> => {
    try {
      check(head)
    } catch {
      return upToDate(access, async () => check(head))
    }
  }
}

/** Tries the host of the request first. */
function holdsForSomeHost(canonical: CanonicalRequest, forwardedHost: string | undefined, holds: Holds): boolean {
  if (holds(canonical)) return true
  if (forwardedHost === undefined || forwardedHost === canonical.headers.get('host')) return false
  return holds({ ...canonical, headers: new Map(canonical.headers).set('host', forwardedHost) })
}

/** Tries the second spelling of the query that clients sign, if it differs. */
function holdsEscaped(canonical: CanonicalRequest, rawQuery: string, holds: Holds): boolean {
  const query = escapedQuery(rawQuery)
  return query !== undefined && query !== canonical.query && holds({ ...canonical, query })
}

function reasonForNoAuthorization(url: string): string {
  if (url.includes('X-Amz-Signature=')) return 'The request is signed in its query; this call must be signed in the Authorization header.'
  return 'The request has no Authorization header; sign it with Signature Version 4.'
}

/** A request target is ASCII, starts with a slash and has no blanks; everything else is escaped. */
function targetOf(url: string) {
  if (!/^\/[!-~]*$/.test(url)) throw invalidSignature('The request target must be a path whose other characters are percent-escaped.')
  return splitTarget(url)
}

function checkScopeDate(date: string, basic: string): void {
  const day = basic.slice(0, 8)
  if (date === day) return
  const message = `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${day}', from '${basic}'.`
  throw invalidSignature(`The credential scope is of ${date}, the request of ${day}; they must be of the same day (UTC).`, message)
}

/** Throws unless every signed header is present, once, and every header that must be signed is signed. */
function checkSignedHeaders(headers: ReadonlyMap<string, string>, decisive: readonly string[], signedHeaders: readonly string[]) {
  for (const name of signedHeaders) if (!headers.has(name)) throw invalidSignature(reasonForAbsentHeader(name))
  const repeated = signedHeaders.find((name, index) => signedHeaders.indexOf(name) < index)
  if (repeated !== undefined) throw invalidSignature(`SignedHeaders names ${repeated} twice.`)
  for (const name of decisive) if (!signedHeaders.includes(name)) throw invalidSignature(`The header ${name} is not signed.`)
}

function reasonForAbsentHeader(name: string): string {
  if (name !== name.toLowerCase()) return `SignedHeaders names ${name}; the names must be lower-case.`
  return `The signed header '${name}' is not in the request.`
}

/** Returns the hash of the received body. Throws if a header states another one. */
function checkedBodyHash(headers: ReadonlyMap<string, string>, body: Uint8Array): string {
  const bodyHash = hashBody(body)
  const stated = headers.get('x-amz-content-sha256')
  if (stated === undefined || stated === bodyHash) return bodyHash
  if (stated === 'UNSIGNED-PAYLOAD' || stated.startsWith('STREAMING-')) {
    throw invalidSignature(`x-amz-content-sha256 is ${stated}: the body must be signed as a whole.`)
  }
  throw invalidSignature('x-amz-content-sha256 is not the hash of the body: the body was changed after signing.')
}
