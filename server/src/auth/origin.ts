import type { IncomingHttpHeaders } from 'node:http'

/** Where a request comes from, for conditions in policies. */
export interface Origin {
  /** An IP address. */
  readonly sourceAddress: string
  /** Whether the request came over TLS. */
  readonly isSecure: boolean
  readonly headers: Readonly<IncomingHttpHeaders>
}
