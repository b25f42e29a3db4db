import type { IncomingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:https'
import type { LookupFunction } from 'node:net'
import { Agent as PlainAgent, request as plainRequest } from '../tools/node-http.ts'
import { messageOf } from '../tools/error-text.ts'
import { isLate, NotReached } from './delivery.ts'
import { DeadDevice } from './push/service.ts'

/** How many bytes of an answer are read, unless the request says otherwise. */
const largestResponse = 64 * 1024

/** The most connections to one host: more than the outbox has deliveries in flight, so that slow ones take none from others. */
const maxSockets = 1024

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The body; of a long one only the beginning. */
  readonly body: string
}

interface Request {
  readonly url: URL
  readonly method?: 'POST' | 'HEAD'
  readonly headers: Readonly<Record<string, string | number>>
  readonly body: string | Buffer
  /** What errors call the service, instead of the origin of the URL. */
  readonly shown?: string
  /** How many bytes of the body are read; with 0 the answer has arrived once its status has. */
  readonly largest?: number
}

/** Some services refuse requests that do not say who sends them; and answers are read as they are. */
const ownHeaders = { 'user-agent': 'Carillon', 'accept-encoding': 'identity' }

/** The service has closed a connection that was idle, at the moment when it was used again. */
class ClosedWhileIdle extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause })
  }
}

class BrokenOff extends Error {
  constructor(cause?: unknown) {
    super('has broken off its answer', { cause })
  }
}

function whyWithoutAnswer(error: unknown): string {
  if (error instanceof BrokenOff) return error.message
  return isLate(error) ? 'has not answered in time' : `cannot be reached: ${messageOf(error)}`
}

/**
 * Sends requests to services that may answer anything: bytes and connections are bounded, and redirects are not followed. If `lookup`
 * is given, it alone decides which addresses are dialled.
 */
export class HttpSender {
  readonly #agents

  /** A connection is closed once it has been idle for that time, best before the service closes it. */
  constructor({ lookup, idleMilliseconds = 60_000 }: { lookup?: LookupFunction | undefined; idleMilliseconds?: number } = {}) {
    const options = { keepAlive: true, maxSockets, timeout: idleMilliseconds, ...(lookup && { lookup }) }
    this.#agents = { 'https:': new Agent(options), 'http:': new PlainAgent(options) }
  }

  /** Resolves to the answer, whatever its status. Rejects with NotReached if there is none, and with DeadDevice if the look-up does. */
  async send(request: Request, signal: AbortSignal): Promise<HttpAnswer> {
    const { url, shown = url.origin } = request
    // Each round ends one idle connection that the service has closed, until there is none left.
    for (;;) {
      try {
        return await this.#exchange(request, signal)
      } catch (error) {
        if (error instanceof NotReached || error instanceof DeadDevice) throw error
        if (error instanceof ClosedWhileIdle && !signal.aborted) continue
        throw new NotReached(`${shown} ${whyWithoutAnswer(error)}`, { cause: error })
      }
    }
  }

  async #exchange({ url, method = 'POST', headers, body, largest = largestResponse }: Request, signal: AbortSignal): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
    const isPlain = url.protocol === 'http:'
    const agent = this.#agents[isPlain ? 'http:' : 'https:']
    const length = Buffer.byteLength(body)
    const options = { method, agent, signal, headers: { ...ownHeaders, ...headers, 'content-length': length } }
    let hasBegun = false
    const asking = (isPlain ? plainRequest : request)(url, options, answer => {
      hasBegun = true
      const chunks: Buffer[] = []
      let size = 0
      const done = () => resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks).toString() })
      if (largest === 0) done()
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size <= largest) chunks.push(chunk)
        // The rest of a short answer is read, so that the connection can be used again.
        else if (largest > 0 || size > largestResponse) {
          done()
          answer.destroy()
        }
      })
      answer.on('end', done)
      answer.on('error', error => reject(isLate(error) ? error : new BrokenOff(error)))
    })
    asking.on('error', error => {
      const isClosed = asking.reusedSocket && !hasBegun && 'code' in error && /^(?:ECONNRESET|EPIPE)$/.test(String(error.code))
      reject(isClosed ? new ClosedWhileIdle(error) : error)
    })
    // Also for statuses that are not final, such as 101.
    asking.on('close', () => reject(hasBegun ? new BrokenOff() : new Error('the connection has ended without an answer')))
    asking.end(body)
    return promise
  }

  close() {
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }
}
