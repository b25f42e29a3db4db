import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Arrivals } from './arrivals.ts'
import { Trail } from '../auth/trail.ts'
import type { RecentCalls } from '../auth/recent-calls.ts'
import type { AuditLog } from '../observe/audit.ts'
import { ApiError } from '../errors.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Refusals } from '../observe/refusals.ts'
import type { ReadSender } from './sender.ts'
import type { Admission } from './admission.ts'
import { renderError } from './response.ts'
import type { Responses } from './responses.ts'
import { LostResponse, type HttpResponse, type Endpoint, type Received } from './endpoint.ts'
import { tooManyAtOnce } from './operator-pages.ts'
import { Body, checkLength, hasBody, isEndless, noBody, type BodyMemory } from './request-body.ts'
import { notServing, shownError, tooManyCalls } from './shown-error.ts'
import { largestBody } from './largest.ts'
import { messageOf } from '../tools/error-text.ts'

export interface CallTools {
  readonly log: Log
  readonly refusals: Refusals
  readonly metrics: Metrics
  /** The error that the caller sees: with Amazon's Message, or with the Reason in the Message. */
  readonly shown: (error: ApiError) => ApiError
  readonly responses: Responses
  readonly admission: Pick<Admission, 'admits'>
  readonly arrivals: Arrivals
  readonly readSender: ReadSender
  /** Undefined if the audit log is off. */
  readonly audit: AuditLog | undefined
  readonly recentCalls: RecentCalls
  /** The most calls that may run at once. */
  readonly mostCalls: number
  /** The memory for the bodies of all requests. */
  readonly bodyMemory: BodyMemory
  /** Whether an error means that the database is not available. */
  readonly isOutage: (error: unknown) => boolean
}

/** Why a call is answered with 503, as far as its Reason does not say it. */
function causeOf(error: unknown): string | undefined {
  const cause = error instanceof ApiError ? error.cause : error
  return cause === undefined ? undefined : messageOf(cause)
}

export type Params = Readonly<Record<string, string>>

/**
 * Handles what is common to all calls, whichever endpoint answers them. It bounds the number of concurrent calls, and counts, times and
 * logs each.
 */
export class Calls {
  readonly #tools: CallTools
  #onTheirWay = 0

  constructor(tools: CallTools) {
    this.#tools = tools
  }

  /** Answers with the endpoint, or with `otherwise` if the endpoint does not take the request. */
  async serve(
    endpoint: Endpoint,
    request: IncomingMessage,
    response: ServerResponse,
    { params, otherwise }: { params: Params; otherwise: (request: IncomingMessage, response: ServerResponse) => void },
  ): Promise<void> {
    const start = performance.now()
    const received = this.#received(request, params)
    if (!endpoint.takes(received)) {
      otherwise(request, response)
      return
    }
    const { audit, recentCalls, metrics } = this.#tools
    const body = hasBody(request) ? new Body(this.#tools.bodyMemory) : undefined
    let refusal: ApiError | undefined
    let answer: HttpResponse
    try {
      if (body) await this.#readBody(body, endpoint, received, request, response)
      answer = await this.#answer(endpoint, received, request)
    } catch (error) {
      if (error instanceof LostResponse) {
        response.destroy()
        return
      }
      refusal = this.#reported(error, request, received.requestId, endpoint.nameOf(received))
      answer = endpoint.refusal(refusal, received)
    } finally {
      body?.release()
    }
    const responseSize = this.#tools.responses.write(response, answer)
    const { status } = answer
    const { requestId, trail, sourceAddress, isSecure, headers, method, url } = received
    const operation = endpoint.nameOf(received)
    audit?.write({ requestId, operation, ...trail.entry, sourceAddress, status, outcome: refusal?.type ?? 'Success' })
    const seconds = (performance.now() - start) / 1000
    metrics.calls.count(operation, status, seconds)
    recentCalls.add({
      requestId,
      operation,
      method,
      url,
      answeredAt: Date.now(),
      seconds,
      status,
      refusal,
      sourceAddress,
      isSecure,
      headers,
      requestSize: received.body.length,
      responseSize,
      trail,
    })
  }

  /** Answers with a page for the operator; it counts as a call. */
  async show(page: () => Promise<HttpResponse>, response: ServerResponse): Promise<void> {
    const { responses, mostCalls } = this.#tools
    if (this.#onTheirWay >= mostCalls) {
      responses.write(response, tooManyAtOnce)
      return
    }
    this.#onTheirWay++
    try {
      responses.write(response, await page())
    } finally {
      this.#onTheirWay--
    }
  }

  /** Answers with an error of AWS's shape, for requests without an endpoint. */
  refuse(request: IncomingMessage, response: ServerResponse, error: unknown) {
    const requestId = randomUUID()
    this.#tools.responses.write(response, renderError(this.#reported(error, request, requestId), requestId))
  }

  /** Reads as much of the body as the endpoint allows for this caller. The rest is discarded, so that the connection stays open. */
  async #readBody(body: Body, endpoint: Endpoint, received: Received, request: IncomingMessage, response: ServerResponse) {
    let isWhole = false
    try {
      checkLength(request, largestBody)
      this.#checkRoom(request)
      const largest = endpoint.largestBody(received)
      received.body = await body.read(request, typeof largest === 'number' ? largest : await largest)
      isWhole = true
    } finally {
      if (!isWhole && isEndless(request, largestBody)) response.setHeader('connection', 'close')
    }
  }

  async #answer(endpoint: Endpoint, received: Received, request: IncomingMessage): Promise<HttpResponse> {
    this.#checkRoom(request)
    this.#onTheirWay++
    try {
      if (this.#tools.arrivals.over) await this.#tools.arrivals.over
      return await endpoint.answer(received)
    } finally {
      this.#onTheirWay--
    }
  }

  #checkRoom(request: IncomingMessage) {
    if (!this.#tools.admission.admits(request)) throw notServing()
    if (this.#onTheirWay >= this.#tools.mostCalls) throw tooManyCalls()
  }

  /** Logs the error for the operator, and returns what the caller may see. */
  #reported(error: unknown, { method, url }: IncomingMessage, requestId: string, operation?: string) {
    const { log, refusals, isOutage } = this.#tools
    const shown = shownError(error, isOutage)
    const { status, type, reason } = shown
    const about = { requestId, operation, method, path: url?.split('?')[0], status, type, reason }
    // An outage or too much load concerns every call, and its stack says nothing.
    if (status === 503) refusals.write({ ...about, why: causeOf(error) }, shown.message, 'warn')
    else if (status >= 500) log.error({ ...about, err: error }, shown.message)
    else refusals.write(about, shown.message)
    return this.#tools.shown(shown)
  }

  #received(request: IncomingMessage, params: Params): Received {
    const { readSender } = this.#tools
    const { headers, rawHeaders } = request
    const { sourceAddress, isSecure, forwardedHost } = readSender(request)
    const url = request.url!
    const query = url.indexOf('?')
    return {
      requestId: randomUUID(),
      method: request.method!,
      url,
      rawHeaders,
      headers,
      body: noBody,
      params,
      query: query === -1 ? '' : url.slice(query + 1),
      sourceAddress,
      isSecure,
      forwardedHost,
      host: forwardedHost ?? headers.host ?? '',
      trail: new Trail(headers.authorization),
    }
  }
}
