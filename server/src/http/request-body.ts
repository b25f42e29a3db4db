import type { IncomingMessage } from 'node:http'
import { ApiError, failure } from '../errors.ts'
import type { BodyMemory } from './body-memory.ts'
import { tooManyBodies } from './shown-error.ts'

export const noBody: Buffer = Buffer.alloc(0)

const bodyTooLarge = (largest: number) =>
  new ApiError(
    'RequestEntityTooLargeException',
    413,
    'RequestEntityTooLarge',
    'The request body is too large',
    `At most ${largest} bytes are allowed.`,
  )

const brokenOff = () =>
  failure('BadRequestException', 'The request is malformed', 'The connection ended before the whole body had arrived.')

/** Whether anything comes after the head. */
export const hasBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] !== undefined && headers['content-length'] !== '0')

/** What says of itself that it is too large is not asked for anything else. */
export function checkLength({ headers }: IncomingMessage, largest: number) {
  if (Number(headers['content-length']) > largest) throw bodyTooLarge(largest)
}

/** Whether more may come than the server passes over to keep the connection. */
export const isEndless = ({ headers }: IncomingMessage, largest: number) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > largest

/** A body in memory. */
export class Body {
  readonly #memory: BodyMemory
  #bytes = noBody
  #length = 0
  #held = 0

  constructor(memory: BodyMemory) {
    this.#memory = memory
  }

  /** The bytes as they came, since the signature covers them; rejects where they are too many, or end too soon. */
  async read(request: IncomingMessage, largest: number): Promise<Buffer> {
    checkLength(request, largest)
    const most = Number(request.headers['content-length'] ?? largest)
    return new Promise((resolve, reject) => {
      const add = (chunk: Buffer) => {
        const isTooLarge = this.#length + chunk.length > largest
        if (!isTooLarge && this.#add(chunk, most)) return
        // What still comes is passed over.
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

  /** Nobody needs it any more. */
  release() {
    this.#memory.give(this.#held)
    this.#held = 0
    this.#bytes = noBody
  }

  /** A body that comes in one piece is not copied, and one in many small pieces takes no more than twice its length. */
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
