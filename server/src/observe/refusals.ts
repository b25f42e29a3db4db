import type { Log } from './log.ts'
import { TokenBuckets } from '../tools/token-buckets.ts'

/** The most lines of the log. */
const rate = { perSecond: 2, atOnce: 20 }
const longestText = 1024

/**
 * Logs why calls and connections are refused. The number and length of its lines are bounded for each of its two levels, so nobody can flood
 * the log; a line says how many were left out since the one before. The level `debug` has all of them, uncut.
 */
export class Refusals {
  readonly #log: Log
  readonly #buckets = new TokenBuckets({ shared: false })
  readonly #leftOut = { info: 0, warn: 0 }

  constructor(log: Log) {
    this.#log = log
  }

  /** A warning is about something that the server should have done. */
  write(about: Readonly<Record<string, string | number | undefined>>, message: string, level: 'info' | 'warn' = 'info') {
    const now = performance.now()
    if (this.#log.isLevelEnabled('debug')) this.#log[level === 'warn' ? 'warn' : 'debug'](about, message)
    else if (this.#buckets.wait(level, rate, now) > 0) this.#leftOut[level]++
    else {
      this.#buckets.take(level, rate, now)
      const leftOut = this.#leftOut[level] || undefined
      this.#leftOut[level] = 0
      this.#log[level](
        { ...Object.fromEntries(Object.entries(about).map(([name, value]) => [name, short(value)])), leftOut },
        short(message),
      )
    }
  }
}

const short = <Value>(value: Value) => (typeof value === 'string' && value.length > longestText ? `${value.slice(0, longestText)}…` : value)
