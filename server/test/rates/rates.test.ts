import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../../src/app.ts'
import { readConfig } from '../../src/settings/config.ts'
import { callRates, type CallRateName } from '../../src/settings/rates.ts'
import { Listening, presignedUrl } from '../support/sockets.ts'
import { call as signedCall } from '../support/signed.ts'
import { clientsOf, createPostgresDatabase, refusal, startWorld } from '../support/world.ts'
import { call, makeFixture, type AnyInput, type Fixture } from '../operations/fixture.ts'

/** A world whose clock stands still once the fixture is made. */
async function throttledWorld(settings: Record<string, string>) {
  let time = Date.now()
  let standsStill = false
  const now = () => (standsStill ? time : (time += 1000))
  const world = await startWorld('sqlite', { rateLimits: 'aws', ...settings }, { now })
  onTestFinished(() => world.close())
  const fixture = await makeFixture(world)
  const ChannelArn = await fixture.channel()
  const elasticPlace = await fixture.elastic()
  const MessageId = await fixture.message(ChannelArn)
  standsStill = true
  return {
    world,
    fixture: { ...fixture, ChannelArn, elasticPlace, MessageId },
    advance: (milliseconds: number) => void (time += milliseconds),
  }
}

type Made = Awaited<ReturnType<typeof throttledWorld>>['fixture']
type Calls = readonly ((f: Made) => [operation: string, input: AnyInput])[]

const message = { Content: 'x', Type: 'STANDARD', Persistence: 'PERSISTENT' }
const inChannel = (f: Made) => ({ ChannelArn: f.ChannelArn, ChimeBearer: f.mod })

/** For each rate two calls that use it up together, the key that it belongs to, and one call that it does not count. */
const rows: Record<
  Exclude<CallRateName, 'connectRate' | 'loginRate'>,
  { whose: (f: Made) => string; calls: Calls; free: Calls[number] }
> = {
  appInstanceChangeRate: {
    whose: () => '000000000000',
    calls: [f => ['UpdateAppInstance', { AppInstanceArn: f.arn, Name: 'x', Metadata: '' }], () => ['CreateAppInstance', { Name: 'x' }]],
    free: f => ['DescribeAppInstance', { AppInstanceArn: f.arn }],
  },
  appInstanceDescribeRate: {
    whose: f => f.arn,
    calls: [f => ['DescribeAppInstance', { AppInstanceArn: f.arn }], f => ['DescribeAppInstance', { AppInstanceArn: f.arn }]],
    free: f => ['DescribeAppInstance', { AppInstanceArn: f.stranger.replace(/\/user.*/, '') }],
  },
  appInstanceListRate: {
    whose: () => '000000000000',
    calls: [() => ['ListAppInstances', {}], () => ['ListAppInstances', {}]],
    free: f => ['DescribeAppInstance', { AppInstanceArn: f.arn }],
  },
  userChangeRate: {
    whose: f => f.arn,
    calls: [
      f => ['UpdateAppInstanceUser', { AppInstanceUserArn: f.alice, Name: 'x', Metadata: '' }],
      f => ['CreateAppInstanceUser', { AppInstanceArn: f.arn, AppInstanceUserId: crypto.randomUUID(), Name: 'x' }],
    ],
    free: f => ['UpdateAppInstanceUser', { AppInstanceUserArn: f.stranger, Name: 'x', Metadata: '' }],
  },
  userDescribeRate: {
    whose: f => f.alice,
    calls: [
      f => ['DescribeAppInstanceUser', { AppInstanceUserArn: f.alice }],
      f => ['DescribeAppInstanceUser', { AppInstanceUserArn: f.alice }],
    ],
    free: f => ['DescribeAppInstanceUser', { AppInstanceUserArn: f.bob }],
  },
  userListRate: {
    whose: f => f.arn,
    calls: [f => ['ListAppInstanceUsers', { AppInstanceArn: f.arn }], f => ['ListAppInstanceUsers', { AppInstanceArn: f.arn }]],
    free: f => ['DescribeAppInstanceUser', { AppInstanceUserArn: f.bob }],
  },
  identityRate: {
    whose: () => '000000000000',
    calls: [() => ['ListAppInstances', {}], f => ['ListAppInstanceUsers', { AppInstanceArn: f.arn }]],
    free: f => ['ListChannels', { AppInstanceArn: f.arn, ChimeBearer: f.bob }],
  },
  bearerRate: {
    whose: f => f.mod,
    calls: [f => ['DescribeChannel', inChannel(f)], f => ['ListChannelMembershipsForAppInstanceUser', { ChimeBearer: f.mod }]],
    free: f => ['DescribeChannel', { ...inChannel(f), ChimeBearer: f.bob }],
  },
  channelChangeRate: {
    whose: f => f.arn,
    calls: [
      f => ['CreateChannel', { AppInstanceArn: f.arn, Name: 'x', ChimeBearer: f.bob }],
      f => ['UpdateChannel', { ...inChannel(f), Name: 'x' }],
    ],
    free: f => ['DescribeChannel', inChannel(f)],
  },
  channelDescribeRate: {
    whose: f => f.ChannelArn,
    calls: [f => ['DescribeChannel', inChannel(f)], f => ['DescribeChannel', { ...inChannel(f), ChimeBearer: f.bob }]],
    free: f => ['DescribeChannel', { ...inChannel(f), ChannelArn: f.elasticPlace.ChannelArn }],
  },
  channelListRate: {
    whose: f => f.arn,
    calls: [
      f => ['ListChannels', { AppInstanceArn: f.arn, ChimeBearer: f.mod }],
      f => ['ListChannels', { AppInstanceArn: f.arn, ChimeBearer: f.bob }],
    ],
    free: f => ['DescribeChannel', inChannel(f)],
  },
  subChannelListRate: {
    whose: f => f.elasticPlace.ChannelArn,
    calls: [
      f => ['ListSubChannels', { ...inChannel(f), ChannelArn: f.elasticPlace.ChannelArn }],
      f => ['ListSubChannels', { ...inChannel(f), ChannelArn: f.elasticPlace.ChannelArn }],
    ],
    free: f => ['DescribeChannel', { ...inChannel(f), ChannelArn: f.elasticPlace.ChannelArn }],
  },
  membershipChangeRate: {
    whose: f => f.ChannelArn,
    calls: [
      f => ['CreateChannelMembership', { ...inChannel(f), MemberArn: f.eve, Type: 'DEFAULT' }],
      f => ['DeleteChannelMembership', { ...inChannel(f), MemberArn: f.eve }],
    ],
    free: f => ['CreateChannelMembership', { ...inChannel(f), ChannelArn: f.elasticPlace.ChannelArn, MemberArn: f.eve, Type: 'DEFAULT' }],
  },
  elasticMembershipChangeRate: {
    whose: f => f.elasticPlace.ChannelArn,
    calls: [
      f => ['CreateChannelMembership', { ...inChannel(f), ChannelArn: f.elasticPlace.ChannelArn, MemberArn: f.eve, Type: 'DEFAULT' }],
      f => ['CreateChannelBan', { ...inChannel(f), ChannelArn: f.elasticPlace.ChannelArn, MemberArn: f.eve }],
    ],
    free: f => ['CreateChannelMembership', { ...inChannel(f), MemberArn: f.eve, Type: 'DEFAULT' }],
  },
  membershipListRate: {
    whose: f => f.ChannelArn,
    calls: [f => ['ListChannelMemberships', inChannel(f)], f => ['ListChannelBans', inChannel(f)]],
    free: f => ['DescribeChannel', inChannel(f)],
  },
  batchRate: {
    whose: f => f.ChannelArn,
    calls: [
      f => ['BatchCreateChannelMembership', { ...inChannel(f), MemberArns: [f.eve] }],
      f => ['BatchCreateChannelMembership', { ...inChannel(f), MemberArns: [f.eve] }],
    ],
    free: f => ['CreateChannelMembership', { ...inChannel(f), MemberArn: f.bob, Type: 'DEFAULT' }],
  },
  userMembershipListRate: {
    whose: f => f.alice,
    calls: [
      f => ['ListChannelMembershipsForAppInstanceUser', { ChimeBearer: f.alice }],
      f => ['ListChannelMembershipsForAppInstanceUser', { ChimeBearer: f.root, AppInstanceUserArn: f.alice }],
    ],
    free: f => ['ListChannelMembershipsForAppInstanceUser', { ChimeBearer: f.bob }],
  },
  userModeratedListRate: {
    whose: f => f.mod,
    calls: [
      f => ['ListChannelsModeratedByAppInstanceUser', { ChimeBearer: f.mod }],
      f => ['ListChannelsModeratedByAppInstanceUser', { ChimeBearer: f.mod }],
    ],
    free: f => ['ListChannelMembershipsForAppInstanceUser', { ChimeBearer: f.mod }],
  },
  messageChangeRate: {
    whose: f => f.ChannelArn,
    calls: [
      f => ['SendChannelMessage', { ...inChannel(f), ...message }],
      f => ['UpdateChannelMessage', { ChannelArn: f.ChannelArn, MessageId: f.MessageId, Content: 'x', ChimeBearer: f.alice }],
    ],
    free: f => ['SendChannelMessage', { ...f.elasticPlace, ...message, ChimeBearer: f.alice }],
  },
  messageListRate: {
    whose: f => f.ChannelArn,
    calls: [f => ['ListChannelMessages', inChannel(f)], f => ['ListChannelMessages', { ...inChannel(f), ChimeBearer: f.bob }]],
    free: f => ['ListChannelMessages', { ...f.elasticPlace, ChimeBearer: f.alice }],
  },
  messageGetRate: {
    whose: f => f.ChannelArn,
    calls: [
      f => ['GetChannelMessage', { ...inChannel(f), MessageId: f.MessageId }],
      f => ['GetChannelMessage', { ...inChannel(f), MessageId: f.MessageId }],
    ],
    free: f => ['ListChannelMessages', inChannel(f)],
  },
  typingRate: {
    whose: f => f.ChannelArn,
    calls: [
      f => ['SendTypingIndicator', { ChannelArn: f.ChannelArn, IsTyping: true, ChimeBearer: f.alice }],
      f => ['SendTypingIndicator', { ChannelArn: f.ChannelArn, IsTyping: false, ChimeBearer: f.bob }],
    ],
    free: f => ['SendTypingIndicator', { ...f.elasticPlace, IsTyping: true, ChimeBearer: f.alice }],
  },
  presenceWatchRate: {
    whose: f => f.alice,
    calls: [
      f => ['WatchPresence', { SessionId: 'none', ChimeBearer: f.alice }],
      f => ['WatchPresence', { SessionId: 'none', ChimeBearer: f.alice }],
    ],
    free: f => ['WatchPresence', { SessionId: 'none', ChimeBearer: f.bob }],
  },
  channelPresenceRate: {
    whose: f => f.ChannelArn,
    calls: [f => ['GetChannelPresence', inChannel(f)], f => ['GetChannelPresence', { ...inChannel(f), ChimeBearer: f.alice }]],
    free: f => ['GetChannelPresence', { ChannelArn: f.elasticPlace.ChannelArn, ChimeBearer: f.alice }],
  },
}

/** The outcome of a call, as far as rates decide. */
async function outcomeOf(f: Fixture, [operation, input]: [string, AnyInput]) {
  try {
    await call(f, operation, input)
    return 'taken'
  } catch (error) {
    const { name, message: text } = error as Error
    return name === 'ThrottledClientException' ? 'throttled' : ['ForbiddenException', 'BadRequestException'].includes(name) ? text : 'taken'
  }
}

test.each(Object.keys(rows) as (keyof typeof rows)[])('%s: two a second pass where two are allowed, for each key by itself', async name => {
  const generous = Object.fromEntries(Object.keys(callRates).map(each => [each, '1000']))
  const { fixture, advance } = await throttledWorld({ ...generous, [name]: '2' })
  const { whose, calls, free } = rows[name]
  const [first, second] = calls.map(make => make(fixture))
  const outcomes = [first!, second!, first!].map(async each => outcomeOf(fixture, each))
  expect((await Promise.all(outcomes)).toSorted()).toEqual(['taken', 'taken', 'throttled'])
  expect(await refusal(call(fixture, ...first!))).toEqual({
    name: 'ThrottledClientException',
    code: 'Throttled',
    status: 429,
    message: 'Rate exceeded',
    reason: `There may be 2 ${callRates[name].meaning} a second for each ${callRates[name].per} (--${callRates[name].flag}), and ${whose(fixture)} has used them up.`,
  })
  expect(await outcomeOf(fixture, free(fixture))).toBe('taken')
  advance(500)
  expect(await outcomeOf(fixture, second!)).toBe('taken')
  expect(await outcomeOf(fixture, second!)).toBe('throttled')
})

test('a sub-channel has a rate of its own for messages', async () => {
  const { fixture: f } = await throttledWorld({ messageListRate: '1' })
  const lists = [
    () => call(f, 'ListChannelMessages', { ...f.elasticPlace, ChimeBearer: f.alice }),
    () => call(f, 'ListChannelMessages', { ...f.elasticPlace, ChimeBearer: f.alice }),
  ]
  await lists[0]!()
  expect((await refusal(lists[1]!())).reason).toContain(`${f.elasticPlace.ChannelArn}/${f.elasticPlace.SubChannelId} has used them up`)
})

test("a bearer may make Amazon's ten calls a second, and then gets 429 with Retry-After", async () => {
  const { world, fixture: f, advance } = await throttledWorld({})
  const draft = { path: '/channels', query: 'scope=app-instance-user-memberships', headers: { 'x-amz-chime-bearer': f.bob } }
  const answers = await Promise.all(Array.from({ length: 11 }, async () => signedCall(world.app.url, world.app.rootKey, draft)))
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([...Array.from({ length: 10 }, () => 200), 429])
  expect(answers.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('1')
  advance(99)
  expect((await signedCall(world.app.url, world.app.rootKey, draft)).status).toBe(429)
  advance(1)
  expect((await signedCall(world.app.url, world.app.rootKey, draft)).status).toBe(200)
})

test('a bearer whose rate is exceeded gets 429 before its input is read; an invalid bearer gets 401', async () => {
  const { world, fixture: f } = await throttledWorld({ bearerRate: '1' })
  const listed = { path: '/channels', query: 'scope=app-instance-user-memberships&max-results=nonsense' }
  const statusOf = async (bearer: string, path = listed.path) =>
    (await signedCall(world.app.url, world.app.rootKey, { ...listed, path, headers: { 'x-amz-chime-bearer': bearer } })).status
  expect(await statusOf(f.bob)).toBe(400)
  await call(f, 'ListChannelMembershipsForAppInstanceUser', { ChimeBearer: f.bob })
  expect(await statusOf(f.bob)).toBe(429)
  expect(await statusOf('nonsense')).toBe(401)
})

test('operations of our own count as calls of the messaging API', async () => {
  const { fixture: f } = await throttledWorld({ bearerRate: '1' })
  const asked = { ChannelArn: f.ChannelArn, ChimeBearer: f.bob }
  await call(f, 'ListChannelReadMarkers', asked)
  expect(await refusal(call(f, 'DescribeChannel', asked))).toMatchObject({ status: 429 })
  expect(await refusal(call(f, 'ListChannelReadMarkers', asked))).toMatchObject({ status: 429 })
})

test('refused calls use up nothing of the bearer or channel that they name', async () => {
  const { fixture: f } = await throttledWorld({ bearerRate: '1', channelDescribeRate: '1' })
  for (let index = 0; index < 5; index++) {
    expect(await refusal(call(f, 'DescribeChannel', { ChannelArn: f.ChannelArn, ChimeBearer: f.stranger }))).toMatchObject({ status: 403 })
  }
  await call(f, 'DescribeChannel', { ChannelArn: f.ChannelArn, ChimeBearer: f.bob })
})

test('a user connects once a second, as on Amazon, and gets 1013 once its session is established', async () => {
  const { world, fixture: f, advance } = await throttledWorld({})
  const connect = async () => {
    const listening = new Listening(await presignedUrl(world.app, f.alice))
    onTestFinished(() => listening.socket.terminate())
    expect((await listening.next()).type).toBe('SESSION_ESTABLISHED')
    return listening
  }
  const first = await connect()
  const tooSoon = await connect()
  expect(await tooSoon.closed).toEqual({ code: 1013, reason: 'The user connects too often: 1 at once, then 1 a second' })
  advance(1000)
  const later = await connect()
  expect([first.socket.readyState, later.socket.readyState]).toEqual([1, 1])
})

test('without --rate-limits no rate applies', async () => {
  const world = await startWorld('sqlite', { bearerRate: '1' })
  const { user } = await world.appInstance(['alice'])
  const calls = Array.from({ length: 50 }, () => world.messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('alice') }))
  expect(await Promise.all(calls)).toHaveLength(50)
  await world.close()
})

test('nodes that share a database share the rates: on average both together allow no more than one would', async () => {
  const databaseUrl = await createPostgresDatabase()
  const rootKey = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'test-secret' }
  const flags = { port: '0', tls: 'off', logLevel: 'fatal', data: ':memory:', databaseUrl, rateLimits: 'aws', bearerRate: '5' }
  const start = async () => startApp({ ...readConfig(flags, {}), rootKey })
  const apps = [await start(), await start()]
  onTestFinished(async () => void (await Promise.all(apps.map(app => app.close()))))
  const [one, two] = apps.map(app => clientsOf(app))
  const { AppInstanceArn } = await one!.identity.createAppInstance({ Name: 'x' })
  const { AppInstanceUserArn: ChimeBearer } = await one!.identity.createAppInstanceUser({
    AppInstanceArn,
    AppInstanceUserId: 'a',
    Name: 'a',
  })

  let answered = 0
  const begin = performance.now()
  const ask = async ({ messaging }: ReturnType<typeof clientsOf>) => {
    while (performance.now() < begin + 5000) {
      await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer }).then(
        () => answered++,
        async () => setTimeout(20),
      )
    }
  }
  await Promise.all([ask(one!), ask(two!)])
  // Two nodes that share nothing allow twice as much.
  const ofOneNode = 5 + (5 * (performance.now() - begin)) / 1000
  expect(answered).toBeGreaterThan(0.6 * ofOneNode)
  expect(answered).toBeLessThan(1.5 * ofOneNode)
})

test('a call that one rate refuses takes no token of the others', async () => {
  const { fixture, advance } = await throttledWorld({ identityRate: '1', userChangeRate: '1' })
  advance(10_000)
  const change = () => call(fixture, 'UpdateAppInstanceUser', { AppInstanceUserArn: fixture.alice, Name: 'x', Metadata: '' })
  await call(fixture, 'ListAppInstances', {})
  advance(900)
  expect(await refusal(change())).toMatchObject({ status: 429, reason: expect.stringContaining('--rate-identity') })
  advance(100)
  await change()
})
