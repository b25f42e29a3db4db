import { afterAll, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/database/open.ts'
import { createLog } from '../../src/observe/log.ts'
import { readConfig } from '../../src/settings/config.ts'
import { appendInOrder, appendToOutbox, isOutboxDue, laneOf, leaseFromOutbox, outboxFigures } from '../../src/store/outbox.ts'
import { holdLane, laneStates } from '../../src/store/outbox-lanes.ts'
import { say } from '../api/acts.ts'
import { figuresOf } from '../support/figures.ts'
import { startKinesis } from '../support/kinesis.ts'
import { temporaryFolder } from '../support/process.ts'
import { callBack, startLambda, until } from '../support/processor.ts'
import { createPostgresDatabase, startWorld, type World } from '../support/world.ts'
import { flowOf } from './flow.ts'

const lambda = await startLambda()
afterAll(() => lambda.close())

/** How many deliveries were retried. */
const retriesIn = (metrics: string) =>
  [...metrics.matchAll(/^carillon_outbox_retries_total\{.*\} (\d+)$/gm)].reduce((sum, [, retries]) => sum + Number(retries), 0)

/** A node of the same database as the others. */
async function node(databaseUrl: string): Promise<World> {
  const world = await startWorld('postgres', { databaseUrl, lambdaEndpoint: lambda.url })
  onTestFinished(() => world.close())
  return world
}

test('two nodes of one database invoke the processor once for every message, whichever leases the entry and whichever gets the callback', async () => {
  const databaseUrl = await createPostgresDatabase()
  const [first, second] = [await node(databaseUrl), await node(databaseUrl)]
  let calls = 0
  const called = lambda.define(event => callBack((calls++ % 2 === 0 ? first : second).messaging, event, { Content: 'checked' }))
  const { ann, channel } = await flowOf(first, called)
  const sent = await Promise.all(
    Array.from({ length: 50 }, (_, index) => say(index % 2 === 0 ? first : second, ann, channel, String(index))),
  )
  const list = async () =>
    (await second.messaging.listChannelMessages({ ChannelArn: channel, ChimeBearer: ann, MaxResults: 50 })).ChannelMessages!
  await until(() => called.invocations.length >= sent.length)
  await until(async () => (await list()).every(message => message.Status!.Value === 'SENT' && message.Content === 'checked'))
  const ids = called.invocations.map(({ event }) => event.ChannelMessage.MessageId)
  expect([...new Set(ids)].toSorted()).toEqual(sent.toSorted())
  // On a busy machine the API may not have answered within five seconds; then the processor is invoked again.
  const repeated = await Promise.all([first, second].map(async ({ app }) => retriesIn(await figuresOf(app.url))))
  expect(ids.length - sent.length).toBeLessThanOrEqual(repeated.reduce((sum, retries) => sum + retries))
})

test('a node that stops releases its undelivered entries to the others at once', async () => {
  const databaseUrl = await createPostgresDatabase()
  const first = await node(databaseUrl)
  const called = lambda.define()
  called.delay = 60_000
  const { ann, channel, status } = await flowOf(first, called)
  const id = await say(first, ann, channel)
  await called.event()
  await first.close()
  called.delay = 0
  const db = await openDatabase(readConfig({ databaseUrl }, {}), { log: createLog('silent'), follow: () => {} })
  onTestFinished(() => db.close())
  // The attempt has not failed, as one does after five seconds, and its lease has ended.
  expect([await isOutboxDue(db, laneOf('flow-invocation', called.arn), Date.now()), await laneStates(db)]).toEqual([true, []])
  const second = await node(databaseUrl)
  const event = await called.event(1)
  await callBack(second.messaging, event)
  expect(await status(second, id)).toBe('SENT')
})

test('on SQLite a server continues the lanes and entries of the one that was killed before it at once, whatever was left of their leases', async () => {
  const kinesis = await startKinesis()
  onTestFinished(() => kinesis.close())
  const settings = { data: await temporaryFolder(), kinesisEndpoint: kinesis.url }
  const stream = kinesis.define('chime-messaging-left')
  const lane = laneOf('stream', stream)
  const processors = laneOf('flow-invocation', 'arn:aws:lambda:us-east-1:123456789012:function:none')
  const before = await startWorld('sqlite', settings)
  await before.close()
  const db = await openDatabase(readConfig({ ...settings, tls: 'off' }, {}), { log: createLog('silent'), follow: () => {} })
  await db.transaction(async tx => {
    await appendInOrder(tx, lane, 'channel', '{"EventType":"CREATE_CHANNEL_MESSAGE","Payload":{}}', Date.now())
    await holdLane(tx, lane, Date.now(), { nodeId: 'killed', until: Date.now() + 3_600_000 })
    for (const each of ['a', 'b']) await appendToOutbox(tx, processors, { callbackId: each }, Date.now())
    await leaseFromOutbox(tx, processors, Date.now(), Date.now() + 3_600_000, 2, 'killed')
  })
  await db.close()
  const after = await startWorld('sqlite', settings)
  onTestFinished(() => after.close())
  expect(await until(() => kinesis.records(stream)[0])).toMatchObject({ partitionKey: 'channel' })
  // The callbacks of these invocations do not exist, so a delivery only removes them.
  await until(async () => (await outboxFigures(after.app.db)).length === 0)
})
