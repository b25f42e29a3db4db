import { createServer } from 'node:http'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { startEventBridge } from '../support/event-bridge.ts'
import { startKinesis } from '../support/kinesis.ts'
import { startLex } from '../support/lex.ts'
import { temporaryFolder } from '../support/process.ts'
import { processor, startLambda, until } from '../support/processor.ts'
import { onBothDatabases, startWorld, type World } from '../support/world.ts'

const [bridge, lex, lambda, kinesis] = [await startEventBridge(), await startLex(), await startLambda(), await startKinesis()]
afterAll(async () => {
  for (const each of [bridge, lex, lambda, kinesis]) await each.close()
})
beforeEach(() => {
  bridge.fate = () => 'taken'
})

const LexBotAliasArn = 'arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST'
const endpoints = { lexEndpoint: lex.url, lambdaEndpoint: lambda.url, kinesisEndpoint: kinesis.url }

/** Sends a message to a bot whose Lex refuses the server; resolves to the bot. */
async function failingBot(world: World): Promise<string> {
  const { arn, user } = await world.appInstance(['ann'])
  const { AppInstanceBotArn } = await world.identity.createAppInstanceBot({
    AppInstanceArn: arn,
    Name: 'bot',
    Configuration: { Lex: { LexBotAliasArn, LocaleId: 'en_US' } },
  })
  lex.answer = () => 403
  const channel = await open(world, user('ann'), { MemberArns: [AppInstanceBotArn!] })
  await say(world, user('ann'), channel)
  return AppInstanceBotArn!
}

const ofDetail = async (member: string, value: string) => until(() => bridge.events.find(({ detail }) => detail[member] === value))

onBothDatabases(
  'EventBridge',
  world => {
    test('receives the failure of a bot that Lex does not answer, again until the event is accepted', async () => {
      const fates = ['cut', 'throttled', 'failed entry'] as const
      const start = world().now()
      let before = Infinity
      bridge.fate = call => {
        before = Math.min(before, call)
        return fates[call - before] ?? 'taken'
      }
      const bot = await failingBot(world())
      const { Time, ...event } = await ofDetail('resourceArn', bot)
      expect(event).toEqual({
        Source: 'aws.chime',
        DetailType: 'Chime Messaging AppInstanceBot Lex Failure',
        Resources: [],
        detail: { resourceArn: bot, failureReason: expect.stringMatching(/^Lex at .* has answered 403: AccessDeniedException/) as string },
      })
      // In whole seconds.
      expect(Time * 1000).toBeGreaterThan(start - 1000)
      expect(Time * 1000).toBeLessThanOrEqual(world().now())
      expect(bridge.events.filter(({ detail }) => detail['resourceArn'] === bot)).toHaveLength(1)
    })

    test('receives the failure of a processor that cannot be invoked', async () => {
      const { arn, user } = await world().appInstance(['ann'])
      const { messaging } = world()
      const channel = await open(world(), user('ann'))
      const missing = 'arn:aws:lambda:us-east-1:123456789012:function:missing'
      const Processors = [processor(missing)]
      const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors })
      await messaging.associateChannelFlow({ ChannelArn: channel, ChannelFlowArn, ChimeBearer: user('ann') })
      const messageId = await say(world(), user('ann'), channel)
      const { DetailType, detail } = await ofDetail('messageId', messageId)
      expect(DetailType).toBe('Chime ChannelFlow Processing Status')
      expect(detail).toEqual({
        eventType: 'ProcessorInvocationFailure',
        appInstanceArn: arn,
        channelArn: channel,
        messageId,
        processorResourceArn: missing,
        failureReason: 'Lambda has answered 404: no such function',
      })
    })

    test('receives the failure of a stream that answers and accepts none of the records', async () => {
      const { arn, user } = await world().appInstance(['ann'])
      const stream = kinesis.define(`chime-messaging-${arn.slice(-8)}`)
      const StreamingConfigurations = [{ DataType: 'Channel' as const, ResourceArn: stream }]
      await world().messaging.putMessagingStreamingConfigurations({ AppInstanceArn: arn, StreamingConfigurations })
      kinesis.isFailed = () => true
      onTestFinished(() => void (kinesis.isFailed = () => false))
      await open(world(), user('ann'))
      expect(await ofDetail('resourceArn', stream)).toMatchObject({
        DetailType: 'Chime Chat Streaming Status',
        detail: { appInstanceArn: arn, failureReason: expect.stringContaining('Kinesis has not accepted a record') as string },
      })
    })

    test('receives the failure of a stream that accepts no records, once for each type of data', async () => {
      const { arn, user } = await world().appInstance(['ann'])
      const stream = kinesis.define(`chime-messaging-${arn.slice(-8)}`)
      const StreamingConfigurations = (['Channel', 'ChannelMessage'] as const).map(DataType => ({ DataType, ResourceArn: stream }))
      await world().messaging.putMessagingStreamingConfigurations({ AppInstanceArn: arn, StreamingConfigurations })
      kinesis.fate = () => 'throttled'
      onTestFinished(() => void (kinesis.fate = () => 'answered'))
      const before = kinesis.calls.length
      await open(world(), user('ann'))
      const told = () => bridge.events.filter(({ detail }) => detail['resourceArn'] === stream)
      await until(() => told().length === 2)
      await until(() => kinesis.calls.length >= before + 6)
      expect(told().map(({ DetailType, detail }) => [DetailType, detail])).toEqual(
        expect.arrayContaining(
          ['Channel', 'ChannelMessage'].map(dataType => [
            'Chime Chat Streaming Status',
            {
              eventType: 'StreamingFailure',
              appInstanceArn: arn,
              dataType,
              resourceArn: stream,
              failureReason: expect.stringContaining('Rate exceeded') as string,
            },
          ]),
        ),
      )
      expect(told()).toHaveLength(2)
    })
  },
  { ...endpoints, eventbridgeEndpoint: bridge.url },
)

test('an event bus at a webhook receives each event as a rule of EventBridge passes it on', async () => {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    void (async () => {
      bodies.push(await text(request))
      response.writeHead(200).end()
    })().catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const folder = await temporaryFolder()
  const [secretFile, destinations] = [join(folder, 'secret'), join(folder, 'destinations.json')]
  await writeFile(secretFile, 'a secret of twenty characters')
  const bus = 'arn:aws:events:us-east-1:000000000000:event-bus/default'
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  await writeFile(destinations, JSON.stringify({ [bus]: { type: 'webhook', url, secretFile } }))
  const world = await startWorld('sqlite', { ...endpoints, destinations, region: 'eu-west-1', account: '123456789012' })
  onTestFinished(() => world.close())
  const bot = await failingBot(world)
  await until(() => bodies.length === 1)
  expect(JSON.parse(bodies[0]!)).toEqual({
    version: '0',
    id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    'detail-type': 'Chime Messaging AppInstanceBot Lex Failure',
    source: 'aws.chime',
    account: '123456789012',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
    region: 'eu-west-1',
    resources: [],
    detail: { resourceArn: bot, failureReason: expect.stringContaining('403') as string },
  })
})
