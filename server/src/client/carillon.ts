import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { bindingOf, type Method } from '../contract/binding.ts'
import { routes, type Operations } from './operations.ts'

export type { Operations } from './operations.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface CarillonOptions {
  /** The base URL of the server. */
  readonly endpoint: string
  /** The server does not look at it. */
  readonly region?: string
  /** As the AWS SDKs take them: credentials, or a function that gives those of the moment. */
  readonly credentials: Credentials | (() => Promise<Credentials>)
}

/** What every answer has beside its members, as in the AWS SDKs. */
export interface Answered {
  readonly $metadata: { readonly httpStatusCode: number; readonly requestId: string | undefined }
}

/** A refused call: `name` is the exception, as in the AWS SDKs; `Reason` says why, and what to change. */
export class CarillonError extends Error implements Answered {
  override readonly name: string
  readonly $metadata: Answered['$metadata']
  readonly Code: string | undefined
  readonly Reason: string | undefined

  constructor(
    name: string,
    $metadata: Answered['$metadata'],
    { Code, Message, Reason }: { Code?: string; Message?: string; Reason?: string },
  ) {
    super(Message ?? name)
    this.name = name
    this.$metadata = $metadata
    this.Code = Code
    this.Reason = Reason
  }
}

type Input = Readonly<Record<string, unknown>>

const escaped = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

/** In a path, in a query or in a header. */
const written = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value))

/** In a body times are epoch seconds. */
function inBody(this: Input, key: string, value: unknown): unknown {
  const given = this[key]
  return given instanceof Date ? given.getTime() / 1000 : value
}

const inAnswer = (key: string, value: unknown): unknown =>
  key.endsWith('Timestamp') && typeof value === 'number' ? new Date(Math.round(value * 1000)) : value

/** Where each member of an input travels. */
function requestOf(route: string, input: Input) {
  const [method, template] = route.split(' ') as [Method, string]
  let path = template
  const query: Record<string, string> = {}
  const headers: Record<string, string> = {}
  const body: Record<string, unknown> = {}
  for (const [member, value] of Object.entries(input)) {
    if (value === undefined) continue
    const { in: where, name } = bindingOf(member, method, template)
    if (where === 'path') path = path.replace(`{${name}}`, escaped(written(value)))
    else if (where === 'query') query[name] = written(value)
    else if (where === 'header') headers[name] = written(value)
    else body[member] = value
  }
  return { method, path, query, headers, body: method === 'GET' || method === 'DELETE' ? undefined : JSON.stringify(body, inBody) }
}

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

  /** Calls an operation. Rejects with a CarillonError where the server refuses. */
  async call<Name extends keyof Operations>(name: Name, input: Operations[Name]['input']): Promise<Operations[Name]['output'] & Answered> {
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
    // A browser sets it itself.
    const { host: _, ...sent } = signed.headers
    const search = Object.entries(query)
      .map(([key, value]) => `${escaped(key)}=${escaped(value)}`)
      .join('&')
    const url = `${this.#endpoint.origin}${signed.path}${search === '' ? '' : `?${search}`}`
    const response = await fetch(url, { method, headers: sent, ...(body !== undefined && { body }) })
    const text = await response.text()
    if (!response.ok) throw refusalOf(response, text)
    const answer = (text === '' ? {} : JSON.parse(text, inAnswer)) as Operations[Name]['output']
    return { ...answer, ...about(response) }
  }
}

const about = ({ status, headers }: Response): Answered => ({
  $metadata: { httpStatusCode: status, requestId: headers.get('x-amzn-requestid') ?? undefined },
})

function refusalOf(response: Response, text: string): CarillonError {
  let content: { Code?: string; Message?: string; Reason?: string } = {}
  try {
    content = JSON.parse(text) as typeof content
  } catch {
    // A proxy has answered.
  }
  const name = response.headers.get('x-amzn-errortype')?.split(':')[0] ?? `HTTP ${response.status}`
  return new CarillonError(name, about(response).$metadata, content)
}
