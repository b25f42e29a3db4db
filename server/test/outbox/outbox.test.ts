import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { callBack, processor, startLambda, until, type LambdaFunction } from '../support/processor.ts'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { clientsOf, createPostgresDatabase, databaseKinds, startWorld, type World } from '../support/world.ts'

const lambda = await startLambda()
afterAll(() => lambda.close())

/** A node of the same database as the others. */
async function node(databaseUrl: string): Promise<World> {
  const world = await startWorld('postgres', { databaseUrl, lambdaEndpoint: lambda.url })
  onTestFinished(() => world.close())
  return world
}

/** A channel of a user's whose messages go through a flow with this function. */
async function flowOf({ identity, messaging }: Pick<World, 'identity' | 'messaging'>, called: LambdaFunction) {
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'test' })
  await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'ann', Name: 'ann' })
  const ann = `${AppInstanceArn}/user/ann`
  const channel = await open({ messaging } as World, ann)
  const Processors = [processor(called.arn)]
  const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn, Name: 'flow', Processors })
  await messaging.associateChannelFlow({ ChannelArn: channel, ChannelFlowArn, ChimeBearer: ann })
  const status = async ({ messaging }: Pick<World, 'messaging'>, MessageId: string) =>
    (await messaging.getChannelMessageStatus({ ChannelArn: channel, MessageId, ChimeBearer: ann })).Status!.Value
  return { ann, channel, status }
}

test('two nodes of one database invoke for every message, each once, whichever has taken it and whichever is called back', async () => {
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
  expect(called.invocations.map(({ event }) => event.ChannelMessage.MessageId).toSorted()).toEqual(sent.toSorted())
})

test('a node that stops hands what it has not delivered to the others at once', async () => {
  const databaseUrl = await createPostgresDatabase()
  const first = await node(databaseUrl)
  const called = lambda.define()
  called.delay = 60_000
  const { ann, channel, status } = await flowOf(first, called)
  const id = await say(first, ann, channel)
  await called.event()
  const start = Date.now()
  await first.close()
  expect(Date.now() - start).toBeLessThan(4000)
  called.delay = 0
  const second = await node(databaseUrl)
  const event = await called.event(1)
  expect(Date.now() - start).toBeLessThan(8000)
  await callBack(second.messaging, event)
  expect(await status(second, id)).toBe('SENT')
})

describe.each(databaseKinds)('A server that is killed, on %s', kind => {
  test('between a message and its invocation invokes after the next start, and the message is decided', async () => {
    const where = kind === 'postgres' ? ['--database-url', await createPostgresDatabase()] : ['--data', await temporaryFolder()]
    const start = async () => {
      const program = serve(['--port', '0', '--lambda-endpoint', lambda.url, ...where], { env: keyVariables })
      return { program, ...clientsOf({ url: await program.url(), rootKey }) }
    }
    const called = lambda.define()
    // Not accepted before the server is gone.
    called.delay = 60_000
    const first = await start()
    const { ann, channel, status } = await flowOf(first, called)
    const sent = await Promise.all(['a', 'b', 'c'].map(content => say(first as unknown as World, ann, channel, content)))
    first.program.kill('SIGKILL')
    expect(await first.program.exit()).toBe('SIGKILL')
    const before = called.invocations.length
    called.delay = 0

    const second = await start()
    const idsSince = () => called.invocations.slice(before).map(({ event }) => event.ChannelMessage.MessageId)
    for (const id of sent) expect(await status(second, id)).toBe('PENDING')
    await until(() => sent.every(id => idsSince().includes(id)), 25_000)
    for (const { event } of called.invocations.slice(before)) await callBack(second.messaging, event, { Content: 'checked' })
    for (const id of sent) {
      expect(await status(second, id)).toBe('SENT')
      const { ChannelMessage } = await second.messaging.getChannelMessage({ ChannelArn: channel, MessageId: id, ChimeBearer: ann })
      expect(ChannelMessage!.Content).toBe('checked')
    }
    second.program.kill('SIGTERM')
    expect(await second.program.exit()).toBe(0)
  })

  test('between the invocation and the callback is called back after the next start', async () => {
    const where = kind === 'postgres' ? ['--database-url', await createPostgresDatabase()] : ['--data', await temporaryFolder()]
    const start = async () => {
      const program = serve(['--port', '0', '--lambda-endpoint', lambda.url, ...where], { env: keyVariables })
      return { program, ...clientsOf({ url: await program.url(), rootKey }) }
    }
    const called = lambda.define()
    const first = await start()
    const { ann, channel, status } = await flowOf(first, called)
    const id = await say(first as unknown as World, ann, channel)
    const event = await called.event()
    first.program.kill('SIGKILL')
    await first.program.exit()
    const second = await start()
    await callBack(second.messaging, event)
    expect(await status(second, id)).toBe('SENT')
  })
})
