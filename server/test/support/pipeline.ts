import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A connection that sends many requests without waiting for answers, and counts the answers. */
export class Pipeline {
  readonly #socket: Socket
  readonly #statuses: string[] = []
  #end = ''
  isOver = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => {}).on('close', () => (this.isOver = true))
    socket.setEncoding('latin1').on('data', (text: string) => {
      // A status line may arrive in two pieces.
      const seen = this.#end + text
      for (const match of seen.matchAll(/HTTP\/1\.1 (\d{3}) /g))
        if (match.index + match[0].length > this.#end.length) this.#statuses.push(match[1]!)
      this.#end = seen.slice(-12)
    })
    onTestFinished(() => void socket.destroy())
  }

  static async open(url: string): Promise<Pipeline> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return new Pipeline(socket)
  }

  send(request: string, times: number) {
    this.#socket.write(request.repeat(times))
  }

  end() {
    this.#socket.destroy()
  }

  /** The number of answers that have begun to arrive. */
  get answered(): number {
    return this.#statuses.length
  }

  /** The statuses that arrived, each once. */
  get statuses(): string[] {
    return [...new Set(this.#statuses)]
  }
}
