import { setImmediate as turn } from 'node:timers/promises'
import { beforeEach, expect, test, vi } from 'vitest'
import { Arrivals } from '../../src/http/arrivals.ts'

// Calls wait for twenty milliseconds at most: this clock does not move.
beforeEach(() => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
  return () => clock.mockRestore()
})

/** The number of turns in which calls run, where a connection arrives in each of so many. */
async function turnsUntilOver(arrivals: Arrivals, comers: number): Promise<number> {
  let turns = 0
  do {
    if (turns < comers) arrivals.came()
    await turn()
    turns++
  } while (arrivals.over)
  return turns
}

test('calls wait while connections arrive, one in each turn of the event loop, and then no longer', async () => {
  const arrivals = new Arrivals()
  expect(arrivals.over).toBeUndefined()
  expect(await turnsUntilOver(arrivals, 1)).toBeLessThan(4)
  const turns = await turnsUntilOver(arrivals, 30)
  expect(turns).toBeGreaterThanOrEqual(30)
  expect(turns).toBeLessThan(34)
  expect(arrivals.over).toBeUndefined()
})

test('connections that arrive without end delay calls by a hundred turns at most', async () => {
  expect(await turnsUntilOver(new Arrivals(), Infinity)).toBeLessThan(100)
})
