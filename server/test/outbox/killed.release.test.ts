import { afterAll, describe, expect, test } from 'vitest'
import { say } from '../api/acts.ts'
import { callBack, startLambda, until } from '../support/processor.ts'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { clientsOf, createPostgresDatabase, databaseKinds, type World } from '../support/world.ts'
import { flowOf } from './flow.ts'

const lambda = await startLambda()
afterAll(() => lambda.close())

describe.each(databaseKinds)('A server that is killed, on %s', kind => {
  test('between a message and its invocation invokes the processor after the next start, and the message is decided', async () => {
    const where = kind === 'postgres' ? ['--database-url', await createPostgresDatabase()] : ['--data', await temporaryFolder()]
    const start = async () => {
      const program = serve(['--port', '0', '--lambda-endpoint', lambda.url, ...where], { env: keyVariables })
      return { program, ...clientsOf({ url: await program.url(), rootKey }) }
    }
    const called = lambda.define()
    // The invocation is not accepted before the server is killed.
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
    await until(() => sent.every(id => idsSince().includes(id)))
    // A request of the killed server may arrive late, and is then counted too.
    const events = new Map(called.invocations.slice(before).map(({ event }) => [event.ChannelMessage.MessageId, event]))
    for (const event of events.values()) await callBack(second.messaging, event, { Content: 'checked' })
    for (const id of sent) {
      expect(await status(second, id)).toBe('SENT')
      const { ChannelMessage } = await second.messaging.getChannelMessage({ ChannelArn: channel, MessageId: id, ChimeBearer: ann })
      expect(ChannelMessage!.Content).toBe('checked')
    }
    second.program.kill('SIGTERM')
    expect(await second.program.exit()).toBe(0)
  })

  test('between the invocation and the callback accepts the callback after the next start', async () => {
    const where = kind === 'postgres' ? ['--database-url', await createPostgresDatabase()] : ['--data', await temporaryFolder()]
    const start = async () => {
      const program = serve(['--port', '0', '--lambda-endpoint', lambda.url, ...where], { env: keyVariables })
      return { program, ...clientsOf({ url: await program.url(), rootKey }) }
    }
    const called = lambda.define()
    const first = await start()
    const { ann, channel, status } = await flowOf(first, called)
    const id = await say(first, ann, channel)
    const event = await called.event()
    first.program.kill('SIGKILL')
    await first.program.exit()
    const second = await start()
    await callBack(second.messaging, event)
    expect(await status(second, id)).toBe('SENT')
  })
})
