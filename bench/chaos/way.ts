import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A proxy from one node to a server of this machine, which causes faults on request. */
export class Way {
  readonly port: number
  readonly #server: ReturnType<typeof createServer>
  readonly #sockets = new Set<Socket>()
  readonly #held: (() => void)[] = []
  readonly #isLost: (() => boolean) | undefined
  #state: 'open' | 'cut' | 'frozen' = 'open'
  #drops = false

  private constructor(server: ReturnType<typeof createServer>, isLost?: () => boolean) {
    this.#server = server
    this.#isLost = isLost
    this.port = (server.address() as AddressInfo).port
  }

  /** A proxy to NATS where `isLost` is given: it says of each message whether it is lost, while messages are dropped. */
  static async to(port: number, isLost?: () => boolean): Promise<Way> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const way = new Way(server, isLost)
    server.on('connection', client => way.#carry(client, port))
    return way
  }

  /** Ends all connections, and new ones at once. */
  cut() {
    this.#state = 'cut'
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Forwards nothing any more, without a close to either side. */
  freeze() {
    this.#state = 'frozen'
  }

  /** Drops messages of NATS on their way to the node. */
  drop() {
    this.#drops = true
  }

  heal() {
    this.#state = 'open'
    this.#drops = false
    for (const what of this.#held.splice(0)) what()
  }

  close() {
    this.cut()
    this.#server.close()
  }

  #carry(client: Socket, port: number) {
    if (this.#state === 'cut') {
      client.destroy()
      return
    }
    const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    this.#pass(client, upstream, data => upstream.write(data))
    this.#pass(upstream, client, this.#isLost ? this.#messages(client, this.#isLost) : data => client.write(data))
  }

  #pass(from: Socket, to: Socket, take: (data: Buffer) => void) {
    this.#sockets.add(from)
    const carry = (what: () => void) => {
      if (this.#state === 'frozen') this.#held.push(what)
      else what()
    }
    from
      .on('data', data => carry(() => take(data)))
      .on('end', () => carry(() => void to.end()))
      .on('error', () => carry(() => void to.destroy()))
      .on('close', () => {
        this.#sockets.delete(from)
        carry(() => void to.destroy())
      })
  }

  /** Parses the bytes of NATS from the beginning: MSG lines have a length, all others end with the line. */
  #messages(client: Socket, isLost: () => boolean) {
    let rest: Buffer = Buffer.alloc(0)
    return (data: Buffer) => {
      rest = Buffer.concat([rest, data])
      for (;;) {
        const end = rest.indexOf('\r\n')
        if (end < 0) return
        const size = /^MSG .* (\d+)$/.exec(rest.toString('latin1', 0, end))?.[1]
        const length = end + 2 + (size === undefined ? 0 : Number(size) + 2)
        if (rest.length < length) return
        if (size === undefined || !this.#drops || !isLost()) client.write(rest.subarray(0, length))
        rest = rest.subarray(length)
      }
    }
  }
}
