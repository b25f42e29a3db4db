import { execFileSync, spawnSync } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import { operations } from '../../src/contract/index.ts'
import { schemaVersion } from '../../src/database/migrate.ts'
import { cases } from '../operations/cases.ts'
import { call, makeFixture } from '../operations/fixture.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { keyVariables, main, Program, root, rootKey, temporaryFolder } from '../support/process.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { clientsOf, createPostgresDatabase, makersOf, masterKey } from '../support/world.ts'

/** The last commit of schema version 19. From the first release on, that of the release before. */
const former = '073bbd4d8a78f6f6ef29b398f2508dfcdecd1210'

const hasFormer = spawnSync('git', ['cat-file', '-e', `${former}^{commit}`], { cwd: root }).status === 0
if (!hasFormer) process.stderr.write('This clone has no history: nodes of the version before are not tested. git fetch --unshallow\n')

/** The server of the former version, from its sources. */
async function formerMain(): Promise<string> {
  const folder = await temporaryFolder()
  const archive = execFileSync('git', ['archive', former, 'server', 'package.json'], { cwd: root, maxBuffer: 1024 ** 3 })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, 'server/src/main.ts')
}

/** The events of channels, in their order. */
const heardBy = ({ events }: Listening) =>
  events
    .filter(({ type }) => type !== 'SESSION_ESTABLISHED')
    .map(({ type, payload }) => [type, payload!['MessageId'] ?? payload!['Member'], payload!['Content']])

test.skipIf(!hasNats || !hasFormer)(
  'nodes of the former version go on beside newer ones that have migrated the database: every operation, and all events on every node',
  async () => {
    const [{ url: natsUrl }, databaseUrl, older] = [await startNats(), await createPostgresDatabase(), await formerMain()]
    const database = new Client(databaseUrl)
    await database.connect()
    onTestFinished(() => database.end())
    const limits = ['--limit-app-instances', '100000', '--limit-elastic-channels-per-app-instance', '100']
    const flags = [
      '--port',
      '0',
      '--database-url',
      databaseUrl,
      '--nats-url',
      natsUrl,
      '--kinesis-endpoint',
      inject('kinesisUrl'),
      '--search',
      'on',
      ...limits,
    ]
    const env = { ...keyVariables, CARILLON_MASTER_KEY: masterKey, CARILLON_TLS: 'off' }
    async function start(program: string) {
      const server = new Program(process.execPath, [program, 'serve', ...flags], { env })
      const app = { url: await server.url(), rootKey }
      const clients = clientsOf(app)
      onTestFinished(() => [clients.identity, clients.messaging].forEach(client => client.destroy()))
      return { server, app, ...clients, ...makersOf(clients.identity) }
    }
    const [first, second] = [await start(older), await start(older)]
    const { arn, user } = await first.appInstance(['alice', 'bob', 'carol'])
    const ChimeBearer = user('alice')
    const channel = { AppInstanceArn: arn, Name: 'general', MemberArns: ['alice', 'bob'].map(user), ChimeBearer }
    const { ChannelArn } = await first.messaging.createChannel(channel)
    const sessionId = crypto.randomUUID()
    const alice = await listen(first.app, user('alice'), { sessionId })
    const version = async () => Number((await database.query('select max(version) from schema_versions')).rows[0]!.max)
    expect(await version()).toBe(19)
    const newer = await start(main)
    expect(await version()).toBe(schemaVersion)
    const bob = await listen(newer.app, user('bob'))

    const say = async (Content: string, { messaging }: typeof first) =>
      (await messaging.sendChannelMessage({ ChannelArn, Content, ChimeBearer, Type: 'STANDARD', Persistence: 'PERSISTENT' })).MessageId!
    for (const node of [first, newer, second, newer, first]) {
      const MessageId = await say('one', node)
      for (const { messaging } of [newer, second])
        await messaging.updateChannelMessage({ ChannelArn, MessageId, ChimeBearer, Content: 'two' })
      await node.messaging.createChannelMembership({ ChannelArn, MemberArn: user('carol'), Type: 'DEFAULT', ChimeBearer })
      const other = node === newer ? second : newer
      await other.messaging.deleteChannelMembership({ ChannelArn, MemberArn: user('carol'), ChimeBearer })
      await other.messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer })
    }
    await expect.poll(() => heardBy(bob).length).toBe(5 * 6)
    await expect.poll(() => heardBy(alice)).toEqual(heardBy(bob))

    const failed: string[] = []
    for (const [index, name] of Object.keys(operations).entries()) {
      const [makes, calls] = index % 2 === 0 ? [newer, second] : [second, newer]
      const fixture = await makeFixture(makes)
      for (const input of await cases[name as keyof typeof operations].inputs(fixture))
        await call(calls, name, input).catch((error: unknown) => failed.push(`${name}: ${String(error)}`))
    }
    expect(failed).toEqual([])

    // One by one they are replaced; a client of a node that stops goes on with the newer one.
    alice.socket.terminate()
    await alice.closed
    first.server.kill('SIGTERM')
    expect(await first.server.exit()).toBe(0)
    await say('missed', second)
    const back = await listen(newer.app, user('alice'), { sessionId })
    await expect.poll(() => heardBy(back).at(-1)?.at(-1)).toBe('missed')
    second.server.kill('SIGTERM')
    expect(await second.server.exit()).toBe(0)
    for (const { server } of [first, second, newer]) expect(server.stderr.match(/^.*"level":[56]0.*$/gm) ?? []).toEqual([])
  },
)
