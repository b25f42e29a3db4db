import { beforeAll, expect, test } from 'vitest'
import { statement, type Value } from '../../src/database/database.ts'
import { purgePart } from '../../src/store/purge.ts'
import { callBack, processor, startLambda, until, type Lambda, type LambdaFunction } from '../support/processor.ts'
import { Seam, type Held } from '../support/seam.ts'
import { listen } from '../support/sockets.ts'
import { deadlocksOf, findDeadlocksAtOnce } from '../support/deadlocks.ts'
import { createPostgresDatabase, refusal, startWorld, type World } from '../support/world.ts'
import { open, purged, rowsIn, runJob, say } from '../api/acts.ts'

/** Interleavings within a transaction, which only PostgreSQL allows. */
const seam = new Seam()
let world: World
beforeAll(async () => {
  lambda = await startLambda()
  const databaseUrl = await createPostgresDatabase({ made: true })
  await findDeadlocksAtOnce(databaseUrl)
  const settings = { lambdaEndpoint: lambda.url, processorsPerFlow: '2', databaseUrl }
  world = await startWorld('postgres', settings, { through: seam.through, jobs: 'none' })
  called = lambda.define()
  return async () => {
    await world.close()
    await lambda.close()
  }
})
let lambda: Lambda
let called: LambdaFunction

const sqlState = /^[0-9A-Z]{5}$/
/** A busy machine may wait for a lock too long, and runs the transaction again. */
const lockTimeout = '55P03'
const waitingForLocks = statement<{ count: number }>(`
  select count(*) as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)

/** Holds the first act between two steps until the second one waits for it, or is over. PostgreSQL may refuse neither, as it does in a deadlock. */
async function interleaved(held: Held, first: () => Promise<unknown>, second: () => Promise<unknown>) {
  const transactions = seam.witness()
  const hold = seam.hold(held)
  const firstDone = first()
  firstDone.catch(() => {})
  await hold.reached
  let isOver = false
  const secondDone = second().finally(() => (isOver = true))
  secondDone.catch(() => {})
  await until(async () => isOver || (await world.app.db.get(waitingForLocks))!.count > 0)
  hold.release()
  const outcomes = await Promise.allSettled([firstDone, secondDone])
  const states = transactions.flatMap(({ failures }) => failures.map(error => (error as { code?: string }).code ?? ''))
  expect(states.filter(state => sqlState.test(state) && state !== lockTimeout)).toEqual([])
  return outcomes
}

const outcome = ({ status }: PromiseSettledResult<unknown>) => status

/** An elastic channel with a member in a sub-channel that is to get more members. */
async function divided() {
  const ids = ['b', 'c', 'd', 'e', 'f', 'g']
  const { arn, user } = await world.appInstance(['a', ...ids])
  const a = user('a')
  const elastic = { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 5, MinimumMembershipPercentage: 40 }
  const ChannelArn = await open(world, a, { Mode: 'RESTRICTED', ElasticChannelConfiguration: elastic })
  const join = async (id: string) =>
    world.messaging.createChannelMembership({ ChannelArn, MemberArn: user(id), Type: 'DEFAULT', ChimeBearer: a })
  return { arn, user, a, ChannelArn, join, ids }
}

test('purging a member’s user while the members of its sub-channel are moved does not deadlock', async () => {
  const { user, a, ChannelArn, join, ids } = await divided()
  for (const id of ids.slice(0, 5)) await join(id)
  const bury = statement(`update identities set deleted_at = 1 where external_id = 'f' and deleted_at is null`)
  const moving = { text: /^\s*update memberships set sub_channel_id/, at: 'question' } as const
  await interleaved(
    moving,
    async () => {
      await join('g')
      await runJob(world, 'balancing')
    },
    async () => {
      await world.app.db.run(bury)
      await purged(world)
    },
  )
  const { SubChannels } = await world.messaging.listSubChannels({ ChannelArn, ChimeBearer: a })
  expect(SubChannels!.map(({ MembershipCount }) => MembershipCount!).reduce((sum, count) => sum + count)).toBe(5)
  const { ChannelMemberships } = await world.messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('g') })
  expect(ChannelMemberships).toHaveLength(1)
})

test('two nodes that purge a channel and one of its members at once do not deadlock, and leave the counts right', async () => {
  const { user } = await world.appInstance(['a', 'b', 'c'])
  const channels = []
  for (let count = 0; count < 2; count++) channels.push(await open(world, user('a'), { MemberArns: [user('b'), user('c')] }))
  const bury = statement(`update channels set deleted_at = 1 where external_id = $1`)
  const buryUser = statement(`update identities set deleted_at = 1 where external_id = 'b' and deleted_at is null`)
  await world.app.db.run(bury, channels[0]!.slice(channels[0]!.lastIndexOf('/') + 1))
  await world.app.db.run(buryUser)
  const ofChannel = { text: /^\s*delete from memberships where id in/ }
  const identity = statement<{ id: number }>(`select id from identities where external_id = 'b' and deleted_at = 1 order by id desc`)
  const { id } = (await world.app.db.get(identity))!
  const outcomes = await interleaved(
    ofChannel,
    () => purged(world),
    () => world.app.db.transaction(tx => purgePart(tx, { kind: 'identity', id }, Date.now())),
  )
  expect(outcomes.map(outcome)).toEqual(['fulfilled', 'fulfilled'])
  const counts = statement<{ members: number }>(`
    select c.member_count as members from channels c where c.external_id = $1`)
  expect(await world.app.db.get(counts, channels[1]!.slice(channels[1]!.lastIndexOf('/') + 1))).toEqual({ members: 2 })
})

test('a membership that ends while its user is purged is counted down once', async () => {
  const { user } = await world.appInstance(['a', 'b'])
  const ChannelArn = await open(world, user('a'), { MemberArns: [user('b')] })
  const bury = statement(`update identities set deleted_at = 1 where external_id = 'b' and deleted_at is null`)
  await interleaved(
    { text: /^\s*delete from memberships where channel_id/, at: 'question' },
    () => world.messaging.deleteChannelMembership({ ChannelArn, MemberArn: user('b'), ChimeBearer: user('a') }),
    async () => {
      await world.app.db.run(bury)
      await purged(world)
    },
  )
  const counts = statement<{ members: number }>(`select member_count as members from channels where external_id = $1`)
  expect(await world.app.db.get(counts, ChannelArn.slice(ChannelArn.lastIndexOf('/') + 1))).toEqual({ members: 1 })
})

test('users who are added to two channels at once, named in opposite orders, are added to both', async () => {
  const { user } = await world.appInstance(['a', 'b', 'c'])
  const [first, second] = [await open(world, user('a')), await open(world, user('a'))]
  const add = async (ChannelArn: string, ids: string[]) =>
    world.messaging.batchCreateChannelMembership({ ChannelArn, MemberArns: ids.map(user), ChimeBearer: user('a') })
  const outcomes = await interleaved(
    { text: /^\s*update identities set purged_at = purged_at/ },
    () => add(first, ['b', 'c']),
    () => add(second, ['c', 'b']),
  )
  expect(outcomes.map(outcome)).toEqual(['fulfilled', 'fulfilled'])
})

test('a user that is deleted while it joins is no member, and the counts are unchanged', async () => {
  const { user } = await world.appInstance(['a', 'b'])
  const ChannelArn = await open(world, user('a'))
  const join = () => world.messaging.createChannelMembership({ ChannelArn, MemberArn: user('b'), Type: 'DEFAULT', ChimeBearer: user('a') })
  const [joined] = await interleaved({ text: /^\s*insert into memberships/, at: 'question' }, join, async () => {
    await world.identity.deleteAppInstanceUser({ AppInstanceUserArn: user('b') })
    await purged(world)
  })
  expect(await refusal(Promise.reject((joined as PromiseRejectedResult).reason))).toMatchObject({
    name: 'ForbiddenException',
    reason: `${user('b')} has just been deleted.`,
  })
  const { ChannelMemberships } = await world.messaging.listChannelMemberships({ ChannelArn, ChimeBearer: user('a') })
  expect(ChannelMemberships).toHaveLength(1)
})

test('two concurrent calls that tag a resource leave it with no more tags than allowed', async () => {
  const { arn } = await world.appInstance()
  const tag = (letter: string) =>
    world.identity.tagResource({
      ResourceARN: arn,
      Tags: Array.from({ length: 30 }, (_, index) => ({ Key: `${letter}${index}`, Value: 'v' })),
    })
  const outcomes = await interleaved(
    { text: /from tags where resource_kind/ },
    () => tag('a'),
    () => tag('b'),
  )
  expect(outcomes.map(outcome)).toEqual(['fulfilled', 'rejected'])
  expect((await world.identity.listTagsForResource({ ResourceARN: arn })).Tags).toHaveLength(30)
})

test('an app instance that is deleted while it gets tags leaves none', async () => {
  const table = 'tags'
  const give = (arn: string) => world.identity.tagResource({ ResourceARN: arn, Tags: [{ Key: 'k', Value: 'v' }] })
  const before = await rowsIn(world, table)
  const deleted = (AppInstanceArn: string) => async () => {
    await world.identity.deleteAppInstance({ AppInstanceArn })
    await purged(world)
  }
  const first = await world.appInstance()
  const written = { text: new RegExp(`^\\s*insert into ${table}`), at: 'question' } as const
  expect((await interleaved(written, () => give(first.arn), deleted(first.arn))).map(outcome)).toEqual(['fulfilled', 'fulfilled'])
  const second = await world.appInstance()
  const found = { text: /from app_instances (?:a\s+)?where (?:a\.)?arn = \$1/ }
  expect((await interleaved(found, () => give(second.arn), deleted(second.arn))).map(outcome)).toEqual(['rejected', 'fulfilled'])
  await purged(world)
  expect(await rowsIn(world, table)).toBe(before)
})

test('a member who leaves gets the events of messages before the leave, or none', async () => {
  const { user } = await world.appInstance(['a', 'b'])
  const ChannelArn = await open(world, user('a'), { MemberArns: [user('b')] })
  const hearing = await listen(world.app, user('b'))
  const leave = () => world.messaging.deleteChannelMembership({ ChannelArn, MemberArn: user('b'), ChimeBearer: user('a') })
  const join = () => world.messaging.createChannelMembership({ ChannelArn, MemberArn: user('b'), Type: 'DEFAULT', ChimeBearer: user('a') })
  await interleaved({ text: /^\s*insert into messages/ }, () => say(world, user('a'), ChannelArn, 'before'), leave)
  expect([(await hearing.next()).payload!['Content'], (await hearing.next()).type]).toEqual(['before', 'DELETE_CHANNEL_MEMBERSHIP'])
  await interleaved({ text: /^\s*insert into memberships/ }, join, () => say(world, user('a'), ChannelArn, 'after'))
  expect([(await hearing.next()).type, (await hearing.next()).payload!['Content']]).toEqual(['CREATE_CHANNEL_MEMBERSHIP', 'after'])
  await interleaved({ text: /^\s*delete from memberships where channel_id/ }, leave, () => say(world, user('a'), ChannelArn, 'not for b'))
  await join()
  expect([(await hearing.next()).type, (await hearing.next()).type]).toEqual(['DELETE_CHANNEL_MEMBERSHIP', 'CREATE_CHANNEL_MEMBERSHIP'])
})

/** A message of user a on its way through a processor that the Lambda API will refuse. */
async function pending(FallbackAction: 'ABORT' | 'CONTINUE', ...further: readonly LambdaFunction[]) {
  const { arn, user } = await world.appInstance(['a'])
  const ChannelArn = await open(world, user('a'))
  const next = further.map(({ arn }, index) => processor(arn, { Name: `next ${index}`, ExecutionOrder: index + 2 }))
  const Processors = [processor(called.arn, { FallbackAction }), ...next]
  const { ChannelFlowArn } = await world.messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors })
  await world.messaging.associateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer: user('a') })
  called.status = 400
  const before = called.invocations.length
  const send = async () => say(world, user('a'), ChannelArn, 'original')
  const shown = async (MessageId: string) => {
    const { ChannelMessage } = await world.messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer: user('a') })
    return { status: ChannelMessage!.Status!.Value, content: ChannelMessage!.Content }
  }
  return { send, shown, event: () => called.event(before) }
}

test.each(['ABORT', 'CONTINUE'] as const)('a callback that arrives while its processor is given up with %s is accepted', async action => {
  const { send, shown, event } = await pending(action)
  const giving = { text: /from flow_runs r/, values: (values: readonly Value[]) => values.length === 1 }
  const reading = seam.hold(giving)
  const id = await send()
  // The first query is for the invocation, the second for what follows from its result.
  await reading.reached
  const givingUp = seam.hold(giving)
  reading.release()
  await givingUp.reached
  await callBack(world.messaging, await event(), { Content: 'checked' })
  givingUp.release()
  expect(await shown(id)).toEqual({ status: 'SENT', content: 'checked' })
})

test.each([
  ['ABORT', 'FAILED'],
  ['CONTINUE', 'SENT'],
] as const)('a callback that arrives after its processor was given up with %s is refused', async (action, status) => {
  const { send, shown, event } = await pending(action)
  const id = await send()
  const asked = await event()
  await until(async () => (await shown(id)).status === status)
  expect(await refusal(callBack(world.messaging, asked, { Content: 'checked' }))).toMatchObject({
    status: expect.toBeOneOf([400, 403, 409]),
  })
  expect(await shown(id)).toEqual({ status, content: 'original' })
})

test('a callback that arrives while its processor is skipped passes the message on once', async () => {
  const second = lambda.define(event => callBack(world.messaging, event, { Content: `${event.ChannelMessage.Content} twice` }))
  const { send, shown, event } = await pending('CONTINUE', second)
  const giving = { text: /from flow_runs r/, values: (values: readonly Value[]) => values.length === 1 }
  const reading = seam.hold(giving)
  const id = await send()
  await reading.reached
  const givingUp = seam.hold(giving)
  reading.release()
  await givingUp.reached
  await callBack(world.messaging, await event(), { Content: 'checked' })
  givingUp.release()
  await until(async () => (await shown(id)).status === 'SENT')
  const entries = statement<{ count: number }>(`select count(*) as count from outbox`)
  await until(async () => (await world.app.db.get(entries))!.count === 0)
  expect(await shown(id)).toEqual({ status: 'SENT', content: 'checked twice' })
  expect(second.invocations).toHaveLength(1)
})

test('a channel flow that is deleted while a channel is associated with it is associated with none', async () => {
  const { arn, user } = await world.appInstance(['a'])
  const ChannelArn = await open(world, user('a'))
  const Processors = [processor(called.arn)]
  const { ChannelFlowArn } = await world.messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors })
  const named = { ChannelArn, ChannelFlowArn, ChimeBearer: user('a') }
  const [given] = await interleaved(
    { text: /from app_instances a join channel_flows f/ },
    () => world.messaging.associateChannelFlow(named),
    () => world.messaging.deleteChannelFlow({ ChannelFlowArn }),
  )
  expect(await refusal(Promise.reject((given as PromiseRejectedResult).reason))).toMatchObject({ name: 'NotFoundException' })
  const { Channel } = await world.messaging.describeChannel({ ChannelArn, ChimeBearer: user('a') })
  expect(Channel!.ChannelFlowArn).toBeUndefined()
})

test('concurrent joins and leaves of one member wait in turn and never deadlock', async () => {
  const databaseUrl = await createPostgresDatabase({ made: true })
  const own = await startWorld('postgres', { databaseUrl })
  const { user } = await own.appInstance(['a', 'b'])
  const named = { ChannelArn: await open(own, user('a')), MemberArn: user('b'), ChimeBearer: user('a') }
  await Promise.all(
    Array.from({ length: 30 }, async (_, index) =>
      index % 2 ? own.messaging.deleteChannelMembership(named) : own.messaging.createChannelMembership({ ...named, Type: 'DEFAULT' }),
    ),
  )
  await own.close()
  expect(await deadlocksOf(databaseUrl)).toBe(0)
})
