import { randomUUID } from 'node:crypto'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { laneFigures } from '../../src/domain/lane-figures.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { Refused, type Delivery, type OrderedDelivery } from '../../src/outbox/delivery.ts'
import { OutboxRunner } from '../../src/outbox/runner.ts'
import {
  appendInOrder,
  appendToOutbox,
  emptyLane,
  leaseFromOutbox,
  longestDue,
  outboxFigures,
  removeFromOutbox,
} from '../../src/store/outbox.ts'
import { moveToDead, deadAfter } from '../../src/store/outbox-dead.ts'
import { laneStates, markPaused, releaseLeasesOf } from '../../src/store/outbox-lanes.ts'
import type { OutboxEntry } from '../../src/store/outbox.ts'
import { Aliveness } from '../../src/tools/aliveness.ts'
import { until } from '../support/processor.ts'
import { onBothDatabases, type World } from '../support/world.ts'

const nothing = async () => {}
const takeAll = () => undefined

let lanes = 0
/** A lane that no other test has. */
const newLane = (kind = 'ordered') => `${kind} destination-${lanes++}`

function runner({ app, now }: World, deliveries: Record<string, Delivery>) {
  const metrics = createMetrics()
  const [nodeId, aliveness] = [randomUUID(), new Aliveness()]
  const started = new OutboxRunner(deliveries, { db: app.db, now, log: createLog('silent'), metrics, nodeId, aliveness })
  onTestFinished(() => started.stop())
  return { runner: started, metrics, nodeId, aliveness }
}

const size = { entries: 10, bytes: 100_000, isOneOfEachSubLane: true }

/** A destination that accepts batches and records what it has accepted, by sub-lane. */
function destination(batch: Partial<typeof size> = {}) {
  const taken = new Map<string, number[]>()
  const batches: number[] = []
  let decide: (entry: OutboxEntry, at: number) => Error | undefined = takeAll
  let before: () => Promise<void> = nothing
  const delivery: OrderedDelivery = {
    isOrdered: true,
    batch: () => ({ ...size, ...batch }),
    async deliver(_, entries) {
      batches.push(entries.length)
      await before()
      return entries.map((entry, at) => {
        const error = decide(entry, at)
        if (!error) taken.set(entry.subLane!, [...(taken.get(entry.subLane!) ?? []), Number(entry.payload)])
        return error
      })
    },
  }
  return {
    delivery,
    taken,
    batches,
    decide: (how: typeof decide) => void (decide = how),
    before: (how: typeof before) => void (before = how),
  }
}

const selectEntry = statement<{ id: number }>('select id from outbox where id = $1')

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)

async function fill({ app }: World, lane: string, subLanes: readonly string[], count: number, from = 0) {
  await app.db.transaction(async tx => {
    for (const number of numbers(count, from))
      for (const subLane of subLanes) await appendInOrder(tx, lane, subLane, String(number), Date.now())
  })
}

const entriesOf = async ({ app }: World, lane: string) => (await outboxFigures(app.db)).find(each => each.lane === lane)?.entries ?? 0

const isEmpty = async (world: World, lane: string) => until(async () => (await entriesOf(world, lane)) === 0)

/** Without duplicates: the first of each. */
const once = (taken: readonly number[] | undefined) => [...new Set(taken)]

onBothDatabases('Lanes that keep an order', world => {
  test('deliver each sub-lane in order through failures of entries, of batches and of the destination', async () => {
    const lane = newLane()
    const target = destination()
    const subLanes = numbers(7).map(String)
    let calls = 0
    target.before(async () => {
      // Every seventh call is lost, answered or not.
      if (++calls % 7 === 0) throw new Error('cut')
    })
    target.decide((entry, at) => ((entry.id + calls + at) % 5 === 0 ? new Error('throttled') : undefined))
    await fill(world(), lane, subLanes, 8)
    runner(world(), { ordered: target.delivery })
    await isEmpty(world(), lane)
    for (const subLane of subLanes) expect(target.taken.get(subLane)).toEqual(numbers(8))
    expect(Math.max(...target.batches)).toBeLessThanOrEqual(subLanes.length)
  })

  test('store an entry as dead that the destination refuses for good, and continue after it', async () => {
    const lane = newLane()
    const target = destination()
    target.decide(({ payload, subLane }) => (payload === '1' && subLane === 'a' ? new Refused('too large') : undefined))
    await fill(world(), lane, ['a', 'b'], 3)
    const { metrics } = runner(world(), { ordered: target.delivery })
    await isEmpty(world(), lane)
    expect(Object.fromEntries(target.taken)).toEqual({ a: [0, 2], b: [0, 1, 2] })
    const dead = (await deadAfter(world().app.db, 0, 1000)).filter(entry => entry.lane === lane)
    expect(dead).toMatchObject([{ subLane: 'a', payload: '1', error: 'too large' }])
    const [, name] = lane.split(' ')
    expect((await metrics.outboxFailed.get()).values).toMatchObject([{ value: 1, labels: { kind: 'ordered', destination: name } }])
    const states = (await laneStates(world().app.db)).filter(state => state.lane === lane)
    expect(states).toMatchObject([{ error: 'too large', deliveredAt: expect.any(Number) as number }])
  })

  test('send whole batches of one sub-lane where the destination takes all or nothing', async () => {
    const lane = newLane()
    const target = destination({ isOneOfEachSubLane: false })
    await fill(world(), lane, ['a'], 25)
    runner(world(), { ordered: target.delivery })
    await isEmpty(world(), lane)
    expect([target.taken.get('a'), target.batches]).toEqual([numbers(25), [10, 10, 5]])
  })

  test('whose destination is down delay no other lane, try one entry at a time, and deliver all once it is up', async () => {
    const [down, up] = [newLane(), newLane()]
    const [silent, target] = [destination(), destination()]
    let isDown = true
    silent.before(async () => {
      if (isDown) throw new Error('down')
    })
    const delivery: OrderedDelivery = {
      ...target.delivery,
      deliver: async (name, entries, signal) => (down.endsWith(name) ? silent : target).delivery.deliver(name, entries, signal),
    }
    await fill(world(), down, ['a', 'b'], 400)
    const { runner: started } = runner(world(), { ordered: delivery })
    await until(() => silent.batches.length >= 2)
    await fill(world(), up, ['a'], 5)
    started.soon(up)
    await isEmpty(world(), up)
    expect(target.taken.get('a')).toEqual(numbers(5))
    expect([silent.taken.size, await entriesOf(world(), down), new Set(silent.batches.slice(1))]).toEqual([0, 800, new Set([1])])
    isDown = false
    await isEmpty(world(), down)
    for (const subLane of ['a', 'b']) expect(silent.taken.get(subLane)).toEqual(numbers(400))
  })

  test('whose destination is too slow for many entries at once deliver more than one for each batch that fails', async () => {
    const lane = newLane()
    const target = destination({ entries: 100, isOneOfEachSubLane: false })
    let failed = 0
    // In place of the five seconds of an attempt.
    target.before(async () => {
      if (target.batches.at(-1)! <= 20) return
      failed++
      throw new Error('it has not answered in time')
    })
    await fill(world(), lane, ['a'], 300)
    runner(world(), { ordered: target.delivery })
    await isEmpty(world(), lane)
    expect(target.taken.get('a')).toEqual(numbers(300))
    // Batches of 1, 2, 4, 8 and 16 entries for each that fails.
    expect(failed).toBeLessThanOrEqual(11)
  })

  test('with long entries have some megabytes of them in memory, and deliver all of them', async () => {
    const { db } = world().app
    const lane = newLane()
    const long = 'x'.repeat(256 * 1024)
    await db.transaction(async tx => {
      for (const number of numbers(150)) await appendInOrder(tx, lane, 'a', `${number} ${long}`, Date.now())
    })
    let most = 0
    const all = vi.spyOn(db, 'all')
    onTestFinished(() => all.mockRestore())
    const sent: number[] = []
    const delivery: OrderedDelivery = {
      isOrdered: true,
      batch: () => ({ entries: 100, bytes: 1024 * 1024, isOneOfEachSubLane: false }),
      async deliver(_, entries) {
        for (const { value } of all.mock.settledResults as { value: Partial<OutboxEntry>[] }[]) {
          const bytes = value.reduce((sum, { payload = '' }) => sum + payload.length, 0)
          most = Math.max(most, bytes)
        }
        sent.push(...entries.map(({ payload }) => Number(payload.split(' ')[0])))
        return entries.map(takeAll)
      },
    }
    runner(world(), { ordered: delivery })
    await isEmpty(world(), lane)
    expect(sent).toEqual(numbers(150))
    expect(most / 2 ** 20).toBeGreaterThan(8)
    expect(most / 2 ** 20).toBeLessThan(17)
  })

  test('are worked on by one node at a time, and by another one after that has stopped', async () => {
    const lane = newLane()
    const target = destination()
    let [atOnce, most] = [0, 0]
    target.before(async () => {
      most = Math.max(most, ++atOnce)
      await setTimeout(5)
      atOnce--
    })
    await fill(world(), lane, ['a', 'b'], 50)
    const first = runner(world(), { ordered: target.delivery })
    runner(world(), { ordered: target.delivery })
    await until(() => (target.taken.get('a')?.length ?? 0) > 5)
    await first.runner.stop()
    await isEmpty(world(), lane)
    expect(most).toBe(1)
    for (const subLane of ['a', 'b']) expect(once(target.taken.get(subLane))).toEqual(numbers(50))
  })

  test('are left by a node that may count as dead, and by its delivery in flight, and taken over at once when it does', async () => {
    const lane = newLane()
    await fill(world(), lane, ['a'], 20)
    const [dead, living] = [destination({ entries: 1 }), destination({ entries: 1 })]
    let [begun, brokenOff] = [0, 0]
    const hanging: OrderedDelivery = {
      ...dead.delivery,
      async deliver(...asked) {
        if (dead.batches.length < 3) return dead.delivery.deliver(...asked)
        begun++
        await setTimeout(60_000, undefined, { signal: asked[2] }).finally(() => brokenOff++)
        return []
      },
    }
    const first = runner(world(), { ordered: hanging })
    first.aliveness.extend(performance.now() + 60_000)
    await until(() => begun === 1)
    runner(world(), { ordered: living.delivery })
    const start = performance.now()
    first.aliveness.extend(start + 100)
    await until(() => brokenOff === 1)
    // Earlier than the five seconds that a delivery may take.
    expect(performance.now() - start).toBeLessThan(4000)
    // The lease of the first node would last for ten more seconds.
    expect(living.batches).toEqual([])
    await world().app.db.transaction(tx => releaseLeasesOf(tx, first.nodeId, Date.now()))
    // The node was frozen or slow, and is there again.
    living.before(async () => setTimeout(100))
    await until(() => living.batches.length > 0, 9000)
    first.aliveness.extend(performance.now() + 60_000)
    await isEmpty(world(), lane)
    expect([dead.taken.get('a'), begun, living.taken.get('a')]).toEqual([[0, 1, 2], 1, numbers(20).slice(living.taken.get('a')![0])])
  })

  test('are not stuck while the pause lasts that their destination has asked for, but some time after its end', async () => {
    const { db } = world().app
    for (const [lane, at] of [
      [newLane('unknown'), 0],
      [newLane('unknown'), 1000],
    ] as const) {
      const subLane = at === 0 ? 'a' : null
      await db.transaction(async tx => {
        if (subLane === null) await appendToOutbox(tx, lane, 'x', at)
        else await appendInOrder(tx, lane, subLane, 'x', at)
        await markPaused(tx, lane, 600_000, 'too busy')
      })
      const stuck = async (now: number) => (await longestDue(db, now, 60_000)).filter(each => each.lane === lane)
      expect([await stuck(659_999), await stuck(670_000)]).toEqual([[], [{ lane, milliseconds: 70_000 }]])
      const figures = async (now: number) => (await laneFigures(db, now)).find(each => each.lane === lane)
      expect(await figures(500_000)).toMatchObject({ overdueSeconds: 0, pause: { until: 600_000, why: 'too busy' } })
      expect(await figures(601_000)).toMatchObject({ overdueSeconds: 1, pause: undefined })
      await db.transaction(async tx => emptyLane(tx, lane, 1))
    }
  })

  test('each get their turn, also where more of them are busy than are worked on at once', async () => {
    const busy = numbers(64).map(() => newLane())
    const last = newLane()
    const [many, one] = [destination({ entries: 1 }), destination()]
    const delivery: OrderedDelivery = {
      ...many.delivery,
      deliver: async (name, entries, signal) => (last.endsWith(` ${name}`) ? one : many).delivery.deliver(name, entries, signal),
    }
    for (const lane of busy) await fill(world(), lane, ['a'], 100)
    let isHeld = true
    many.before(async () => {
      await until(() => !isHeld)
      // A real destination takes at least a turn of the event loop.
      await setImmediate()
    })
    const { runner: started } = runner(world(), { ordered: delivery })
    await until(() => many.batches.length === 64)
    await fill(world(), last, ['a'], 1)
    started.soon(last)
    const turn = Promise.withResolvers<number>()
    one.before(async () => turn.resolve(many.batches.length))
    isHeld = false
    expect(await turn.promise).toBeLessThan(64 * 90)
    await started.stop()
    await world().app.db.transaction(async tx => {
      for (const lane of busy) await emptyLane(tx, lane, 1000)
    })
  })

  test('show a delivery as soon as one succeeds again', async () => {
    const lane = newLane()
    const target = destination()
    const { runner: started } = runner(world(), { ordered: target.delivery })
    const state = async () => (await laneStates(world().app.db)).find(each => each.lane === lane)
    await fill(world(), lane, ['a'], 1)
    started.soon(lane)
    await until(async () => typeof (await state())?.deliveredAt === 'number')
    let isDown = true
    target.before(async () => {
      if (isDown) throw new Error('down')
    })
    await fill(world(), lane, ['a'], 1, 1)
    started.soon(lane)
    await until(async () => (await state())?.error === 'down')
    isDown = false
    await isEmpty(world(), lane)
    const { deliveredAt, failedAt } = (await state())!
    expect(deliveredAt).toBeGreaterThanOrEqual(failedAt!)
  })

  test('do not wait for the database between batches, and remove what was delivered before the destination went down', async () => {
    const lane = newLane()
    const target = destination({ entries: 1 })
    const left: number[] = []
    let isDown = false
    target.before(async () => {
      if (isDown) throw new Error('down')
      left.push(await entriesOf(world(), lane))
      isDown = left.length === 8
    })
    await fill(world(), lane, ['a'], 20)
    // Outcomes are stored by the clock.
    const now = performance.now()
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
    onTestFinished(() => clock.mockRestore())
    runner(world(), { ordered: target.delivery })
    await until(async () => (await entriesOf(world(), lane)) === 12)
    expect([left, target.taken.get('a')]).toEqual([Array(8).fill(20), numbers(8)])
    await world().app.db.transaction(async tx => emptyLane(tx, lane, 1000))
  })

  test('deliver entries that arrive while others are delivered', async () => {
    const lane = newLane()
    const target = destination()
    const { runner: started } = runner(world(), { ordered: target.delivery })
    for (const number of numbers(20)) {
      await fill(world(), lane, ['a'], 1, number)
      started.soon(lane)
      await setTimeout(number % 3)
    }
    await until(() => target.taken.get('a')?.length === 20)
    expect(target.taken.get('a')).toEqual(numbers(20))
  })
})

onBothDatabases('Lanes whose entries are delivered one by one', world => {
  const fillSingle = async (lane: string, count: number) =>
    world().app.db.transaction(async tx => {
      for (const number of numbers(count)) await appendToOutbox(tx, lane, number, Date.now())
    })

  test('whose destination does not answer leave room for other lanes, and have at most 32 entries in flight', async () => {
    const silent = numbers(20).map(() => newLane('single'))
    const other = newLane('single')
    const inFlight = new Map<string, number>()
    let most = 0
    let delivered = 0
    const delivery: Delivery = {
      isOrdered: false,
      attempts: 1000,
      async deliver({ lane }, signal) {
        if (lane === other) return void delivered++
        const count = (inFlight.get(lane) ?? 0) + 1
        inFlight.set(lane, count)
        most = Math.max(most, count)
        try {
          await setTimeout(60_000, undefined, { signal })
        } finally {
          inFlight.set(lane, inFlight.get(lane)! - 1)
        }
        return undefined
      },
    }
    for (const lane of silent) await fillSingle(lane, 50)
    const { runner: started } = runner(world(), { single: delivery })
    await until(() => inFlight.size === silent.length)
    await fillSingle(other, 20)
    started.soon(other)
    await until(() => delivered === 20)
    expect(most).toBe(32)
  })

  test('of a kind that may not take all places leave room for other lanes, however many lanes it has', async () => {
    const slow = numbers(60).map(() => newLane('slow'))
    const other = newLane('single')
    let [inFlight, most, delivered] = [0, 0, 0]
    const never: Delivery = {
      isOrdered: false,
      attempts: 1000,
      inAllAtMost: 256,
      async deliver(_, signal) {
        most = Math.max(most, ++inFlight)
        await setTimeout(60_000, undefined, { signal }).finally(() => inFlight--)
        return undefined
      },
    }
    const quick: Delivery = {
      isOrdered: false,
      attempts: 1,
      deliver: async ({ lane }) => {
        if (lane === other) delivered++
        return undefined
      },
    }
    for (const lane of slow) await fillSingle(lane, 40)
    const { runner: started } = runner(world(), { slow: never, single: quick })
    await until(() => inFlight > 200)
    await fillSingle(other, 20)
    started.soon(other)
    await until(() => delivered === 20)
    expect(most).toBeLessThanOrEqual(256)
  })

  test('are taken over from a node that counts as dead, whose outcomes then change nothing', async () => {
    const [lane, other] = [newLane('taken'), newLane('taken')]
    const { db } = world().app
    await fillSingle(lane, 2)
    const leased = await db.transaction(tx => leaseFromOutbox(tx, lane, Date.now(), Date.now() + 3_600_000, 2, 'dead'))
    const attempts: number[] = []
    const removed: boolean[] = []
    const delivery: Delivery = {
      isOrdered: false,
      attempts: 5,
      async deliver(entry) {
        if (entry.lane === other) return
        attempts.push(entry.attempts)
        // The node that was dead is there again, and reports what it has delivered.
        const old = leased.find(({ id }) => id === entry.id)!
        removed.push(await db.transaction(tx => removeFromOutbox(tx, old)))
      },
    }
    runner(world(), { taken: delivery })
    // Each of these is found by a look at the lanes that began after the last one's.
    for (let looks = 0; looks < 2; looks++) {
      await fillSingle(other, 1)
      await isEmpty(world(), other)
    }
    expect(attempts).toEqual([])
    await db.transaction(tx => releaseLeasesOf(tx, 'dead', Date.now()))
    await isEmpty(world(), lane)
    expect([attempts, removed]).toEqual([
      [2, 2],
      [false, false],
    ])
  })

  test('remove an entry in the transaction of what follows from its delivery, so that neither is without the other', async () => {
    const [lane, other] = [newLane('followed'), newLane('follows')]
    const isThere: boolean[] = []
    let delivered = 0
    const delivery: Delivery = {
      isOrdered: false,
      attempts: 5,
      async deliver({ id }) {
        delivered++
        return async tx => {
          isThere.push((await tx.get(selectEntry, id)) !== undefined)
          await appendToOutbox(tx, other, 'reply', Date.now())
          if (isThere.length === 1) throw new Error('the database has failed')
        }
      },
    }
    await fillSingle(lane, 1)
    runner(world(), { followed: delivery })
    await isEmpty(world(), lane)
    expect([delivered, isThere, await entriesOf(world(), other)]).toEqual([2, [false, false], 1])
    await world().app.db.transaction(async tx => emptyLane(tx, other, 1))
  })

  test('store an entry as dead that is given up where nothing else follows from it', async () => {
    const lane = newLane('single')
    const delivery: Delivery = {
      isOrdered: false,
      attempts: 2,
      deliver: async ({ payload }) => {
        if (payload === '1') throw new Refused('no such device')
        if (payload === '2') throw new Error('not now')
      },
    }
    await fillSingle(lane, 3)
    runner(world(), { single: delivery })
    await isEmpty(world(), lane)
    const dead = (await deadAfter(world().app.db, 0, 1000)).filter(entry => entry.lane === lane)
    expect(dead.map(({ payload, attempts, error }) => [payload, attempts, error])).toEqual([
      ['1', 1, 'no such device'],
      ['2', 2, 'not now'],
    ])
  })
})

onBothDatabases('Lanes without an order', world => {
  test('do not let a node give up an entry whose lease is over: another node has it', async () => {
    const lane = newLane('single')
    const { db } = world().app
    await db.transaction(async tx => appendToOutbox(tx, lane, 'x', 0))
    const [before] = await db.transaction(async tx => leaseFromOutbox(tx, lane, 1, 2, 10, 'one'))
    const [after] = await db.transaction(async tx => leaseFromOutbox(tx, lane, 3, Number.MAX_SAFE_INTEGER, 10, 'other'))
    expect([before!.attempts, after!.attempts]).toEqual([1, 2])
    const dead = async () => (await deadAfter(db, 0, 1000)).filter(entry => entry.lane === lane).length
    await db.transaction(async tx => moveToDead(tx, before!, 4, 'late'))
    expect([await dead(), await entriesOf(world(), lane)]).toEqual([0, 1])
    await db.transaction(async tx => moveToDead(tx, after!, 5, 'in time'))
    expect([await dead(), await entriesOf(world(), lane)]).toEqual([1, 0])
  })

  test('let a node that stops in the middle of a busy lane end, and leave the rest due', async () => {
    const lane = newLane('single')
    await world().app.db.transaction(async tx => {
      for (const number of numbers(2000)) await appendToOutbox(tx, lane, String(number), Date.now())
    })
    let delivered = 0
    const delivery: Delivery = {
      isOrdered: false,
      attempts: 3,
      deliver: async () => void delivered++,
    }
    const { runner: started } = runner(world(), { single: delivery })
    await until(() => delivered >= 100)
    await started.stop()
    const left = await entriesOf(world(), lane)
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(1900)
    runner(world(), { single: delivery })
    await isEmpty(world(), lane)
  })
})
