import { once } from 'node:events'
import { Client } from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { statement, type Database } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { schedule } from '../../src/jobs/schedule.ts'
import { keepAlive } from '../../src/nodes/heartbeat.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { readConfig } from '../../src/settings/config.ts'
import { statementTime } from '../../src/store/clock.ts'
import { buryIdentity, findIdentity } from '../../src/store/identities.ts'
import { holdJob } from '../../src/store/leases.ts'
import { beatOf } from '../../src/store/nodes.ts'
import { appendToOutbox, leaseFromOutbox } from '../../src/store/outbox.ts'
import { holdLane } from '../../src/store/outbox-lanes.ts'
import { Aliveness } from '../../src/tools/aliveness.ts'
import { keyVariables, rootKey, serve } from '../support/process.ts'
import { until } from '../support/processor.ts'
import { clientsOf, createPostgresDatabase, makersOf } from '../support/world.ts'

const grow = statement(`update nodes set seen_at = seen_at - $2 where id = $1`)
const leaseAsOlder = statement(`update outbox_lanes set leased_until = $2 where lane = $1`)
const ownSeen = statement<{ at: number }>(`select seen_at as at from nodes where id = 'own'`)
const lastSeen = statement<{ at: number }>(`select seen_at as at from away where id = 'own'`)
const ageOfOther = statement<{ age: number }>(`select ${statementTime} - seen_at as age from nodes where id = 'other'`)
const lockWait = statement<{ since: string }>(`
  select cast(query_start as text) as since from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
const purgeLease = statement<{ at: number }>(`select until as at from job_leases where name = 'purge'`)
const purgedAt = statement<{ at: number | null }>(`select purged_at as at from identities where id = $1`)
const forget = statement(`delete from nodes where id = $1`)

const nodeOf = (id: string) => ({ id, name: id, bus: null })

async function openWithLeases(takeOver = () => {}) {
  const databaseUrl = await createPostgresDatabase({ made: true })
  const config = readConfig({ databaseUrl }, {})
  const warnings: string[] = []
  const infos: string[] = []
  const log = Object.assign(createLog('fatal'), {
    warn: (_: object, text: string) => warnings.push(text),
    info: (_: object, text: string) => infos.push(text),
  })
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
  const stop = await keepAlive(nodeOf('own'), { db, now: Date.now, log, aliveness, takeOver })
  onTestFinished(stop)
  const isFree = async () => {
    const isLaneFree = await db.transaction(tx => holdLane(tx, 'ordered x', Date.now(), { nodeId: 'own', until: Date.now() + 1 }))
    return [isLaneFree, (await db.all(leased)).length === 0, (await db.get(lastDue))!.at <= Date.now()]
  }
  return { db, databaseUrl, log, warnings, infos, aliveness, isFree }
}

/** Resolves once the node has updated its heartbeat so many times: it looks for dead nodes as often. */
async function beats(db: Database, times: number) {
  for (let left = times; left > 0; left--) {
    const { at } = (await db.get(ownSeen))!
    await until(async () => (await db.get(ownSeen))!.at !== at)
  }
}

const leased = statement<{ id: number }>('select id from outbox where leased_by is not null')
const lastDue = statement<{ at: number }>('select max(next_at) as at from outbox')

test('the leases of a node end for the others once it has not updated its heartbeat for five seconds, and not earlier', async () => {
  const { db, isFree } = await openWithLeases()
  await db.run(grow, 'other', 2000)
  const { age } = await until(async () => ((await isFree()).some(Boolean) ? db.get(ageOfOther) : undefined))
  expect(age).toBeGreaterThanOrEqual(5000)
  expect(age).toBeLessThan(10_000)
  await until(async () => (await isFree()).every(Boolean))
})

test('jobs whose lease a dead node holds run on another one, and so do those that continue what it has begun', async () => {
  const ran: string[] = []
  let schedules: ReturnType<typeof schedule> | undefined
  const { db, log } = await openWithLeases(() => schedules?.takeOver())
  await beatOf(db, nodeOf('living'))
  // Both have just updated their heartbeats, however long the test takes.
  for (const each of ['living', 'other']) await db.run(grow, each, -600_000)
  const jobs = [
    { name: 'of the dead one', holder: 'other' },
    { name: 'of a living one', holder: 'living' },
    { name: 'continued', holder: 'living', continues: true },
  ]
  const hour = 3_600_000
  for (const { name, holder } of jobs) expect(await holdJob(db, name, Date.now(), Date.now() + hour, holder)).toBe(true)
  const scheduled = jobs.map(job => ({ ...job, everySeconds: 3600, run: async () => void ran.push(job.name) }))
  schedules = schedule(scheduled, { db, now: Date.now, log, metrics: createMetrics(), nodeId: 'own' })
  onTestFinished(schedules.stop)
  await beats(db, 2)
  expect(ran).toEqual([])
  await db.run(grow, 'other', 610_000)
  await until(() => ran.length > 1)
  await beats(db, 2)
  expect(ran.toSorted()).toEqual(['continued', 'of the dead one'])
})

test('a job that the stop of a node has interrupted continues on another node within seconds', async () => {
  const ran: string[] = []
  let schedules: ReturnType<typeof schedule> | undefined
  const { db, log, aliveness } = await openWithLeases(() => schedules?.takeOver())
  const job = (nodeId: string) => ({
    name: 'long',
    everySeconds: 3600,
    run: async (stopping?: AbortSignal) => {
      ran.push(nodeId)
      await once(stopping!, 'abort')
    },
  })
  const on = (nodeId: string) => schedule([job(nodeId)], { db, now: Date.now, log, metrics: createMetrics(), nodeId })
  const stopBeating = await keepAlive(nodeOf('stopped'), { db, now: Date.now, log, aliveness, takeOver: () => {} })
  const stopped = on('stopped')
  await until(() => ran.length > 0)
  schedules = on('own')
  onTestFinished(schedules.stop)
  await beats(db, 2)
  expect(ran).toEqual(['stopped'])
  await stopped.stop()
  await stopBeating()
  await until(() => ran.length > 1)
  expect(ran).toEqual(['stopped', 'own'])
})

test('what a killed node has not purged is purged by another node within seconds, although the job has just run', async () => {
  const databaseUrl = await createPostgresDatabase({ made: true })
  const db = await openDatabase(readConfig({ databaseUrl }, {}), { log: createLog('fatal'), follow: () => {} })
  onTestFinished(() => db.close())
  const [killed, other] = [0, 1].map(() => serve(['--port', '0', '--database-url', databaseUrl], { env: keyVariables }))
  const { identity, messaging } = clientsOf({ url: await killed!.url(), rootKey })
  onTestFinished(() => [identity, messaging].forEach(client => client.destroy()))
  await other!.url()
  const { arn } = await makersOf(identity).appInstance(['bob'])
  const { id } = (await findIdentity(db, { appInstanceArn: arn, kind: 'user', id: 'bob' }))!
  await until(async () => (await db.get(purgeLease))!.at > Date.now())
  await db.run(statement('update job_leases set until = until + 3600000'))
  killed!.kill('SIGKILL')
  await db.transaction(tx => buryIdentity(tx, id, Date.now()))
  await expect.poll(async () => (await db.get(purgedAt, id))!.at).not.toBeNull()
})

test('a heartbeat does not wait for the deliveries that it takes over', async () => {
  const { db, databaseUrl, warnings, aliveness, isFree } = await openWithLeases()
  const { signal } = aliveness
  const holder = new Client(databaseUrl)
  await holder.connect()
  await holder.query('begin; update outbox set payload = payload; update outbox_lanes set lane = lane')
  await db.run(grow, 'other', 10_000)
  let begun: { since: string; at: number } | undefined
  await until(async () => {
    const { at } = (await db.get(ownSeen))!
    const waiting = await db.get(lockWait)
    if (waiting?.since !== begun?.since) begun = waiting && { ...waiting, at }
    // Whether there was another heartbeat while this statement waited.
    return begun && begun.at !== at
  })
  await until(() => warnings.length > 0)
  const cannotLook = 'This node cannot look for nodes that have died; it tries again every second'
  expect([warnings, signal.aborted]).toEqual([[cannotLook], false])
  await holder.end()
  await until(async () => (await isFree()).every(Boolean))
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
  await beats(db, 3)
  expect(await isFree()).toEqual([false, false, false])
})

test('a node stops its deliveries before the others may take them over, if the database does not accept its heartbeats', async () => {
  const { db, infos, aliveness } = await openWithLeases()
  const { signal } = aliveness
  const extended = vi.spyOn(aliveness, 'extend')
  await beats(db, 2)
  expect([signal.aborted, aliveness.signal === signal]).toEqual([false, true])
  await db.run(statement('alter table nodes rename to away'))
  await until(() => signal.aborted)
  const [end] = extended.mock.lastCall!
  expect(performance.now()).toBeGreaterThanOrEqual(end)
  const { at } = (await db.get(lastSeen))!
  // The others count it as dead after five seconds, and it has half a second to end its deliveries.
  const alive = performance.timeOrigin + end - at
  expect(alive).toBeLessThan(4200)
  expect(alive).toBeGreaterThan(2000)
  await db.run(statement('alter table away rename to nodes'))
  await until(() => !aliveness.signal.aborted)
  expect(signal.aborted).toBe(true)
  expect(infos).toEqual(['This node updates its heartbeat again'])
})
