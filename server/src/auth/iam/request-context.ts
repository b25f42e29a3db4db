import type { Origin } from '../origin.ts'
import type { Owner } from './resources.ts'

/** The facts of a request, beside its principal, that conditions and variables can use. */
export interface RequestContext extends Omit<Origin, 'sourceAddress'>, Owner {
  /** In epoch milliseconds. */
  readonly now: number
  /** The IPv4 or IPv6 address that the request comes from. */
  readonly sourceAddress: string | undefined
  /** The resource of the decision: an ARN, or `*`. */
  readonly resource: string
  /**
   * The tags that the request sets or removes, by key; undefined if it does neither. A tag that it removes has the value undefined.
   */
  readonly requestTags: ReadonlyMap<string, string | undefined> | undefined
  /** The claims of a login, if a role has conditions on them. */
  readonly claims?: ReadonlyMap<string, string | readonly string[]>
  /** The tags of the resource; only needed if a policy uses them. */
  readonly resourceTags: ReadonlyMap<string, string> | undefined
}
