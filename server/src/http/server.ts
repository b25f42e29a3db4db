import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Sender } from '../sender.ts'
import { malformedRequest, plainAnswer } from './answer.ts'
import { Calls, type Answering } from './calls.ts'
import type { Connections } from './connections.ts'
import type { ProxyProtocol } from './proxy-protocol.ts'
import { createRouter, type Routed } from './router.ts'
import { notServing } from './shown-error.ts'
import { largestHead } from './sizes.ts'

/** What node takes for each server; a head or a request that takes longer to arrive is refused with 408. */
const nodeOptions: ServerOptions = {
  maxHeaderSize: largestHead,
  requireHostHeader: false,
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5000,
  keepAliveTimeout: 72_000,
  shouldUpgradeCallback: asksForSession,
}
const handshakeMilliseconds = 10_000

export interface Served extends Answering, Pick<Routed, 'dispatch' | 'endpoint'> {
  readonly connections: Connections
  /** Where proxies speak it. */
  readonly proxyProtocol: ProxyProtocol | undefined
  /** For the TLS listener; undefined for none. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined
  /** Whether the database answers. */
  readonly isHealthy: () => Promise<boolean>
  /** Takes over connections to /connect that ask for a WebSocket; undefined until the database is ready. */
  readonly upgrade: () => ((request: IncomingMessage, socket: Socket, head: Buffer, sender: Sender) => void) | undefined
}

/** The HTTP side, before it listens. */
export interface HttpSide {
  readonly plain: Server
  readonly tls: TlsServer | undefined
  /** Listens no more, and after the patience closes what is still connected. */
  close(patienceMilliseconds: number): Promise<void>
}

/** The HTTP side: routes made from the contract, raw bodies, AWS-shaped errors from whichever layer notices them, CORS. */
export function createServer(served: Served): HttpSide {
  const { metrics, admission, arrivals, certificate, connections, proxyProtocol, readSender, dispatch } = served
  const sockets = new Set<Socket>()
  let isClosing = false
  const route = createRouter({
    ...served,
    calls: new Calls(served),
    isHealthy: async () => admission.isOpen && dispatch() !== undefined && (await served.isHealthy()),
  })

  function answer(request: IncomingMessage, response: ServerResponse) {
    if (isClosing) response.setHeader('connection', 'close')
    route(request, response)
  }

  /** Where no node response exists that could say so. */
  function upgrade(request: IncomingMessage, socket: Socket, head: Buffer) {
    const take = admission.isOpen ? served.upgrade() : undefined
    if (take) take(request, socket, head, readSender(request))
    else socket.on('error', () => socket.destroy()).end(plainAnswer(served.shown(notServing())))
  }

  /** What holds for the plain server holds over TLS. */
  function prepared<Each extends Server>(each: Each): Each {
    admission.watch(each)
    // Who has sent a request and ends its side is answered, and closed then; node's default is to drop what is not written yet.
    Object.assign(each, { httpAllowHalfOpen: true })
    each
      .on('request', answer)
      .on('checkExpectation', (request, response) => each.emit('request', request, response))
      .on('clientError', (error, socket) => malformedRequest(error, socket, served.shown))
      .on('upgrade', upgrade)

    // Node's own come after ours: what a proxy says first is not for them, nor is one connection too many.
    const serve = each.listeners('connection')
    each.removeAllListeners('connection').on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      const enter = () => {
        if (connections.enter(socket, proxyProtocol?.clientOf(socket)?.address)) {
          arrivals.came()
          for (const listener of serve) listener.call(each, socket)
        } else {
          metrics.refusedConnections.inc()
          socket.destroy()
        }
      }
      if (proxyProtocol) proxyProtocol.accept(socket, enter)
      else enter()
    })
    return each
  }

  const plain = prepared(createPlainServer(nodeOptions))
  const tls = certificate && prepared(createTlsServer({ ...nodeOptions, ...certificate, handshakeTimeout: handshakeMilliseconds }))
  return {
    plain,
    tls,
    close: async patience => {
      isClosing = true
      const closed = [plain, ...(tls ? [tls] : [])].map(each => new Promise(resolve => each.close(resolve)))
      const impatience = setTimeout(() => sockets.forEach(socket => socket.destroy()), patience)
      await Promise.all(closed)
      clearTimeout(impatience)
    },
  }
}

/** Other upgrades (h2c) are not taken, and the request is answered as if it had not asked. */
function asksForSession({ url, headers }: IncomingMessage) {
  return headers.upgrade?.toLowerCase() === 'websocket' && /^\/connect(?:\?|$)/.test(url ?? '')
}
