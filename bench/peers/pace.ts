import { setTimeout } from 'node:timers/promises'
import { milliseconds } from '../support/crowd.ts'

export interface Paced {
  /** When the first was due. */
  readonly start: number
  readonly count: number
}

/** Starts so many a second, whether earlier ones are done or not. */
export async function pace(rate: number, seconds: number, one: (index: number) => void): Promise<Paced> {
  const count = rate * seconds
  const start = milliseconds()
  for (let made = 0; made < count; await setTimeout(1)) {
    const due = Math.min(count, ((milliseconds() - start) / 1000) * rate)
    while (made < due) one(made++)
  }
  return { start, count }
}
