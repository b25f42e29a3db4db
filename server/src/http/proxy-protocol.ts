import type { Socket } from 'node:net'
import type { ApiError } from '../errors.ts'
import type { PassedOn } from './sender.ts'
import { plainAnswer } from './answer.ts'
import { proxyHeaderOf, type ProxyHeader } from './proxy-header.ts'

/** A proxy writes it first of all, so that this is long. */
const patienceMilliseconds = 5000

/** A connection is known by its two ends, which a socket over TLS has in common with the one below it. */
const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket) =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`

/** The connections of proxies that say by the PROXY protocol whom they pass on. */
export class ProxyProtocol {
  readonly #isProxy: (address: string) => boolean
  readonly #clients = new Map<string, PassedOn>()

  constructor(isProxy: (address: string) => boolean) {
    this.#isProxy = isProxy
  }

  /**
   * Takes the header off a new connection of a proxy, before anything else reads it, and passes the rest on; one without a header
   * that makes sense is closed. A connection of anybody else is passed on as it is: what it says is no header.
   */
  accept(socket: Socket, pass: () => void) {
    if (socket.remoteAddress === undefined || !this.#isProxy(socket.remoteAddress)) pass()
    else readHeader(socket, client => this.#know(socket, client, pass))
  }

  /** Whom the proxy passes on; undefined where there is no proxy, and where it speaks for itself. */
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
  const forget = () => clearTimeout(impatience)
  const take = () => {
    const chunk = socket.read() as Buffer | null
    if (!chunk) return
    bytes = Buffer.concat([bytes, chunk])
    let header: ProxyHeader | undefined
    try {
      header = proxyHeaderOf(bytes)
    } catch (error) {
      socket.off('readable', take).end(plainAnswer(error as ApiError))
      return
    }
    if (!header) return
    forget()
    socket.off('readable', take).off('error', broken).off('close', forget)
    if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length))
    read(header.client)
  }
  const broken = () => socket.destroy()
  socket.on('readable', take).on('error', broken).on('close', forget)
}
