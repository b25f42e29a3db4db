import type { IncomingHttpHeaders } from 'node:http'
import type { SignedRequest } from '../auth/sigv4.ts'
import type { ApiError } from '../errors.ts'
import type { Origin } from '../sender.ts'

/** A request as it came. */
export interface AskedEndpoint extends SignedRequest, Origin {
  /** The query without its question mark, untouched. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  readonly requestId: string
}

interface EndpointAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What answers on the same port beside the contract's operations, in a form of its own. */
export interface Endpoint {
  /** In the metrics. */
  readonly name: string
  /** Whether a request is for it; otherwise it is answered as one for an unknown route. */
  takes(asked: AskedEndpoint): boolean
  answer(asked: AskedEndpoint): Promise<EndpointAnswer>
  refusal(error: ApiError, asked: AskedEndpoint): EndpointAnswer
}
