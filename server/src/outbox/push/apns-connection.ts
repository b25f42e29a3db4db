import type { ClientHttp2Session, IncomingHttpHeaders, IncomingHttpStatusHeader, OutgoingHttpHeaders } from 'node:http2'
import { NotReached } from '../delivery.ts'
import { messageOf } from '../../tools/error-text.ts'

/** Loaded with the first connection, since few servers use APNs. */
const http2 = () => process.getBuiltinModule('node:http2')

const largestResponse = 16 * 1024
const idleMilliseconds = 5 * 60 * 1000

export interface ApnsResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/**
 * An HTTP/2 connection, opened by the first request and again after it has ended. After a GOAWAY, and after a request that was not
 * answered in time, the next request opens another one; the requests under way may still be answered.
 */
export class ApnsConnection {
  readonly #url: string
  #session: ClientHttp2Session | undefined

  constructor(url: string) {
    this.#url = url
  }

  /** Resolves to the answer, whatever its status. Rejects with NotReached if there is none. */
  async post(headers: OutgoingHttpHeaders, body: string, signal: AbortSignal): Promise<ApnsResponse> {
    const session = this.#open()
    const { promise, resolve, reject } = Promise.withResolvers<ApnsResponse>()
    let stream
    try {
      stream = session.request({ ':method': 'POST', ...headers }, { signal })
    } catch (error) {
      this.#leave(session)
      throw this.#notReached(error)
    }
    let answered: IncomingHttpHeaders & IncomingHttpStatusHeader = {}
    const chunks: Buffer[] = []
    let size = 0
    stream.on('response', answer => (answered = answer))
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= largestResponse) chunks.push(chunk)
      else stream.close(http2().constants.NGHTTP2_CANCEL)
    })
    stream.on('error', reject)
    // A stream that ends without an answer has not been taken.
    stream.on('close', () => {
      const { ':status': status = 0 } = answered
      if (status === 0) reject(new Error('the connection has ended'))
      else resolve({ status, headers: answered, body: Buffer.concat(chunks).toString() })
    })
    stream.end(body)
    try {
      return await promise
    } catch (error) {
      if (signal.aborted) this.#leave(session)
      throw this.#notReached(signal.aborted ? new Error('it has not answered in time') : error)
    }
  }

  close() {
    this.#session?.destroy()
    this.#session = undefined
  }

  #open(): ClientHttp2Session {
    const open = this.#session
    if (open && !open.closed && !open.destroyed) return open
    const session = http2().connect(this.#url)
    // The errors of the streams say what has happened.
    session.on('error', () => {})
    session.on('goaway', () => this.#leave(session))
    session.on('close', () => this.#leave(session))
    session.setTimeout(idleMilliseconds, () => this.#leave(session))
    // An idle connection does not keep the process alive.
    session.on('connect', () => session.unref())
    this.#session = session
    return session
  }

  /** Accepts no further requests. */
  #leave(session: ClientHttp2Session) {
    if (this.#session === session) this.#session = undefined
    if (!session.closed) session.close()
  }

  #notReached(error: unknown) {
    return new NotReached(`${this.#url} cannot be reached: ${messageOf(error)}`, { cause: error })
  }
}
