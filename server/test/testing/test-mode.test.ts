import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { afterAll, expect, test } from 'vitest'
import type { Carillon } from '../../src/client/carillon.ts'
import { readConfig } from '../../src/settings/config.ts'
import { processor, startLambda } from '../support/processor.ts'
import { listen } from '../support/sockets.ts'
import { clientsOf, onBothDatabases, refusal, startWorld } from '../support/world.ts'

const chat = 'arn:aws:chime:us-east-1:000000000000:app-instance/chat'
const [ann, ben] = [`${chat}/user/ann`, `${chat}/user/ben`]
const ChannelArn = `${chat}/channel/general`
const seed = {
  Id: 'chat',
  Users: [{ Id: 'ann' }, { Id: 'ben' }],
  Channels: [{ Id: 'general', Moderators: ['ann'], Members: ['ben'] }],
}
const message = { ChannelArn, ChimeBearer: ann, Content: 'Hello', Type: 'STANDARD', Persistence: 'PERSISTENT' } as const

const lambda = await startLambda()
afterAll(() => lambda.close())

onBothDatabases(
  'In test mode',
  world => {
    const call: Carillon['call'] = (name, input) => world().carillon.call(name, input)
    const fresh = async () => {
      await call('ResetTestServer', {})
      await call('SeedAppInstance', seed)
    }
    const order = async (effect: object) => call('CreateTestFault', { Operation: 'SendChannelMessage', ...effect })
    const send = async () => {
      const { MessageId } = await world().messaging.sendChannelMessage(message)
      const { ChannelMessage } = await world().messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer: ann })
      return ChannelMessage!
    }

    test('SeedAppInstance creates what it declares, and ResetTestServer deletes everything, so that the same ids are free again', async () => {
      await world().appInstance(['x'])
      await fresh()
      await send()
      await fresh()
      const { AppInstances } = await world().identity.listAppInstances({})
      expect(AppInstances).toEqual([{ AppInstanceArn: chat, Name: 'chat' }])
      expect((await world().messaging.listChannelMessages({ ChannelArn, ChimeBearer: ben })).ChannelMessages).toEqual([])
      expect(await refusal(call('SeedAppInstance', { Id: 'y', Admins: ['cid'] }))).toMatchObject({
        name: 'BadRequestException',
        reason: "Admins[0]: Users has no 'cid'.",
      })
    })

    test('ResetTestServer with CountedIds gives the same ids again, and random ones without', async () => {
      const { identity, messaging } = world()
      const run = async (CountedIds: boolean) => {
        await call('ResetTestServer', { CountedIds })
        await call('SeedAppInstance', seed)
        await call('PutTestClock', { Timestamp: new Date('2031-01-01T00:00:00Z'), Frozen: true })
        const { MessageId } = await messaging.sendChannelMessage(message)
        const passing = await messaging.sendChannelMessage({ ...message, Persistence: 'NON_PERSISTENT' })
        const channel = await messaging.createChannel({ AppInstanceArn: chat, Name: 'x', ChimeBearer: ann })
        const { AppInstanceArn } = await identity.createAppInstance({ Name: 'another' })
        return [MessageId, passing.MessageId, channel.ChannelArn, AppInstanceArn]
      }
      const first = await run(true)
      expect(await run(true)).toEqual(first)
      expect(first[2]).toBe(`${chat}/channel/00000000-0000-4000-8000-000000000001`)
      const random = await run(false)
      expect(random.filter(id => first.includes(id))).toEqual([])
      await call('ResetTestServer', {})
    })

    test('CountedIds counts sub-channels and the callbacks of a flow too', async () => {
      const { messaging } = world()
      const run = async () => {
        await call('ResetTestServer', { CountedIds: true })
        await call('SeedAppInstance', seed)
        const called = lambda.define()
        const Processors = [processor(called.arn)]
        const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn: chat, Name: 'flow', Processors })
        await messaging.associateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer: ann })
        const callbacks = []
        for (const number of [0, 1]) {
          await messaging.sendChannelMessage(message)
          callbacks.push((await called.event(number)).CallbackId)
        }
        const elastic = { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 40 }
        const asked = { AppInstanceArn: chat, Name: 'elastic', ChimeBearer: ann, ElasticChannelConfiguration: elastic }
        const created = await messaging.createChannel(asked)
        const joining = { ChannelArn: created.ChannelArn, MemberArn: ben, Type: 'DEFAULT', ChimeBearer: ann } as const
        const { SubChannelId } = await messaging.createChannelMembership(joining)
        return { callbacks, SubChannelId }
      }
      const first = await run()
      expect(first.callbacks).toEqual(['1', '2'].map(count => count.padStart(48, '0')))
      // After the flow and the channel.
      expect(first.SubChannelId).toBe('00000000-0000-4000-8000-000000000003')
      expect(await run()).toEqual(first)
      await call('ResetTestServer', {})
    })

    test('a call whose answer is lost, or is an error, has been executed where the fault says so', async () => {
      await fresh()
      const contents = async () => {
        const { ChannelMessages } = await world().messaging.listChannelMessages({ ChannelArn, ChimeBearer: ann, SortOrder: 'ASCENDING' })
        return ChannelMessages!.map(each => each.Content)
      }
      const at = { endpoint: world().app.url, region: 'us-east-1', credentials: world().app.rootKey }
      const [once, stock] = [new ChimeSDKMessaging({ ...at, maxAttempts: 1 }), new ChimeSDKMessaging(at)]
      const say = async (Content: string) => once.sendChannelMessage({ ...message, Content })
      await order({ CloseConnection: true, CarriedOut: true })
      await expect(say('carried out, no answer')).rejects.toThrow(/socket hang up|ECONNRESET/)
      await order({ CloseConnection: true })
      await expect(say('not carried out, no answer')).rejects.toThrow(/socket hang up|ECONNRESET/)
      await order({ Error: 'ServiceFailureException', CarriedOut: true })
      expect(await refusal(say('carried out, an error'))).toMatchObject({ name: 'ServiceFailureException', status: 500 })
      await order({ Error: 'ServiceFailureException' })
      expect(await refusal(say('not carried out, an error'))).toMatchObject({ status: 500 })
      expect(await contents()).toEqual(['carried out, no answer', 'carried out, an error'])
      // The stock client repeats the call with the token of the first try.
      await order({ CloseConnection: true, CarriedOut: true })
      await stock.sendChannelMessage({ ...message, Content: 'repeated', ClientRequestToken: 'token' })
      expect((await contents()).filter(each => each === 'repeated')).toHaveLength(1)
      for (const client of [once, stock]) client.destroy()
    })

    test('PutTestClock freezes and moves the time of the application, while signatures stay valid', async () => {
      await fresh()
      const Timestamp = new Date('2031-05-06T07:08:09Z')
      expect(await call('PutTestClock', { Timestamp, Frozen: true })).toMatchObject({ Timestamp, Frozen: true, SignatureSkewSeconds: 0 })
      const { CreatedTimestamp, MessageId } = await send()
      expect(CreatedTimestamp).toEqual(Timestamp)
      const later = new Date(Timestamp.getTime() + 86_400_000)
      expect((await call('PutTestClock', { AdvanceSeconds: 86_400 })).Timestamp).toEqual(later)
      await world().messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'Changed', ChimeBearer: ann })
      const { ChannelMessage } = await world().messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer: ann })
      expect(ChannelMessage?.LastEditedTimestamp).toEqual(later)
      await call('PutTestClock', { Frozen: false })
      await expect.poll(async () => (await send()).CreatedTimestamp?.getTime()).toBeGreaterThan(later.getTime())
      await call('ResetTestServer', {})
      expect((await call('PutTestClock', {})).Timestamp!.getTime()).toBeLessThan(Timestamp.getTime())
    })

    test('a skewed clock of signatures refuses them, and a stock client that corrects its clock by the Date header succeeds', async () => {
      await fresh()
      await call('PutTestClock', { SignatureSkewSeconds: 3600 })
      const { url, rootKey } = world().app
      const skewed = new ChimeSDKMessaging({ endpoint: url, region: 'us-east-1', credentials: rootKey, maxAttempts: 1 })
      expect(await refusal(skewed.sendChannelMessage(message))).toMatchObject({ name: 'InvalidSignatureException' })
      // The client has learned how late its clock is.
      expect((await skewed.sendChannelMessage(message)).MessageId).toMatch(/./)
      skewed.destroy()
      await call('PutTestClock', { SignatureSkewSeconds: 0 })
      await send()
    })

    test('CreateTestFault fails that many calls of an operation, and the stock client retries where an error is retryable', async () => {
      await fresh()
      const { url, rootKey } = world().app
      const retrying = new ChimeSDKMessaging({ endpoint: url, region: 'us-east-1', credentials: rootKey, maxAttempts: 3 })
      await call('CreateTestFault', { Operation: 'SendChannelMessage', Error: 'ThrottledClientException', Times: 2 })
      const { $metadata } = await retrying.sendChannelMessage(message)
      expect($metadata.attempts).toBe(3)
      retrying.destroy()
      await call('CreateTestFault', { Operation: 'SendChannelMessage', Error: 'ConflictException', Times: 1 })
      await world().messaging.describeChannel({ ChannelArn, ChimeBearer: ann })
      expect(await refusal(world().messaging.sendChannelMessage(message))).toMatchObject({ name: 'ConflictException', status: 409 })
      await send()
      await call('CreateTestFault', { Error: 'ServiceUnavailableException', Times: 100 })
      expect(await refusal(world().identity.listAppInstances({}))).toMatchObject({ status: 503 })
      await fresh()
      await send()
    })

    test('a delayed call is answered that much later', async () => {
      await fresh()
      await call('CreateTestFault', { Operation: 'SendChannelMessage', DelayMilliseconds: 300 })
      const begin = performance.now()
      await send()
      expect(performance.now() - begin).toBeGreaterThan(290)
    })

    test('CloseTestSessions closes the sessions of a user or all of them with the code, and connections are refused with one', async () => {
      await fresh()
      const { app } = world()
      const [first, second] = [await listen(app, ann), await listen(app, ben)]
      expect(await call('CloseTestSessions', { CloseCode: 4005, AppInstanceUserArn: ann })).toMatchObject({ SessionCount: 1 })
      expect(await first.closed).toEqual({ code: 4005, reason: 'A test has closed the session' })
      expect(await call('CloseTestSessions', { CloseCode: 1012, Reason: 'why' })).toMatchObject({ SessionCount: 1 })
      expect(await second.closed).toEqual({ code: 1012, reason: 'why' })
      expect(await refusal(call('CloseTestSessions', { CloseCode: 4005, AppInstanceUserArn: `${ann}e` }))).toMatchObject({ status: 400 })
      await call('CreateTestFault', { Operation: 'Connect', CloseCode: 4401 })
      await expect(listen(app, ann)).rejects.toThrow('closed with 4401 A test has ordered this refusal')
      await listen(app, ann)
    })

    test('a dropped event is heard by nobody, and the next one of its type by all', async () => {
      await fresh()
      const listening = await listen(world().app, ben)
      await call('CreateTestFault', { EventType: 'CREATE_CHANNEL_MESSAGE' })
      for (const Content of ['dropped', 'heard']) await world().messaging.sendChannelMessage({ ...message, Content })
      expect((await listening.next()).payload).toMatchObject({ Content: 'heard' })
    })

    test.each([
      [{}, /Give Error, CloseConnection or DelayMilliseconds/],
      [{ EventType: 'X', Error: 'ConflictException' }, /give EventType and Times only/],
      [{ CloseCode: 4005 }, /Give it with the Operation Connect/],
      [{ Operation: 'SendChannelMessage', CarriedOut: true }, /Give Error, CloseConnection or DelayMilliseconds/],
      [{ CloseConnection: true, Error: 'NotFoundException' }, /give one of the two/],
      [{ Operation: 'SendMessage', Error: 'ConflictException' }, /There is no operation SendMessage\./],
    ] as const)('the fault %j is refused', async (fault, reason) => {
      expect(await refusal(call('CreateTestFault', fault))).toMatchObject({ status: 400, reason: expect.stringMatching(reason) })
    })

    test('only the root key controls it', async () => {
      const { app } = world()
      const { carillon } = clientsOf(app, { ...app.rootKey, secretAccessKey: 'another' })
      expect(await refusal(carillon.call('ResetTestServer', {}))).toMatchObject({ name: 'InvalidSignatureException' })
    })
  },
  { testMode: 'on', lambdaEndpoint: lambda.url, elasticChannelsPerAppInstance: '10' },
)

test('without test mode there are no such operations', async () => {
  const world = await startWorld('sqlite')
  expect(await refusal(world.carillon.call('ResetTestServer', {}))).toMatchObject({ name: 'UnknownOperationException', status: 404 })
  await world.close()
})

const refused = (flags: Record<string, string>) => () => readConfig({ testMode: 'on', ...flags }, {})

test('a server in test mode is refused at a public address, at a name that may be one, and on several nodes', () => {
  expect(refused({ host: '8.8.8.8' })).toThrow('--test-mode is refused at the public address 8.8.8.8')
  expect(refused({ host: '2a00::1' })).toThrow('--test-mode is refused at the public address 2a00::1')
  expect(refused({ host: 'chat.example.com' })).toThrow('needs localhost or an address')
  expect(refused({ natsUrl: 'nats://127.0.0.1:4222', databaseUrl: 'postgresql://127.0.0.1/x' })).toThrow('is for a single server')
  for (const host of ['localhost', '127.0.0.1', '::1', '10.1.2.3']) expect(refused({ host })).not.toThrow()
})
