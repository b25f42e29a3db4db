import type { IncomingHttpHeaders } from 'node:http'

/** What conditions and variables may ask of a request, beside its principal. */
export interface RequestContext {
  /** In epoch milliseconds. */
  readonly now: number
  /** Where the request comes from: an IPv4 or IPv6 address. */
  readonly sourceAddress: string | undefined
  /** Over TLS. */
  readonly isSecure: boolean
  readonly headers: Readonly<IncomingHttpHeaders>
  /** Those of the server. */
  readonly region: string
  readonly account: string
  /** What is asked for: an ARN, or `*`. */
  readonly resource: string
  /** The tags that the request sets or removes, by key; undefined where it does neither. Of those that it removes the value is undefined. */
  readonly requestTags: ReadonlyMap<string, string | undefined> | undefined
  /** What a login says, where a role asks for it. */
  readonly claims?: ReadonlyMap<string, string | readonly string[]>
  /** The tags of the resource that is asked for; only needed where a policy asks for them. */
  readonly resourceTags: ReadonlyMap<string, string> | undefined
}
