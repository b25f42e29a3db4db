import { expect, onTestFinished, test } from 'vitest'
import { startEventBridge } from '../support/event-bridge.ts'
import { followEverything } from '../support/domain-events.ts'
import { startHttp } from '../support/push.ts'
import { callBack, processor, startLambda, until } from '../support/processor.ts'
import { Seam } from '../support/seam.ts'
import { databaseKinds } from '../support/world.ts'
import { say } from '../api/acts.ts'
import { pushRecipients } from '../../src/outbox/push/recipients.ts'
import { PushServices } from '../../src/outbox/push/services.ts'
import { readDestinations } from '../../src/settings/destinations.ts'
import { statement } from '../../src/database/database.ts'
import { laneFigures } from '../../src/domain/lane-figures.ts'
import { application, listDead, note, pushActs, pushWorld } from './push-scene.ts'

process.env['TEST_PUSH_SECRET'] = 'a secret of twenty characters'

interface Posted {
  readonly Push: { readonly Title?: string; readonly MessageId: string }
  readonly Devices: { readonly EndpointAttributes: { readonly DeviceToken: string } }[]
}

/** A webhook that accepts everything, and the pushes of each member. */
async function recorder() {
  const posted: Posted[] = []
  const url = await startHttp((_, body, response) => {
    posted.push(JSON.parse(body.toString()) as Posted)
    response.writeHead(200).end()
  })
  const tokensOf = (messageId: string) =>
    posted
      .filter(({ Push }) => Push.MessageId === messageId)
      .flatMap(({ Devices }) => Devices.map(({ EndpointAttributes }) => EndpointAttributes.DeviceToken))
      .toSorted()
  return { posted, tokensOf, map: { [application]: { type: 'webhook', url, secretVariable: 'TEST_PUSH_SECRET' } } }
}

const outboxEntries = statement<{ lane: string }>('select lane from outbox')

test.each(databaseKinds)(
  'all members get a push, HIDDEN ones and the sender too, on each of their devices; nobody else does, on %s',
  async kind => {
    const { tokensOf, map } = await recorder()
    const { world, user, register, openWith, push, settled } = await pushWorld(kind, map)
    for (const name of ['ann', 'bob', 'eve']) await register(name, name)
    await register('bob', 'bob’s tablet')
    const { register: registerElsewhere } = await pushActs(world)
    await registerElsewhere('bob', 'elsewhere')
    const channel = await openWith('bob')
    const message = await push(channel)
    await settled()
    expect(tokensOf(message)).toEqual(['ann', 'bob', 'bob’s tablet'])
    await world.messaging.createChannelMembership({ ChannelArn: channel, MemberArn: user('eve'), Type: 'HIDDEN', ChimeBearer: user('ann') })
    const next = await push(channel, { Persistence: 'NON_PERSISTENT', Type: 'CONTROL' })
    await settled()
    expect(tokensOf(next)).toEqual(['ann', 'bob', 'bob’s tablet', 'eve'])
    await world.messaging.deleteChannelMembership({ ChannelArn: channel, MemberArn: user('bob'), ChimeBearer: user('ann') })
    await world.identity.deleteAppInstanceUser({ AppInstanceUserArn: user('eve') })
    const last = await push(channel)
    await settled()
    expect(tokensOf(last)).toEqual(['ann'])
  },
)

test.each(databaseKinds)(
  'a push that had to wait reaches nobody who has left the channel, and nobody where the channel or the message is gone, on %s',
  async kind => {
    const reached: string[] = []
    let isAway = true
    const url = await startHttp((_, body, response) => {
      const { Push, Devices } = JSON.parse(body.toString()) as Posted
      if (!isAway) for (const { EndpointAttributes } of Devices) reached.push(`${Push.MessageId} ${EndpointAttributes.DeviceToken}`)
      response.writeHead(isAway ? 500 : 200).end()
    })
    const map = { [application]: { type: 'webhook', url, secretVariable: 'TEST_PUSH_SECRET' } }
    const { world, arn, user, register, openWith, push, settled } = await pushWorld(kind, map)
    for (const name of ['ann', 'bob', 'eve']) await register(name, name)
    const { messaging } = world
    const [left, deleted, moderated] = [await openWith('bob', 'eve'), await openWith('bob'), await openWith('eve')]
    const seen = await push(left)
    await push(deleted)
    const own = { ChannelArn: moderated, ChimeBearer: user('ann') }
    const [redacted, removed, kept] = [await push(moderated), await push(moderated), await push(moderated)]
    const passing = await push(moderated, { Persistence: 'NON_PERSISTENT' })
    await until(async () => (await laneFigures(world.app.db, world.now())).some(({ failedAt }) => failedAt !== undefined))
    await messaging.deleteChannelMembership({ ChannelArn: left, MemberArn: user('bob'), ChimeBearer: user('ann') })
    await messaging.deleteChannel({ ChannelArn: deleted, ChimeBearer: user('ann') })
    await messaging.redactChannelMessage({ ...own, MessageId: redacted })
    await world.identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: user('ann') })
    await messaging.deleteChannelMessage({ ...own, MessageId: removed })
    isAway = false
    await settled()
    const expected = [seen, kept, passing].flatMap(id => ['ann', 'eve'].map(name => `${id} ${name}`))
    expect(reached.toSorted()).toEqual(expected.toSorted())
  },
)

test.each(databaseKinds)('a targeted message pushes to its sender and its target, on %s', async kind => {
  const { tokensOf, map } = await recorder()
  const { register, openWith, push, settled, user } = await pushWorld(kind, map)
  for (const name of ['ann', 'bob', 'eve']) await register(name, name)
  const channel = await openWith('bob', 'eve')
  const message = await push(channel, { Target: [{ MemberArn: user('eve') }] })
  const passing = await push(channel, { Target: [{ MemberArn: user('bob') }], Persistence: 'NON_PERSISTENT' })
  const own = await push(channel, { Target: [{ MemberArn: user('ann') }] })
  await settled()
  expect([tokensOf(message), tokensOf(passing), tokensOf(own)]).toEqual([['ann', 'eve'], ['ann', 'bob'], ['ann']])
})

test.each(databaseKinds)('AllowMessages, preferences and filter rules decide for each member, on %s', async kind => {
  const { tokensOf, map } = await recorder()
  const { world, user, register, openWith, push, settled } = await pushWorld(kind, map)
  await register('ann', 'ann')
  await register('bob', 'bob')
  const silenced = await register('bob', 'bob’s tablet', { AllowMessages: 'NONE' })
  await register('eve', 'eve')
  const channel = await openWith('bob', 'eve')
  const prefer = async (name: string, PushNotifications: { AllowNotifications: 'ALL' | 'NONE' | 'FILTERED'; FilterRule?: string }) =>
    world.messaging.putChannelMembershipPreferences({
      ChannelArn: channel,
      MemberArn: user(name),
      ChimeBearer: user(name),
      Preferences: { PushNotifications },
    })
  await prefer('ann', { AllowNotifications: 'NONE' })
  const FilterRule = JSON.stringify({ mention: ['Eve'], sender: [{ 'anything-but': [user('eve')] }] })
  await prefer('eve', { AllowNotifications: 'FILTERED', FilterRule })
  const plain = await push(channel)
  const mentioned = await push(channel, { MessageAttributes: { mention: { StringValues: ['Bob', 'Eve'] } } })
  const own = { mention: { StringValues: ['Eve'] }, sender: { StringValues: [user('eve')] } }
  const byEve = await push(channel, { MessageAttributes: own }, note, 'eve')
  await settled()
  expect([tokensOf(plain), tokensOf(mentioned), tokensOf(byEve)]).toEqual([['bob'], ['bob', 'eve'], ['bob']])
  await prefer('ann', { AllowNotifications: 'ALL', FilterRule })
  await world.identity.updateAppInstanceUserEndpoint({ AppInstanceUserArn: user('bob'), EndpointId: silenced, AllowMessages: 'ALL' })
  const last = await push(channel)
  await settled()
  expect(tokensOf(last)).toEqual(['ann', 'bob', 'bob’s tablet'])
})

test.each(databaseKinds)('a message of an elastic channel pushes to the members of its sub-channel, on %s', async kind => {
  const { tokensOf, map } = await recorder()
  const { world, arn, user, register, push, settled } = await pushWorld(kind, map, { elasticChannelsPerAppInstance: '10' })
  for (const name of ['ann', 'bob', 'eve']) await register(name, name)
  const { ChannelArn } = await world.messaging.createChannel({
    AppInstanceArn: arn,
    Name: 'elastic',
    Mode: 'RESTRICTED',
    Privacy: 'PUBLIC',
    ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 1 },
    ChimeBearer: user('ann'),
  })
  const join = async (name: string) => {
    const joined = await world.messaging.createChannelMembership({
      ChannelArn,
      MemberArn: user(name),
      Type: 'DEFAULT',
      ChimeBearer: user('ann'),
    })
    return joined.SubChannelId!
  }
  const SubChannelId = await join('bob')
  await join('eve')
  const { SubChannels } = await world.messaging.listSubChannels({ ChannelArn, ChimeBearer: user('ann') })
  const members = async (id: string) =>
    (await world.messaging.listChannelMemberships({ ChannelArn, SubChannelId: id, ChimeBearer: user('ann') })).ChannelMemberships!.map(
      each => each.Member!.Name!,
    )
  expect(SubChannels!.length).toBeGreaterThan(0)
  const message = await push(ChannelArn!, { SubChannelId }, note, 'bob')
  await settled()
  expect(tokensOf(message)).toEqual((await members(SubChannelId)).toSorted())
})

test('a message of a flow pushes at its release, as the processor left the notification; a denied or edited one never', async () => {
  const lambda = await startLambda()
  onTestFinished(() => lambda.close())
  const { posted, tokensOf, map } = await recorder()
  const { world, arn, user, register, openWith, push, settled } = await pushWorld('sqlite', map, { lambdaEndpoint: lambda.url })
  await register('bob', 'bob')
  const channel = await openWith('bob')
  const flow = lambda.define()
  const { ChannelFlowArn } = await world.messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'f', Processors: [processor(flow.arn)] })
  await world.messaging.associateChannelFlow({ ChannelArn: channel, ChannelFlowArn, ChimeBearer: user('ann') })
  const message = await push(channel)
  const event = await flow.event()
  await settled()
  expect(posted).toEqual([])
  await callBack(world.messaging, event, { PushNotification: { ...note, Title: 'checked' } })
  await until(() => tokensOf(message).length === 1)
  expect(posted[0]!.Push.Title).toBe('checked')
  await world.messaging.updateChannelMessage({ ChannelArn: channel, MessageId: message, Content: 'edited', ChimeBearer: user('ann') })
  await callBack(world.messaging, await flow.event(1), { PushNotification: note })
  await push(channel)
  await callBack(world.messaging, await flow.event(2), {}, { DeleteResource: true })
  await settled()
  expect(posted).toHaveLength(1)
})

test('a message without a PushNotification, and one where nobody has an active device, adds no entry to the outbox', async () => {
  const { map } = await recorder()
  const seam = new Seam()
  const { world, user, register, openWith, push } = await pushWorld('sqlite', map, {}, { through: seam.through })
  const channel = await openWith('bob')
  await pushActs(world).then(async other => other.register('bob', 'elsewhere'))
  const transactions = seam.witness()
  const statements = () => transactions.flatMap(({ asked }) => asked.map(({ text }) => text))
  await push(channel)
  expect(await world.app.db.all(outboxEntries)).toEqual([])
  expect(statements().filter(text => /endpoints|insert into outbox/.test(text))).toHaveLength(1)
  await register('bob', 'bob')
  const before = statements().length
  await say(world, user('ann'), channel)
  await say(world, user('ann'), channel, 'hello', { Persistence: 'NON_PERSISTENT' })
  expect(await world.app.db.all(outboxEntries)).toEqual([])
  const later = statements().slice(before)
  expect(later.length).toBeGreaterThan(0)
  expect(later.filter(text => /endpoints|insert into outbox/.test(text))).toEqual([])
})

test.each(databaseKinds)(
  'in a channel of 250 members each gets a push once, and a step that runs twice changes nothing, on %s',
  async kind => {
    const { tokensOf, map } = await recorder()
    const { world, file } = await pushWorld(kind, map)
    const names = Array.from({ length: 250 }, (_, index) => `user-${index}`)
    const { register, user, push, openWith, settled } = await pushActs(world, ['ann', ...names])
    const channel = await openWith(...names.slice(0, 10))
    for (let at = 10; at < names.length; at += 80) {
      const MemberArns = names.slice(at, at + 80).map(user)
      await world.messaging.batchCreateChannelMembership({ ChannelArn: channel, MemberArns, ChimeBearer: user('ann') })
    }
    await Promise.all(names.map(async name => register(name, name)))
    const message = await push(channel)
    await until(() => tokensOf(message).length >= 250)
    await settled()
    expect(tokensOf(message)).toEqual(names.toSorted())
    // A step whose lease is over: another node has the entry, so the step writes nothing.
    const services = new PushServices(await readDestinations(file, process.env))
    const { deliver } = pushRecipients({ db: world.app.db, now: world.now, report: async () => {} }, services)
    const channelId = (await world.app.db.get(statement<{ id: number }>('select max(id) as id from channels')))!.id
    const again = { messageId: 'm', channelArn: channel, title: 't', body: 'b', type: 'DEFAULT' as const, expiresAt: world.now() + 60_000 }
    const payload = JSON.stringify({ push: again, channelId, subChannelId: 0 })
    await deliver({ id: 1_000_000, lane: 'push x', subLane: null, payload, attempts: 1, createdAt: 0 }, AbortSignal.timeout(5000))
    expect(await world.app.db.all(outboxEntries)).toEqual([])
  },
)

test('of two users who register the same device at once only one keeps it', async () => {
  const seam = new Seam()
  const { register, stateOf } = await pushWorld('postgres', {}, {}, { through: seam.through })
  const bobHasLooked = seam.hold({ text: /update endpoints set status_reason = 'INVALID_DEVICE_TOKEN'/, at: 'answer' })
  const bob = register('bob', 'shared')
  await bobHasLooked.reached
  const eveLocks = seam.hold({ text: /update app_instances/, at: 'question' })
  const eve = register('eve', 'shared')
  await eveLocks.reached
  eveLocks.release()
  bobHasLooked.release()
  const [ofBob, ofEve] = await Promise.all([bob, eve])
  const states = [await stateOf('bob', ofBob), await stateOf('eve', ofEve)]
  expect(states).toEqual([{ Status: 'INACTIVE', StatusReason: 'INVALID_DEVICE_TOKEN' }, { Status: 'ACTIVE' }])
})

test.each(databaseKinds)(
  'a device of an application that the map does not name becomes INACTIVE with INVALID_PINPOINT_ARN, on %s',
  async kind => {
    const { tokensOf, map } = await recorder()
    const eventBridge = await startEventBridge()
    onTestFinished(() => eventBridge.close())
    const { register, stateOf, openWith, push, settled, user } = await pushWorld(kind, map, { eventbridgeEndpoint: eventBridge.url })
    const known = await register('bob', 'known')
    const unknown = await register('bob', 'unknown', { ResourceArn: `${application}2` })
    const channel = await openWith('bob')
    const heard = followEverything()
    const message = await push(channel)
    await settled()
    expect(tokensOf(message)).toEqual(['known'])
    expect(await stateOf('bob', known)).toEqual({ Status: 'ACTIVE' })
    const state = { Status: 'INACTIVE', StatusReason: 'INVALID_PINPOINT_ARN' }
    expect(await stateOf('bob', unknown)).toEqual(state)
    const told = heard.filter(({ kind: what }) => what === 'UserEndpointDeactivated')
    expect(told).toMatchObject([{ endpointId: unknown, reason: 'INVALID_PINPOINT_ARN' }])
    expect(eventBridge.events.map(({ DetailType, detail }) => [DetailType, detail])).toEqual([
      [
        'Chime Messaging AppInstanceUserEndpoint Delivery Failure',
        {
          resourceArn: `${user('bob')}/endpoint/${unknown}`,
          failureReason: `--destinations does not name the application ${application}2`,
        },
      ],
    ])
  },
)

test('without any application in the map nothing is pushed, and no device becomes INACTIVE', async () => {
  const { register, stateOf, openWith, push, settled, world } = await pushWorld('sqlite', {})
  const id = await register('bob', 'bob')
  await push(await openWith('bob'))
  await settled()
  expect(await stateOf('bob', id)).toEqual({ Status: 'ACTIVE' })
  expect(await listDead(world)).toEqual([])
})
