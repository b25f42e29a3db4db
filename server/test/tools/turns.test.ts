import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Turns } from '../../src/tools/turns.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

class Stuck extends Error {}

const turns = () =>
  new Turns(1, {
    standstillMilliseconds: 3000,
    inAllMilliseconds: 15_000,
    refusal: () => new Error('refused'),
    isPrevented: error => error instanceof Stuck,
  })

/** That many works at once, each of which takes so long; resolves to how each has ended. */
async function queue(count: number, milliseconds: number, end: () => void = () => {}) {
  const line = turns()
  const all = Array.from({ length: count }, async () =>
    line.take(async () => {
      await new Promise(resolve => void setTimeout(resolve, milliseconds))
      end()
    }),
  )
  const settled = Promise.allSettled(all)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(line.isIdle).toBe(true)
  return (await settled).map(({ status }) => status)
}

test('a queue that moves is served, although its last work waits longer than the standstill limit', async () => {
  expect(await queue(8, 1000)).toEqual(Array.from({ length: 8 }, () => 'fulfilled'))
})

test('no work waits longer than the total limit, however well the queue moves', async () => {
  expect((await queue(30, 1100)).filter(status => status === 'fulfilled')).toHaveLength(14)
})

test('a queue behind a work that does not end is refused, and so is one behind works that are prevented from running', async () => {
  expect(await queue(3, 10_000)).toEqual(['fulfilled', 'rejected', 'rejected'])
  let tried = 0
  await queue(8, 1000, () => {
    tried++
    throw new Stuck()
  })
  expect(tried).toBeLessThan(5)
})

test('a work that fails for another reason has run to its end, and the queue behind it moves', async () => {
  let tried = 0
  await queue(8, 1000, () => {
    tried++
    throw new Error('a conflict')
  })
  expect(tried).toBe(8)
})
