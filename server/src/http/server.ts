import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { Server as NetServer, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { Arrivals } from './arrivals.ts'
import type { Sender } from './sender.ts'
import { Admission } from './admission.ts'
import { malformedRequest, plainAnswer } from './answer.ts'
import { Calls, type Answering } from './calls.ts'
import type { Connections } from './connections.ts'
import { OpenSockets } from './open-sockets.ts'
import { operatorPages } from './operator-pages.ts'
import { createOperatorServer } from './operator-server.ts'
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
/** While the server closes, connections that are there may send one more request, until nobody has for so long. */
const lastRequestMilliseconds = 500
/** That takes so long at the most. */
const tellingMilliseconds = 1500
/** Where connections come without a pause, the listener is closed after so many turns of the event loop all the same. */
const mostTurns = 200

export interface Served extends Omit<Answering, 'admission'>, Pick<Routed, 'dispatch' | 'endpoint' | 'checkKey'> {
  readonly connections: Connections
  /** Where proxies speak it. */
  readonly proxyProtocol: ProxyProtocol | undefined
  /** For the TLS listener; undefined for none. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined
  /** Whether the operator's pages have a listener of their own. */
  readonly hasAdmin: boolean
  /** Whether the database answers. */
  readonly isHealthy: () => Promise<boolean>
  /** Takes over connections to /connect that ask for a WebSocket; undefined until the database is ready. */
  readonly upgrade: () => ((request: IncomingMessage, socket: Socket, head: Buffer, sender: Sender) => void) | undefined
}

/** The HTTP side, before it listens. */
export interface HttpSide {
  readonly plain: Server
  readonly tls: TlsServer | undefined
  /** The operator's listener. */
  readonly admin: Server | undefined
  /** Refuses what comes from now on. Resolves when what was being answered has been, or when the patience has run out. */
  drain(patienceMilliseconds: number): Promise<void>
  /** Lets connections that are there send one more request, to be refused, then listens no more and closes what is still connected. */
  close(): Promise<void>
}

/** The HTTP side: routes made from the contract, raw bodies, AWS-shaped errors from whichever layer notices them, CORS. */
export function createServer(served: Served): HttpSide {
  const { metrics, arrivals, certificate, connections, proxyProtocol, readSender, dispatch } = served
  /** Those that may send a request, and all, those of sessions among them. */
  const asking = new OpenSockets()
  const sockets = new OpenSockets()
  const admission = new Admission((request, response) => route(request, response))
  const pages = operatorPages({
    metrics,
    isHealthy: async () => admission.isOpen && dispatch() !== undefined && (await served.isHealthy()),
  })
  const calls = new Calls({ ...served, admission })
  const route = createRouter({ ...served, calls, pages: served.hasAdmin ? undefined : pages })

  /** Where no node response exists that could say so. */
  function upgrade(request: IncomingMessage, socket: Socket, head: Buffer) {
    // What is still to be answered on this connection would end up among the frames.
    if (admission.isBusy(socket)) {
      socket.destroy()
      return
    }
    asking.forget(socket)
    const take = admission.isOpen ? served.upgrade() : undefined
    if (take) take(request, socket, head, readSender(request))
    else socket.on('error', () => socket.destroy()).end(plainAnswer(served.shown(notServing())))
  }

  /** What holds for the plain server holds over TLS. */
  function prepared<Each extends Server>(each: Each): Each {
    // A client that ends its side after a request is answered, and closed then; node's default is to drop what is not written yet.
    Object.assign(each, { httpAllowHalfOpen: true })
    each
      .on('request', (request, response) => admission.enter(request, response))
      .on('checkExpectation', (request, response) => each.emit('request', request, response))
      .on('clientError', (error, socket) => malformedRequest(error, socket, served.shown))
      .on('upgrade', upgrade)
      .on(each instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => asking.add(socket))

    // Node's own come after ours: what a proxy says first is not for them, nor is one connection too many.
    const serve = each.listeners('connection')
    each.removeAllListeners('connection').on('connection', (socket: Socket) => {
      sockets.add(socket)
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
  const tlsOptions = certificate && { ...nodeOptions, ...certificate, handshakeTimeout: handshakeMilliseconds, allowHalfOpen: true }
  const tls = tlsOptions && prepared(createTlsServer(tlsOptions))
  const admin = served.hasAdmin ? createOperatorServer(pages, { options: nodeOptions, log: served.log }) : undefined

  async function close() {
    const early = asking.all()
    const deadline = performance.now() + tellingMilliseconds
    let refused: number
    do {
      refused = admission.refused
      await asking.empty(lastRequestMilliseconds)
    } while (asking.all().length > 0 && admission.refused > refused && performance.now() < deadline)
    await untilNobodyComes(arrivals)
    const servers = [plain, ...(tls ? [tls] : [])]
    // Node's own close would cut off those that have just come, and whose first request is on its way.
    const closed = servers.map(each => new Promise(resolve => NetServer.prototype.close.call(each, resolve)))
    for (const socket of early) if (!admission.isBusy(socket)) socket.destroy()
    await sockets.empty(lastRequestMilliseconds)
    for (const socket of sockets.all()) socket.destroy()
    await Promise.all(closed)
    // And ends node's timers.
    for (const each of servers) each.close(() => {})
    admin?.close().closeAllConnections()
  }

  return { plain, tls, admin, drain: patience => admission.close(patience), close }
}

/** A listener that closes resets the connections that the system has made for it and it has not taken in. */
async function untilNobodyComes(arrivals: Arrivals) {
  for (let turns = 0; turns < mostTurns; turns++) {
    await turn()
    if (!arrivals.over) return
  }
}

/** Other upgrades (h2c) are not taken, and the request is answered as if it had not asked. */
function asksForSession({ url, headers }: IncomingMessage) {
  return headers.upgrade?.toLowerCase() === 'websocket' && /^\/connect(?:\?|$)/.test(url ?? '')
}
