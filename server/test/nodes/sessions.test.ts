import { expect, onTestFinished, test } from 'vitest'
import type { App } from '../../src/app.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { keyVariables, run, main, rootKey, serve, serveFails } from '../support/process.ts'
import { Listening, listen, presignedUrl } from '../support/sockets.ts'
import { clientsOf, createPostgresDatabase, makersOf, masterKey, type World } from '../support/world.ts'
import { makeChannel, startNodes, until } from './two-nodes.ts'

const flagsOfDatabase = async () => ['--port', '0', '--database-url', await createPostgresDatabase({ made: true })]

/** Connects until the rate allows it; resolves to the close code, or 'established'. */
async function outcome(app: App, userArn: string, sessionId: string): Promise<number | 'established'> {
  for (;;) {
    const socket = new Listening(await presignedUrl(app, userArn, { sessionId }))
    onTestFinished(() => socket.socket.terminate())
    const isOpen = await Promise.race([socket.next().then(() => socket.isAnswered()), socket.closed.then(() => false)])
    if (isOpen) return 'established'
    const { code } = await socket.closed
    if (code !== 1013) return code
  }
}

test.skipIf(!hasNats)('a user has ten sessions on all nodes together, and one with a given sessionId', async () => {
  const { url } = await startNats()
  const nodes = await startNodes([url, url])
  const [one, two] = nodes.map(({ app }) => app)
  const { user } = await nodes[0]!.appInstance(['alice'])
  const alice = user('alice')
  const sockets: Listening[] = []
  for (let count = 0; count < 10; count++) {
    sockets.push(await listen(nodes[count % 2]!.app, alice, { sessionId: `session ${count}` }))
  }
  expect(await outcome(one!, alice, 'more')).toBe(4003)
  expect(await outcome(two!, alice, 'more')).toBe(4003)
  // Session 2 is on the other node.
  expect(await outcome(two!, alice, 'session 2')).toBe('established')
  expect(await sockets[2]!.closed).toMatchObject({ code: 4002 })
  sockets[0]!.socket.close()
  await sockets[0]!.closed
  expect(await outcome(two!, alice, 'more')).toBe('established')
})

test.skipIf(!hasNats)('a user connects on all nodes together as often as on one', async () => {
  const { url } = await startNats()
  const nodes = await startNodes([url, url])
  const { user } = await nodes[0]!.appInstance(['alice'])
  let established = 0
  const begin = performance.now()
  const connect = async ({ app }: World) => {
    while (performance.now() < begin + 6000) {
      const socket = new Listening(await presignedUrl(app, user('alice')))
      await socket.next()
      if (await socket.isAnswered()) established++
      socket.socket.close()
      await socket.closed
    }
  }
  await Promise.all(nodes.map(connect))
  // Ten at once, then one a second. Two nodes that share nothing allow twice as much.
  const ofOneNode = 10 + (performance.now() - begin) / 1000
  expect(established).toBeGreaterThan(0.6 * ofOneNode)
  expect(established).toBeLessThan(1.5 * ofOneNode)
})

test.skipIf(!hasNats)('the users who are connected are listed over all nodes, with the node of each socket', async () => {
  const { url } = await startNats()
  const nodes = await startNodes([url, url])
  const { arn, user, ChannelArn, heard } = await makeChannel(nodes)
  const alice = [await listen(nodes[0]!.app, user('alice')), await listen(nodes[1]!.app, user('alice'))]
  await listen(nodes[0]!.app, user('carol'))
  const names = await Promise.all(nodes.map(async ({ carillon }) => (await carillon.call('DescribeServer', {})).NodeName))
  const listed = async (ResourceARN: string, [from] = nodes) => {
    const { ConnectedUsers } = await from!.carillon.call('ListConnectedUsers', { ResourceARN })
    return ConnectedUsers!.map(({ User, Connections }) => [User!.Arn, ...Connections!.map(({ NodeName }) => NodeName)])
  }
  const both = [
    [user('alice'), ...names],
    [user('bob'), names[1]],
  ]
  for (const from of [nodes, nodes.toReversed()]) {
    expect(await listed(ChannelArn, from)).toEqual(both)
    expect(await listed(arn, from)).toEqual([...both, [user('carol'), names[0]]])
    expect(await listed(user('bob'), from)).toEqual([[user('bob'), names[1]]])
  }
  for (const { socket } of [heard, alice[0]!]) socket.close()
  await expect.poll(() => listed(ChannelArn)).toEqual([[user('alice'), names[1]]])
})

test.skipIf(!hasNats)('the sockets of a deleted user are closed on every node', async () => {
  const { url } = await startNats()
  const nodes = await startNodes([url, url])
  const { user, heard } = await makeChannel(nodes)
  await nodes[0]!.identity.deleteAppInstanceUser({ AppInstanceUserArn: user('bob') })
  expect(await heard.closed).toMatchObject({ code: 4003 })
})

test.skipIf(!hasNats)(
  'the sessions of a killed node no longer count after seconds, and a job that is run by hand without the NATS URL is refused',
  async () => {
    const { url: natsUrl } = await startNats()
    const databaseUrl = await createPostgresDatabase()
    const flags = ['--port', '0', '--database-url', databaseUrl, '--nats-url', natsUrl]
    const env = { ...keyVariables, CARILLON_MASTER_KEY: masterKey }
    const [one, two] = [serve(flags, { env }), serve(flags, { env })]
    const [app, other] = [
      { url: await one.url(), rootKey },
      { url: await two.url(), rootKey },
    ]
    const { identity } = clientsOf(app)
    const { user } = await makersOf(identity).appInstance(['alice'])
    for (let count = 0; count < 10; count++) await listen(app, user('alice'))
    const refused = new Listening(await presignedUrl(other, user('alice')))
    expect(await refused.closed).toMatchObject({ code: 4003 })
    one.kill('SIGKILL')
    await until(async () => {
      const socket = new Listening(await presignedUrl(other, user('alice')))
      onTestFinished(() => socket.socket.terminate())
      return Promise.race([socket.next().then(() => true), socket.closed.then(() => false)])
    })
    const job = await run(process.execPath, [main, 'jobs', 'run', 'purge', '--database-url', databaseUrl], { env })
    expect(job).toMatchObject({ code: 1, stderr: expect.stringContaining('give --nats-url or CARILLON_NATS_URL here too') })
    expect(await run(process.execPath, [main, 'jobs', 'run', 'purge', ...flags.slice(2)], { env })).toMatchObject({ code: 0 })
  },
)

test.skipIf(!hasNats)(
  'nodes without NATS log that they do not hear each other, and beside nodes with NATS one without it does not start',
  async () => {
    const without = await flagsOfDatabase()
    const deaf = [serve(without, { env: keyVariables }), serve(without, { env: keyVariables })]
    const urls = await Promise.all(deaf.map(node => node.url()))
    const portOf = (number: number) => new URL(urls[number]!).port
    for (const [number, other] of [
      [0, 1],
      [1, 0],
    ] as const) {
      await expect
        .poll(() => deaf[number]!.stderr)
        .toMatch(
          new RegExp(`"level":50,[^\\n]*"nodes":\\["\\S+:${portOf(other)}"\\][^\\n]*"Other nodes use this database, and their sockets`),
        )
    }
    const { url: natsUrl } = await startNats()
    const ofNats = await flagsOfDatabase()
    await serve([...ofNats, '--nats-url', natsUrl], { env: keyVariables }).url()
    expect(await serveFails(ofNats, { env: keyVariables })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('carillon: The nodes of this database use NATS'),
    })
  },
)

test('a NATS that cannot be reached at start is reported in one line', async () => {
  const databaseUrl = await createPostgresDatabase()
  const env = { ...keyVariables, CARILLON_TLS: 'off' }
  const failed = await run(
    process.execPath,
    [main, 'serve', '--port', '0', '--database-url', databaseUrl, '--nats-url', 'nats://127.0.0.1:1'],
    { env },
  )
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/^carillon: NATS at 127\.0\.0\.1:1 cannot be used: .*\n$/) })
})
