import { setTimeout } from 'node:timers/promises'
import type { Processor } from '@aws-sdk/client-chime-sdk-messaging'
import { afterAll, describe, expect, test } from 'vitest'
import { open, patiently, sayAmongMany } from '../api/acts.ts'
import { readConfig } from '../../src/settings/config.ts'
import { createLog } from '../../src/observe/log.ts'
import { statement } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { nobodysPort } from '../support/ports.ts'
import { keyVariables, main, run, serve, temporaryFolder } from '../support/process.ts'
import { callBack, processor, startLambda, until, type LambdaFunction } from '../support/processor.ts'
import { createPostgresDatabase, databaseKinds, masterKey, onBothDatabases, startWorld, type World } from '../support/world.ts'

const lambda = await startLambda()
const nobody = `http://127.0.0.1:${nobodysPort}`
afterAll(() => lambda.close())

/** A node has at most 32 in flight. */
const crowd = 80

const messagesOf = ({ invocations }: LambdaFunction) => invocations.map(({ event }) => event.ChannelMessage.MessageId)

/** A channel of a user's whose messages go through a flow with this processor. */
async function flowOf(world: World, called: Processor) {
  const { arn, user } = await world.appInstance(['ann'])
  const ann = user('ann')
  const channel = await open(world, ann)
  const { ChannelFlowArn } = await world.messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors: [called] })
  await world.messaging.associateChannelFlow({ ChannelArn: channel, ChannelFlowArn, ChimeBearer: ann })
  const sendAll = async (count: number) =>
    Promise.all(Array.from({ length: count }, async (_, index) => sayAmongMany(world, ann, channel, String(index))))
  const statuses = async (ids: readonly string[]) => {
    const answers = ids.map(async MessageId =>
      world.messaging.getChannelMessageStatus({ ChannelArn: channel, MessageId, ChimeBearer: ann }),
    )
    return (await Promise.all(answers)).map(({ Status }) => Status!.Value)
  }
  const areAll = async (ids: readonly string[], wanted: string) =>
    until(async () => (await patiently(() => statuses(ids))).every(status => status === wanted))
  return { sendAll, areAll }
}

describe('More messages than a node invokes processors for at once', () => {
  onBothDatabases(
    'with processors that can be reached',
    world => {
      test('are all released by a slow processor, and so is what another app instance sends meanwhile', async () => {
        const { messaging } = world()
        let [running, most] = [0, 0]
        const full = Promise.withResolvers<void>()
        const slow = lambda.define(event => patiently(() => callBack(messaging, event)))
        const accepting = lambda.define(event => patiently(() => callBack(messaging, event)))
        // The API answers when the function has run, as an emulator does.
        slow.whileAnswering = async () => {
          most = Math.max(most, ++running)
          if (running === 32) full.resolve()
          await full.promise
          await setTimeout(300)
          running--
        }
        // A machine that stands still may let all attempts of an invocation end without an answer.
        const given = { FallbackAction: 'CONTINUE' } as const
        const [crowded, other] = [await flowOf(world(), processor(slow.arn, given)), await flowOf(world(), processor(accepting.arn, given))]
        const sent = await crowded.sendAll(crowd)
        const late = await other.sendAll(1)
        await crowded.areAll(sent, 'SENT')
        await other.areAll(late, 'SENT')
        await full.promise
        // The server continues to work.
        const again = await crowded.sendAll(crowd)
        await crowded.areAll(again, 'SENT')
        expect(new Set(messagesOf(slow))).toEqual(new Set([...sent, ...again]))
        // Where this machine has stood still for so long that an invocation was given up, it was repeated beside the first.
        const repeated = slow.invocations.length - 2 * crowd
        expect(most - repeated).toBeLessThanOrEqual(32)
      })

      test('are all released if the endpoint never answers, and others arrive after them', async () => {
        const silent = lambda.define()
        silent.delay = 600_000
        const { sendAll, areAll } = await flowOf(world(), processor(silent.arn, { FallbackAction: 'CONTINUE' }))
        const sent = await sendAll(40)
        await areAll(sent, 'SENT')
        expect(new Set(messagesOf(silent))).toEqual(new Set(sent))
        expect(silent.invocations.length).toBeLessThanOrEqual(3 * sent.length)
        const called = lambda.define(event => patiently(() => callBack(world().messaging, event)))
        const other = await flowOf(world(), processor(called.arn, { FallbackAction: 'CONTINUE' }))
        await other.areAll(await other.sendAll(crowd), 'SENT')
      })
    },
    { lambdaEndpoint: lambda.url },
  )

  onBothDatabases(
    'with an endpoint that does not exist',
    world => {
      test('are all released', async () => {
        const { sendAll, areAll } = await flowOf(
          world(),
          processor('arn:aws:lambda:us-east-1:123456789012:function:f', { FallbackAction: 'CONTINUE' }),
        )
        const sent = await sendAll(crowd)
        await expect(areAll(sent, 'SENT')).resolves.toBe(true)
      })
    },
    { lambdaEndpoint: nobody },
  )
})

const delayOutbox = statement(`update outbox set next_at = next_at - 3600000`)

test.each(databaseKinds)(
  'an outbox whose entries stay due is reported in the log, in /metrics and by `carillon doctor`, on %s',
  async kind => {
    const where = kind === 'postgres' ? { databaseUrl: await createPostgresDatabase() } : { data: await temporaryFolder(), tls: 'off' }
    const silent = lambda.define()
    silent.delay = 600_000
    const before = await startWorld(kind, { ...where, lambdaEndpoint: lambda.url })
    const { sendAll } = await flowOf(before, processor(silent.arn))
    await sendAll(crowd)
    await before.app.close()
    silent.invocations.length = 0
    const flags = kind === 'postgres' ? ['--database-url', where.databaseUrl!] : ['--data', where.data!]
    const doctor = async () => run(process.execPath, [main, 'doctor', ...flags])
    expect((await doctor()).stdout).toMatch(/^good: No entry of the outbox has been due for more than a minute; waiting: \d+\.$/m)

    const db = await openDatabase(readConfig(where, {}), { log: createLog('silent'), follow: () => {} })
    await db.run(delayOutbox)
    await db.close()
    const { code, stdout } = await doctor()
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(
        /^fault: The outbox is stuck: an entry of the lane flow-invocation arn:\S+ has been due for 36\d\d seconds; entries in the lane: \d+\.\n/m,
      ),
    ])

    const env = { ...keyVariables, CARILLON_MASTER_KEY: masterKey }
    const server = serve(['--port', '0', '--lambda-endpoint', lambda.url, ...flags], { env })
    const url = await server.url()
    const overdue = async () => {
      const figures = await (await fetch(`${url}/metrics`)).text()
      return Number(/^carillon_outbox_overdue_seconds\{kind="flow-invocation",destination="[^"]+"\} (\S+)$/m.exec(figures)?.[1])
    }
    // At once: the processor is invoked for about 32 entries at a time, and each is due again some seconds later.
    await until(async () => (await overdue()) > 3600)
    await until(() => silent.invocations.length >= 32)
    await until(() => server.stderr.includes('A lane of the outbox is stuck'))
    const lines = server.stderr.split('\n').filter(line => line.includes('A lane of the outbox is stuck'))
    expect(lines.map(line => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: 40, kind: 'flow-invocation', seconds: expect.closeTo(3600, -3) as number }),
    ])
  },
)
