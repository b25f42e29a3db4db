import type { ServerResponse } from 'node:http'
import type { Log } from '../observe/log.ts'
import type { TurnEnd } from '../tools/turn-end.ts'
import type { HttpResponse } from './endpoint.ts'

/** The most answers that wait for the end of the turn. */
const mostWaiting = 64

interface Waiting {
  readonly response: ServerResponse
  readonly answer: HttpResponse
  /** The bytes of the body. */
  readonly size: number
}

/**
 * Writes the answers of a turn of the event loop together at its end. A write wakes the client, which takes processor time from calls that
 * are still to be answered. Many writes in a row also run from the processor's caches.
 */
export class Responses {
  readonly #turnEnd: TurnEnd
  readonly #log: Log
  #waiting: Waiting[] = []

  constructor(turnEnd: TurnEnd, log: Log) {
    this.#turnEnd = turnEnd
    this.#log = log
    turnEnd.add(() => this.#flush())
  }

  /** Queues an answer, and returns the bytes of its body; every answer of the API leaves here. */
  write(response: ServerResponse, answer: HttpResponse): number {
    const size = sizeOf(answer)
    this.#waiting.push({ response, answer, size })
    if (this.#waiting.length >= mostWaiting) this.#flush()
    else this.#turnEnd.soon()
    return size
  }

  #flush() {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { response, answer, size } of waiting) {
      try {
        send(response, answer, size)
      } catch (error) {
        this.#log.error({ err: error }, 'An answer cannot be written')
        response.destroy()
      }
    }
  }
}

const sizeOf = ({ body }: HttpResponse) => (body === undefined ? 0 : Buffer.byteLength(body))

/** Writes an answer immediately; `size` is the bytes of its body. */
export function send(response: ServerResponse, answer: HttpResponse, size = sizeOf(answer)) {
  const { status, headers, body } = answer
  if (status === 204) response.writeHead(status, headers)
  else response.writeHead(status, { ...headers, 'content-length': size })
  response.end(body)
}
