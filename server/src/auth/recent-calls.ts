import type { ApiError } from '../errors.ts'
import type { Origin } from './origin.ts'
import type { Trail } from './trail.ts'

/** A call that this node has answered, as it is held in memory. */
export interface RecentCall extends Origin {
  readonly requestId: string
  readonly operation: string
  readonly method: string
  readonly url: string
  /** In epoch milliseconds. */
  readonly answeredAt: number
  readonly seconds: number
  readonly status: number
  readonly refusal: Pick<ApiError, 'type' | 'message' | 'reason'> | undefined
  /** In bytes, as is the size of the response. */
  readonly requestSize: number
  readonly responseSize: number
  readonly trail: Trail
}

const most = 500
/** The input of a larger request is not stored. */
const largestInput = 16 * 1024

/**
 * The last calls that this node has answered, in memory only. A call adds references to what it has, and nothing is computed, so it costs
 * next to nothing. ListRecentCalls computes the explanations. The operations in `unseen`, such as ListRecentCalls itself, are left out.
 */
export class RecentCalls {
  readonly #unseen: ReadonlySet<string>
  readonly #ring: RecentCall[] = []
  #added = 0

  constructor(unseen: ReadonlySet<string>) {
    this.#unseen = unseen
  }

  add(call: RecentCall) {
    if (call.refusal === undefined && this.#unseen.has(call.operation)) return
    if (call.requestSize > largestInput) call.trail.input = undefined
    this.#ring[this.#added++ % most] = call
  }

  /** The newest calls, the newest first: at most `limit`, and only those after the call of that id, if it is still in memory. */
  newest(limit: number, after: string | undefined): RecentCall[] {
    const found: RecentCall[] = []
    const oldest = Math.max(0, this.#added - most)
    for (let index = this.#added - 1; index >= oldest && found.length < limit; index--) {
      const call = this.#ring[index % most]!
      if (call.requestId === after) break
      found.push(call)
    }
    return found
  }
}
