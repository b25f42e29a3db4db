import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startKinesis } from '../support/kinesis.ts'
import { plain, startLex, type LexDouble } from '../support/lex.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { until } from '../support/processor.ts'
import { startFcm } from '../support/push.ts'
import { listen } from '../support/sockets.ts'
import { clientsOf, createPostgresDatabase, makersOf, masterKey } from '../support/world.ts'

const LexBotAliasArn = 'arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST'
const application = 'arn:aws:mobiletargeting:us-east-1:000000000000:apps/chat'
const channelsAtOnce = 12
const messagesInEach = 6

const idsOf = (messages: readonly { MessageId?: string | undefined }[]) => messages.map(({ MessageId }) => MessageId)

/** Three nodes, each with a Lex of its own, which shows which node has called it. */
async function threeNodes(flags: readonly string[]) {
  const env = { ...keyVariables, CARILLON_MASTER_KEY: masterKey }
  const start = async () => {
    const lex = await startLex()
    onTestFinished(() => lex.close())
    const program = serve(['--port', '0', '--lex-endpoint', lex.url, ...flags], { env })
    const url = await program.url()
    return { program, lex, app: { url, rootKey }, ...clientsOf({ url, rootKey }) }
  }
  const first = await start()
  return [first, await start(), await start()] as const
}

test.skipIf(!hasNats)(
  'three nodes, one of them killed once Lex has answered it: one reply to each message, heard once; every record in order, and every push',
  async () => {
    const [nats, kinesis, fcm] = [await startNats(), await startKinesis(), await startFcm()]
    onTestFinished(() => kinesis.close())
    const file = join(await temporaryFolder(), 'destinations.json')
    await writeFile(
      file,
      JSON.stringify({ [application]: { type: 'push', fcm: { url: fcm.url, serviceAccountFile: fcm.serviceAccountFile } } }),
    )
    const shared = ['--database-url', await createPostgresDatabase(), '--nats-url', nats.url]
    const nodes = await threeNodes([...shared, '--kinesis-endpoint', kinesis.url, '--destinations', file])
    const [stays, killed, other] = nodes

    const { arn: AppInstanceArn, user } = await makersOf(stays.identity).appInstance(['ann', 'bob'])
    const stream = kinesis.define('chime-messaging-nodes')
    const StreamingConfigurations = [{ DataType: 'ChannelMessage' as const, ResourceArn: stream }]
    await stays.messaging.putMessagingStreamingConfigurations({ AppInstanceArn, StreamingConfigurations })
    const Configuration = { Lex: { LexBotAliasArn, LocaleId: 'en_US' } }
    const { AppInstanceBotArn: bot } = await stays.identity.createAppInstanceBot({ AppInstanceArn, Configuration })
    await stays.identity.registerAppInstanceUserEndpoint({
      AppInstanceUserArn: user('bob'),
      Type: 'GCM',
      ResourceArn: application,
      EndpointAttributes: { DeviceToken: 'phone-of-bob' },
      ClientRequestToken: 'phone',
    })
    const ChimeBearer = user('ann')
    const channels: string[] = []
    while (channels.length < channelsAtOnce) {
      const given = { AppInstanceArn, Name: 'channel', ChimeBearer, MemberArns: [bot!, user('bob')] }
      channels.push((await stays.messaging.createChannel(given)).ChannelArn!)
    }
    const heard = await listen(other.app, user('bob'))

    const isKilledAfter = 8
    const answers = (lex: LexDouble) => {
      lex.answer = ({ body }, number) => {
        if (lex === killed.lex && number === isKilledAfter) {
          // It is answered, and does not come to store the reply.
          killed.program.kill('SIGSTOP')
          setImmediate(() => killed.program.kill('SIGKILL'))
        }
        return plain(`to ${body.text}`)
      }
    }
    for (const { lex } of nodes) answers(lex)
    /** Sends through that node, or through one that is alive if that has been killed. */
    const say = async (ChannelArn: string, Content: string, node: (typeof nodes)[number]) => {
      const message = {
        ChannelArn,
        Content,
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
        PushNotification: { Title: 'Ann', Body: Content },
        ClientRequestToken: crypto.randomUUID(),
        ChimeBearer,
      } as const
      const { MessageId } = await node.messaging.sendChannelMessage(message).catch(async () => stays.messaging.sendChannelMessage(message))
      return MessageId!
    }
    const sent = await Promise.all(
      channels.map(async (channel, index) => {
        const ids: string[] = []
        for (let number = 0; number < messagesInEach; number++) ids.push(await say(channel, String(number), nodes[(index + number) % 3]!))
        return { channel, ids }
      }),
    )
    // The other nodes may have delivered so many that this one has not asked its Lex often enough.
    for (let number = messagesInEach; killed.lex.calls.length <= isKilledAfter; number++)
      for (const { channel, ids } of sent) ids.push(await say(channel, String(number), killed))
    await killed.program.exit()

    for (const { channel, ids } of sent) {
      const list = async () =>
        (await stays.messaging.listChannelMessages({ ChannelArn: channel, ChimeBearer, SortOrder: 'ASCENDING' })).ChannelMessages!
      // The lease of a killed node ends after half a minute.
      const all = await until(async () => ((await list()).length >= 2 * ids.length ? list() : undefined))
      const origins = all.map(
        ({ MessageAttributes }) => MessageAttributes?.['CHIME.LEX.sessionState.originatingRequestId']?.StringValues?.[0],
      )
      expect(origins.filter(origin => origin !== undefined).toSorted()).toEqual(ids.toSorted())
      const events = () =>
        heard.events.filter(({ type, payload }) => type === 'CREATE_CHANNEL_MESSAGE' && payload!['ChannelArn'] === channel)
      await until(() => events().length >= all.length)
      expect(events().map(({ payload }) => payload!['MessageId'])).toEqual(idsOf(all))
      const records = () => kinesis.records(stream).filter(({ partitionKey }) => partitionKey === channel)
      const streamed = () => [...new Set(records().map(({ event }) => event.Payload['MessageId']))]
      await until(() => streamed().length >= all.length)
      expect(streamed()).toEqual(idsOf(all))
      const pushed = () =>
        new Set(fcm.taken.map(({ data }) => (JSON.parse(data['pinpoint.jsonBody']!) as Record<string, string>)['chime.message_id']))
      await until(() => ids.every(id => pushed().has(id)))
    }
    const messages = sent.flatMap(({ ids }) => ids).length
    expect(nodes.reduce((sum, { lex }) => sum + lex.calls.length, 0)).toBeGreaterThan(messages)
    for (const { program } of [stays, other]) {
      program.kill('SIGTERM')
      expect(await program.exit()).toBe(0)
    }
  },
)
