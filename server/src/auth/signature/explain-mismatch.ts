import type { ApiError } from '../../errors.ts'
import { canonicalPath, escapedQuery, hashOfNothing, reescape } from './canonical-request.ts'
import type { CanonicalRequest } from './canonical-request.ts'
import { invalidSignature } from './signature-errors.ts'

/** Whether the signature of the request is valid for this canonical request. */
export type Holds = (canonical: CanonicalRequest) => boolean

interface Mismatch {
  readonly canonical: CanonicalRequest
  /** Path and query as they travelled. */
  readonly raw: { readonly path: string; readonly query: string }
  /** The Host that the client sent, as a trusted proxy reports it. */
  readonly forwardedHost: string | undefined
  readonly holds: Holds
}

/**
 * Why a signature is not valid, if one of the usual mistakes explains it. It tries variants of the request, never other keys, and reveals
 * neither secret nor signature.
 */
export function explainMismatch({ canonical, raw, forwardedHost, holds }: Mismatch): ApiError {
  const host = canonical.headers.get('host') ?? ''
  for (const other of otherHosts(host, canonical.headers.get('x-forwarded-host'))) {
    if (holds({ ...canonical, headers: new Map(canonical.headers).set('host', other) })) {
      return invalidSignature(
        `The host differs: the request is signed for '${other}', and its Host header is '${host}'. A proxy must pass Host on unchanged, or be trusted (--trust-proxy) and report it.`,
      )
    }
  }
  if (raw.path !== canonical.path && holds({ ...canonical, path: raw.path })) {
    return invalidSignature(
      'The path is escaped once in the canonical request; every service but S3 escapes it once more (%3A becomes %253A).',
    )
  }
  const escaped = escapedPath(raw.path)
  if (escaped !== raw.path && holds({ ...canonical, path: canonicalPath(escaped) })) {
    return invalidSignature(
      'The percent-escapes of the path differ from those that were signed: a proxy has changed them. It must pass the path on unchanged.',
    )
  }
  const blanks = raw.query.includes('+') ? escapedQuery(raw.query.replaceAll('+', '%20')) : undefined
  if (blanks !== undefined && holds({ ...canonical, query: blanks })) {
    return invalidSignature('The query has a + that was signed as a space. Here a + is a plus sign: send a space as %20.')
  }
  if (canonical.bodyHash !== hashOfNothing && holds({ ...canonical, bodyHash: hashOfNothing })) {
    return invalidSignature('The request is signed with the hash of an empty body, but it has a body.')
  }
  if (/\/(?:\.{0,2})(?=\/)|\/\.{1,2}$/.test(raw.path)) {
    return invalidSignature("The path has '//', '/./' or '/../', which signers normalize before they sign: send the normalized path.")
  }
  const hosts = forwardedHost === undefined || forwardedHost === host ? `'${host}'` : `'${host}' and '${forwardedHost}'`
  return invalidSignature(
    'The secret access key is not the one of this access key id, or the method, path, query, body or a signed header was changed after signing. ' +
      `The signature was checked for the host ${hosts}: if the client has called another host, a proxy must pass Host on unchanged, or be trusted (--trust-proxy) and report it.`,
  )
}

/** The path in the spelling of clients: each segment escaped by RFC 3986. Unchanged if an escape cannot be decoded. */
function escapedPath(path: string): string {
  try {
    return path.split('/').map(reescape).join('/')
  } catch {
    return path
  }
}

/** The host in other spellings: clients and proxies disagree about case and default ports. */
function otherHosts(host: string, forwarded: string | undefined): Set<string> {
  const name = host.replace(/:\d*$/, '')
  const spellings = [name, `${name}:443`, `${name}:80`].flatMap(spelling => [spelling, spelling.toLowerCase()])
  const others = new Set([host.toLowerCase(), ...spellings])
  if (forwarded !== undefined) others.add(forwarded)
  others.delete(host)
  return others
}
