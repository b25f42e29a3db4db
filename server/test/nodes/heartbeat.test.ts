import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { keepAlive } from '../../src/nodes/heartbeat.ts'
import { createLog } from '../../src/observe/log.ts'
import { readConfig } from '../../src/settings/config.ts'
import { beatOf } from '../../src/store/nodes.ts'
import { appendToOutbox, leaseFromOutbox, outboxFigures } from '../../src/store/outbox.ts'
import { holdLane } from '../../src/store/outbox-lanes.ts'
import { Aliveness } from '../../src/tools/aliveness.ts'
import { until } from '../support/processor.ts'
import { createPostgresDatabase } from '../support/world.ts'

const log = createLog('fatal')
const grow = statement(`update nodes set seen_at = seen_at - $2 where id = $1`)
const forget = statement(`delete from nodes where id = $1`)

const nodeOf = (id: string) => ({ id, name: id, bus: null })

async function openWithLeases() {
  const config = readConfig({ databaseUrl: await createPostgresDatabase({ made: true }) }, {})
  const db = await openDatabase(config, { log, follow: () => {} })
  onTestFinished(() => db.close())
  const later = Date.now() + 3_600_000
  await beatOf(db, nodeOf('other'))
  await db.transaction(async tx => {
    await holdLane(tx, 'ordered x', Date.now(), later, 'other')
    for (const payload of ['a', 'b']) await appendToOutbox(tx, 'single x', payload, Date.now())
    await leaseFromOutbox(tx, 'single x', Date.now(), later, 1, 'other')
  })
  const aliveness = new Aliveness()
  const stop = await keepAlive(nodeOf('own'), { db, now: Date.now, log, aliveness })
  onTestFinished(stop)
  const isFree = async () => {
    const [{ nextAt } = { nextAt: 0 }] = await outboxFigures(db)
    const isLaneFree = await db.transaction(tx => holdLane(tx, 'ordered x', Date.now(), Date.now() + 1, 'own'))
    return [isLaneFree, (await db.all(leased)).length === 0, nextAt <= Date.now()]
  }
  return { db, aliveness, isFree }
}

const leased = statement<{ id: number }>('select id from outbox where leased_by is not null')

test('the leases of a node end for the others once it has not updated its heartbeat for five seconds, and not earlier', async () => {
  const { db, isFree } = await openWithLeases()
  await db.run(grow, 'other', 1000)
  await setTimeout(1500)
  expect(await isFree()).toEqual([false, false, true])
  await db.run(grow, 'other', 10_000)
  await until(async () => (await isFree()).every(Boolean), 5000)
})

test('the leases of a node of which the database knows nothing, as after a crash of PostgreSQL, end by their time only', async () => {
  const { db, isFree } = await openWithLeases()
  await db.run(forget, 'other')
  await setTimeout(2500)
  expect(await isFree()).toEqual([false, false, true])
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
