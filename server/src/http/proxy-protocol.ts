import type { Socket } from 'node:net'
import type { ApiError } from '../errors.ts'
import type { PassedOn } from './sender.ts'
import { plainResponse } from './response.ts'
import { proxyHeaderOf, type ProxyHeader } from './proxy-header.ts'

/** A proxy sends the header first, so this is ample. */
const patienceMilliseconds = 5000

/** A TLS socket and the socket below it have the same two ends, which identify the connection. */
const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket) =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`

/** Connections from proxies that report their client by the PROXY protocol. */
export class ProxyProtocol {
  readonly #isProxy: (address: string) => boolean
  readonly #clients = new Map<string, PassedOn>()

  constructor(isProxy: (address: string) => boolean) {
    this.#isProxy = isProxy
  }

  /**
   * Removes the header from a new connection of a proxy before anything else reads it, and passes the rest on; a connection without
   * a valid header is closed. A connection from any other address is passed on unchanged: its bytes are not a header.
   */
  accept(socket: Socket, pass: () => void) {
    if (socket.remoteAddress === undefined || !this.#isProxy(socket.remoteAddress)) pass()
    else readHeader(socket, client => this.#know(socket, client, pass))
  }

  /** The client that the proxy reports; undefined without a proxy, and for a connection of the proxy itself. */
  clientOf(socket: Socket): PassedOn | undefined {
    return this.#clients.get(endsOf(socket))
  }

  #know(socket: Socket, client: PassedOn | undefined, pass: () => void) {
    if (client) {
      const ends = endsOf(socket)
      this.#clients.set(ends, client)
      socket.once('close', () => this.#clients.delete(ends))
    }
    pass()
  }
}

function readHeader(socket: Socket, read: (client: PassedOn | undefined) => void) {
  let bytes = Buffer.alloc(0)
  const impatience = setTimeout(() => socket.destroy(), patienceMilliseconds)
  const stopTimer = () => clearTimeout(impatience)
  const take = () => {
    const chunk = socket.read() as Buffer | null
    if (!chunk) return
    bytes = Buffer.concat([bytes, chunk])
    let header: ProxyHeader | undefined
    try {
      header = proxyHeaderOf(bytes)
    } catch (error) {
      socket.off('readable', take).end(plainResponse(error as ApiError))
      return
    }
    if (!header) return
    stopTimer()
    socket.off('readable', take).off('error', broken).off('close', stopTimer)
    if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length))
    read(header.client)
  }
  const broken = () => socket.destroy()
  socket.on('readable', take).on('error', broken).on('close', stopTimer)
}
