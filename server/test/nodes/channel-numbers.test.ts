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
    numbers.compare({ sequence: found, at: now }, now)
    if (found > stored) numbers.take(step(++stored))
  }
  // NATS drops this one.
  stored++
  numbers.take(step(++stored))
  await expect.poll(() => heard.length).toBe(stored)
  expect(lost).toEqual([])
  expect(heard).toEqual(Array.from({ length: stored }, (_, index) => index + 1))
})
