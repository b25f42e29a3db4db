import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { schedule, type Job } from '../../src/jobs/schedule.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { holdJob } from '../../src/store/leases.ts'
import { onBothDatabases } from '../support/world.ts'

onBothDatabases('Jobs by the clock', world => {
  /** A node that runs these jobs on the world's database, by a clock that the test moves. */
  function node(jobs: readonly Job[], now: () => number) {
    const metrics = createMetrics()
    const { stop } = schedule(jobs, { db: world().app.db, now, log: createLog('silent'), metrics })
    const failures = async (name: string) => {
      const { values } = await metrics.jobFailures.get()
      return values.find(({ labels }) => labels.job === name)?.value
    }
    return { stop, failures }
  }

  test('of several nodes that start at once one runs a job; the lease is free again when the interval is over', async () => {
    let ran = 0
    let clock = 1000
    const job: Job = { name: 'counted', everySeconds: 60, run: async () => void (ran += 1) }
    const startAndStop = async (runs: number) => {
      const nodes = Array.from({ length: 5 }, () => node([job], () => clock))
      await expect.poll(() => ran).toBe(runs)
      await Promise.all(nodes.map(({ stop }) => stop()))
      expect(ran).toBe(runs)
    }
    await startAndStop(1)
    clock += 30_000
    await startAndStop(1)
    clock += 30_000
    await startAndStop(2)
  })

  test('a job that a stop interrupts runs at the next start, and one that is done does not', async () => {
    const ran = { done: 0, interrupted: 0 }
    const jobs: Job[] = [
      { name: 'done', everySeconds: 3600, run: async () => void (ran.done += 1) },
      {
        name: 'interrupted',
        everySeconds: 3600,
        run: async stopping => {
          ran.interrupted += 1
          await once(stopping!, 'abort')
        },
      },
    ]
    for (const times of [1, 2]) {
      const { stop } = node(jobs, Date.now)
      await expect.poll(() => ran).toEqual({ done: 1, interrupted: times })
      await stop()
    }
  })

  test('of a hundred concurrent requests for a lease one gets it', async () => {
    const { db } = world().app
    const held = await Promise.all(Array.from({ length: 100 }, async () => holdJob(db, 'asked', 1000, 2000)))
    expect(held.filter(Boolean)).toHaveLength(1)
    expect(await holdJob(db, 'asked', 1999, 3000)).toBe(false)
    expect(await holdJob(db, 'another', 1999, 3000)).toBe(true)
    expect(await holdJob(db, 'asked', 2000, 3000)).toBe(true)
  })

  test('a job runs again at its interval, a failed one is counted and runs again, and none runs after the end', async () => {
    const ran = { good: 0, bad: 0 }
    const start = Date.now()
    const jobs: Job[] = [
      { name: 'again', everySeconds: 0.05, run: async () => void (ran.good += 1) },
      {
        name: 'failing',
        everySeconds: 0.05,
        run: async () => {
          ran.bad += 1
          throw new Error('it fails')
        },
      },
    ]
    const { stop, failures } = node(jobs, () => start + (Date.now() - start))
    await expect.poll(() => Math.min(ran.good, ran.bad)).toBeGreaterThanOrEqual(3)
    await stop()
    expect(await failures('failing')).toBe(ran.bad)
    expect(await failures('again')).toBe(0)
    const after = { ...ran }
    await setTimeout(150)
    expect(ran).toEqual(after)
  })

  test('a job that takes longer than its interval never runs twice at once on one node, and the end waits for it', async () => {
    let running = 0
    let most = 0
    let ended = 0
    const job: Job = {
      name: 'slow',
      everySeconds: 0.02,
      run: async () => {
        running += 1
        most = Math.max(most, running)
        await setTimeout(150)
        running -= 1
        ended += 1
      },
    }
    const { stop } = node([job], Date.now)
    await expect.poll(() => running).toBe(1)
    await setTimeout(60)
    await stop()
    expect({ running, most, hasEnded: ended > 0 }).toEqual({ running: 0, most: 1, hasEnded: true })
  })
})
