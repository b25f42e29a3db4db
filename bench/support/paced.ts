import { setTimeout } from 'node:timers/promises'
import { milliseconds } from './crowd.ts'
import { percentile } from './load.ts'

/** Of times in any order. */
export function quantiles(times: readonly number[]) {
  const sorted = times.toSorted((a, b) => a - b)
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
}

/** That many a second for that long, whether they are answered or not; resolves to when each of them was due. */
export async function paced(rate: number, seconds: number, one: (due: number) => Promise<void>): Promise<number[]> {
  const start = milliseconds()
  const sentAt: number[] = []
  const asked: Promise<void>[] = []
  while (asked.length < rate * seconds) {
    const due = Math.min(rate * seconds, ((milliseconds() - start) / 1000) * rate)
    while (asked.length < due) {
      // A client that is late counts too.
      sentAt.push(start + (asked.length * 1000) / rate)
      asked.push(one(sentAt.at(-1)!))
    }
    await setTimeout(1)
  }
  await Promise.all(asked)
  return sentAt
}
