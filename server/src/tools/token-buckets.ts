/** A rate: the mean number a second, and the most at once. */
export interface Rate {
  readonly perSecond: number
  readonly atOnce: number
}

/** For how many milliseconds a bucket may refill in addition to its own size, because of what other nodes have spent. */
const longestDebt = 10_000
/** A clock that has gone back by more than this fills all buckets: what is stored would be far in the future. */
const longestStepBack = 1000
/** Less than this is a rounding error of sums of times. */
const tolerance = 1

/**
 * Token buckets. Each is one number, the time at which it is full again (the generic cell rate algorithm). Full buckets are not
 * stored, so there are only as many as keys in the last seconds.
 */
export class TokenBuckets {
  /** In milliseconds. */
  readonly #fullAt = new Map<string, number>()
  /** What was spent since the last exchange with other nodes, in milliseconds; undefined on a single node. */
  readonly #spent: Map<string, number> | undefined
  /** The latest time at which anybody asked, since the clock last went back. */
  #latest = 0

  constructor({ shared }: { shared: boolean }) {
    this.#spent = shared ? new Map() : undefined
  }

  /** Returns the milliseconds until there is a token; 0 if there is one. */
  wait(key: string, rate: Rate, now: number): number {
    const wait = this.#busy(key, rate, now) + ((1 - rate.atOnce) * 1000) / rate.perSecond
    return wait < tolerance ? 0 : wait
  }

  /** Takes an available token. */
  take(key: string, rate: Rate, now: number) {
    const cost = 1000 / rate.perSecond
    this.#fullAt.set(key, now + this.#busy(key, rate, now) + cost)
    this.#spent?.set(key, (this.#spent.get(key) ?? 0) + cost)
  }

  /** Takes a token if there is one. Returns the milliseconds until there is one; 0 if it was taken. */
  tryTake(key: string, rate: Rate, now: number): number {
    const wait = this.wait(key, rate, now)
    if (wait === 0) this.take(key, rate, now)
    return wait
  }

  /** Drops full buckets. */
  removeFull(now: number) {
    for (const [key, fullAt] of this.#fullAt) {
      if (fullAt > now) continue
      this.#fullAt.delete(key)
      this.#spent?.delete(key)
    }
  }

  /** Returns what was spent since the last call, in milliseconds of each bucket's refilling. */
  handOverSpent(): ReadonlyMap<string, number> {
    const spent = new Map(this.#spent)
    this.#spent?.clear()
    return spent
  }

  /** Sets for how many milliseconds a bucket refills, after what all nodes have spent. */
  adopt(key: string, milliseconds: number, now: number) {
    const fullAt = now + milliseconds + (this.#spent?.get(key) ?? 0)
    if (fullAt > (this.#fullAt.get(key) ?? 0)) this.#fullAt.set(key, fullAt)
  }

  #busy(key: string, { perSecond, atOnce }: Rate, now: number): number {
    if (now < this.#latest - longestStepBack) {
      this.#fullAt.clear()
      this.#latest = now
    }
    if (now > this.#latest) this.#latest = now
    const fullAt = this.#fullAt.get(key)
    return fullAt === undefined ? 0 : Math.max(0, Math.min(fullAt - now, (atOnce * 1000) / perSecond + longestDebt))
  }
}
