import { expect, onTestFinished, test, vi } from 'vitest'
import { ChannelNumbers } from '../../src/bus/channel-numbers.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'

const minute = 60_000
const step = (sequence: number) => ({ channelId: 1, sequence, events: [] })

test('a busy channel that is always some numbers ahead of a comparison is not given up at its first gap', async () => {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  onTestFinished(() => void vi.restoreAllMocks())
  const heard: number[] = []
  const lost: number[] = []
  let stored = 0
  const numbers = new ChannelNumbers(
    1,
    { sequence: 0, at: 0 },
    {
      hear: ({ sequence }) => heard.push(sequence),
      lost: channelId => lost.push(channelId),
      missed: async ({ after }) => ({
        steps: Array.from({ length: stored - after }, (_, index) => step(after + 1 + index)),
        reached: { sequence: stored, at: now },
      }),
      metrics: createMetrics(),
      log: createLog('fatal'),
    },
  )
  onTestFinished(() => numbers.end())
  for (; now < 30 * minute; now += minute) {
    // The comparison has read one number more than has arrived, or one less.
    const arrives = stored + 10
    const found = (now / minute) % 2 === 0 ? arrives + 1 : arrives - 1
    while (stored < arrives) numbers.take(step(++stored))
    numbers.compare({ sequence: found, at: now }, now, Math.min(found, numbers.last))
    if (found > stored) numbers.take(step(++stored))
  }
  // NATS drops this one.
  stored++
  numbers.take(step(++stored))
  await expect.poll(() => heard.length).toBe(stored)
  expect(lost).toEqual([])
  expect(heard).toEqual(Array.from({ length: stored }, (_, index) => index + 1))
})

/** The numbers of a channel whose database has lost some, as a failover to a standby does that lacks the last commits. */
function afterLoss(stored: () => number) {
  const [heard, lost]: [number[], number[]] = [[], []]
  let reads = 0
  const numbers = new ChannelNumbers(
    1,
    { sequence: 0, at: 0 },
    {
      hear: ({ sequence }) => heard.push(sequence),
      lost: channelId => lost.push(channelId),
      missed: async ({ after }) => {
        reads++
        const steps = Array.from({ length: Math.max(0, stored() - after) }, (_, index) => step(after + 1 + index))
        return { steps, reached: { sequence: stored(), at: 0 } }
      },
      metrics: createMetrics(),
      log: createLog('fatal'),
    },
  )
  onTestFinished(() => numbers.end())
  return { numbers, heard, lost, reads: () => reads }
}

test('a number that the database has lost is not read again and again, and the next event with that number is delivered', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  let stored = 3
  const { numbers, heard, lost, reads } = afterLoss(() => stored)
  for (let sequence = 1; sequence <= 3; sequence++) numbers.take(step(sequence))
  numbers.expect(5)
  numbers.take(step(6))
  await vi.advanceTimersByTimeAsync(10_000)
  expect(reads()).toBe(2)
  numbers.take(step(++stored))
  expect(heard).toEqual([1, 2, 3, 4])
  numbers.take(step(++stored))
  expect(heard).toEqual([1, 2, 3, 4, 5])
  expect(lost).toEqual([])
})

test('if a comparison shows that the database has lost numbers that were delivered, sockets are closed and the numbers are delivered again', () => {
  const { numbers, heard, lost } = afterLoss(() => 2)
  for (let sequence = 1; sequence <= 4; sequence++) numbers.take(step(sequence))
  const known = numbers.last
  // Another one arrives during the comparison, which is none of its business.
  numbers.take(step(5))
  numbers.compare({ sequence: 4, at: 0 }, performance.now(), known)
  expect(lost).toEqual([])
  numbers.compare({ sequence: 2, at: 0 }, performance.now(), numbers.last)
  expect(lost).toEqual([1])
  numbers.take(step(3))
  expect(heard).toEqual([1, 2, 3, 4, 5, 3])
})
