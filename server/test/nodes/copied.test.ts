import { Client } from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { copyOf } from '../../../bench/support/postgres-client.ts'
import { statement } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { busNameOf, presentBusName } from '../../src/nodes/bus-name.ts'
import { subjectsFor } from '../../src/nodes/open-nats-bus.ts'
import { createLog } from '../../src/observe/log.ts'
import { readConfig } from '../../src/settings/config.ts'
import { beatOf, livingNodes, removeNode } from '../../src/store/nodes.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { main, run, safeKeyVariables } from '../support/process.ts'
import { repeatedly } from '../support/repeatedly.ts'
import { Seam } from '../support/seam.ts'
import { createPostgresDatabase, startWorld } from '../support/world.ts'

const log = createLog('fatal')

async function startNode(databaseUrl: string, natsUrl: string) {
  const node = await startWorld('postgres', { databaseUrl, natsUrl })
  onTestFinished(() => node.close())
  return node
}

/** A node on a database of its own, and the subject of the roll call there. */
async function startOriginal() {
  const { url } = await startNats()
  const databaseUrl = await createPostgresDatabase({ made: true })
  const first = await startWorld('postgres', { databaseUrl, natsUrl: url })
  const { rollCall } = await subjectsFor(first.app.db, log)
  return { url, databaseUrl, first, rollCall }
}

const nameOfCopy = (databaseUrl: string) => `${new URL(databaseUrl).pathname.slice(1)}_copy`

/** Two nodes that start on that copy at once have the same subjects, and not those of the original. */
async function expectOtherSubjects(copy: string, natsUrl: string, ofOriginal: string) {
  const copied = await Promise.all([startNode(copy, natsUrl), startNode(copy, natsUrl)])
  const [one, other] = await Promise.all(copied.map(async ({ app }) => (await subjectsFor(app.db, log)).rollCall))
  expect(one).not.toBe(ofOriginal)
  expect(other).toBe(one)
}

test.skipIf(!hasNats)(
  'nodes on a restored copy of a database get other subjects than those on the original, over the same NATS',
  async () => {
    const { url, databaseUrl, first, rollCall } = await startOriginal()
    await first.close()
    const copy = await copyOf(databaseUrl, nameOfCopy(databaseUrl))
    const original = await startNode(databaseUrl, url)
    await expectOtherSubjects(copy, url, rollCall)
    expect((await subjectsFor(original.app.db, log)).rollCall).toBe(rollCall)
  },
)

test.skipIf(!hasNats)(
  'nodes on a restored copy of a database of an older version, which did not store which PostgreSQL it is in, get other subjects too',
  async () => {
    const { url, databaseUrl, first, rollCall } = await startOriginal()
    const older = statement(`delete from settings where name = 'bus-database'`)
    await first.app.db.run(older)
    expect((await subjectsFor(first.app.db, log)).rollCall, 'while a node is alive').toBe(rollCall)
    await first.app.db.run(older)
    await first.close()
    await expectOtherSubjects(await copyOf(databaseUrl, nameOfCopy(databaseUrl)), url, rollCall)
  },
)

test.skipIf(!hasNats)(
  'nodes that are alive while PostgreSQL gets another identity, as by pg_upgrade, keep their subjects, also for nodes that start beside them',
  async () => {
    const { url, databaseUrl, first, rollCall } = await startOriginal()
    await first.app.db.run(statement(`update settings set value = 'another' where name = 'bus-database'`))
    const second = await startWorld('postgres', { databaseUrl, natsUrl: url })
    expect((await subjectsFor(second.app.db, log)).rollCall).toBe(rollCall)
    await first.close()
    await second.close()
    const next = await startNode(databaseUrl, url)
    expect((await subjectsFor(next.app.db, log)).rollCall, 'when they have stopped, and the database is known').toBe(rollCall)
  },
)

const running = { id: 'running', name: 'running', bus: 'nats' }
const silence = statement('update nodes set seen_at = seen_at - 60000')
const otherIdentity = statement(`update settings set value = 'another' where name = 'bus-database'`)

/** A database whose PostgreSQL is not the one that its name on NATS belongs to, with the row of a node. */
async function openOther() {
  const databaseUrl = await createPostgresDatabase({ made: true })
  const db = await openDatabase(readConfig({ databaseUrl }, {}), { log, follow: () => {} })
  onTestFinished(() => db.close())
  const name = await busNameOf(db, log)
  await db.run(otherIdentity)
  await beatOf(db, running)
  return { databaseUrl, db, name }
}

test('a node that starts after an upgrade of PostgreSQL before the running ones have reached it again keeps their name on NATS', async () => {
  const { db, name } = await openOther()
  await db.run(silence)
  const seam = new Seam()
  const look = seam.hold({ text: /^select id, seen_at/ })
  const starting = busNameOf(seam.through(db), log)
  await look.reached
  await beatOf(db, running)
  look.release()
  expect(await starting).toBe(name)
  await removeNode(db, running.id)
  expect(await busNameOf(db, log), 'once all have stopped').toBe(name)
})

test('a node that starts on a copy beside one that runs there without NATS gets another name on NATS than the original', async () => {
  const { db, name } = await openOther()
  repeatedly(async () => beatOf(db, { ...running, id: 'alone', bus: null }))
  await expect.poll(async () => (await livingNodes(db)).length).toBe(2)
  await removeNode(db, running.id)
  expect.soft(await presentBusName(db)).toBeUndefined()
  expect(await busNameOf(db, log)).not.toBe(name)
})

test('a node that cannot read the heartbeats of others for a while, since PostgreSQL does not answer, waits for the next ones', async () => {
  const { db, name } = await openOther()
  await db.run(silence)
  const seam = new Seam()
  const looks = { text: /^select id, seen_at/ }
  const [first, second] = [seam.hold(looks), seam.hold(looks)]
  const starting = busNameOf(seam.through(db), log)
  await first.reached
  first.release()
  await second.reached
  const third = seam.hold(looks)
  const clock = vi.spyOn(performance, 'now')
  onTestFinished(() => clock.mockRestore())
  const later = performance.now() + 10_000
  clock.mockReturnValue(later)
  second.release()
  await Promise.race([third.reached, starting])
  clock.mockRestore()
  await beatOf(db, running)
  third.release()
  expect(await starting).toBe(name)
})

test('a copy that starts just after the dump of a living original, whose row in it looks alive, gets another name on NATS', async () => {
  const { db, name } = await openOther()
  const [told, warned] = [vi.spyOn(log, 'info'), vi.spyOn(log, 'warn')]
  onTestFinished(() => [told, warned].forEach(spy => spy.mockRestore()))
  const names = await Promise.all([busNameOf(db, log), busNameOf(db, log)])
  expect(names[0]).not.toBe(name)
  expect(names[1]).toBe(names[0])
  expect(told).toHaveBeenCalledWith(expect.stringContaining('waiting up to six seconds for the heartbeat'))
  expect(warned).toHaveBeenCalledWith({ id: names[0] }, expect.stringContaining('it has a new id on NATS'))
})

test.skipIf(!hasNats)(
  'carillon doctor on a database that nobody has started since an upgrade of PostgreSQL leaves its name on NATS',
  async () => {
    const { url } = await startNats()
    const { databaseUrl, db, name } = await openOther()
    await db.run(silence)
    const flags = ['--database-url', databaseUrl, '--nats-url', url, '--no-tls']
    const { stdout } = await run(process.execPath, [main, 'doctor', ...flags], { env: safeKeyVariables })
    expect(stdout).toMatch(/^good: NATS at \S+ answers within/m)
    await beatOf(db, running)
    expect(await presentBusName(db)).toBe(name)
  },
)

const failing = `create function pg_control_system() returns table (system_identifier bigint) language plpgsql as
  $$ begin raise 'not supported' using errcode = 'feature_not_supported'; end $$`
test.each([
  ['the role may not read it', () => 'revoke execute on function pg_catalog.pg_control_system() from public'],
  ['there is none', (role: string) => `alter role ${role} set search_path = public, pg_catalog; ${failing}`],
])('if the identity of PostgreSQL cannot be read, since %s, nodes have a name on NATS all the same', async (_, prevent) => {
  const databaseUrl = await createPostgresDatabase({ made: true })
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  const role = `role_of_${client.database!}`
  await client.query(`create role ${role} login password 'secret'; grant all on schema public to ${role}`)
  await client.query(`grant all on all tables in schema public to ${role}; ${prevent(role)}`)
  onTestFinished(async () => {
    await client.query(`drop owned by ${role}; drop role ${role}`)
    await client.end()
  })
  const url = Object.assign(new URL(databaseUrl), { username: role, password: 'secret' })
  const node = await startWorld('postgres', { databaseUrl: url.href })
  onTestFinished(() => node.close())
  const [{ rollCall }, again] = [await subjectsFor(node.app.db, log), await subjectsFor(node.app.db, log)]
  expect(rollCall).toBe(again.rollCall)
})
