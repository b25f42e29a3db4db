import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * The most requests, over all connections, that may wait for an earlier answer on their connection. A connection that sends one more is cut
 * off: Node has already created a request from everything that it has read, so nothing else would free the memory.
 */
const mostWaiting = 5000

type Handle = (request: IncomingMessage, response: ServerResponse) => void

interface Waiting {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** The requests of one connection. */
interface Line {
  /** Whether a request of the connection is being answered, or is about to be. */
  isBusy: boolean
  readonly waiting: Waiting[]
  /** Whether reading is paused while requests wait, even if Node would resume it. */
  isHeld: boolean
}

/**
 * Admits one request of each connection at a time, so that a pipeline of requests does not delay other connections. A request whose
 * turn comes before the close is admitted, however long its body takes. The server waits for admitted requests and then admits no
 * more; from then on every answer ends its connection.
 */
export class Admission {
  readonly #handle: Handle
  readonly #lines = new WeakMap<Socket, Line>()
  readonly #admitted = new Map<IncomingMessage, ServerResponse>()
  readonly #emptied = Promise.withResolvers<void>()
  #waiting = 0
  #refused = 0
  #isOpen = true

  constructor(handle: Handle) {
    this.#handle = handle
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  admits(request: IncomingMessage): boolean {
    return this.#admitted.has(request)
  }

  /** The number of requests that arrived after the close. */
  get refused(): number {
    return this.#refused
  }

  /** Whether the connection has a request that is not answered yet. */
  isBusy(socket: Socket): boolean {
    return this.#lines.get(socket)?.isBusy ?? false
  }

  /** Handles the request when its turn comes, unless its connection has ended by then. */
  enter(request: IncomingMessage, response: ServerResponse) {
    const { socket } = request
    let line = this.#lines.get(socket)
    if (line === undefined) {
      line = { isBusy: false, waiting: [], isHeld: false }
      this.#lines.set(socket, line)
    }
    if (!line.isBusy) this.#begin(line, request, response)
    else if (this.#waiting >= mostWaiting) socket.destroy()
    else if (!socket.destroyed) {
      line.waiting.push({ request, response })
      this.#waiting++
      // The client's data is not read before it is needed.
      socket.pause()
      if (!line.isHeld) hold(line, socket)
    }
  }

  /** Resolves when the last admitted request is answered, or after that time. */
  async close(patienceMilliseconds: number): Promise<void> {
    this.#isOpen = false
    if (this.#admitted.size === 0) return
    for (const response of this.#admitted.values()) if (!response.headersSent) response.setHeader('connection', 'close')
    const impatience = setTimeout(this.#emptied.resolve, patienceMilliseconds)
    await this.#emptied.promise
    clearTimeout(impatience)
  }

  #begin(line: Line, request: IncomingMessage, response: ServerResponse) {
    line.isBusy = true
    if (this.#isOpen) this.#admitted.set(request, response)
    else {
      response.setHeader('connection', 'close')
      this.#refused++
    }
    response.once('close', () => this.#end(line, request))
    this.#handle(request, response)
  }

  #end(line: Line, request: IncomingMessage) {
    this.#admitted.delete(request)
    if (!this.#isOpen && this.#admitted.size === 0) this.#emptied.resolve()
    if (line.waiting.length > 0) setImmediate(() => this.#next(line, request.socket))
    else line.isBusy = false
  }

  /** Runs in a later turn of the event loop, so other connections have their turn. */
  #next(line: Line, socket: Socket) {
    const next = line.waiting.shift()!
    this.#waiting--
    // A connection that has ended, or ends with the previous answer, takes no more answers; waiting requests are dropped.
    if (next.response.socket === null || socket.destroyed) {
      this.#waiting -= line.waiting.length
      line.waiting.length = 0
      return
    }
    if (line.waiting.length === 0) socket.resume()
    this.#begin(line, next.request, next.response)
  }
}

/** Node resumes reading whenever it has flushed its writes. */
function hold(line: Line, socket: Socket) {
  line.isHeld = true
  socket.on('resume', () => {
    if (line.waiting.length > 0) socket.pause()
  })
}
