import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { keepAlive } from '../../src/nodes/heartbeat.ts'
import { createLog } from '../../src/observe/log.ts'
import { readConfig } from '../../src/settings/config.ts'
import { beatOf } from '../../src/store/nodes.ts'
import { appendToOutbox, leaseFromOutbox } from '../../src/store/outbox.ts'
import { holdLane } from '../../src/store/outbox-lanes.ts'
import { Aliveness } from '../../src/tools/aliveness.ts'
import { until } from '../support/processor.ts'
import { createPostgresDatabase } from '../support/world.ts'

const grow = statement(`update nodes set seen_at = seen_at - $2 where id = $1`)
const leaseAsOlder = statement(`update outbox_lanes set leased_until = $2 where lane = $1`)
const ownSeen = statement<{ at: number }>(`select seen_at as at from nodes where id = 'own'`)
const forget = statement(`delete from nodes where id = $1`)

const nodeOf = (id: string) => ({ id, name: id, bus: null })

async function openWithLeases() {
  const databaseUrl = await createPostgresDatabase({ made: true })
  const config = readConfig({ databaseUrl }, {})
  const warnings: string[] = []
  const log = Object.assign(createLog('fatal'), { warn: (_: object, text: string) => warnings.push(text) })
  const db = await openDatabase(config, { log, follow: () => {} })
  onTestFinished(() => db.close())
  const later = Date.now() + 3_600_000
  await beatOf(db, nodeOf('other'))
  await db.transaction(async tx => {
    await holdLane(tx, 'ordered x', Date.now(), { nodeId: 'other', until: later })
    for (const payload of ['a', 'b']) await appendToOutbox(tx, 'single x', payload, Date.now())
    await leaseFromOutbox(tx, 'single x', Date.now(), later, 1, 'other')
  })
  const aliveness = new Aliveness()
  const stop = await keepAlive(nodeOf('own'), { db, now: Date.now, log, aliveness })
  onTestFinished(stop)
  const isFree = async () => {
    const isLaneFree = await db.transaction(tx => holdLane(tx, 'ordered x', Date.now(), { nodeId: 'own', until: Date.now() + 1 }))
    return [isLaneFree, (await db.all(leased)).length === 0, (await db.get(lastDue))!.at <= Date.now()]
  }
  return { db, databaseUrl, warnings, aliveness, isFree }
}

const leased = statement<{ id: number }>('select id from outbox where leased_by is not null')
const lastDue = statement<{ at: number }>('select max(next_at) as at from outbox')

test('the leases of a node end for the others once it has not updated its heartbeat for five seconds, and not earlier', async () => {
  const { db, isFree } = await openWithLeases()
  await db.run(grow, 'other', 2500)
  await setTimeout(1500)
  expect(await isFree()).toEqual([false, false, false])
  await db.run(grow, 'other', 1000)
  await until(async () => (await isFree()).every(Boolean), 2500)
})

test('a heartbeat does not wait for the deliveries that it takes over', async () => {
  const { db, databaseUrl, warnings, aliveness, isFree } = await openWithLeases()
  const { signal } = aliveness
  const holder = new Client(databaseUrl)
  await holder.connect()
  await holder.query('begin; update outbox set payload = payload; update outbox_lanes set lane = lane')
  await db.run(grow, 'other', 10_000)
  const cannotLook = 'This node cannot look for nodes that have died; it tries again every second'
  const seenAt: number[] = []
  await until(async () => {
    const { at } = (await db.get(ownSeen))!
    if (at !== seenAt.at(-1)) seenAt.push(at)
    return warnings.length > 0
  }, 10_000)
  expect([warnings, signal.aborted]).toEqual([[cannotLook], false])
  const pauses = seenAt.slice(1).map((at, index) => at - seenAt[index]!)
  expect(Math.max(...pauses)).toBeLessThan(1900)
  await holder.end()
  await until(async () => (await isFree()).every(Boolean), 10_000)
  expect([aliveness.signal === signal, signal.aborted]).toEqual([true, false])
})

test('a node does not take a lane that a node of an older Carillon, which writes no name, has leased since', async () => {
  const { db } = await openWithLeases()
  const hold = async (until: number, mine?: number) =>
    db.transaction(tx => holdLane(tx, 'ordered y', Date.now(), { nodeId: 'own', until }, mine))
  const ended = Date.now() + 1
  expect(await hold(ended)).toBe(true)
  await db.run(leaseAsOlder, 'ordered y', Date.now() + 60_000)
  expect([await hold(Date.now() + 60_000, ended), await hold(Date.now() + 60_000)]).toEqual([false, false])
})

test('the leases of a node of which the database knows nothing, as after a crash of PostgreSQL, end by their time only', async () => {
  const { db, isFree } = await openWithLeases()
  await db.run(forget, 'other')
  await setTimeout(2500)
  expect(await isFree()).toEqual([false, false, false])
})

test('a node stops its deliveries before the others may take them over, if the database does not accept its heartbeats', async () => {
  const { db, aliveness } = await openWithLeases()
  const { signal } = aliveness
  await setTimeout(2000)
  expect([signal.aborted, aliveness.signal === signal]).toEqual([false, true])
  const start = performance.now()
  await db.run(statement('alter table nodes rename to away'))
  await until(() => signal.aborted, 10_000)
  const stoppedAfter = performance.now() - start
  expect(stoppedAfter).toBeGreaterThan(2900)
  expect(stoppedAfter).toBeLessThan(4500)
  await db.run(statement('alter table away rename to nodes'))
  await until(() => !aliveness.signal.aborted)
  expect(signal.aborted).toBe(true)
})
