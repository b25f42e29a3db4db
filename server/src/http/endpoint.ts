import type { IncomingHttpHeaders } from 'node:http'
import type { SignedRequest } from '../auth/signature/sigv4.ts'
import type { ApiError } from '../errors.ts'
import type { Origin } from '../auth/origin.ts'
import type { Trail } from '../auth/trail.ts'

/** A request as it arrived, with the parameters of its route. */
export interface Received extends SignedRequest, Origin {
  /** Empty until `largestBody` has allowed it. */
  body: Buffer
  readonly requestId: string
  readonly params: Readonly<Record<string, string>>
  /** The raw query, without the question mark. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  /** The host that the client called. */
  readonly host: string
  readonly trail: Trail
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Undefined for an answer without a body. */
  readonly body: string | Buffer | undefined
}

/** Thrown instead of an answer that the caller does not get: the connection is closed. Only faults of test mode throw it. */
export class LostResponse extends Error {}

/** Answers calls: an operation of the contract, or a protocol beside it on the same port. */
export interface Endpoint {
  /** The name in the metrics and in the audit log: one of a few. */
  nameOf(received: Received): string
  /** Whether the endpoint answers the request; otherwise the answer is that of an unknown route. */
  takes(received: Received): boolean
  /** The largest body, in bytes, for a request with these headers; throws if the headers alone show that the request is refused. */
  largestBody(received: Received): number | Promise<number>
  answer(received: Received): Promise<HttpResponse>
  refusal(error: ApiError, received: Received): HttpResponse
}

/** Several endpoints on one path: the first that takes a request answers it. */
export function firstOf(endpoints: readonly Endpoint[]): Endpoint {
  const taking = (received: Received) => endpoints.find(each => each.takes(received))
  return {
    nameOf: received => taking(received)!.nameOf(received),
    takes: received => taking(received) !== undefined,
    largestBody: received => taking(received)!.largestBody(received),
    answer: async received => taking(received)!.answer(received),
    refusal: (error, received) => taking(received)!.refusal(error, received),
  }
}
