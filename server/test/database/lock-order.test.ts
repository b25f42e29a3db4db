import { beforeAll, expect, test } from 'vitest'
import { operations, type OperationName } from '../../src/contract/index.ts'
import { days, open, purged, runJob } from '../api/acts.ts'
import { cases } from '../operations/cases.ts'
import { call, makeFixture } from '../operations/fixture.ts'
import { Seam, type Witnessed } from '../support/seam.ts'
import { startWorld, type World } from '../support/world.ts'

/** The order in which rows are locked, those of one table by number: so transactions never wait in a circle. */
const order = ['outbox', 'flow_callbacks', 'channels', 'identities', 'app_instances']

interface Lock {
  readonly table: string
  /** Undefined where a statement locks several rows. */
  readonly id: number | undefined
}

/** The rows that a transaction has locked, each once. No other transaction can wait for a row that it has inserted itself. */
function locksOf({ asked }: Witnessed): Lock[] {
  const locks: Lock[] = []
  const made = new Set<string>()
  for (const { text, values } of asked) {
    const [, act, table = ''] = /^\s*(update|delete from|insert into) (\w+)/.exec(text) ?? []
    if (act === 'insert into') made.add(table)
    if (made.has(table)) continue
    const place = /where id = \$(\d+)/.exec(text)?.[1]
    const id = place === undefined ? undefined : Number(values[Number(place) - 1])
    if (id === undefined || !locks.some(lock => lock.table === table && lock.id === id)) locks.push({ table, id })
  }
  return locks
}

/** Memberships are locked by transactions that have locked their channels, and by those that lock nothing else. */
function isLate({ table, id }: Lock, before: readonly Lock[]): boolean {
  const rank = order.indexOf(table)
  return before.some(
    earlier =>
      (rank >= 0 && order.indexOf(earlier.table) > rank) ||
      (table === 'channels' && earlier.table === 'memberships') ||
      (order.includes(table) && earlier.table === table && (earlier.id ?? 0) > (id ?? Infinity)),
  )
}

/** The transactions that lock something too late, reduced to the statements that matter. */
const strays = (transactions: readonly Witnessed[]) =>
  transactions
    .map(locksOf)
    .filter(locks => locks.some((lock, index) => isLate(lock, locks.slice(0, index))))
    .map(locks => locks.map(({ table, id }) => `${table} ${id ?? ''}`.trim()))

/** The statements, and so their order, are the same on both databases. */
const seam = new Seam()
let world: World
beforeAll(async () => {
  world = await startWorld(
    'sqlite',
    { appInstances: '100000', elasticChannelsPerAppInstance: '100', search: 'on' },
    { through: seam.through },
  )
  return () => world.close()
})

test.each(Object.keys(operations) as OperationName[])('%s locks rows in it', async name => {
  const fixture = await makeFixture(world)
  const inputs = await cases[name].inputs(fixture)
  const transactions = seam.witness()
  for (const input of inputs) await call(fixture, name, input)
  expect(strays(transactions)).toEqual([])
})

test('users are locked in the order of their ids, in whatever order they are named', async () => {
  const { arn, user } = await world.appInstance(['first', 'second', 'third', 'fourth', 'fifth'])
  const [second, fourth, third] = [user('second'), user('fourth'), user('third')]
  const transactions = seam.witness()
  const asked = { MemberArns: [fourth, second], ModeratorArns: [third] }
  const ChannelArn = await open(world, user('fifth'), asked)
  await world.messaging.deleteChannelMembership({ ChannelArn, MemberArn: fourth, ChimeBearer: user('fifth') })
  const again = { ChannelArn, MemberArns: [fourth, third, user('first')], ChimeBearer: user('fifth') }
  await world.messaging.batchCreateChannelMembership(again)
  const people = transactions.map(each => locksOf(each).filter(({ table }) => table === 'identities')).filter(({ length }) => length > 2)
  expect(people).toHaveLength(2)
  expect(strays(transactions)).toEqual([])
  await world.identity.deleteAppInstance({ AppInstanceArn: arn })
})

test('the purge keeps the order of locks: a user of many channels, a channel of many users, and a whole app instance', async () => {
  const { arn, user } = await world.appInstance(['a', 'b', 'c'])
  const everybody = [user('c'), user('b')]
  const channels = []
  for (let count = 0; count < 3; count++) channels.push(await open(world, user('a'), { MemberArns: everybody }))
  const elastic = { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 40 }
  const divided = await open(world, user('a'), { Mode: 'RESTRICTED', ElasticChannelConfiguration: elastic })
  for (const MemberArn of everybody) {
    await world.messaging.createChannelMembership({ ChannelArn: divided, MemberArn, Type: 'DEFAULT', ChimeBearer: user('a') })
  }
  const transactions = seam.witness()
  await world.identity.deleteAppInstanceUser({ AppInstanceUserArn: user('b') })
  await purged(world)
  await world.messaging.deleteChannel({ ChannelArn: channels[0], ChimeBearer: user('a') })
  await purged(world)
  await world.identity.deleteAppInstance({ AppInstanceArn: arn })
  await purged(world)
  expect(transactions.map(locksOf).filter(locks => locks.some(({ table }) => table === 'memberships')).length).toBeGreaterThan(2)
  expect(strays(transactions)).toEqual([])
})

test('jobs keep the order of locks: users and channels that expire, and members of sub-channels that are moved', async () => {
  const members = ['b', 'c', 'd', 'e', 'f', 'g']
  const { arn, user } = await world.appInstance(['a', ...members])
  const ExpirationSettings = { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' as const }
  const member = { AppInstanceArn: arn, AppInstanceUserId: 'short', Name: 'short', ExpirationSettings }
  await world.identity.createAppInstanceUser(member)
  await open(world, user('a'), { MemberArns: [user('short')], ExpirationSettings })
  const elastic = { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 5, MinimumMembershipPercentage: 40 }
  const divided = await open(world, user('a'), { Mode: 'RESTRICTED', ElasticChannelConfiguration: elastic })
  const transactions = seam.witness()
  for (const id of members) {
    await world.messaging.createChannelMembership({ ChannelArn: divided, MemberArn: user(id), Type: 'DEFAULT', ChimeBearer: user('a') })
  }
  await runJob(world, 'balancing')
  expect(transactions.some(({ asked }) => asked.some(({ text }) => /update memberships set sub_channel_id/.test(text)))).toBe(true)
  world.advance(days(1.1))
  for (const job of ['user-expiration', 'channel-expiration', 'request-tokens', 'flow-callbacks']) await runJob(world, job)
  await purged(world)
  expect(transactions.length).toBeGreaterThan(5)
  expect(strays(transactions)).toEqual([])
})
