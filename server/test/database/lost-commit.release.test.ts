import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { contentsOf } from '../nodes/two-nodes.ts'
import { startPostgres } from '../support/postgres.ts'
import { listen } from '../support/sockets.ts'
import { refusal, startWorld } from '../support/world.ts'

/** A way to PostgreSQL that keeps the first COMMIT of a transaction with that text, and calls `kept` instead. */
async function keeping(to: number, text: string, kept: () => void): Promise<number> {
  let isKept = false
  const server = createServer(client => {
    const upstream = connect(to, '127.0.0.1')
    let hasText = false
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    client.on('data', data => {
      hasText ||= data.includes(text)
      if (isKept || !hasText || !data.includes('commit\0')) {
        upstream.write(data)
        return
      }
      isKept = true
      kept()
    })
    upstream.on('data', data => client.write(data))
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test('sockets do not hear of a transaction that PostgreSQL has lost in a crash, although the next one has its id', async () => {
  // So that nothing but a commit writes the log.
  const postgres = await startPostgres(['-c', 'wal_writer_delay=10s'])
  onTestFinished(() => postgres.remove())
  let crashed: Promise<void> | undefined
  const databaseUrl = new URL(postgres.url)
  databaseUrl.port = String(await keeping(Number(databaseUrl.port), 'the lost', () => void (crashed = postgres.crash())))
  const world = await startWorld('postgres', { databaseUrl: databaseUrl.href })
  onTestFinished(() => world.close())
  const { user } = await world.appInstance(['alice', 'bob'])
  const alice = user('alice')
  const channel = await open(world, alice, { MemberArns: [user('bob')] })
  const bob = await listen(world.app, user('bob'))
  const sent = async (content: string) => say(world, alice, channel, content, { ClientRequestToken: content.replace(' ', '-') })
  await sent('before')
  expect(await refusal(sent('the lost'))).toMatchObject({ status: 503 })
  await crashed
  await postgres.start()
  await expect
    .poll(() =>
      sent('the lost').then(
        () => 'sent',
        () => 'refused',
      ),
    )
    .toBe('sent')
  await sent('last')
  await expect.poll(() => contentsOf(bob)).toContain('last')
  expect(contentsOf(bob)).toEqual(['before', 'the lost', 'last'])
})
