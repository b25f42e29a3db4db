import { percentile } from '../support/load.ts'
import { treeCpuSeconds } from '../support/process.ts'
import { median } from '../support/rounds.ts'
import type { Yardstick } from '../support/yardstick.ts'
import type { Served } from './served.ts'

/** How long each measurement takes, and how often it is taken. */
export interface Times {
  readonly seconds: number
  readonly rounds: number
}

export interface Cost {
  /** CPU microseconds of an operation, of the server and of its database server. */
  readonly microseconds: number
  /** What of it the database server has used. */
  readonly store: number
  /** How many operations a second there were. */
  readonly perSecond: number
}

export interface Figures extends Cost {
  /** How long one took, in milliseconds. */
  readonly p50: number
  readonly p99: number
}

/** Counts from now on, all processes of a server; what it returns tells what each of so many operations has cost meanwhile. */
export function costing({ pid, storePid }: Served): (operations: number) => Cost {
  const used = () => ({ server: treeCpuSeconds(pid), store: storePid === undefined ? 0 : treeCpuSeconds(storePid) })
  const before = used()
  const start = performance.now()
  return operations => {
    const perSecond = (operations * 1000) / (performance.now() - start)
    const after = used()
    const store = ((after.store - before.store) * 1e6) / operations
    return { microseconds: ((after.server - before.server) * 1e6) / operations + store, store, perSecond }
  }
}

export function quantiles(times: readonly number[]) {
  const sorted = times.toSorted((a, b) => a - b)
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
}

export async function hello(yardstick: Yardstick, seconds: number) {
  const { microseconds, requests, seconds: took, p50, p99, bodyBytes: bytes } = await yardstick.measure(seconds)
  return { microseconds, store: 0, perSecond: requests / took, p50, p99, bytes }
}

/** The median of one of the figures. */
export const middle = <Name extends string>(all: readonly Readonly<Record<Name, number>>[], name: Name) =>
  median(all.map(figures => figures[name]))
