import { parseCredentialScope } from './authorization-header.ts'
import { canonicalQuery, escapedQuery, hashOfNothing, splitTarget } from './canonical-request.ts'
import { expiredToken, incompleteSignature, invalidSignature, missingAuthenticationToken } from './signature-errors.ts'
import { createSigners } from './signer.ts'
import type { AccessKey, FindKey, SigningSecret } from './signing-key.ts'
import { formatBasic, parseBasic } from './signing-time.ts'
import { unknownKey } from './unknown-key.ts'

/** A GET with its signature in the query, as it travelled. */
export interface PresignedRequest {
  /** Path and query, unchanged from node. */
  readonly url: string
  /** The header Host. */
  readonly host: string
  /** The Host that the client sent, as a trusted proxy reports it. */
  readonly forwardedHost?: string | undefined
}

export interface Presigned<Key = AccessKey> {
  readonly key: Key
  /** All parameters of the query, decoded. */
  readonly parameters: ReadonlyMap<string, string>
}

const algorithm = 'AWS4-HMAC-SHA256'
/** Clocks of browsers are often wrong, and clients presign for ten seconds only (docs/service/sessions.md#the-signature). */
const allowedSkew = 300_000
const longestExpiry = 7 * 24 * 60 * 60

/**
 * Verifies presigned URLs and returns whose key signed and for what; throws an ApiError with a short reason otherwise. It compares
 * the signature over the raw pairs first, and then over the two other spellings that clients sign
 * (docs/service/sessions.md#the-signature). The host may be that of the request or one of `hosts`.
 */
export function createUrlVerifier<Key extends SigningSecret>(options: {
  findKey: FindKey<Key>
  hosts: readonly string[]
  now?: () => number
}): (request: PresignedRequest) => Presigned<Key> {
  const { findKey, hosts, now = Date.now } = options
  const signerOf = createSigners(findKey)

  return ({ url, host, forwardedHost }) => {
    const { path, query } = splitTarget(url)
    const parameters = decoded(query)
    const signature = parameters.get('X-Amz-Signature')
    if (signature === undefined) throw missingAuthenticationToken('X-Amz-Signature is missing: presign the URL')
    if (!/^[0-9a-f]{64}$/.test(signature)) throw incomplete('X-Amz-Signature is not 64 hexadecimal digits')
    if (parameters.get('X-Amz-Algorithm') !== algorithm) throw incomplete(`X-Amz-Algorithm must be ${algorithm}`)
    if (parameters.get('X-Amz-SignedHeaders') !== 'host') throw incomplete('X-Amz-SignedHeaders must be host')
    const credential = parseCredentialScope(parameters.get('X-Amz-Credential') ?? '', 'chime')
    const date = parameters.get('X-Amz-Date') ?? ''
    checkTime(date, parameters.get('X-Amz-Expires') ?? '', now())
    if (credential.date !== date.slice(0, 8)) throw invalidSignature('the credential scope is of another day than X-Amz-Date')

    const token = parameters.get('X-Amz-Security-Token')
    const signer = signerOf(credential, token)
    const { known } = signer
    const signedHosts = hostsOf(host, forwardedHost === undefined ? hosts : [...hosts, forwardedHost, forwardedHost.toLowerCase()])
    const isSigned = (spelling: string) =>
      signedHosts.some(signedHost => {
        const headers = new Map([['host', signedHost]])
        const canonical = { method: 'GET', path, query: spelling, headers, signedHeaders: ['host'], bodyHash: hashOfNothing }
        return signer.holds(canonical, date, signature)
      })
    const isSignedAs = (spellings: Iterable<string>) => {
      for (const spelling of spellings) if (isSigned(spelling)) return true
      return false
    }
    const holds = isSignedAs(spellingsOf(query))
    if (known === undefined) throw unknownKey(findKey, credential.accessKeyId, token)
    if (!holds && token !== undefined && isSignedAs(spellingsOf(query, 'X-Amz-Security-Token')))
      throw invalidSignature('X-Amz-Security-Token was added after signing: sign the URL with it')
    if (!holds) throw invalidSignature(`signature mismatch; wrong secret key, or signed for another host than ${host}`)
    if ((known.expiresAt ?? Infinity) <= now()) throw expiredToken('the credentials have expired')
    signer.accept()
    return { key: known, parameters }
  }
}

const incomplete = (reason: string) => incompleteSignature('The presigned URL is incomplete', reason)

/** The parameters by name. Throws if a name occurs twice, since it is not clear which value counts. */
function decoded(query: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    try {
      const plain = decodeURIComponent(name)
      if (parameters.has(plain)) throw incomplete(`${plain.slice(0, 40)} occurs twice`)
      parameters.set(plain, decodeURIComponent(value))
    } catch (error) {
      if (error instanceof URIError) throw incomplete('the query has a percent-escape that is not UTF-8')
      throw error
    }
  }
  return parameters
}

function checkTime(date: string, expires: string, now: number) {
  const signed = parseBasic(date)
  if (!signed) throw incomplete('X-Amz-Date must read YYYYMMDDTHHMMSSZ')
  const seconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0
  if (seconds < 1 || seconds > longestExpiry) throw incomplete(`X-Amz-Expires must be 1 to ${longestExpiry} seconds`)
  if (now >= signed.milliseconds + seconds * 1000 + allowedSkew)
    throw invalidSignature(`URL expired: it is dated ${date}, the server's time is ${formatBasic(now)}`)
  if (signed.milliseconds > now + allowedSkew)
    throw invalidSignature(`clock ahead: the URL is dated ${date}, the server's time is ${formatBasic(now)}`)
}

/**
 * The spellings of the query without its signature, each made only if the previous ones do not match: unchanged; escaped by RFC
 * 3986; and with the apostrophes that browsers escape after signing.
 */
function* spellingsOf(query: string, unsigned?: string) {
  const signed = query
    .split('&')
    .filter(pair => !pair.startsWith('X-Amz-Signature=') && !(unsigned !== undefined && pair.startsWith(`${unsigned}=`)))
    .join('&')
  yield canonicalQuery(signed)
  const escaped = escapedQuery(signed)
  if (escaped !== undefined) yield escaped
  if (signed.includes('%27')) yield canonicalQuery(signed.replaceAll('%27', "'"))
}

/** The hosts that may be signed: the Host unchanged, in lower case, without a default port, and the names of a proxy in front. */
const hostsOf = (host: string, others: readonly string[]) => {
  const lower = host.toLowerCase()
  const bare = lower.replace(/:443$/, '')
  return [...new Set([host, lower, bare, `${bare}:443`, ...others])]
}
