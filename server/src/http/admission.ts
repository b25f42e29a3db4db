import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * So many requests that came before the answer to the one before them may wait, on all connections together. A connection that
 * sends one more is cut off: node has made a request of everything that it has read, so nothing else would free the memory.
 */
const mostWaiting = 5000

type Handle = (request: IncomingMessage, response: ServerResponse) => void

interface Waiting {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** The requests of one connection. */
interface Line {
  /** Whether one of them is being answered, or is about to be. */
  isBusy: boolean
  readonly waiting: Waiting[]
  /** Whether reading stops while requests wait, whoever wants it to go on. */
  isHeld: boolean
}

/**
 * The requests that are being answered: of each connection one at a time, so that nobody's pipeline is worked on before the
 * requests of others. One whose turn comes before the close is admitted, however long its body takes; the server waits for those
 * and admits no more, and every answer that leaves from then on ends its connection.
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

  /** How many requests came too late. */
  get refused(): number {
    return this.#refused
  }

  /** Whether a request of the connection has not been answered yet. */
  isBusy(socket: Socket): boolean {
    return this.#lines.get(socket)?.isBusy ?? false
  }

  /** Has the request handled when its turn comes, unless its connection has ended by then. */
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
      // What the client sends is not read before it is wanted.
      socket.pause()
      if (!line.isHeld) hold(line, socket)
    }
  }

  /** Resolves when the last admitted request has been answered, or when the patience has run out. */
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

  /** In a turn of the event loop of its own: others have had theirs. */
  #next(line: Line, socket: Socket) {
    const next = line.waiting.shift()!
    this.#waiting--
    // A connection that has ended, or ends with the answer before, takes no answer any more: what waits is not done.
    if (next.response.socket === null || socket.destroyed) {
      this.#waiting -= line.waiting.length
      line.waiting.length = 0
      return
    }
    if (line.waiting.length === 0) socket.resume()
    this.#begin(line, next.request, next.response)
  }
}

/** Node goes on reading whenever what it has written has left. */
function hold(line: Line, socket: Socket) {
  line.isHeld = true
  socket.on('resume', () => {
    if (line.waiting.length > 0) socket.pause()
  })
}
