import { hash } from 'node:crypto'

/**
 * What a signature covers. Everything is compared as it travelled, without decoding or normalizing, so two requests that the router
 * distinguishes never have the same path or header here. The order of values with one query name is not covered, as everywhere in Signature
 * Version 4.
 */
export interface CanonicalRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: ReadonlyMap<string, string>
  /** Lower-case names in the order in which they were signed; each is present in `headers`. */
  readonly signedHeaders: readonly string[]
  readonly bodyHash: string
}

/** The hash of the canonical request in the string to sign. */
export function hashCanonicalRequest({ method, path, query, headers, signedHeaders, bodyHash }: CanonicalRequest): string {
  const lines = [method, path, query]
  for (const name of signedHeaders) lines.push(`${name}:${headers.get(name)}`)
  lines.push('', signedHeaders.join(';'), bodyHash)
  return hash('sha256', lines.join('\n'))
}

export const hashOfNothing = hash('sha256', '')

export const hashBody = (body: Uint8Array) => (body.byteLength === 0 ? hashOfNothing : hash('sha256', body))

/** The path and the query of a request target, as they travelled. */
export function splitTarget(url: string): { path: string; query: string } {
  const mark = url.indexOf('?')
  return mark < 0 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) }
}

/**
 * The raw path, escaped once more, which is the rule for every service but S3. Signers normalize `.`, `..` and `//` first, so such
 * a path does not verify.
 */
export function canonicalPath(path: string): string {
  return /^[\w.~/%-]*$/.test(path) ? path.replace(/%/g, '%25') : path.replace(/[^\w.~/-]/g, escapeByte)
}

const escapeByte = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

/**
 * The raw pairs, sorted, exactly as they travelled. botocore, chime-sdk-js and the Android demo sign this, whether they escape
 * `!'()*` and `+` or not.
 */
export function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs = query.split('&')
  let ordered = true
  for (let index = 0; index < pairs.length; index++) {
    if (!pairs[index]!.includes('=')) pairs[index] += '='
    if (index > 0 && ordered) ordered = compareQueryPairs(pairs[index - 1]!, pairs[index]!) <= 0
  }
  return (ordered ? pairs : pairs.toSorted(compareQueryPairs)).join('&')
}

/**
 * The pairs in the spelling of signers that decode first and escape by RFC 3986 again (curl, aws4, awscurl). It means the same as
 * the raw query, because a `+` is a plus on both sides. Undefined if an escape cannot be decoded.
 */
export function escapedQuery(query: string): string | undefined {
  try {
    return canonicalQuery(
      query
        .split('&')
        .filter(pair => pair !== '')
        .map(pair => {
          const equals = pair.indexOf('=')
          return equals < 0 ? reescape(pair) : `${reescape(pair.slice(0, equals))}=${reescape(pair.slice(equals + 1))}`
        })
        .join('&'),
    )
  } catch {
    return undefined
  }
}

/** Escapes by RFC 3986 whatever was escaped before. Throws if an escape cannot be decoded. */
export const reescape = (text: string) => encodeURIComponent(decodeURIComponent(text)).replace(/[!'()*]/g, escapeByte)

/** Compares by name, then by value. Comparing whole pairs would sort `a-b=` before `a=`, but the name `a` comes before `a-b`. */
function compareQueryPairs(left: string, right: string): number {
  const leftEquals = left.indexOf('=')
  const rightEquals = right.indexOf('=')
  return compare(left.slice(0, leftEquals), right.slice(0, rightEquals)) || compare(left.slice(leftEquals), right.slice(rightEquals))
}

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0)

export interface CanonicalHeaders {
  /** Values by lower-case name. Outer blanks are removed, inner ones reduced to one, repeated headers joined by a comma. */
  readonly headers: ReadonlyMap<string, string>
  /** The headers that a signature must cover. */
  readonly decisive: readonly string[]
  /** Names that occur more than once. */
  readonly repeated: readonly string[]
}

/** Whether a signature must cover a header of that name, if it is present. */
const isDecisive = (name: string) => name.startsWith('x-amz-') || name === 'host'

/** Reads Node's `rawHeaders`, since its `headers` drop some repetitions and join others differently. */
export function canonicalHeaders(rawHeaders: readonly string[]): CanonicalHeaders {
  const headers = new Map<string, string>()
  const decisive: string[] = []
  const repeated: string[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase()
    const value = canonicalValue(rawHeaders[index + 1]!)
    const earlier = headers.get(name)
    if (earlier === undefined) {
      headers.set(name, value)
      if (isDecisive(name)) decisive.push(name)
    } else {
      headers.set(name, `${earlier},${value}`)
      repeated.push(name)
    }
  }
  return { headers, decisive, repeated }
}

/** Line breaks count as blanks, so no value can look like two headers. */
const canonicalValue = (value: string) =>
  / {2}|[\t\r\n]|^ | $/.test(value) ? value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '') : value
