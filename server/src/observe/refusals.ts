import type { Log } from './log.ts'
import { TokenBuckets } from '../tools/token-buckets.ts'

/** The most lines of the log. */
const rate = { perSecond: 2, atOnce: 20 }
const longestText = 1024

/**
 * Logs why calls and connections are refused. The number and length of its lines are bounded, so nobody can flood the log; a line
 * says how many were left out since the one before. The level `debug` has all of them, uncut.
 */
export class Refusals {
  readonly #log: Log
  readonly #buckets = new TokenBuckets({ shared: false })
  #leftOut = 0

  constructor(log: Log) {
    this.#log = log
  }

  write(about: Readonly<Record<string, string | number | undefined>>, message: string) {
    const now = performance.now()
    if (this.#log.isLevelEnabled('debug')) this.#log.debug(about, message)
    else if (this.#buckets.wait('', rate, now) > 0) this.#leftOut++
    else {
      this.#buckets.take('', rate, now)
      const leftOut = this.#leftOut === 0 ? undefined : this.#leftOut
      this.#leftOut = 0
      this.#log.info({ ...Object.fromEntries(Object.entries(about).map(([name, value]) => [name, short(value)])), leftOut }, short(message))
    }
  }
}

const short = <Value>(value: Value) => (typeof value === 'string' && value.length > longestText ? `${value.slice(0, longestText)}…` : value)
