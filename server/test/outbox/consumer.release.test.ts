import { createHash } from 'node:crypto'
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient, ListShardsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { open, purged, say } from '../api/acts.ts'
import { freePort } from '../support/ports.ts'
import { Program, root } from '../support/process.ts'
import { until } from '../support/processor.ts'
import { startWorld } from '../support/world.ts'

const name = 'chime-messaging-consumed'

/** An emulator of Kinesis by another project, with a stream of two shards. */
async function kinesisLocal() {
  const [plain, tls] = [await freePort(), await freePort()]
  const folder = join(root, 'node_modules/kinesis-local')
  const env = {
    KINESIS_MOCK_PLAIN_PORT: String(plain),
    KINESIS_MOCK_TLS_PORT: String(tls),
    KINESIS_MOCK_CERT_PATH: join(folder, 'server.json'),
    INITIALIZE_STREAMS: `${name}:2:us-east-1`,
  }
  const kinesis = new Program(process.execPath, [join(folder, 'main.js')], { env, cwd: folder })
  const endpoint = `http://127.0.0.1:${plain}`
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const { NodeHttpHandler } = await import('@smithy/node-http-handler')
  const client = new KinesisClient({ endpoint, region: 'us-east-1', credentials, requestHandler: new NodeHttpHandler() })
  onTestFinished(() => client.destroy())
  const shards = async () => (await client.send(new ListShardsCommand({ StreamName: name }))).Shards ?? []
  const isThere = until(async () => (await shards().catch(() => [])).length === 2)
  // Rejects when the program ends, with its output.
  await Promise.race([isThere, kinesis.printed(/(?!)/)])

  /** What an ordinary consumer reads: each shard from its beginning, parents before their children. */
  const consume = async () => {
    const records: { shard: string; partitionKey: string; event: { EventType: string; Payload: Record<string, unknown> } }[] = []
    for (const { ShardId } of await shards()) {
      const start = { StreamName: name, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const
      let { ShardIterator: at } = await client.send(new GetShardIteratorCommand(start))
      for (let isEmpty = false; at !== undefined && !isEmpty;) {
        const { Records = [], NextShardIterator } = await client.send(new GetRecordsCommand({ ShardIterator: at }))
        for (const { Data, PartitionKey } of Records) {
          const event = JSON.parse(Buffer.from(Data!).toString()) as { EventType: string; Payload: Record<string, unknown> }
          records.push({ shard: ShardId!, partitionKey: PartitionKey!, event })
        }
        isEmpty = Records.length === 0
        at = NextShardIterator
      }
    }
    return records
  }
  const split = async () => {
    const [{ ShardId, HashKeyRange } = {}] = await shards()
    const middle = (BigInt(HashKeyRange!.StartingHashKey!) + BigInt(HashKeyRange!.EndingHashKey!)) / 2n
    await client.send(new SplitShardCommand({ StreamName: name, ShardToSplit: ShardId, NewStartingHashKey: String(middle) }))
    await until(async () => (await shards()).length === 4)
  }
  return { endpoint, consume, split }
}

/** That many ids, whose partition keys fill each quarter of the range in which Kinesis divides them among shards. */
function evenly(count: number, keyOf: (id: string) => string): string[] {
  const ids: string[] = []
  for (let number = 0; ids.length < count; number++) {
    const [first = 0] = createHash('md5')
      .update(keyOf(String(number)))
      .digest()
    if (first >> 6 === ids.length % 4) ids.push(String(number))
  }
  return ids
}

test('an ordinary consumer reads all seventeen types of records back, in the order of each channel, through a resharding', async () => {
  const kinesis = await kinesisLocal()
  const world = await startWorld('sqlite', { kinesisEndpoint: kinesis.endpoint, elasticChannelsPerAppInstance: '10' })
  onTestFinished(() => world.close())
  const { messaging } = world
  const { arn: AppInstanceArn, user } = await world.appInstance(['ann', 'bob', 'eve', 'tom'], { admins: ['root'] })
  const ResourceArn = `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`
  const StreamingConfigurations = (['Channel', 'ChannelMessage'] as const).map(DataType => ({ DataType, ResourceArn }))
  await messaging.putMessagingStreamingConfigurations({ AppInstanceArn, StreamingConfigurations })
  const [ann, bob] = [user('ann'), user('bob')]
  const ids = evenly(8, id => `${AppInstanceArn}/channel/${id}`)
  const channels = await Promise.all(ids.map(async ChannelId => open(world, ann, { ChannelId, MemberArns: [bob] })))
  const send = async (from: number) => {
    for (let number = from; number < from + 25; number++)
      await Promise.all(channels.map(async channel => say(world, ann, channel, String(number))))
  }
  await send(0)
  const sending = send(25)
  await kinesis.split()
  await sending
  await send(50)

  const ChannelArn = channels[0]!
  const channel = { ChannelArn, ChimeBearer: ann }
  const MessageId = await say(world, ann, ChannelArn, 'old')
  await messaging.updateChannelMessage({ ...channel, MessageId, Content: 'new' })
  await messaging.redactChannelMessage({ ...channel, MessageId })
  await messaging.deleteChannelMessage({ ...channel, ChimeBearer: user('root'), MessageId })
  await messaging.updateChannel({ ...channel, Name: 'new' })
  await messaging.putChannelExpirationSettings({ ...channel })
  await messaging.createChannelModerator({ ...channel, ChannelModeratorArn: bob })
  await messaging.deleteChannelModerator({ ...channel, ChannelModeratorArn: bob })
  await messaging.createChannelBan({ ...channel, MemberArn: bob })
  await messaging.deleteChannelBan({ ...channel, MemberArn: bob })
  await messaging.deleteChannel(channel)
  const elastic = await open(world, ann, {
    ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 40 },
  })
  for (const name of ['bob', 'eve', 'tom'])
    await messaging.createChannelMembership({ ChannelArn: elastic, MemberArn: user(name), Type: 'DEFAULT', ChimeBearer: ann })
  for (const name of ['bob', 'tom'])
    await messaging.deleteChannelMembership({ ChannelArn: elastic, MemberArn: user(name), ChimeBearer: ann })
  await purged(world)

  const wanted = [
    ...['CREATE', 'UPDATE', 'REDACT', 'DELETE'].map(act => `${act}_CHANNEL_MESSAGE`),
    'CREATE_CHANNEL',
    'UPDATE_CHANNEL',
    'DELETE_CHANNEL',
    'UPDATE_CHANNEL_EXPIRATION_SETTINGS',
    ...['MEMBERSHIP', 'BAN', 'MODERATOR'].flatMap(what => [`CREATE_CHANNEL_${what}`, `DELETE_CHANNEL_${what}`]),
    'CREATE_SUB_CHANNEL',
    'DELETE_SUB_CHANNEL',
  ]
  const all = async () => {
    const found = new Set((await kinesis.consume()).map(({ event }) => event.EventType))
    return wanted.every(type => found.has(type))
  }
  await until(all)
  const records = await kinesis.consume()
  expect(new Set(records.map(({ event }) => event.EventType))).toEqual(new Set(wanted))
  expect(records.every(({ event, partitionKey }) => event.Payload['ChannelArn'] === partitionKey)).toBe(true)
  expect(new Set(records.map(({ shard }) => shard)).size).toBe(4)
  for (const each of channels) {
    const contents = records.filter(({ partitionKey, event }) => partitionKey === each && /^\d+$/.test(String(event.Payload['Content'])))
    expect([...new Set(contents.map(({ event }) => Number(event.Payload['Content'])))]).toEqual(
      Array.from({ length: 75 }, (_, index) => index),
    )
  }
})
