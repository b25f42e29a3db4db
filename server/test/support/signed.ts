import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'

export interface SigningKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface Draft {
  readonly method?: string
  /** With its percent-escapes, as it is sent. */
  readonly path: string
  /** Without the question mark, as it is sent; signed as its decoded pairs. */
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly date?: Date
  readonly key?: SigningKey
  /** The service of the scope; both APIs are `chime`. */
  readonly service?: string
}

function pairs(query: string): Record<string, string[]> {
  const all: Record<string, string[]> = {}
  for (const [name, value] of new URLSearchParams(query.replaceAll('+', '%2B'))) (all[name] ??= []).push(value)
  return all
}

/** The headers of a request that Amazon's own signer has signed, host included. */
export async function signedHeaders(url: string, key: SigningKey, draft: Draft): Promise<Record<string, string>> {
  const { hostname, port, host } = new URL(url)
  const { method = 'GET', path, query = '', headers = {}, body, date, service = 'chime' } = draft
  const signer = new SignatureV4({ service, region: 'us-east-1', credentials: draft.key ?? key, sha256: Sha256 })
  const signed = await signer.sign(
    { method, protocol: 'http:', hostname, port: Number(port), path, query: pairs(query), headers: { host, ...headers }, body },
    date ? { signingDate: date } : {},
  )
  return signed.headers
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body, parsed. */
  json(): Record<string, unknown>
}

/** Signs a request and sends it by fetch. `sent` changes it after the signing. */
export async function call(url: string, key: SigningKey, draft: Draft, sent: Partial<Draft> = {}): Promise<Answered> {
  const headers = await signedHeaders(url, key, draft)
  const { method = 'GET', path, query, body } = { ...draft, ...sent }
  const response = await fetch(`${url}${path}${query ? `?${query}` : ''}`, {
    method,
    headers: { ...headers, ...sent.headers },
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) }
}
