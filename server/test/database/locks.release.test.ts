import { Client } from 'pg'
import { setTimeout } from 'node:timers/promises'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { open, purged, rowsIn, say } from '../api/acts.ts'
import { until } from '../support/processor.ts'
import { repeatedly } from '../support/repeatedly.ts'
import { takesLess } from '../support/takes-less.ts'
import { clientsOf, createPostgresDatabase, refusal, startWorld, type World } from '../support/world.ts'

let url: string
let world: World
beforeAll(async () => {
  url = await createPostgresDatabase()
  world = await startWorld('postgres', { databaseUrl: url })
  return () => world.close()
})

const locked = {
  name: 'ServiceUnavailableException',
  code: 'ServiceUnavailable',
  status: 503,
  message: 'The service is temporarily unavailable',
  reason: 'Another transaction has locked the rows that this call changes and did not release them in time. Try again.',
}

/** Another client's transaction, which has done that and ends after the test at the latest. */
async function stranger(sql: string, ...values: string[]) {
  const client = new Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  await client.query('begin')
  await client.query(sql, values)
  return { leave: () => client.query('rollback') }
}

/** Resolves once the server waits for a lock for the last time, for two seconds; its two short waits take 0.3 s each. */
async function waitsLong() {
  const client = new Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  await until(async () => {
    const { rows } = await client.query(`
      select from pg_stat_activity where datname = current_database() and application_name = 'carillon' and wait_event_type = 'Lock'
      and clock_timestamp() - query_start > interval '600 milliseconds'`)
    return rows.length > 0
  })
}

/** The most connections of the server that have waited for a lock at once, since the last call. */
async function lockWaits() {
  const client = new Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  let most = 0
  const looking = repeatedly(async () => {
    const { rows } = await client.query<{ count: string }>(`
      select count(*) from pg_stat_activity
      where datname = current_database() and application_name = 'carillon' and wait_event_type = 'Lock'`)
    most = Math.max(most, Number(rows[0]!.count))
    await setTimeout(20)
  })
  return async () => {
    await looking.stop()
    return most
  }
}

const idOf = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1)

/** Stock clients with connections of their own, so that no other call is before theirs. */
function ownClients() {
  const clients = clientsOf(world.app)
  onTestFinished(() => {
    clients.identity.destroy()
    clients.messaging.destroy()
  })
  return clients
}

/** Two app instances: the second has nothing to do with calls in the first. */
async function scene() {
  const { user, arn } = await world.appInstance(['alice', 'bob', 'carol'])
  const [alice, bob, carol] = [user('alice'), user('bob'), user('carol')]
  const other = await world.appInstance(['dave'])
  const dave = other.user('dave')
  return {
    arn,
    alice,
    bob,
    carol,
    channel: await open(world, alice, { MemberArns: [bob] }),
    another: await open(world, alice, { MemberArns: [bob] }),
    /** The calls of everybody else meanwhile: reads, writes, messages. */
    async others() {
      const { identity, messaging } = ownClients()
      const own = { ...world, identity, messaging }
      const ChannelArn = await open(own, dave, { Name: 'another' })
      for (let round = 0; round < 10; round++) {
        await say(own, dave, ChannelArn)
        await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: dave })
        await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: dave })
        await messaging.listChannelMessages({ ChannelArn, ChimeBearer: dave })
        await identity.updateAppInstanceUser({ AppInstanceUserArn: dave, Name: 'dave', Metadata: String(round) })
      }
      expect((await fetch(`${world.app.url}/health`)).status).toBe(200)
    },
  }
}

type Scene = Awaited<ReturnType<typeof scene>>

const times = <Result>(count: number, work: (index: number) => Promise<Result>) => Array.from({ length: count }, (_, index) => work(index))

test.each<[string, number, string, (scene: Scene) => string, (scene: Scene) => Promise<unknown>[]]>([
  [
    'a channel',
    // One call that shares its transaction with others, and two alone.
    3,
    'select 1 from channels where external_id = $1 for update',
    ({ channel }) => idOf(channel),
    ({ alice, bob, channel: ChannelArn }) => [
      ...times(40, async () => say(world, bob, ChannelArn)),
      ...times(4, async index => world.messaging.updateChannel({ ChannelArn, Name: String(index), ChimeBearer: alice })),
    ],
  ],
  [
    'a membership',
    2,
    `select 1 from memberships m join channels c on c.id = m.channel_id join identities i on i.id = m.member_id
     where c.external_id = $1 and i.external_id = 'bob' for update of m`,
    ({ channel }) => idOf(channel),
    ({ bob, channel: ChannelArn }) => times(40, async () => world.messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: bob })),
  ],
  [
    'an app instance',
    7,
    'select 1 from app_instances where arn = $1 for update',
    ({ arn }) => arn,
    ({ alice }) => times(40, async () => open(world, alice)),
  ],
  [
    'a user',
    4,
    `select 1 from identities i join app_instances a on a.id = i.app_instance_id where a.arn = $1 and i.external_id = 'carol' for update of i`,
    ({ arn }) => arn,
    ({ alice, carol, channel, another }) =>
      times(40, async index =>
        world.messaging.createChannelMembership({
          ChannelArn: index % 2 === 0 ? channel : another,
          MemberArn: carol,
          Type: 'DEFAULT',
          ChimeBearer: alice,
        }),
      ),
  ],
])(
  'while somebody has locked %s, other calls go on, and a call that needs it gets an error that says so',
  async (_, most, sql, row, calls) => {
    const here = await scene()
    const { leave } = await stranger(sql, row(here))
    const waits = await lockWaits()
    const refused = calls(here).map(refusal)
    await here.others()
    const shown = await Promise.all(refused)
    expect([...new Set(shown.map(each => JSON.stringify(each)))].map(each => JSON.parse(each) as unknown)).toEqual([locked])
    const waited = await waits()
    expect(waited).toBeGreaterThan(0)
    expect(waited).toBeLessThanOrEqual(most)
    await leave()
    const again = await Promise.allSettled(calls(here))
    expect(again.filter(({ status }) => status === 'rejected')).toEqual([])
  },
)

test('a call waits for a lock that is released in time, and succeeds', async () => {
  const { bob, channel } = await scene()
  // Of the long wait 0.6 s are over when it is seen.
  await takesLess(1000, async () => {
    const { leave } = await stranger('select 1 from channels where external_id = $1 for update', idOf(channel))
    const sent = Promise.allSettled(times(2, async () => say(world, bob, channel)))
    await waitsLong()
    const start = performance.now()
    await leave()
    const took = performance.now() - start
    const outcomes = (await sent).map(({ status }) => status)
    const isLate = took >= 1000
    expect(isLate || outcomes).toEqual(isLate || ['fulfilled', 'fulfilled'])
    return took
  })
})

test('while a whole table is locked, readers of it get an error to retry', async () => {
  const here = await scene()
  const { leave } = await stranger('lock table memberships in access exclusive mode')
  const reads = times(40, async () => refusal(world.messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: here.alice })))
  for (const shown of await Promise.all(reads))
    expect(shown).toEqual({ ...locked, reason: 'The database cannot be used at the moment. Try again.' })
  expect((await fetch(`${world.app.url}/health`)).status).toBe(200)
  await leave()
  await here.others()
})

test('a purge waits longer than any call for a transaction that has locked what it removes, and does not fail', async () => {
  const { messaging, appInstance } = world
  const { user } = await appInstance(['ann'])
  const ChannelArn = await open(world, user('ann'))
  const id = `(select id from channels where external_id = '${ChannelArn.split('/').at(-1)}')`
  const held = await stranger(`select 1 from memberships where channel_id = ${id} for update`)
  await messaging.deleteChannel({ ChannelArn, ChimeBearer: user('ann') })
  const purge = purged(world)
  // Longer than any wait for a lock.
  await Promise.race([purge, setTimeout(5000)])
  expect(await rowsIn(world, `memberships where channel_id = ${id}`)).toBe(1)
  await held.leave()
  await purge
  expect(await rowsIn(world, 'channels where deleted_at is not null')).toBe(0)
})
