import type { IncomingMessage, Server, ServerOptions } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { Server as NetServer, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { Arrivals } from './arrivals.ts'
import type { Sender } from './sender.ts'
import { Admission } from './admission.ts'
import { malformedRequest, plainResponse } from './response.ts'
import { Calls, type CallTools } from './calls.ts'
import type { Connections } from './connections.ts'
import { createServer as createPlainServer } from '../tools/node-http.ts'
import { OpenSockets } from './open-sockets.ts'
import { operatorPages } from './operator-pages.ts'
import { createOperatorServer } from './operator-server.ts'
import type { ProxyProtocol } from './proxy-protocol.ts'
import { createRouter, type Ready, type Routed } from './router.ts'
import { notServing } from './shown-error.ts'
import { largestHead } from './largest.ts'

/** Node's limits for both servers. Headers or a request that take longer are refused with 408. */
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
/** While the server closes, open connections may send one more request, until none has for this time. */
const lastRequestMilliseconds = 500
/** The longest time for these requests. */
const refusingMilliseconds = 1500
/** If connections arrive without a pause, the listener is closed after this many turns of the event loop. */
const mostTurns = 200

export interface Served extends Omit<CallTools, 'admission'>, Pick<Routed, 'isTestMode' | 'consolePages'> {
  readonly connections: Connections
  /** Undefined if no proxy uses the PROXY protocol. */
  readonly proxyProtocol: ProxyProtocol | undefined
  /** For the TLS listener; undefined if TLS is off. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined
  /** Whether the operator's pages have a listener of their own. */
  readonly hasAdmin: boolean
}

/** What the server serves once it is ready. */
interface Serving extends Ready {
  /** Whether the database answers. */
  readonly isHealthy: () => Promise<boolean>
  /** Takes over connections to /connect that ask for a WebSocket. */
  readonly upgrade: (request: IncomingMessage, socket: Socket, head: Buffer, sender: Sender) => void
}

/** The HTTP servers, not yet listening. */
export interface HttpSide {
  readonly plain: Server
  readonly tls: TlsServer | undefined
  /** The listener of the operator's pages. */
  readonly admin: Server | undefined
  /** Answers calls from now on. */
  serve(ready: Serving): void
  /** Refuses requests from now on. Resolves when the requests in progress are answered, or after that time. */
  drain(patienceMilliseconds: number): Promise<void>
  /** Lets open connections send one more request, which is refused; then stops listening and closes all connections. */
  close(): Promise<void>
}

/** The HTTP servers: routes made from the contract, raw bodies, errors of AWS's shape from every layer, CORS. */
export function createServer(served: Served): HttpSide {
  const { metrics, arrivals, certificate, connections, proxyProtocol, readSender } = served
  const serving: { ready?: Serving } = {}
  /** `asking` has the connections that may send requests. `sockets` has all connections, including those of sessions. */
  const asking = new OpenSockets()
  const sockets = new OpenSockets()
  const admission = new Admission((request, response) => route(request, response))
  const pages = operatorPages({
    metrics,
    isHealthy: async () => admission.isOpen && serving.ready !== undefined && (await serving.ready.isHealthy()),
  })
  const calls = new Calls({ ...served, admission })
  const route = createRouter({ ...served, serving, calls, pages: served.hasAdmin ? undefined : pages })

  /** An upgrade request has no response object of Node for an error. */
  function upgrade(request: IncomingMessage, socket: Socket, head: Buffer) {
    // An answer that is still due on this connection would be written between the frames.
    if (admission.isBusy(socket)) {
      socket.destroy()
      return
    }
    asking.remove(socket)
    if (admission.isOpen && serving.ready) serving.ready.upgrade(request, socket, head, readSender(request))
    else socket.on('error', () => socket.destroy()).end(plainResponse(served.shown(notServing())))
  }

  /** Sets up the plain and the TLS server alike. */
  function prepared<Each extends Server>(each: Each): Each {
    // A client that ends its side after a request is still answered; Node would drop the unwritten answer.
    Object.assign(each, { httpAllowHalfOpen: true })
    each
      .on('request', (request, response) => admission.enter(request, response))
      .on('checkExpectation', (request, response) => each.emit('request', request, response))
      .on('clientError', (error, socket) => malformedRequest(error, socket, served.shown))
      .on('upgrade', upgrade)
      .on(each instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => asking.add(socket))

    // Node's own listeners run after ours, so they see neither PROXY headers nor connections beyond the limit.
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
    const deadline = performance.now() + refusingMilliseconds
    let refused: number
    do {
      refused = admission.refused
      await asking.empty(lastRequestMilliseconds)
    } while (asking.all().length > 0 && admission.refused > refused && performance.now() < deadline)
    await untilNobodyComes(arrivals)
    const servers = [plain, ...(tls ? [tls] : [])]
    // The close of Node would cut off new connections whose first request is on its way.
    const closed = servers.map(each => new Promise(resolve => NetServer.prototype.close.call(each, resolve)))
    for (const socket of early) if (!admission.isBusy(socket)) socket.destroy()
    await sockets.empty(lastRequestMilliseconds)
    for (const socket of sockets.all()) socket.destroy()
    await Promise.all(closed)
    // This also ends Node's timers.
    for (const each of servers) each.close(() => {})
    admin?.close().closeAllConnections()
  }

  return { plain, tls, admin, serve: ready => void (serving.ready = ready), drain: patience => admission.close(patience), close }
}

/** A closing listener resets connections that the system has accepted and Node has not. */
async function untilNobodyComes(arrivals: Arrivals) {
  for (let turns = 0; turns < mostTurns; turns++) {
    await turn()
    if (!arrivals.over) return
  }
}

/** Other upgrades (h2c) are ignored, and the request is answered normally. */
function asksForSession({ url, headers }: IncomingMessage) {
  return headers.upgrade?.toLowerCase() === 'websocket' && /^\/connect(?:\?|$)/.test(url ?? '')
}
