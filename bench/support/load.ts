import { connect, type Socket } from 'node:net'

export interface Load {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Bytes of a body, on average. */
  readonly bodyBytes: number
}

const headEnd = Buffer.from('\r\n\r\n')

/** One connection over which one request after the other is answered. Every answer must be a success with a length. */
export class Connection {
  readonly #socket: Socket
  #answered: ((bodyBytes: number) => void) | undefined
  #failed: ((error: Error) => void) | undefined
  /** Of the body; -1 until its length is known. */
  #missing = -1
  #bodyBytes = 0

  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.#socket = connect(Number(port), hostname)
    this.#socket.setNoDelay(true)
    this.#socket.on('error', error => this.#failed?.(error))
    this.#socket.on('close', () => this.#failed?.(new Error('The connection was closed')))
    this.#socket.on('data', bytes => this.#read(bytes))
  }

  /** Resolves to the length of the answer's body. */
  ask(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) reject(new Error('The connection has been closed'))
      this.#missing = -1
      this.#answered = resolve
      this.#failed = reject
      this.#socket.write(request)
    })
  }

  close() {
    this.#failed = undefined
    this.#socket.destroy()
  }

  #read(bytes: Buffer) {
    let body = bytes.length
    if (this.#missing === -1) {
      const end = bytes.indexOf(headEnd)
      const head = bytes.toString('latin1', 0, end)
      const [, length] = /content-length: (\d+)/i.exec(head) ?? []
      if (!head.startsWith('HTTP/1.1 2') || length === undefined) {
        this.#failed?.(new Error(`Not a success with a length: ${bytes.toString()}`))
        return
      }
      this.#bodyBytes = Number(length)
      this.#missing = this.#bodyBytes
      body -= end + headEnd.length
    }
    this.#missing -= body
    if (this.#missing === 0) this.#answered?.(this.#bodyBytes)
  }
}

export const percentile = (sorted: readonly number[], part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!

/** Keeps `connections` requests in flight for that many seconds; `next` gives the bytes of each. */
export async function load(
  url: string,
  next: () => Buffer,
  { seconds, connections }: { seconds: number; connections: number },
): Promise<Load> {
  const times: number[] = []
  let bytes = 0
  const start = performance.now()
  const end = start + seconds * 1000
  const one = async () => {
    const connection = new Connection(url)
    for (let now = performance.now(); now < end;) {
      const bodyBytes = await connection.ask(next())
      bytes += bodyBytes
      const before = now
      now = performance.now()
      times.push(now - before)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: connections }, one))
  const took = (performance.now() - start) / 1000
  times.sort((a, b) => a - b)
  return {
    requests: times.length,
    seconds: took,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    bodyBytes: Math.round(bytes / times.length),
  }
}

/** Connections for requests at any time; all of them are used in turn, so that the server finds none of them idle. */
export class Connections {
  readonly #idle: Connection[]
  readonly #waiting: ((connection: Connection) => void)[] = []

  constructor(url: string, count: number) {
    this.#idle = Array.from({ length: count }, () => new Connection(url))
  }

  async ask(request: Buffer): Promise<void> {
    const connection = this.#idle.shift() ?? (await new Promise<Connection>(resolve => this.#waiting.push(resolve)))
    await connection.ask(request)
    const next = this.#waiting.shift()
    if (next) next(connection)
    else this.#idle.push(connection)
  }

  close() {
    for (const connection of this.#idle) connection.close()
  }
}
