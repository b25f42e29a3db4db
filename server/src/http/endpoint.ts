import type { IncomingHttpHeaders } from 'node:http'
import type { Trail } from '../observe/audit.ts'
import type { SignedRequest } from '../auth/signature/sigv4.ts'
import type { ApiError } from '../errors.ts'
import type { Origin } from '../auth/origin.ts'

/** A request as it came, with what routing has found in its path. */
export interface Received extends SignedRequest, Origin {
  /** Empty until the endpoint has said how much of it there may be. */
  body: Buffer
  readonly requestId: string
  readonly params: Readonly<Record<string, string>>
  /** The query without its question mark, untouched. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  /** The host that the client has asked for. */
  readonly host: string
  /** Undefined where there is no audit log. */
  readonly trail: Trail | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Undefined where there is none. */
  readonly body: string | Buffer | undefined
}

/** What answers calls: one of the contract's operations, or what is beside them on the same port, in a form of its own. */
export interface Endpoint {
  /** In the metrics and in the audit log: one of a few names. */
  nameOf(asked: Received): string
  /** Whether a request is for it; otherwise it is answered as one for an unknown route. */
  takes(asked: Received): boolean
  /** How many bytes of body it takes from a request with this head; throws where the head alone shows that it is refused. */
  largestBody(asked: Received): number | Promise<number>
  answer(asked: Received): Promise<Answer>
  refusal(error: ApiError, asked: Received): Answer
}

/** Several endpoints on one path: the first that takes a request answers it. */
export function firstOf(endpoints: readonly Endpoint[]): Endpoint {
  const taking = (asked: Received) => endpoints.find(each => each.takes(asked))
  return {
    nameOf: asked => taking(asked)!.nameOf(asked),
    takes: asked => taking(asked) !== undefined,
    largestBody: asked => taking(asked)!.largestBody(asked),
    answer: async asked => taking(asked)!.answer(asked),
    refusal: (error, asked) => taking(asked)!.refusal(error, asked),
  }
}
