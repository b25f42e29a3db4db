import type { Processor } from '@aws-sdk/client-chime-sdk-messaging'
import { afterAll, expect, test } from 'vitest'
import { runJob } from '../api/acts.ts'
import { callBack, processor, startLambda, type FlowEvent } from '../support/processor.ts'
import { onBothDatabases } from '../support/world.ts'
import { makeScene, typesOf, type Heard, type Scene } from './scene.ts'

const lambda = await startLambda()
afterAll(() => lambda.close())

const hour = 60 * 60 * 1000
const passing = { Persistence: 'NON_PERSISTENT' } as const

const types = async (s: Pick<Scene, 'heard'>) => typesOf(await s.heard())

const all = (type: string) => ({ alice: [type], bob: [type], carol: [type], tom: [type] })

const lastOf = (events: readonly Heard[] | undefined) => events!.at(-1)!.payload as Record<string, unknown>

onBothDatabases(
  'Events of a channel flow',
  world => {
    const setting = async (extra: Partial<Processor> = {}) => {
      const called = lambda.define()
      const s = await makeScene(world())
      const Processors = [processor(called.arn, extra)]
      const { ChannelFlowArn } = await s.messaging.createChannelFlow({ AppInstanceArn: s.arn, Name: 'flow', Processors })
      const associate = async () => s.messaging.associateChannelFlow({ ...s.channel, ChannelFlowArn })
      const own = { ...s.channel, ChimeBearer: s.bob }
      const pass = async (event: FlowEvent, given: Parameters<typeof callBack>[2] = {}) => callBack(s.messaging, event, given)
      const deny = async (event: FlowEvent) => callBack(s.messaging, event, {}, { DeleteResource: true })
      return { ...s, called, associate, own, pass, deny }
    }

    test('a message is PENDING for its sender, and reaches all as the processor left it', async () => {
      const s = await setting()
      await s.associate()
      const MessageId = await s.say('hello', { Metadata: 'm' })
      const pending = await s.heard()
      expect(typesOf(pending)).toEqual({ bob: ['PENDING_CREATE_CHANNEL_MESSAGE'] })
      const { payload, headers } = pending.bob![0]!
      expect(headers).toEqual({ 'x-amz-chime-event-type': 'PENDING_CREATE_CHANNEL_MESSAGE', 'x-amz-chime-message-type': 'STANDARD' })
      expect(payload).toMatchObject({ MessageId, Content: 'hello', Metadata: 'm', Status: { Value: 'PENDING' }, Redacted: false })
      const event = await s.called.event()
      world().advance(1000)
      await s.pass(event, { Content: 'changed', Metadata: '' })
      const released = await s.heard()
      expect(typesOf(released)).toEqual(all('CREATE_CHANNEL_MESSAGE'))
      expect(lastOf(released.tom)).toEqual({ ...payload, Content: 'changed', Metadata: '', Status: { Value: 'SENT' } })
      const { ChannelMessage } = await s.messaging.getChannelMessage({ ...s.channel, MessageId })
      expect(lastOf(released.tom)).toEqual(JSON.parse(JSON.stringify(ChannelMessage)))
    })

    test('the sender hears of a denial', async () => {
      const s = await setting()
      await s.associate()
      const MessageId = await s.say('hello')
      await s.heard()
      await s.deny(await s.called.event())
      const denied = await s.heard()
      expect(typesOf(denied)).toEqual({ bob: ['DENIED_CREATE_CHANNEL_MESSAGE'] })
      expect(lastOf(denied.bob)).toMatchObject({ MessageId, Content: 'hello', Status: { Value: 'DENIED' } })
    })

    test('for a processor that cannot be reached, ABORT sends FAILED to the sender, and CONTINUE the message to all', async () => {
      for (const FallbackAction of ['ABORT', 'CONTINUE'] as const) {
        const s = await setting({ FallbackAction })
        s.called.status = 404
        await s.associate()
        await s.say('hello')
        const heard: Heard[] = []
        await expect.poll(async () => heard.push(...((await s.heard()).bob ?? []))).toBe(2)
        const outcome = FallbackAction === 'ABORT' ? ['FAILED_CREATE_CHANNEL_MESSAGE', 'FAILED'] : ['CREATE_CHANNEL_MESSAGE', 'SENT']
        expect([heard[1]!.type, (lastOf(heard)['Status'] as { Value: string }).Value]).toEqual(outcome)
      }
    })

    test('a message that is not answered in time is FAILED', async () => {
      const s = await setting()
      await s.associate()
      await s.say('hello')
      await s.called.event()
      await s.heard()
      world().advance(49 * hour)
      await runJob(world(), 'flow-callbacks')
      expect(await types(s)).toEqual({ bob: ['FAILED_CREATE_CHANNEL_MESSAGE'] })
      await runJob(world(), 'flow-callbacks')
      expect(await types(s)).toEqual({})
    })

    test('a message that is not stored has the same events', async () => {
      const s = await setting()
      await s.associate()
      await s.say('one', passing)
      await s.pass(await s.called.event(0), { Content: 'changed' })
      const passed = await s.heard()
      expect(typesOf(passed)).toEqual({
        ...all('CREATE_CHANNEL_MESSAGE'),
        bob: ['PENDING_CREATE_CHANNEL_MESSAGE', 'CREATE_CHANNEL_MESSAGE'],
      })
      expect(lastOf(passed.tom)).toMatchObject({ Content: 'changed', Persistence: 'NON_PERSISTENT', Status: { Value: 'SENT' } })
      await s.say('two', passing)
      await s.deny(await s.called.event(1))
      expect(await types(s)).toEqual({ bob: ['PENDING_CREATE_CHANNEL_MESSAGE', 'DENIED_CREATE_CHANNEL_MESSAGE'] })
    })

    test('a targeted message is released to sender and target', async () => {
      const s = await setting()
      await s.associate()
      await s.say('hello', { Target: [{ MemberArn: s.tom }] })
      await s.pass(await s.called.event(), {})
      expect(await types(s)).toEqual({
        bob: ['PENDING_CREATE_CHANNEL_MESSAGE', 'CREATE_CHANNEL_MESSAGE'],
        tom: ['CREATE_CHANNEL_MESSAGE'],
      })
    })

    test('an edit is PENDING for its sender, and reaches all once it is passed; the sender hears of a denied one', async () => {
      const s = await setting()
      const MessageId = await s.say('old', { Metadata: 'm' })
      await s.associate()
      await s.heard()
      await s.messaging.updateChannelMessage({ ...s.own, MessageId, Content: 'new' })
      const pending = await s.heard()
      expect(typesOf(pending)).toEqual({ bob: ['PENDING_UPDATE_CHANNEL_MESSAGE'] })
      const what = { MessageId, Content: 'new', Metadata: 'm', LastEditedTimestamp: expect.any(String) as string }
      expect(lastOf(pending.bob)).toMatchObject({ ...what, Status: { Value: 'PENDING' } })
      await s.pass(await s.called.event(0), { Content: 'newer' })
      const passed = await s.heard()
      expect(typesOf(passed)).toEqual(all('UPDATE_CHANNEL_MESSAGE'))
      const { ChannelMessage } = await s.messaging.getChannelMessage({ ...s.channel, MessageId })
      expect(lastOf(passed.carol)).toEqual(JSON.parse(JSON.stringify(ChannelMessage)))
      expect(lastOf(passed.carol)).toMatchObject({ ...what, Content: 'newer', Status: { Value: 'SENT' } })

      await s.messaging.updateChannelMessage({ ...s.own, MessageId, Content: 'worse' })
      await s.deny(await s.called.event(1))
      const denied = await s.heard()
      expect(typesOf(denied)).toEqual({ bob: ['PENDING_UPDATE_CHANNEL_MESSAGE', 'DENIED_UPDATE_CHANNEL_MESSAGE'] })
      expect(lastOf(denied.bob)).toMatchObject({ ...what, Content: 'worse', Status: { Value: 'DENIED' } })
    })

    test('the sender hears of an edit that has failed', async () => {
      const s = await setting()
      const MessageId = await s.say('old')
      await s.associate()
      await s.messaging.updateChannelMessage({ ...s.own, MessageId, Content: 'new' })
      await s.called.event()
      await s.heard()
      world().advance(49 * hour)
      await runJob(world(), 'flow-callbacks')
      const failed = await s.heard()
      expect(typesOf(failed)).toEqual({ bob: ['FAILED_UPDATE_CHANNEL_MESSAGE'] })
      expect(lastOf(failed.bob)).toMatchObject({ MessageId, Content: 'new', Status: { Value: 'FAILED' } })
    })

    test('an edit of a message that is redacted or deleted meanwhile has no event', async () => {
      const s = await setting()
      const ids = [await s.say('one'), await s.say('two'), await s.say('three')]
      await s.associate()
      for (const MessageId of ids) await s.messaging.updateChannelMessage({ ...s.own, MessageId, Content: 'new' })
      const events = await Promise.all([0, 1, 2].map(async index => s.called.event(index)))
      const eventOf = (MessageId: string) => events.find(event => event.ChannelMessage.MessageId === MessageId)!
      await s.messaging.redactChannelMessage({ ...s.channel, MessageId: ids[0]! })
      await s.messaging.redactChannelMessage({ ...s.channel, MessageId: ids[1]! })
      await s.messaging.deleteChannelMessage({ ...s.channel, ChimeBearer: s.root, MessageId: ids[2]! })
      await s.heard()
      await s.pass(eventOf(ids[0]!), { Content: 'new' })
      await s.deny(eventOf(ids[1]!))
      await s.pass(eventOf(ids[2]!), { Content: 'new' })
      expect(await types(s)).toEqual({})
    })

    test('in an elastic channel the sub-channel of the message hears of the release', async () => {
      const s = await setting()
      const { ChannelArn, ChimeBearer, places } = await s.elastic(s.bob, s.carol, s.dave, s.tom)
      const { ChannelFlowArn } = (await s.messaging.listChannelFlows({ AppInstanceArn: s.arn })).ChannelFlows![0]!
      await s.messaging.associateChannelFlow({ ChannelArn, ChimeBearer, ChannelFlowArn })
      await s.heard()
      await s.say('hello', { ChannelArn, SubChannelId: places[0] })
      await s.pass(await s.called.event())
      const created = ['CREATE_CHANNEL_MESSAGE']
      const told = await s.heard()
      expect(typesOf(told)).toEqual({ bob: ['PENDING_CREATE_CHANNEL_MESSAGE', ...created], carol: created, dave: created })
      expect(lastOf(told.dave)).toMatchObject({ ChannelArn, SubChannelId: places[0], Content: 'hello' })
    })

    test('a sender that has left hears of the outcome of its message', async () => {
      const s = await setting()
      await s.associate()
      await s.say('hello')
      const event = await s.called.event()
      await s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.bob })
      await s.heard()
      await s.deny(event)
      expect(await types(s)).toEqual({ bob: ['DENIED_CREATE_CHANNEL_MESSAGE'] })
    })

    test('a channel that is deleted meanwhile has no further events', async () => {
      const s = await setting()
      await s.associate()
      await s.say('hello')
      await s.called.event()
      await s.messaging.deleteChannel(s.channel)
      await s.heard()
      world().advance(49 * hour)
      await runJob(world(), 'flow-callbacks')
      expect(await types(s)).toEqual({})
    })
  },
  { lambdaEndpoint: lambda.url },
)
