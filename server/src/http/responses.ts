import type { ServerResponse } from 'node:http'
import type { Log } from '../observe/log.ts'
import type { TurnEnd } from '../tools/turn-end.ts'
import type { HttpResponse } from './endpoint.ts'

/** The most answers that wait for the end of the turn. */
const mostWaiting = 64

/**
 * Writes the answers of a turn of the event loop together at its end. A write wakes the client, which takes the processor away from
 * calls that are still to be answered; and many writes in a row run from the processor's caches.
 */
export class Responses {
  readonly #turnEnd: TurnEnd
  readonly #log: Log
  #waiting: { readonly response: ServerResponse; readonly answer: HttpResponse }[] = []

  /** The owner of `turnEnd` calls `flush` at the end of the turn. */
  constructor(turnEnd: TurnEnd, log: Log) {
    this.#turnEnd = turnEnd
    this.#log = log
  }

  /** Queues an answer; every answer of the API leaves here. */
  write(response: ServerResponse, answer: HttpResponse) {
    this.#waiting.push({ response, answer })
    if (this.#waiting.length >= mostWaiting) this.flush()
    else this.#turnEnd.soon()
  }

  flush() {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { response, answer } of waiting) {
      try {
        send(response, answer)
      } catch (error) {
        this.#log.error({ err: error }, 'An answer cannot be written')
        response.destroy()
      }
    }
  }
}

/** Writes an answer immediately. */
export function send(response: ServerResponse, { status, headers, body }: HttpResponse) {
  if (body !== undefined) response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  else if (status === 204) response.writeHead(status, headers)
  else response.writeHead(status, { ...headers, 'content-length': 0 })
  response.end(body)
}
