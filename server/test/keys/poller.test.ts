import { expect, onTestFinished, test, vi } from 'vitest'
import { pace } from '../../src/keys/key-ring.ts'
import { Poller } from '../../src/keys/poller.ts'

test('a change of keys or roles is looked for in each second, although no caller waits for it', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  let looks = 0
  const poller = new Poller(async () => void looks++, pace)
  for (let second = 1; second <= 5; second++) {
    const before = looks
    await vi.advanceTimersByTimeAsync(1000)
    expect(looks).toBeGreaterThan(before)
  }
  await poller.end()
  const last = looks
  await vi.advanceTimersByTimeAsync(5000)
  expect(looks).toBe(last)
})
