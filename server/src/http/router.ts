import type { IncomingMessage, ServerResponse } from 'node:http'
import findMyWay from 'find-my-way'
import { testing } from '../contract/carillon/testing.ts'
import type { Method } from '../contract/binding.ts'
import { operations, type OperationName } from '../contract/index.ts'
import { ApiError, failure } from '../errors.ts'
import { commonHeaders, headersWithCookies, preflightHeaders, renderError } from './response.ts'
import type { Responses } from './responses.ts'
import type { Calls, Params } from './calls.ts'
import type { Dispatch } from './dispatch.ts'
import type { Endpoint, HttpResponse, Received } from './endpoint.ts'
import { alive, isOperatorPath, livenessPath, noPage, operatorPaths, type OperatorPages } from './operator-pages.ts'
import { selector } from './selector.ts'
import { notServing } from './shown-error.ts'
import { largestHead } from './largest.ts'
import { largestOnceChecked } from './request-body.ts'

type Route = readonly [path: string, ...methods: Method[]]

/** The routes of calls that return temporary credentials, for a login or for a code of the console. */
const credentialRoutes: readonly Route[] = [
  ['/', 'GET', 'POST'],
  ['/creds', 'POST'],
  ['/console/session', 'POST'],
  ['/console/login', 'GET', 'POST'],
]
const testRoutes: readonly Route[] = Object.values(testing).map(({ method, path }) => [path, method])

/** What answers calls once the server is ready. */
export interface Ready {
  readonly dispatch: Readonly<Record<OperationName, Dispatch>>
  /** Refuses a call without a signature, or with an unknown key, by its headers. */
  readonly checkKey: (received: Received) => void | Promise<void>
  /** The endpoints beside the contract, by their paths. */
  readonly endpoints: ReadonlyMap<string, Endpoint>
}

export interface Routed {
  readonly calls: Calls
  readonly responses: Responses
  /** Empty until the server is ready. */
  readonly serving: { readonly ready?: Ready }
  readonly isTestMode: boolean
  /** The pages of the console; undefined if it is off. */
  readonly consolePages: ((request: IncomingMessage) => Promise<HttpResponse>) | undefined
  /** Undefined if they have a listener of their own. */
  readonly pages: OperatorPages | undefined
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void

/** An ARN whose slashes were decoded into the path. */
const decodedArn = /\/arn(?::|%3A)[^/]*chime[^/]*app-instance\//i

const unknownOperation = ({ method, url }: IncomingMessage) => {
  const path = url!.split('?')[0]!
  const reason = decodedArn.test(path)
    ? 'The path has an ARN with bare slashes, which clients escape as %2F: a proxy in front has decoded the path. ' +
      'It must pass the path on unchanged (in nginx: proxy_pass http://HOST:PORT; with nothing after the port, not even a slash).'
    : `No operation has the route ${method} ${path} with these ?operation= or ?scope= parameters.`
  return new ApiError('UnknownOperationException', 404, 'The requested operation is not recognized by the service.', reason)
}

const malformedUri = () =>
  failure('BadRequestException', 'The request URI is malformed', 'A percent-escape in the path is not valid UTF-8.')

const upgradeRequired = () =>
  new ApiError(
    'UpgradeRequiredException',
    426,
    'Upgrade Required',
    'GET /connect is for WebSockets: send Upgrade: websocket, over HTTP/1.1.',
  )

/** An operation of the contract, answered in the wire's JSON. */
function operationEndpoint(name: OperationName, serving: Routed['serving']): Endpoint {
  const { status } = operations[name]
  return {
    nameOf: () => name,
    takes: () => true,
    largestBody(received) {
      if (!serving.ready) throw notServing()
      return largestOnceChecked(serving.ready.checkKey(received))
    },
    async answer(received) {
      if (!serving.ready) throw notServing()
      const body = await serving.ready.dispatch[name](received)
      return { status, headers: commonHeaders(received.requestId), body }
    },
    refusal: (error, { requestId }) => renderError(error, requestId),
  }
}

/** All routes: those of the contract, the credentials, and the operator's pages. */
export function createRouter({ calls, responses, serving, isTestMode, consolePages, pages }: Routed): Handle {
  const unknownRoute: Handle = (request, response) => {
    if (isOperatorPath(request.url!)) responses.write(response, noPage)
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
    const answering = operationEndpoint(name, serving)
    const constraints = operation.selector ? { [operation.selector.name]: operation.selector.value } : {}
    router.on(operation.method, operation.path.replaceAll(/\{(\w+)\}/g, ':$1'), { constraints }, (request, response, params) =>
      calls.serve(answering, request, response, { params: params as Params, otherwise: unknownRoute }),
    )
  }
  for (const [path, ...methods] of [...credentialRoutes, ...(isTestMode ? testRoutes : [])]) {
    router.on(methods, path, (request, response) => {
      if (!serving.ready) return calls.refuse(request, response, notServing())
      const answering = serving.ready.endpoints.get(path)
      if (!answering) return unknownRoute(request, response)
      return calls.serve(answering, request, response, { params: {}, otherwise: unknownRoute })
    })
  }
  router.on('GET', '/connect', (request, response) => {
    response.setHeader('upgrade', 'websocket')
    calls.refuse(request, response, upgradeRequired())
  })
  if (consolePages) {
    for (const path of ['/console', '/console/*'])
      router.on('GET', path, (request, response) => calls.show(async () => consolePages(request), response))
  }
  if (pages) {
    for (const path of operatorPaths) router.on('GET', path, (_, response) => calls.show(pages[path], response))
    // Not counted as a call, so that a busy server does not look like a dead one.
    router.on('GET', livenessPath, (_, response) => responses.write(response, alive))
  }

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const url = request.url!
    // A preflight is answered on every path of the API, whatever its selectors and escapes.
    if (request.method === 'OPTIONS' && !isOperatorPath(url)) {
      const extra = /^\/creds(?:\?|$)/.test(url) ? headersWithCookies(request.headers.origin) : {}
      responses.write(response, { status: 204, headers: { ...preflightHeaders(crypto.randomUUID()), ...extra }, body: undefined })
    } else await router.lookup(request, response)
  }

  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else calls.refuse(request, response, error)
    })
  }
}
