import { expect, onTestFinished, test } from 'vitest'
import { laneStates } from '../../src/store/outbox-lanes.ts'
import { open, say } from '../api/acts.ts'
import { startKinesis, type KinesisDouble } from '../support/kinesis.ts'
import { until } from '../support/processor.ts'
import { createPostgresDatabase, databaseKinds, startWorld, type World } from '../support/world.ts'

async function streaming(world: World, kinesis: KinesisDouble, channels: number) {
  const { messaging } = world
  const { arn, user } = await world.appInstance(['ann'])
  const stream = kinesis.define('chime-messaging-test')
  await messaging.putMessagingStreamingConfigurations({
    AppInstanceArn: arn,
    StreamingConfigurations: [{ DataType: 'ChannelMessage', ResourceArn: stream }],
  })
  const ann = user('ann')
  const arns = await Promise.all(Array.from({ length: channels }, async () => open(world, ann)))
  return { stream, ann, arns }
}

/** The records of each channel, without duplicates. */
const contentsOf = (kinesis: KinesisDouble, stream: string) =>
  new Map(
    [...Map.groupBy(kinesis.records(stream), ({ partitionKey }) => partitionKey)].map(([channel, records]) => [
      channel,
      [...new Set(records.map(({ event }) => Number(event.Payload['Content'])))],
    ]),
  )

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

test.each(databaseKinds)(
  'every record arrives, in the order of its channel, through entries that fail, throttling and cut connections, from two nodes, on %s',
  async kind => {
    const kinesis = await startKinesis()
    onTestFinished(() => kinesis.close())
    kinesis.fate = call => (call % 7 === 3 ? 'throttled' : call % 7 === 5 ? 'cut before' : call % 11 === 6 ? 'cut after' : 'answered')
    kinesis.isFailed = (call, index) => (call * 3 + index) % 4 === 0
    const databaseUrl = kind === 'postgres' ? await createPostgresDatabase() : undefined
    const settings = { kinesisEndpoint: kinesis.url, ...(databaseUrl !== undefined && { databaseUrl }) }
    const nodes = await Promise.all((kind === 'postgres' ? [1, 2] : [1]).map(async () => startWorld(kind, settings)))
    onTestFinished(async () => {
      for (const node of nodes) await node.close()
    })
    const [first] = nodes
    const { stream, ann, arns } = await streaming(first!, kinesis, 5)
    // One message after the other in each channel, through either node.
    const send = async (channel: string) => {
      for (const number of numbers(12)) {
        const Persistence = number % 4 === 1 ? 'NON_PERSISTENT' : 'PERSISTENT'
        await say(nodes[number % nodes.length]!, ann, channel, String(number), { Persistence })
      }
    }
    await Promise.all(arns.map(send))
    const all = () => {
      const contents = contentsOf(kinesis, stream)
      return arns.every(arn => contents.get(arn)?.length === 12)
    }
    await until(all)
    const contents = contentsOf(kinesis, stream)
    for (const arn of arns) expect(contents.get(arn)).toEqual(numbers(12))
    expect(Math.max(...kinesis.calls)).toBeLessThanOrEqual(arns.length)
  },
)

test('a stream that is down delays neither sends nor other streams, and gets all records once it is back', async () => {
  const kinesis = await startKinesis()
  const world = await startWorld('sqlite', { kinesisEndpoint: kinesis.url })
  onTestFinished(async () => {
    await world.close()
    await kinesis.close()
  })
  const { stream, ann, arns } = await streaming(world, kinesis, 1)
  const { arn: AppInstanceArn, user } = await world.appInstance(['bob'])
  const other = kinesis.define('chime-messaging-other')
  await world.messaging.putMessagingStreamingConfigurations({
    AppInstanceArn,
    StreamingConfigurations: [{ DataType: 'ChannelMessage', ResourceArn: other }],
  })
  const otherChannel = await open(world, user('bob'))
  let isDown = true
  kinesis.isAway = name => isDown && name === 'chime-messaging-test'
  for (const number of numbers(30)) await say(world, ann, arns[0]!, String(number))
  await say(world, user('bob'), otherChannel, '0')
  await until(() => kinesis.records(other).length === 1)
  expect(kinesis.records(stream)).toEqual([])
  isDown = false
  await until(() => kinesis.records(stream).length >= 30)
  expect(contentsOf(kinesis, stream).get(arns[0]!)).toEqual(numbers(30))
})

test('a stream that never answers is named in the error of its lane, with the app instance whose records wait', async () => {
  const kinesis = await startKinesis()
  const world = await startWorld('sqlite', { kinesisEndpoint: kinesis.url })
  onTestFinished(async () => {
    await world.close()
    await kinesis.close()
  })
  const { ann, arns } = await streaming(world, kinesis, 1)
  kinesis.fate = () => 'silent'
  await say(world, ann, arns[0]!, 'hello')
  const error = await until(async () => (await laneStates(world.app.db)).map(state => state.error)[0])
  expect(error).toBe(
    `Records of ${ann.split('/user/')[0]} wait: Kinesis at ${kinesis.url} cannot be reached for the stream chime-messaging-test: it has not answered in time`,
  )
})
