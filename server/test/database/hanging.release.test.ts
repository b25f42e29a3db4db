import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { signalTree } from '../../../bench/support/process.ts'
import { statement } from '../../src/database/database.ts'
import { open, say } from '../api/acts.ts'
import { network } from '../support/network.ts'
import { startPostgres } from '../support/postgres.ts'
import { listen } from '../support/sockets.ts'
import { clientsOf, refusal, startWorld } from '../support/world.ts'

/** With a reason that says so; or, for the calls that would have to wait for others, that many wait. */
const unavailable = {
  name: 'ServiceUnavailableException',
  code: 'ServiceUnavailable',
  status: 503,
  message: 'The service is temporarily unavailable',
  reason: expect.stringMatching(
    /^(?:The database cannot be used at the moment|Too many changes are waiting for the database)\. Try again\.$/,
  ),
}

const one = statement<{ one: number }>('select 1 as one')

/** The most connections of a node. */
const most = 12

test.each(['its processes are stopped', 'the network carries nothing'])(
  'while PostgreSQL has not answered since %s, calls get an error, and the server recovers by itself',
  async how => {
    const postgres = await startPostgres()
    onTestFinished(() => postgres.remove())
    const direct = new URL(postgres.url)
    const between = await network(Number(direct.port))
    const url = new URL(postgres.url)
    url.port = String(between.port)
    const world = await startWorld('postgres', { databaseUrl: url.href })
    onTestFinished(() => world.close())
    const { user } = await world.appInstance(['alice'])
    const alice = user('alice')
    const ChannelArn = await open(world, alice)
    const other = await open(world, alice)
    const session = await listen(world.app, alice)
    const freeze = async () => (how.includes('processes') ? signalTree(await postgres.pid(), 'SIGSTOP') : between.freeze())
    const thaw = async () => (how.includes('processes') ? signalTree(await postgres.pid(), 'SIGCONT') : between.thaw())
    onTestFinished(thaw)
    const health = async () => (await fetch(`${world.app.url}/health`)).status

    // Some calls are under way when PostgreSQL falls silent.
    const underWay = Promise.allSettled(Array.from({ length: 200 }, async (_, index) => say(world, alice, ChannelArn, `before ${index}`)))
    await say(world, alice, other)
    await freeze()
    const settled = await underWay
    const failures = settled.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason as Error] : []))
    expect(new Set(failures.map(({ name }) => name))).toEqual(new Set(failures.length > 0 ? ['ServiceUnavailableException'] : []))
    for (let round = 0; round < 2; round++) {
      const calls = Array.from({ length: 100 }, (_, index) => {
        if (index % 4 === 0) return refusal(say(world, alice, ChannelArn, 'lost'))
        if (index % 4 === 1) return refusal(world.messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: alice }))
        if (index % 4 === 2) return refusal(world.identity.createAppInstance({ Name: 'lost' }))
        return refusal(world.messaging.listChannelMessages({ ChannelArn: other, ChimeBearer: alice }))
      })
      for (const shown of await Promise.all(calls)) expect(shown).toEqual(unavailable)
      // The calls that find no free connection wait at the same time, not one after the other.
      const since = performance.now()
      const asked = await Promise.allSettled(Array.from({ length: 200 }, async () => world.app.db.all(one)))
      expect(new Set(asked.map(({ status: how }) => how))).toEqual(new Set(['rejected']))
      expect(performance.now() - since).toBeLessThan(30_000)
      expect(await health()).toBe(503)
      await expect.poll(() => between.connections).toBeLessThanOrEqual(most)
    }

    await thaw()
    await expect.poll(health).toBe(200)
    const fresh = clientsOf(world.app)
    onTestFinished(() => fresh.messaging.destroy())
    const MessageId = await say({ ...world, ...fresh }, alice, ChannelArn, 'after')
    for (;;) if ((await session.next()).payload?.MessageId === MessageId) break
    await Promise.all(Array.from({ length: 50 }, async () => say(world, alice, other)))
    const admin = new Client({ connectionString: direct.href })
    await admin.connect()
    onTestFinished(() => admin.end())
    const sessions = async () =>
      Number((await admin.query(`select count(*) from pg_stat_activity where application_name = 'carillon'`)).rows[0]!.count)
    await expect.poll(sessions).toBeLessThanOrEqual(most)
  },
)

test('a server whose PostgreSQL does not answer ends in good order', async () => {
  const postgres = await startPostgres()
  onTestFinished(() => postgres.remove())
  const url = new URL(postgres.url)
  const between = await network(Number(url.port))
  url.port = String(between.port)
  const world = await startWorld('postgres', { databaseUrl: url.href })
  onTestFinished(() => world.close())
  between.freeze()
  const call = refusal(world.identity.listAppInstances({}))
  expect((await fetch(`${world.app.url}/health`)).status).toBe(503)
  await world.app.close()
  expect(await call).toEqual(unavailable)
})
