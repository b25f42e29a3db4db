import type { ServerResponse } from 'node:http'
import type { Log } from '../observe/log.ts'
import type { TurnEnd } from '../tools/turn-end.ts'
import type { Answer } from './endpoint.ts'

/** So many wait for the end of the turn at the most. */
const mostWaiting = 64

/**
 * Answers, written together: what has been found out in a turn of the event loop leaves at its end. A write wakes the client, which
 * takes the processor from the calls that are still to be answered, and what is done many times on end is in the processor's caches.
 */
export class Answers {
  readonly #turnEnd: TurnEnd
  readonly #log: Log
  #waiting: { readonly response: ServerResponse; readonly answer: Answer }[] = []

  /** The end of the turn calls `flush`. */
  constructor(turnEnd: TurnEnd, log: Log) {
    this.#turnEnd = turnEnd
    this.#log = log
  }

  /** Every answer of the API leaves here. */
  write(response: ServerResponse, answer: Answer) {
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

/** Writes an answer at once. */
export function send(response: ServerResponse, { status, headers, body }: Answer) {
  if (body !== undefined) response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  else if (status === 204) response.writeHead(status, headers)
  else response.writeHead(status, { ...headers, 'content-length': 0 })
  response.end(body)
}
