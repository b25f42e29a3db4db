import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { startKinesis } from '../server/test/support/kinesis.ts'
import { appInstanceArn, membersByChannel } from './support/fill.ts'
import { load } from './support/load.ts'
import { costColumns, counting, medianOf, ratioOf, type Measured } from './support/measured.ts'
import { messagesOf } from './support/messages.ts'
import { Report } from './support/report.ts'
import { inRounds } from './support/rounds.ts'
import { openSite } from './support/server.ts'
import { rootKey } from './support/signed.ts'
import { Yardstick } from './support/yardstick.ts'

/**
 * A message that nobody hears: where its app instance streams nothing, where it streams messages to a Kinesis of this process, and where
 * that is down. The second includes the CPU of its deliveries; the entries of the third are delivered before the next measurement.
 */
export async function streaming(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      rooms: { type: 'string', default: '100' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '7' },
      postgres: { type: 'boolean', default: false },
    },
  })
  const [rooms, seconds, rounds] = [Number(values.rooms), Number(values.seconds), Number(values.rounds)]
  const shape = { users: rooms, channels: rooms, each: 1, large: 0 }
  const report = new Report(values.postgres ? 'streaming-postgres' : 'streaming', values)
  let taken = 0
  const kinesis = await startKinesis({ take: () => taken++ })
  const ResourceArn = kinesis.define('chime-messaging-bench')
  const flags = ['--kinesis-endpoint', kinesis.url, '--log-level', 'error']
  const site = await openSite(shape, { postgres: values.postgres, flags })
  const { url } = site.server
  const yardstick = await Yardstick.start()
  const messaging = new ChimeSDKMessaging({ endpoint: url, region: 'us-east-1', credentials: rootKey })
  try {
    const messageOf = messagesOf(url, membersByChannel(shape))
    const AppInstanceArn = appInstanceArn
    let next = 1
    /** How many of the messages so far are streamed. */
    let streamed = 0
    const isTaken = () => taken >= streamed
    const untilTaken = async () => {
      while (!isTaken()) await pause(5)
    }

    const measure = async (isStreamed: boolean, isAway: boolean): Promise<Measured> => {
      const StreamingConfigurations = [{ DataType: 'ChannelMessage' as const, ResourceArn }]
      if (isStreamed) await messaging.putMessagingStreamingConfigurations({ AppInstanceArn, StreamingConfigurations })
      else await messaging.deleteMessagingStreamingConfigurations({ AppInstanceArn })
      kinesis.isAway = () => isAway
      const costOf = counting(site)
      const result = await load(url, () => messageOf(next++), { seconds, connections: 32 })
      if (isStreamed) streamed += result.requests
      if (!isAway) await untilTaken()
      const cost = costOf(result.requests)
      kinesis.isAway = () => false
      await untilTaken()
      return { ...result, ...cost }
    }
    const figures = await inRounds(
      {
        hello: () => yardstick.measure(seconds),
        'no stream': () => measure(false, false),
        'a stream': () => measure(true, false),
        'a stream that is down': () => measure(true, true),
      },
      rounds,
    )
    const alone = figures.get('no stream')!
    report.tell({ rooms, messages: next - 1, streamed, 'records that came again': taken - streamed })
    report.table(
      'a message that nobody hears',
      [...figures].map(([kind, all]) => ({
        kind,
        ...costColumns(all, figures),
        '× no stream': ratioOf(all, alone, 2),
        'messages/s': medianOf(all, one => one.requests / one.seconds),
        'p50 ms': medianOf(all, one => one.p50, 2),
        'p99 ms': medianOf(all, one => one.p99, 2),
      })),
    )
    await report.keep()
  } finally {
    messaging.destroy()
    await yardstick.stop()
    await site.close()
    await kinesis.close()
  }
}
