import { randomUUID } from 'node:crypto'
import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { fastify, type FastifyReply, type FastifyRequest, type RawServerDefault } from 'fastify'
import { Trail, type AuditLog } from '../audit.ts'
import { operations, type OperationName } from '../contract/index.ts'
import { ApiError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { ReadSender, Sender } from '../sender.ts'
import type { Admission } from './admission.ts'
import type { Connections } from './connections.ts'
import type { Dispatch } from './dispatch.ts'
import type { Endpoint } from './endpoint.ts'
import { selector } from './selector.ts'
import { notServing, shownError, tooManyCalls } from './shown-error.ts'
import { largestBody, largestHead } from './sizes.ts'
import {
  commonHeaders,
  credentialedHeaders,
  malformedRequest,
  plainAnswer,
  preflightHeaders,
  renderError,
  strictHeaders,
} from './answer.ts'

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

/** Calls for temporary credentials, and the exchange of a login for them. */
const endpointRoutes = { '/': ['GET', 'POST'], '/creds': ['POST'] } as const
type EndpointPath = keyof typeof endpointRoutes

export interface Served {
  readonly log: Log
  readonly metrics: Metrics
  readonly admission: Admission
  readonly connections: Connections
  readonly readSender: ReadSender
  /** Undefined where there is none. */
  readonly audit: AuditLog | undefined
  /** How many calls may be on their way at once. */
  readonly mostCalls: number
  /** For the TLS listener; undefined for none. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined
  /** Undefined until the database is ready. */
  readonly dispatch: () => Readonly<Record<OperationName, Dispatch>> | undefined
  /** What answers beside the contract, at its path; undefined until the database is ready, and where it is off. */
  readonly endpoint: (path: EndpointPath) => Endpoint | undefined
  /** Whether the database answers. */
  readonly isHealthy: () => Promise<boolean>
  /** Takes over connections to /connect that ask for a WebSocket; undefined until the database is ready. */
  readonly upgrade: () => ((request: IncomingMessage, socket: Socket, head: Buffer, sender: Sender) => void) | undefined
  /** Whether an error says that the database is away. */
  readonly isOutage: (error: unknown) => boolean
}

/** The HTTP side, before it listens. */
export interface HttpSide {
  readonly plain: Server
  readonly tls: TlsServer | undefined
  /** Resolves when requests can be answered: listen after it. */
  ready(): Promise<unknown>
  /** Listens no more, and after the patience closes what is still connected. */
  close(patienceMilliseconds: number): Promise<void>
}

/** The HTTP side: routes made from the contract, raw bodies, AWS-shaped errors from whichever layer notices them, CORS. */
export function createServer(served: Served): HttpSide {
  const { log, metrics, certificate, audit, connections, readSender } = served
  let calls = 0
  const sockets = new Set<Socket>()
  let tls: TlsServer | undefined
  const server = fastify({
    bodyLimit: largestBody,
    serverFactory: handler => {
      if (certificate) tls = prepared(createTlsServer({ ...nodeOptions, ...certificate, handshakeTimeout: handshakeMilliseconds }, handler))
      return prepared(createPlainServer(nodeOptions, handler))
    },
    routerOptions: {
      maxParamLength: largestHead,
      constraints: { operation: selector('operation'), scope: selector('scope') },
      querystringParser: () => ({}),
    },
    exposeHeadRoutes: false,
    return503OnClosing: false,
    logger: false,
    genReqId: () => randomUUID(),
    // A preflight is answered on every path of the API, whatever its selectors and escapes.
    rewriteUrl: ({ method, url }) => (method === 'OPTIONS' && !isManagement(url!) ? '/' : url!),
    frameworkErrors: (error, request, reply) => void sendError(request, reply, error),
    // Fastify knows only one of the servers: `prepared` sets the handler of both.
    clientErrorHandler: () => {},
  })

  /** The one place through which each node server goes: what holds for the plain one holds over TLS. */
  function prepared<Each extends Server>(each: Each): Each {
    served.admission.watch(each)
    each
      // A body is JSON whatever its type is called; Fastify would refuse what is no type.
      .prependListener('request', ({ headers }: IncomingMessage) => delete headers['content-type'])
      .on('checkExpectation', (request, response) => each.emit('request', request, response))
      .on('clientError', malformedRequest)
      .on('upgrade', upgrade)
      .on('connection', (socket: Socket) => {
        if (!connections.enter(socket)) {
          metrics.refusedConnections.inc()
          socket.destroy()
          return
        }
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
      })
    return each
  }

  // The signature covers the bytes as they came.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
  server.addHttpMethod('GET', { hasBody: true, overrideExisting: true })

  /** Where no node response exists that could say so. */
  function upgrade(request: IncomingMessage, socket: Socket, head: Buffer) {
    const take = served.admission.isOpen ? served.upgrade() : undefined
    if (take) take(request, socket, head, readSender(request))
    else socket.on('error', () => socket.destroy()).end(plainAnswer(notServing()))
  }

  function sendError(request: FastifyRequest, reply: FastifyReply, error: unknown) {
    const shown = shownError(error, served.isOutage)
    const { status, type, reason } = shown
    const about = { requestId: request.id, method: request.method, route: request.routeOptions.url, status, type, reason }
    if (status >= 500) log.error({ ...about, err: error }, shown.message)
    else log.debug(about, shown.message)
    const { headers, body } = renderError(shown, request.id)
    return reply.code(shown.status).headers(headers).send(body)
  }
  server.setErrorHandler((error, request, reply) => sendError(request, reply, error))
  const unknownRoute = async (request: FastifyRequest, reply: FastifyReply) =>
    isManagement(request.url)
      ? reply.code(404).headers(strictHeaders).send()
      : sendError(
          request,
          reply,
          new ApiError(
            'UnknownOperationException',
            404,
            'UnknownOperation',
            'The requested operation is not recognized by the service.',
            `No operation has the route ${request.method} ${request.url.split('?')[0]} with these ?operation= or ?scope= parameters.`,
          ),
        )
  server.setNotFoundHandler(unknownRoute)

  for (const [name, operation] of Object.entries(operations) as [OperationName, (typeof operations)[OperationName]][]) {
    server.route({
      method: operation.method,
      url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      constraints: operation.selector ? { [operation.selector.name]: operation.selector.value } : {},
      handler: async (request, reply) => {
        const start = performance.now()
        const sender = readSender(request.raw)
        const trail = audit && new Trail()
        trail?.claims(request.raw.headers.authorization)
        let status: number = operation.status
        let outcome = 'Success'
        calls++
        try {
          const dispatch = served.admission.admits(request.raw) ? served.dispatch() : undefined
          if (!dispatch) throw notServing()
          if (calls > served.mostCalls) {
            throw tooManyCalls()
          }
          const body = await dispatch[name](received(request, sender, trail))
          return await reply.code(status).headers(commonHeaders(request.id)).send(body)
        } catch (error) {
          const shown = shownError(error, served.isOutage)
          status = shown.status
          outcome = shown.type
          return await sendError(request, reply, error)
        } finally {
          calls--
          if (trail)
            audit?.write({ requestId: request.id, operation: name, ...trail.entry, sourceAddress: sender.sourceAddress, status, outcome })
          metrics.requests.inc({ operation: name, status })
          metrics.seconds.observe({ operation: name }, (performance.now() - start) / 1000)
        }
      },
    })
  }

  for (const [url, method] of Object.entries(endpointRoutes) as [EndpointPath, readonly string[]][]) {
    server.route({
      method: [...method],
      url,
      handler: async (request, reply) => {
        const sender = readSender(request.raw)
        const trail = audit && new Trail()
        trail?.claims(request.raw.headers.authorization)
        const asked = { ...received(request, sender, trail), requestId: request.id, headers: request.headers }
        const isOpen = served.admission.admits(request.raw) && served.dispatch() !== undefined
        if (!isOpen) return sendError(request, reply, notServing())
        const endpoint = served.endpoint(url)
        if (endpoint?.takes(asked) !== true) return unknownRoute(request, reply)
        let outcome = 'Success'
        calls++
        const answer = await Promise.resolve()
          .then(() => {
            if (calls <= served.mostCalls) return endpoint.answer(asked)
            throw tooManyCalls()
          })
          .catch((error: unknown) => {
            const shown = shownError(error, served.isOutage)
            if (shown.status >= 500) log.error({ err: error, requestId: request.id, url }, shown.message)
            outcome = shown.type
            return endpoint.refusal(shown, asked)
          })
        calls--
        const { status } = answer
        const operation = endpoint.nameOf(asked)
        if (trail) audit?.write({ requestId: request.id, operation, ...trail.entry, sourceAddress: sender.sourceAddress, status, outcome })
        metrics.requests.inc({ operation, status })
        return reply.code(status).headers(answer.headers).send(answer.body)
      },
    })
  }

  server.get('/connect', async (request, reply) => {
    const reason = 'GET /connect is for WebSockets: send Upgrade: websocket, over HTTP/1.1.'
    return sendError(
      request,
      reply.header('upgrade', 'websocket'),
      new ApiError('UpgradeRequiredException', 426, 'UpgradeRequired', 'Upgrade Required', reason),
    )
  })
  server.options('/', async (request, reply) => {
    const isExchange = /^\/creds(?:\?|$)/.test(request.originalUrl)
    const extra = isExchange ? credentialedHeaders(request.headers.origin) : {}
    return reply
      .code(204)
      .headers({ ...preflightHeaders(request.id), ...extra })
      .send()
  })
  server.get('/health', async (_, reply) => {
    const healthy = served.admission.isOpen && served.dispatch() !== undefined && (await served.isHealthy())
    return reply
      .code(healthy ? 200 : 503)
      .headers(strictHeaders)
      .send({ status: healthy ? 'ok' : 'unavailable' })
  })
  server.get('/metrics', async (_, reply) =>
    reply
      .headers(strictHeaders)
      .type(metrics.registry.contentType)
      .send(await metrics.registry.metrics()),
  )

  return {
    plain: server.server,
    tls,
    ready: async () => server.ready(),
    close: async patience => {
      await server.close()
      const closed = [server.server, ...(tls ? [tls] : [])].map(each => new Promise(resolve => each.close(resolve)))
      const impatience = setTimeout(() => sockets.forEach(socket => socket.destroy()), patience)
      await Promise.all(closed)
      clearTimeout(impatience)
    },
  }
}

function received(request: FastifyRequest<object, RawServerDefault, IncomingMessage>, sender: Sender, trail: Trail | undefined) {
  const { raw } = request
  const url = raw.url!
  const query = url.indexOf('?')
  return {
    method: raw.method!,
    url,
    rawHeaders: raw.rawHeaders,
    body: (request.body as Buffer | undefined) ?? noBody,
    params: request.params as Record<string, string>,
    query: query === -1 ? '' : url.slice(query + 1),
    bearer: raw.headers['x-amz-chime-bearer'] as string | undefined,
    ...sender,
    host: sender.forwardedHost ?? raw.headers.host ?? '',
    trail,
  }
}

/** For the operator, and not for pages of others. */
const isManagement = (url: string) => /^\/(?:health|metrics)(?:[?/]|$)/.test(url)

/** Other upgrades (h2c) are not taken, and the request is answered as if it had not asked. */
function asksForSession({ url, headers }: IncomingMessage) {
  return headers.upgrade?.toLowerCase() === 'websocket' && /^\/connect(?:\?|$)/.test(url ?? '')
}

const noBody = Buffer.alloc(0)
