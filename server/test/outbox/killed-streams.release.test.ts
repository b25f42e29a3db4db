import { expect, onTestFinished, test } from 'vitest'
import { open } from '../api/acts.ts'
import { startKinesis } from '../support/kinesis.ts'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { until } from '../support/processor.ts'
import { clientsOf, createPostgresDatabase, databaseKinds, makersOf, masterKey, type World } from '../support/world.ts'

const kills = 5
const channelsAtOnce = 10
/** Of each channel: the stream takes fewer records a second than a server takes messages. */
const mostInARound = 50

test.each(databaseKinds)(
  'a server that is killed again and again while it streams loses no record and keeps the order of each channel, on %s',
  { timeout: 600_000 },
  async kind => {
    const kinesis = await startKinesis()
    onTestFinished(() => kinesis.close())
    kinesis.fate = call => (call % 13 === 3 ? 'throttled' : call % 13 === 7 ? 'cut after' : 'answered')
    kinesis.isFailed = (call, index) => (call + index) % 6 === 0
    const where = kind === 'postgres' ? ['--database-url', await createPostgresDatabase()] : ['--data', await temporaryFolder()]
    const env = { ...keyVariables, CARILLON_MASTER_KEY: masterKey }
    const start = async () => {
      const program = serve(['--port', '0', '--kinesis-endpoint', kinesis.url, ...where], { env })
      return { program, ...clientsOf({ url: await program.url(), rootKey }) }
    }
    let server = await start()
    const { arn: AppInstanceArn, user } = await makersOf(server.identity).appInstance(['ann'])
    const stream = kinesis.define('chime-messaging-killed')
    const StreamingConfigurations = [{ DataType: 'ChannelMessage' as const, ResourceArn: stream }]
    await server.messaging.putMessagingStreamingConfigurations({ AppInstanceArn, StreamingConfigurations })
    const ann = user('ann')
    const channels: string[] = []
    while (channels.length < channelsAtOnce) channels.push(await open({ messaging: server.messaging } as World, ann))

    // What was acknowledged, in the order of each channel; what was not may be there too.
    const acknowledged = new Map(channels.map(channel => [channel, [] as string[]]))
    const sendUntilKilled = async (ChannelArn: string, messaging: typeof server.messaging, round: number) => {
      for (let number = 0; number < mostInARound; number++) {
        const Content = `${round}.${number}`
        try {
          await messaging.sendChannelMessage({ ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer: ann })
        } catch {
          return
        }
        acknowledged.get(ChannelArn)!.push(Content)
      }
    }
    for (let round = 0; round < kills; round++) {
      const count = () => kinesis.records(stream).length
      const before = count()
      const sending = channels.map(async channel => sendUntilKilled(channel, server.messaging, round))
      await until(() => count() > before + 30, 60_000)
      server.program.kill('SIGKILL')
      await server.program.exit()
      await Promise.all(sending)
      server = await start()
    }
    const streamed = (channel: string) => {
      const records = kinesis.records(stream).filter(({ partitionKey }) => partitionKey === channel)
      return [...new Set(records.map(({ event }) => String(event.Payload['Content'])))]
    }
    const isThere = () =>
      channels.every(channel => {
        const found = new Set(streamed(channel))
        return acknowledged.get(channel)!.every(content => found.has(content))
      })
    await until(isThere, 120_000)
    for (const channel of channels) {
      const sent = new Set(acknowledged.get(channel))
      expect(streamed(channel).filter(content => sent.has(content))).toEqual(acknowledged.get(channel))
    }
    expect([...acknowledged.values()].reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(kills * 30)
    server.program.kill('SIGTERM')
    expect(await server.program.exit()).toBe(0)
  },
)
