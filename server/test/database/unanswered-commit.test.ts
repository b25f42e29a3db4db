import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { contentsOf } from '../nodes/two-nodes.ts'
import { listen } from '../support/sockets.ts'
import { createPostgresDatabase, refusal, startWorld } from '../support/world.ts'

/** A way to PostgreSQL that breaks once at the COMMIT of a transaction with that text: before PostgreSQL gets it, or instead of its answer. */
async function breaking(to: number, text: string, isDone: boolean): Promise<number> {
  let hasBroken = false
  const server = createServer(client => {
    const upstream = connect(to, '127.0.0.1')
    let hasText = false
    let isCommitting = false
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    client.on('data', data => {
      hasText ||= data.includes(text)
      if (hasText && !hasBroken && data.includes('commit\0')) hasBroken = isCommitting = true
      if (isCommitting && !isDone) end()
      else upstream.write(data)
    })
    upstream.on('data', data => {
      if (isCommitting) end()
      else client.write(data)
    })
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test.each([true, false])(
  'sockets hear of a transaction whose COMMIT has got no answer if it has happened, in the order of the channel: %s',
  async isDone => {
    const databaseUrl = new URL(await createPostgresDatabase({ made: true }))
    databaseUrl.port = String(await breaking(Number(databaseUrl.port), 'the unanswered', isDone))
    const world = await startWorld('postgres', { databaseUrl: databaseUrl.href })
    onTestFinished(() => world.close())
    const { user } = await world.appInstance(['alice', 'bob'])
    const alice = user('alice')
    const channel = await open(world, alice, { MemberArns: [user('bob')] })
    const bob = await listen(world.app, user('bob'))
    const sent = async (content: string) => say(world, alice, channel, content, { ClientRequestToken: content.replace(' ', '-') })
    await sent('before')
    expect(await refusal(sent('the unanswered'))).toMatchObject({ status: 503 })
    await sent('after')
    await sent('the unanswered')
    await sent('last')
    await expect.poll(() => contentsOf(bob)).toContain('last')
    const heard = isDone ? ['before', 'the unanswered', 'after', 'last'] : ['before', 'after', 'the unanswered', 'last']
    expect(contentsOf(bob)).toEqual(heard)
  },
)
