/** So many a second in the mean, and so many at once. */
export interface Rate {
  readonly perSecond: number
  readonly atOnce: number
}

/** For what other nodes have spent too, a bucket owes no more than this. It also bounds what a clock that goes back does. */
const longestDebt = 10_000
/** Less than that is what adding times up leaves over. */
const tolerance = 1

/**
 * Token buckets. Each is one number, the time at which it is full again (the generic cell rate algorithm), and one that is full
 * is not kept, so that they are as many as the keys of the last seconds.
 */
export class TokenBuckets {
  /** In milliseconds. */
  readonly #fullAt = new Map<string, number>()
  /** What other nodes have not been told, in milliseconds; undefined where there are none. */
  readonly #spent: Map<string, number> | undefined

  constructor({ shared }: { shared: boolean }) {
    this.#spent = shared ? new Map() : undefined
  }

  /** The milliseconds until a token is there; 0 where one is. */
  wait(key: string, { perSecond, atOnce }: Rate, now: number): number {
    const wait = this.#busy(key, now) + ((1 - atOnce) * 1000) / perSecond
    return wait < tolerance ? 0 : wait
  }

  /** Takes one that is there. */
  take(key: string, { perSecond }: Rate, now: number) {
    const cost = 1000 / perSecond
    this.#fullAt.set(key, now + this.#busy(key, now) + cost)
    this.#spent?.set(key, (this.#spent.get(key) ?? 0) + cost)
  }

  /** Drops what is full again. */
  forget(now: number) {
    for (const [key, fullAt] of this.#fullAt) {
      if (fullAt > now) continue
      this.#fullAt.delete(key)
      this.#spent?.delete(key)
    }
  }

  /** What has been spent since the last time, in milliseconds of each bucket's refilling. */
  handOverSpent(): ReadonlyMap<string, number> {
    const spent = new Map(this.#spent)
    this.#spent?.clear()
    return spent
  }

  /** Hears for how many milliseconds a bucket refills after all that has been handed over, here and elsewhere. */
  adopt(key: string, milliseconds: number, now: number) {
    const busy = Math.min(milliseconds, longestDebt) + (this.#spent?.get(key) ?? 0)
    if (busy > this.#busy(key, now)) this.#fullAt.set(key, now + busy)
  }

  #busy(key: string, now: number): number {
    const fullAt = this.#fullAt.get(key)
    return fullAt === undefined ? 0 : Math.max(0, Math.min(fullAt - now, longestDebt))
  }
}
