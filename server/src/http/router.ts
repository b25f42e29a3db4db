import type { IncomingMessage, ServerResponse } from 'node:http'
import findMyWay from 'find-my-way'
import { operations, type OperationName } from '../contract/index.ts'
import { ApiError, failure } from '../errors.ts'
import type { Metrics } from '../metrics.ts'
import { commonHeaders, credentialedHeaders, preflightHeaders, renderError, strictHeaders } from './answer.ts'
import { write, type Calls, type Params } from './calls.ts'
import type { Dispatch } from './dispatch.ts'
import type { Endpoint } from './endpoint.ts'
import { selector } from './selector.ts'
import { notServing } from './shown-error.ts'
import { largestHead } from './sizes.ts'

/** Calls for temporary credentials, and the exchange of a login for them. */
const endpointRoutes = { '/': ['GET', 'POST'], '/creds': ['POST'] } as const
type EndpointPath = keyof typeof endpointRoutes

export interface Routed {
  readonly calls: Calls
  readonly metrics: Metrics
  /** Undefined until the database is ready. */
  readonly dispatch: () => Readonly<Record<OperationName, Dispatch>> | undefined
  /** What answers beside the contract, at its path; undefined until the database is ready, and where it is off. */
  readonly endpoint: (path: EndpointPath) => Endpoint | undefined
  /** Whether calls are answered. */
  readonly isHealthy: () => Promise<boolean>
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void

/** For the operator, and not for pages of others. */
const isManagement = (url: string) => /^\/(?:health|metrics)(?:[?/]|$)/.test(url)

/** An ARN whose slashes have become those of the path. */
const decodedArn = /\/arn(?::|%3A)[^/]*chime[^/]*app-instance\//i

const unknownOperation = ({ method, url }: IncomingMessage) => {
  const path = url!.split('?')[0]!
  const reason = decodedArn.test(path)
    ? 'The path holds an ARN with bare slashes, which clients escape as %2F: a proxy in front has decoded the path. ' +
      'It must pass the path on as it came (in nginx: proxy_pass http://HOST:PORT; with nothing after the port, not even a slash).'
    : `No operation has the route ${method} ${path} with these ?operation= or ?scope= parameters.`
  return new ApiError(
    'UnknownOperationException',
    404,
    'UnknownOperation',
    'The requested operation is not recognized by the service.',
    reason,
  )
}

const malformedUri = () =>
  failure('BadRequestException', 'The request URI is malformed', 'A percent-escape in the path is not valid UTF-8.')

const upgradeRequired = () =>
  new ApiError(
    'UpgradeRequiredException',
    426,
    'UpgradeRequired',
    'Upgrade Required',
    'GET /connect is for WebSockets: send Upgrade: websocket, over HTTP/1.1.',
  )

/** An operation of the contract, answered in the wire's JSON. */
function operationEndpoint(name: OperationName, dispatch: Routed['dispatch']): Endpoint {
  const { status } = operations[name]
  return {
    nameOf: () => name,
    takes: () => true,
    async answer(asked) {
      const ready = dispatch()
      if (!ready) throw notServing()
      const body = await ready[name](asked)
      return { status, headers: commonHeaders(asked.requestId), body }
    },
    refusal: (error, { requestId }) => renderError(error, requestId),
  }
}

/** Every route: those of the contract, the credentials, and what is for the operator. */
export function createRouter({ calls, metrics, dispatch, endpoint, isHealthy }: Routed): Handle {
  const unknownRoute: Handle = (request, response) => {
    if (isManagement(request.url!)) write(response, { status: 404, headers: strictHeaders, body: undefined })
    else calls.refuse(request, response, unknownOperation(request))
  }
  const router = findMyWay({
    maxParamLength: largestHead,
    constraints: { operation: selector('operation'), scope: selector('scope') },
    querystringParser: () => ({}),
    defaultRoute: unknownRoute,
    onBadUrl: (_, request, response) => calls.refuse(request, response, malformedUri()),
  })

  for (const [name, operation] of Object.entries(operations) as [OperationName, (typeof operations)[OperationName]][]) {
    const answering = operationEndpoint(name, dispatch)
    const constraints = operation.selector ? { [operation.selector.name]: operation.selector.value } : {}
    router.on(operation.method, operation.path.replaceAll(/\{(\w+)\}/g, ':$1'), { constraints }, (request, response, params) =>
      calls.serve(answering, request, response, { params: params as Params, otherwise: unknownRoute }),
    )
  }
  for (const [path, methods] of Object.entries(endpointRoutes) as [EndpointPath, readonly ('GET' | 'POST')[]][]) {
    router.on([...methods], path, (request, response) => {
      if (!dispatch()) return calls.refuse(request, response, notServing())
      const answering = endpoint(path)
      if (!answering) return unknownRoute(request, response)
      return calls.serve(answering, request, response, { params: {}, otherwise: unknownRoute })
    })
  }
  router.on('GET', '/connect', (request, response) => {
    response.setHeader('upgrade', 'websocket')
    calls.refuse(request, response, upgradeRequired())
  })
  const json = { ...strictHeaders, 'content-type': 'application/json; charset=utf-8' }
  router.on('GET', '/health', async (_, response) => {
    const isOk = await isHealthy()
    write(response, { status: isOk ? 200 : 503, headers: json, body: JSON.stringify({ status: isOk ? 'ok' : 'unavailable' }) })
  })
  router.on('GET', '/metrics', async (_, response) => {
    const headers = { ...strictHeaders, 'content-type': metrics.registry.contentType }
    write(response, { status: 200, headers, body: await metrics.registry.metrics() })
  })

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const url = request.url!
    // A preflight is answered on every path of the API, whatever its selectors and escapes.
    if (request.method === 'OPTIONS' && !isManagement(url)) {
      const extra = /^\/creds(?:\?|$)/.test(url) ? credentialedHeaders(request.headers.origin) : {}
      write(response, { status: 204, headers: { ...preflightHeaders(crypto.randomUUID()), ...extra }, body: undefined })
    } else await router.lookup(request, response)
  }

  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else calls.refuse(request, response, error)
    })
  }
}
