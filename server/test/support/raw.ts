import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { patience } from './patience.ts'

/** One answer, as it was on the wire. */
export interface RawAnswer {
  readonly version: string
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** A connection, over TLS where a CA is given: bytes are sent as they are given, and answers are read as they arrive. */
export class RawConnection {
  readonly #socket
  readonly #closing
  #received = Buffer.alloc(0)
  #isOver = false

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#socket.on('data', bytes => (this.#received = Buffer.concat([this.#received, bytes])))
    this.#socket.on('error', () => (this.#isOver = true))
    this.#socket.on('close', () => (this.#isOver = true))
    this.#closing = new Promise<void>(resolve => this.#socket.once('close', () => resolve()))
  }

  static async open(url: string, ca?: string): Promise<RawConnection> {
    const place = { port: Number(new URL(url).port), host: '127.0.0.1' }
    const socket = ca === undefined ? connect(place) : connectTls({ ...place, servername: 'localhost', ca })
    const connection = new RawConnection(socket)
    await once(socket, ca === undefined ? 'connect' : 'secureConnect')
    return connection
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Ends the sending side, and still reads. */
  endSending(): void {
    this.#socket.end()
  }

  /** Ends the connection without a close. */
  vanish(): void {
    this.#socket.resetAndDestroy()
  }

  end(): void {
    this.#socket.destroy()
  }

  /** The next answer; fails where the server closes the connection first or answers nothing. */
  async answer({ toHead = false } = {}): Promise<RawAnswer> {
    for (const start = Date.now(); ; await setTimeout(5)) {
      const answer = this.#taken(toHead)
      if (answer) return answer
      if (this.#isOver) throw new Error(`the connection was closed after ${JSON.stringify(this.#received.toString())}`)
      if (Date.now() - start > patience) throw new Error(`no answer, but ${JSON.stringify(this.#received.toString())}`)
    }
  }

  /** Resolves when the server has closed the connection; it resets it where it has not read everything, which depends on the moment. */
  async closed(): Promise<void> {
    return this.#closing
  }

  #taken(toHead: boolean): RawAnswer | undefined {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end === -1) return undefined
    const [first = '', ...lines] = this.#received.subarray(0, end).toString('latin1').split('\r\n')
    const headers = new Headers(lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
    const [, version = '', status = ''] = /^(HTTP\/\d\.\d) (\d{3}) /.exec(first) ?? []
    const hasBody = !toHead && status !== '204' && !status.startsWith('1')
    const length = hasBody ? Number(headers.get('content-length')) : 0
    const body = this.#received.subarray(end + 4)
    if (body.length < length) return undefined
    this.#received = body.subarray(length)
    return { version, status: Number(status), headers, body: body.subarray(0, length).toString() }
  }
}

/** Sends bytes on a connection of their own, for one answer. */
export async function raw(url: string, bytes: string | Uint8Array, options?: { toHead?: boolean; ca?: string }): Promise<RawAnswer> {
  const connection = await RawConnection.open(url, options?.ca)
  try {
    connection.send(bytes)
    return await connection.answer(options)
  } finally {
    connection.end()
  }
}
