import type { IncomingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:https'
import type { LookupFunction } from 'node:net'
import { Agent as PlainAgent, request as plainRequest } from '../tools/node-http.ts'
import { isLate, messageOf, NotReached } from './delivery.ts'
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

/**
 * Sends requests to services that may answer anything: bytes and connections are bounded, and redirects are not followed. If `lookup`
 * is given, it alone decides which addresses are dialled.
 */
export class HttpSender {
  readonly #agents

  /** A connection is closed once it has been idle for that time: earlier than the service closes it, which would lose a request. */
  constructor({ lookup, idleMilliseconds = 60_000 }: { lookup?: LookupFunction | undefined; idleMilliseconds?: number } = {}) {
    const options = { keepAlive: true, maxSockets, timeout: idleMilliseconds, ...(lookup && { lookup }) }
    this.#agents = { 'https:': new Agent(options), 'http:': new PlainAgent(options) }
  }

  /** Resolves to the answer, whatever its status. Rejects with NotReached if there is none, and with DeadDevice if the look-up does. */
  async send(
    { url, method = 'POST', headers, body, shown = url.origin, largest = largestResponse }: Request,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
    const isPlain = url.protocol === 'http:'
    const agent = this.#agents[isPlain ? 'http:' : 'https:']
    const length = Buffer.byteLength(body)
    const options = { method, agent, signal, headers: { ...headers, 'content-length': length } }
    const asking = (isPlain ? plainRequest : request)(url, options, answer => {
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
      answer.on('error', reject)
    })
    asking.on('error', reject)
    // Also for statuses that are not final, such as 101.
    asking.on('close', () => reject(new Error('the connection has ended without an answer')))
    asking.end(body)
    try {
      return await promise
    } catch (error) {
      if (error instanceof NotReached || error instanceof DeadDevice) throw error
      throw new NotReached(`${shown} ${isLate(error) ? 'has not answered in time' : `cannot be reached: ${messageOf(error)}`}`, {
        cause: error,
      })
    }
  }

  close() {
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }
}
