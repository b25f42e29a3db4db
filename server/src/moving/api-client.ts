import { setTimeout } from 'node:timers/promises'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { operations, services, type ClientOutput, type Input, type OperationName } from '../contract/index.ts'
import { Pace } from './pace.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** The addresses of the two APIs: the same one for a Carillon, two for Amazon's service. */
export interface ApiUrls {
  readonly identity: URL
  readonly messaging: URL
}

const isOfIdentity: ReadonlySet<string> = new Set(services.identity)

const attempts = 8
const longestPause = 30_000
const patience = 60_000

/** A refused call. */
export class Refused extends Error {
  readonly status: number

  constructor(name: string, status: number, text: string) {
    super(`${name} was refused (HTTP ${status}): ${text}`)
    this.status = status
  }
}

const escaped = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

const written = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value))

const withDates = (key: string, value: unknown): unknown =>
  key.endsWith('Timestamp') && typeof value === 'number' ? new Date(Math.round(value * 1000)) : value

/** Whether the call may succeed if it is retried. */
const isPassing = (status: number) => status === 429 || status >= 500

/** Reads from the two APIs by GET. A call that is throttled, or fails temporarily, is retried with growing pauses. */
export class ApiClient {
  readonly #urls: ApiUrls
  readonly #signer: SignatureV4
  readonly #pace: Pace

  constructor(urls: ApiUrls, region: string, credentials: Credentials, callsPerSecond: number) {
    this.#urls = urls
    this.#signer = new SignatureV4({ service: 'chime', region, credentials, sha256: Sha256 })
    this.#pace = new Pace(callsPerSecond)
  }

  async get<Asked extends OperationName>(name: Asked, input: Input<Asked>): Promise<ClientOutput<Asked>> {
    for (let attempt = 1, pause = 500; ; attempt++, pause = Math.min(pause * 2, longestPause)) {
      await this.#pace.spend(1)
      try {
        return await this.#once(name, input)
      } catch (error) {
        if (attempt === attempts || (error instanceof Refused && !isPassing(error.status))) throw error
      }
      await setTimeout(pause)
    }
  }

  async #once<Asked extends OperationName>(name: Asked, input: Readonly<Record<string, unknown>>): Promise<ClientOutput<Asked>> {
    const { path: template, selector, bindings } = operations[name]
    const api = isOfIdentity.has(name) ? this.#urls.identity : this.#urls.messaging
    let path: string = template
    const query: Record<string, string> = selector ? { [selector.name]: selector.value } : {}
    const headers: Record<string, string> = { host: api.host }
    for (const [member, value] of Object.entries(input)) {
      const binding = bindings[member]!
      if (value === undefined) continue
      if (binding.in === 'path') path = path.replace(`{${binding.name}}`, escaped(written(value)))
      else if (binding.in === 'header') headers[binding.name] = written(value)
      else query[binding.name] = written(value)
    }
    const { protocol, hostname, port } = api
    const asked = { method: 'GET', protocol, hostname, path, query, headers, ...(port !== '' && { port: Number(port) }) }
    const signed = await this.#signer.sign(asked)
    const { host: _, ...sent } = signed.headers
    const search = Object.entries(query).map(([key, value]) => `${escaped(key)}=${escaped(value)}`)
    const url = `${api.origin}${path}${search.length === 0 ? '' : `?${search.join('&')}`}`
    const response = await fetch(url, { headers: sent, redirect: 'error', signal: AbortSignal.timeout(patience) })
    const text = await response.text()
    if (!response.ok) throw new Refused(name, response.status, text.slice(0, 500))
    return JSON.parse(text, withDates) as ClientOutput<Asked>
  }
}
