import { percentile } from '../support/load.ts'
import { treeCpuSeconds } from '../support/process.ts'
import { median, rounded } from '../support/rounds.ts'
import type { Yardstick } from '../support/yardstick.ts'
import type { Served } from './served.ts'

/** How long each measurement takes, and how often it is repeated. */
export interface Times {
  readonly seconds: number
  readonly rounds: number
}

export interface Cost {
  /** CPU microseconds of an operation, of the server and of its database server together. */
  readonly microseconds: number
  /** The part of it that the database server has used. */
  readonly store: number
  /** Operations a second. */
  readonly perSecond: number
  /**
   * How many cores this process, in which all clients run, has used: if one of its threads is always busy, the rate is that of the clients.
   */
  readonly clientCores: number
}

export interface Figures extends Cost {
  /** How long one took, in milliseconds. */
  readonly p50: number
  readonly p99: number
}

/**
 * Starts to count the CPU of all processes of a server; the function that it returns gives the cost of each of so many operations since.
 */
export function costing({ pid, storePid }: Served): (operations: number) => Cost {
  const used = () => ({ server: treeCpuSeconds(pid), store: storePid === undefined ? 0 : treeCpuSeconds(storePid) })
  const before = used()
  const client = process.cpuUsage()
  const start = performance.now()
  return operations => {
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(client)
    const after = used()
    const store = ((after.store - before.store) * 1e6) / operations
    return {
      microseconds: ((after.server - before.server) * 1e6) / operations + store,
      store,
      perSecond: operations / seconds,
      clientCores: (user + system) / 1e6 / seconds,
    }
  }
}

export function quantiles(times: readonly number[]) {
  const sorted = times.toSorted((a, b) => a - b)
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
}

export async function hello(yardstick: Yardstick, seconds: number) {
  const client = process.cpuUsage()
  const { microseconds, requests, seconds: took, p50, p99, bodyBytes: bytes } = await yardstick.measure(seconds)
  const { user, system } = process.cpuUsage(client)
  return { microseconds, store: 0, perSecond: requests / took, clientCores: (user + system) / 1e6 / took, p50, p99, bytes }
}

/** How busy the server and the clients were. */
export const cores = (all: readonly Cost[]) => ({
  'server cores': rounded(median(all.map(({ microseconds, perSecond }) => (microseconds * perSecond) / 1e6)), 2),
  'client cores': rounded(middle(all, 'clientCores'), 2),
})

/** The median of one of the figures. */
export const middle = <Name extends string>(all: readonly Readonly<Record<Name, number>>[], name: Name) =>
  median(all.map(figures => figures[name]))
