import type { IncomingHttpHeaders } from 'node:http'

/** What policies ask of where a request comes from. */
export interface Origin {
  /** An IP address. */
  readonly sourceAddress: string
  /** Whether it came over TLS. */
  readonly isSecure: boolean
  readonly headers: Readonly<IncomingHttpHeaders>
}
