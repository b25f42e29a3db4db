import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { startKinesis } from '../support/kinesis.ts'
import { keyVariables, rootKey, serve } from '../support/process.ts'
import { until } from '../support/processor.ts'
import { repeatedly } from '../support/repeatedly.ts'
import { clientsOf, createPostgresDatabase, makersOf, masterKey, type World } from '../support/world.ts'

const name = 'chime-messaging-taken-over'

test.each(['SIGKILL', 'SIGSTOP'] as const)(
  'the lane of a node that gets %s goes on at another node within seconds, and a node that comes back begins no delivery',
  async signal => {
    const databaseUrl = await createPostgresDatabase()
    const database = new Client(databaseUrl)
    await database.connect()
    onTestFinished(() => database.end())
    const start = async () => {
      const kinesis = await startKinesis()
      onTestFinished(() => kinesis.close())
      const stream = kinesis.define(name)
      const flags = ['--port', '0', '--kinesis-endpoint', kinesis.url, '--database-url', databaseUrl]
      const program = serve(flags, { env: { ...keyVariables, CARILLON_MASTER_KEY: masterKey } })
      const clients = clientsOf({ url: await program.url(), rootKey })
      return { program, clients: clients as unknown as World, stream, records: () => kinesis.records(stream).length }
    }
    const first = await start()
    const { arn: AppInstanceArn, user } = await makersOf(first.clients.identity).appInstance(['ann'])
    await first.clients.messaging.putMessagingStreamingConfigurations({
      AppInstanceArn,
      StreamingConfigurations: [{ DataType: 'ChannelMessage', ResourceArn: first.stream }],
    })
    const channel = await open(first.clients, user('ann'), {})
    let sent = 0
    const sayOn = async ({ clients }: typeof first) => say(clients, user('ann'), channel, String(sent++))
    await sayOn(first)
    await until(() => first.records() === 1)
    const second = await start()
    const sending = repeatedly(async () => {
      await sayOn(second)
      await setTimeout(50)
    })
    // The first node extends its lease.
    await until(() => first.records() > 100)
    expect(second.records()).toBe(0)
    first.program.kill(signal)
    // By its time alone the lease would last for another hour.
    await database.query('update outbox_lanes set leased_until = leased_until + 3600000')
    await until(() => second.records() > 0)
    const [before, there] = [first.records(), second.records()]
    await until(() => second.program.stderr.includes('A node has not updated its heartbeat for seconds'))
    first.program.kill('SIGCONT')
    await until(() => second.records() > there + 50)
    // At the most the batch of some tenths of a second that it had begun.
    const after = first.records()
    expect(after - before).toBeLessThanOrEqual(10)
    await until(() => second.records() > there + 100)
    expect(first.records()).toBe(after)
    await sending.stop()
    await until(() => first.records() + second.records() >= sent)
  },
)
