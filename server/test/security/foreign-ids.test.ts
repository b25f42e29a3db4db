import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operations, type OperationName } from '../../src/contract/index.ts'
import { cases, openSession } from '../operations/cases.ts'
import { call, makeFixture, type Fixture } from '../operations/fixture.ts'
import { clientsWith, keyRing } from '../support/keys.ts'
import { databaseKinds, startWorld, type World } from '../support/world.ts'

const names = Object.keys(operations) as OperationName[]

/** The resources of one app instance, by the member that takes their names. */
type Home = Readonly<Record<string, unknown>>

async function homeOf(f: Fixture): Promise<Home> {
  const ChannelArn = await f.channel()
  const elastic = await f.elastic()
  const { NextToken } = await f.messaging.listChannelMemberships({ ChannelArn, MaxResults: 1, ChimeBearer: f.root })
  const MessageId = await f.message(ChannelArn)
  const onMessage = { ChannelArn, MessageId, ChimeBearer: f.alice }
  await f.carillon.call('PutMessageReactions', { ...onMessage, Reactions: ['👍'] })
  await f.carillon.call('PinMessage', { ...onMessage, ChimeBearer: f.mod })
  await f.carillon.call('PutChannelReadMarker', { ...onMessage, ChimeBearer: f.bob })
  await f.carillon.call('PutPresenceStatus', { AppInstanceUserArn: f.alice, Status: 'BUSY', ChimeBearer: f.alice })
  return {
    AppInstanceArn: f.arn,
    AppInstanceUserArn: f.alice,
    AppInstanceUserArns: [f.alice],
    AppInstanceAdminArn: f.root,
    AppInstanceBotArn: await f.bot(f.arn),
    ChannelArn,
    ChannelArns: [ChannelArn],
    ChannelFlowArn: await f.flow(),
    ChannelModeratorArn: f.mod,
    ChimeBearer: f.root,
    EndpointId: await f.endpoint(),
    Fields: [{ Key: 'MEMBERS', Operator: 'INCLUDES', Values: [f.alice] }],
    MemberArn: f.alice,
    MemberArns: [f.alice],
    MessageId,
    ModeratorArns: [f.alice],
    NextToken,
    ResourceARN: ChannelArn,
    SenderArn: f.alice,
    SessionId: await openSession(f, f.alice),
    SubChannelId: elastic.SubChannelId,
    Target: [{ MemberArn: f.alice }],
  }
}

/** The members of Home. */
const named = new Set(
  (
    'AppInstanceArn AppInstanceUserArn AppInstanceUserArns AppInstanceAdminArn AppInstanceBotArn ChannelArn ChannelArns ChannelFlowArn ' +
    'ChannelModeratorArn ChimeBearer EndpointId Fields MemberArn MemberArns MessageId ModeratorArns NextToken ResourceARN SenderArn ' +
    'SessionId SubChannelId Target'
  ).split(' '),
)

/** Members that name something by an ARN or an id, and no resource of an app instance that exists; MessageIds has a test of its own. */
const others = 'AccessKeyId AfterRequestId AppInstanceUserId CallbackId ChannelId EntryIds ExternalId MessageIds ResourceArn'.split(' ')

/** All that can be read of an app instance. */
async function pictureOf({ identity, messaging, carillon, root }: Fixture, home: Home): Promise<string> {
  const AppInstanceArn = String(home['AppInstanceArn'])
  const ChannelArn = String(home['ChannelArn'])
  const ChannelFlowArn = String(home['ChannelFlowArn'])
  const channel = { ChannelArn, ChimeBearer: root }
  const MessageIds = [String(home['MessageId'])]
  const AppInstanceUserArn = String(home['AppInstanceUserArn'])
  const { Presences } = await carillon.call('BatchGetPresence', { AppInstanceUserArns: [AppInstanceUserArn], ChimeBearer: root })
  const pictures = await Promise.all([
    identity.describeAppInstance({ AppInstanceArn }),
    identity.listAppInstanceUsers({ AppInstanceArn }),
    identity.listAppInstanceAdmins({ AppInstanceArn }),
    identity.listAppInstanceBots({ AppInstanceArn }),
    identity.listAppInstanceUserEndpoints({ AppInstanceUserArn }),
    messaging.listChannels({ AppInstanceArn, ChimeBearer: root }),
    messaging.describeChannel(channel),
    messaging.listChannelMemberships(channel),
    messaging.listChannelModerators(channel),
    messaging.listChannelBans(channel),
    messaging.listChannelMessages(channel),
    messaging.describeChannelFlow({ ChannelFlowArn }),
    messaging.listTagsForResource({ ResourceARN: ChannelArn }),
    carillon.call('ListChannelReadMarkers', channel),
    carillon.call('ListChannelUnreadCounts', { AppInstanceUserArn, ChimeBearer: root }),
    carillon.call('BatchGetMessageReactions', { ...channel, MessageIds }),
    carillon.call('BatchGetThreads', { ...channel, MessageIds }),
    carillon.call('ListPinnedMessages', channel),
    carillon.call('GetAppInstancePresenceSettings', { AppInstanceArn }),
    carillon.call('GetAppInstanceEventSettings', { AppInstanceArn }),
  ])
  const status = Presences!.map(({ Status }) => Status)
  return JSON.stringify([status, ...pictures.map(picture => ({ ...picture, $metadata: undefined }))])
}

/** One resource of another app instance in a call that otherwise stays in its own. A callback has a test of its own. */
const attacks = names
  .filter(name => name !== 'ChannelFlowCallback')
  .flatMap(name => Object.keys(operations[name].bindings).map(member => ({ name, member })))
  .filter(({ member }) => named.has(member))

const refusals = new Set([
  'AccessDeniedException',
  'BadRequestException',
  'ForbiddenException',
  'NotFoundException',
  'UnauthorizedClientException',
])

const outcome = async (called: Promise<unknown>) =>
  called.then(
    () => 'done',
    (error: Error) => (refusals.has(error.name) ? 'refused' : error.name),
  )

/** A deletion of a resource that does not exist succeeds, and changes nothing. */
const asGone = new Set(['DeleteChannelMessage MessageId', 'DeregisterAppInstanceUserEndpoint EndpointId'])

test('every member that names something by an ARN or an id is among those of the other app instance, or of none', () => {
  const members = new Set(names.flatMap(name => Object.keys(operations[name].bindings)))
  const naming = [...members].filter(member => /(?:Arn|ARN|Id)s?$/.test(member))
  expect(naming.filter(member => !named.has(member)).toSorted()).toEqual(others)
})

describe.each(databaseKinds)('the ids of another app instance, on %s', kind => {
  const ring = keyRing()
  let world: World
  let own: Fixture
  let foreign: Home
  let other: Fixture
  let before: string
  let limited: ReturnType<typeof clientsWith>
  beforeAll(async () => {
    world = await startWorld(kind, { appInstances: '100000', elasticChannelsPerAppInstance: '1000', search: 'on' }, { keys: ring.find })
    own = await makeFixture(world)
    other = await makeFixture(world)
    foreign = await homeOf(other)
    before = await pictureOf(other, foreign)
    const groups = [[{ Action: '*', Resource: [own.arn, `${own.arn}/*`] }]]
    limited = clientsWith(world, ring.keep({ groups }))
  })
  afterAll(async () => {
    limited.identity.destroy()
    limited.messaging.destroy()
    await world.close()
  })

  test.each(attacks)('$name refuses the $member of another app instance', async ({ name, member }) => {
    const [input = {}] = await cases[name].inputs(own)
    const attack = { ...input, [member]: foreign[member] }
    const outcomes = [await outcome(call(limited, name, attack))]
    // A caller who may act in both is stopped by the wall between them.
    const isMixed = Object.keys(attack).filter(each => each in foreign).length > 1
    if (operations[name].bearer && isMixed) outcomes.push(await outcome(call(world, name, attack)))
    const wanted = asGone.has(`${name} ${member}`) ? 'done' : 'refused'
    expect(outcomes.filter(each => each !== wanted)).toEqual([])
  })

  test.each([
    ['BatchGetMessageReactions', 'MessageReactions'],
    ['BatchGetThreads', 'Threads'],
  ] as const)('%s shows nothing of the messages of another app instance', async (name, shown) => {
    const [input = {}] = await cases[name].inputs(own)
    for (const client of [limited, world]) {
      expect(await call(client, name, { ...input, MessageIds: [foreign['MessageId']] })).toMatchObject({ [shown]: [] })
      expect((await call(client, name, input))[shown]).toHaveLength(1)
    }
  })

  test('a callback for a message of another app instance is refused', async () => {
    const input = { CallbackId: 'c'.repeat(32), ChannelArn: foreign['ChannelArn'], ChannelMessage: { MessageId: foreign['MessageId'] } }
    expect(await outcome(call(limited, 'ChannelFlowCallback', input))).toBe('refused')
  })

  test('after all of this the other app instance is unchanged', async () => {
    expect(await pictureOf(other, foreign)).toBe(before)
  })
})
