import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { routes, type Operations } from './operations.ts'
import { escaped, requestOf } from './request.ts'

export type { ChannelMessageSummary, Identity, Operations, PolicyDecision, Presence } from './operations.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface CarillonOptions {
  /** The base URL of the server. */
  readonly endpoint: string
  /** Any region: the server ignores it. */
  readonly region?: string
  /** As in the AWS SDKs: credentials, or a function that resolves to the present ones. */
  readonly credentials: Credentials | (() => Promise<Credentials>)
}

/** What every output has beside its members, as in the AWS SDKs. */
export interface MetadataBearer {
  readonly $metadata: { readonly httpStatusCode: number; readonly requestId: string | undefined }
}

/** The error of a call. `name` is the exception, as in the AWS SDKs. `Reason` says which check failed, and what to change. */
export class CarillonError extends Error implements MetadataBearer {
  override readonly name: string
  readonly $metadata: MetadataBearer['$metadata']
  readonly Code: string | undefined
  readonly Reason: string | undefined

  constructor(
    name: string,
    $metadata: MetadataBearer['$metadata'],
    { Code, Message, Reason }: { Code?: string; Message?: string; Reason?: string },
  ) {
    super(Message ?? name)
    this.name = name
    this.$metadata = $metadata
    this.Code = Code
    this.Reason = Reason
  }
}

const withDates = (key: string, value: unknown): unknown =>
  key.endsWith('Timestamp') && typeof value === 'number' ? new Date(Math.round(value * 1000)) : value

/**
 * A client of the operations that Carillon has and Amazon does not, in browsers and in Node. Each call is signed with the credentials
 * that the AWS SDKs take for Amazon's own operations.
 */
export class Carillon {
  readonly #endpoint: URL
  readonly #signer: SignatureV4

  constructor({ endpoint, region = 'us-east-1', credentials }: CarillonOptions) {
    this.#endpoint = new URL(endpoint)
    this.#signer = new SignatureV4({ service: 'chime', region, credentials, sha256: Sha256 })
  }

  /** Calls an operation. Rejects with a CarillonError where the server refuses, and with a TypeError for an incomplete call. */
  async call<Name extends keyof Operations>(
    name: Name,
    input: Operations[Name]['input'],
  ): Promise<Operations[Name]['output'] & MetadataBearer> {
    if (!Object.hasOwn(routes, name)) throw new TypeError(`Carillon has no operation ${name}. Amazon's are called by the AWS SDKs.`)
    const { method, path, query, headers, body } = requestOf(routes[name], input)
    const { protocol, hostname, port, host, pathname } = this.#endpoint
    const signed = await this.#signer.sign({
      method,
      protocol,
      hostname,
      path: `${pathname.replace(/\/$/, '')}${path}`,
      query,
      headers: { ...headers, host, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(port !== '' && { port: Number(port) }),
      ...(body !== undefined && { body }),
    })
    // A browser sets this header itself.
    const { host: _, ...sent } = signed.headers
    const search = Object.entries(query)
      .map(([key, value]) => `${escaped(key)}=${escaped(value)}`)
      .join('&')
    const url = `${this.#endpoint.origin}${signed.path}${search === '' ? '' : `?${search}`}`
    const response = await fetch(url, { method, headers: sent, ...(body !== undefined && { body }) })
    const text = await response.text()
    if (!response.ok) throw refusalOf(response, text)
    const answer = (text === '' ? {} : JSON.parse(text, withDates)) as Operations[Name]['output']
    return { ...answer, ...about(response) }
  }
}

const about = ({ status, headers }: Response): MetadataBearer => ({
  $metadata: { httpStatusCode: status, requestId: headers.get('x-amzn-requestid') ?? undefined },
})

function refusalOf(response: Response, text: string): CarillonError {
  let content: { Code?: string; Message?: string; Reason?: string } = {}
  try {
    content = JSON.parse(text) as typeof content
  } catch {
    // The answer is from a proxy.
  }
  const name = response.headers.get('x-amzn-errortype')?.split(':')[0] ?? `HTTP ${response.status}`
  return new CarillonError(name, about(response).$metadata, content)
}
