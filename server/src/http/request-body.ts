import type { IncomingMessage } from 'node:http'
import { ApiError, failure } from '../errors.ts'
import { largestBody } from './largest.ts'
import { tooManyBodies } from './shown-error.ts'

export const noBody: Buffer = Buffer.alloc(0)

const bodyTooLarge = (largest: number) =>
  new ApiError('RequestEntityTooLargeException', 413, 'The request body is too large', `At most ${largest} bytes are allowed.`)

const brokenOff = () =>
  failure('BadRequestException', 'The request is malformed', 'The connection ended before the whole body had arrived.')

/** Whether the request has a body. */
export const hasBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] !== undefined && headers['content-length'] !== '0')

/** Throws if Content-Length is too large, before anything else is done. */
export function checkLength({ headers }: IncomingMessage, largest: number) {
  if (Number(headers['content-length']) > largest) throw bodyTooLarge(largest)
}

/** Whether the rest of the body may be longer than the server discards to keep the connection. */
export const isEndless = ({ headers }: IncomingMessage, largest: number) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > largest

/** The largest body of a signed call, when the check of its key has ended. */
export const largestOnceChecked = (checking: void | Promise<void>) => (checking ? checking.then(() => largestBody) : largestBody)

/** The memory for the bodies of all requests together. Each body takes what it needs and gives it back when its call is over. */
export class BodyMemory {
  #free: number

  constructor(bytes: number) {
    this.#free = bytes
  }

  /** False if there is not enough left. */
  take(bytes: number): boolean {
    if (bytes > this.#free) return false
    this.#free -= bytes
    return true
  }

  give(bytes: number) {
    this.#free += bytes
  }
}

/** The body of a request, in memory. */
export class Body {
  readonly #memory: BodyMemory
  #bytes = noBody
  #length = 0
  #held = 0

  constructor(memory: BodyMemory) {
    this.#memory = memory
  }

  /** Resolves to the bytes as received, since the signature covers them; rejects if they are too many or end too soon. */
  async read(request: IncomingMessage, largest: number): Promise<Buffer> {
    checkLength(request, largest)
    const most = Number(request.headers['content-length'] ?? largest)
    return new Promise((resolve, reject) => {
      const add = (chunk: Buffer) => {
        const isTooLarge = this.#length + chunk.length > largest
        if (!isTooLarge && this.#add(chunk, most)) return
        // Discards the rest of the body.
        request.off('data', add)
        if (isTooLarge) request.pause()
        else request.resume()
        reject(isTooLarge ? bodyTooLarge(largest) : tooManyBodies())
      }
      request
        .on('data', add)
        .on('end', () => resolve(this.#bytes.subarray(0, this.#length)))
        .on('error', () => reject(brokenOff()))
    })
  }

  /** Frees the memory. */
  release() {
    this.#memory.give(this.#held)
    this.#held = 0
    this.#bytes = noBody
  }

  /** A body of one piece is not copied, and a body of many small pieces takes at most twice its length. */
  #add(chunk: Buffer, most: number): boolean {
    const length = this.#length + chunk.length
    if (length > this.#bytes.length) {
      const room = this.#length === 0 ? length : Math.max(length, Math.min(2 * this.#bytes.length, most))
      if (!this.#memory.take(room - this.#held)) return false
      this.#held = room
      if (this.#length === 0) this.#bytes = chunk
      else {
        const grown = Buffer.allocUnsafe(room)
        this.#bytes.copy(grown, 0, 0, this.#length)
        this.#bytes = grown
      }
    }
    if (this.#bytes !== chunk) chunk.copy(this.#bytes, this.#length)
    this.#length = length
    return true
  }
}
