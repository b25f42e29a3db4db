import { load, type Load } from './load.ts'
import { median, rounded, spread } from './rounds.ts'
import type { Site } from './server.ts'

/** CPU microseconds of one operation. */
export interface Cost {
  /** Of the server, or of the yardstick. */
  readonly microseconds: number
  /** Of PostgreSQL; 0 where there is none. */
  readonly database: number
}

export type Measured = Load & Cost

/** Starts counting. The function that it returns gives the cost of each of so many operations since. */
export function counting(site: Site): (operations: number) => Cost {
  const before = site.cpu()
  return operations => {
    const after = site.cpu()
    return {
      microseconds: ((after.server - before.server) * 1e6) / operations,
      database: ((after.database - before.database) * 1e6) / operations,
    }
  }
}

/** Keeps 32 requests in flight, the first being number 0; each call of the function that it returns continues where the last one ended. */
export function loading(site: Site, requestOf: readonly Buffer[] | ((number: number) => Buffer), seconds: number): () => Promise<Measured> {
  const next = typeof requestOf === 'function' ? requestOf : (number: number) => requestOf[number % requestOf.length]!
  let number = 0
  return async () => {
    const costOf = counting(site)
    const result = await load(site.server.url, () => next(number++), { seconds, connections: 32 })
    return { ...result, ...costOf(result.requests) }
  }
}

/** The median over the rounds of one figure. */
export const medianOf = <Figures>(all: readonly Figures[], figure: (one: Figures) => number, digits = 0) =>
  rounded(median(all.map(figure)), digits)

/** The least and the greatest over the rounds of one figure. */
export const spreadOf = <Figures>(all: readonly Figures[], figure: (one: Figures) => number, digits = 0) => spread(all.map(figure), digits)

/** The median over the rounds of the ratio of one figure to that of another kind in the same round. */
export const ratioOf = (all: readonly Cost[], others: readonly Cost[], digits = 1) =>
  rounded(median(all.map((one, round) => one.microseconds / others[round]!.microseconds)), digits)

type Figures<One> = ReadonlyMap<string, readonly One[]>

/** The cost of one kind, against `hello` of the same rounds; with the database where there is one. */
export function costColumns(all: readonly Cost[], figures: Figures<Cost>) {
  const hasDatabase = [...figures.values()].flat().some(one => one.database > 0)
  return {
    'CPU µs': medianOf(all, one => one.microseconds, 1),
    spread: spreadOf(all, one => one.microseconds),
    '× hello': ratioOf(all, figures.get('hello')!),
    ...(hasDatabase && { 'database µs': medianOf(all, one => one.database, 1) }),
  }
}

/** One row for each kind of request; `hello` is one of them. */
export function loadRows(figures: Figures<Measured>) {
  return [...figures].map(([kind, all]) => ({
    kind,
    ...costColumns(all, figures),
    'requests/s': medianOf(all, one => one.requests / one.seconds),
    'p50 ms': medianOf(all, one => one.p50, 2),
    'p99 ms': medianOf(all, one => one.p99, 2),
    'body bytes': all[0]!.bodyBytes,
  }))
}
