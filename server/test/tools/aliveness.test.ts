import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Aliveness } from '../../src/tools/aliveness.ts'
import { until } from '../support/processor.ts'

test('without heartbeats a node is alive for ever, as a single node is', async () => {
  const { signal } = new Aliveness()
  await setTimeout(20)
  expect(signal.aborted).toBe(false)
})

test('the signal aborts when the time of the last heartbeat is over, and a later heartbeat begins a new one', async () => {
  const aliveness = new Aliveness()
  for (let count = 0; count < 20; count++) {
    aliveness.extend(performance.now() + 60_000)
    const { signal } = aliveness
    expect(signal.aborted).toBe(false)
    aliveness.extend(performance.now() + 50 + count / 21)
    await until(() => signal.aborted)
    aliveness.extend(performance.now() - 1)
    expect(aliveness.signal).toBe(signal)
    aliveness.extend(performance.now() + 60_000)
    expect([aliveness.signal === signal, aliveness.signal.aborted]).toEqual([false, false])
  }
})

test('a process that was frozen finds the signal aborted before its timers have run', () => {
  const aliveness = new Aliveness()
  const { signal } = aliveness
  const start = performance.now()
  aliveness.extend(start + 60_000)
  const clock = vi.spyOn(performance, 'now').mockReturnValue(start + 60_000)
  onTestFinished(() => clock.mockRestore())
  expect([signal.aborted, aliveness.signal.aborted, signal.aborted]).toEqual([false, true, true])
})
