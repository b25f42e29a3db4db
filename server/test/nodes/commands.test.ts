import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { open } from '../api/acts.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { keyVariables, main, run, serve, temporaryFolder } from '../support/process.ts'
import { call } from '../support/signed.ts'
import { listen } from '../support/sockets.ts'
import { createPostgresDatabase, masterKey, startWorld } from '../support/world.ts'
import { figure, until } from './two-nodes.ts'

test.skipIf(!hasNats)('a command works while NATS is unavailable, and says that sockets hear of its changes later', async () => {
  const nats = await startNats()
  const flags = ['--database-url', await createPostgresDatabase({ made: true }), '--nats-url', nats.url]
  const env = { ...keyVariables, CARILLON_MASTER_KEY: masterKey }
  const carillon = async (...args: string[]) => run(process.execPath, [main, ...args, ...flags], { env })
  const node = serve(['--port', '0', ...flags], { env })
  const url = await node.url()
  const policy = join(await temporaryFolder(), 'policy.json')
  await writeFile(policy, JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'chime:*', Resource: '*' }] }))
  const { stdout } = await carillon('keys', 'create', '--name', 'shop', '--policy', policy)
  const [, accessKeyId = '', secretAccessKey = ''] = /AWS_ACCESS_KEY_ID='?(\w+)'?\n.*AWS_SECRET_ACCESS_KEY='?([^'\n]+)/.exec(stdout)!
  const ask = async () => call(url, { accessKeyId, secretAccessKey }, { path: '/app-instances' })
  expect((await ask()).status).toBe(200)

  await nats.stop()
  const disabled = await carillon('keys', 'disable', 'shop')
  expect([disabled.code, disabled.stdout]).toEqual([0, `${accessKeyId} (shop) is disabled\n`])
  expect(disabled.stderr).toMatch(
    /^carillon: NATS at \S+ cannot be used: .*ECONNREFUSED.*\. The command runs without it: open sockets hear of its changes within half a minute\.\n$/,
  )
  await expect.poll(async () => (await ask()).status).toBe(403)
})

test.skipIf(!hasNats)('sockets hear of what a job that is run by hand has done', async () => {
  const { url } = await startNats()
  const databaseUrl = await createPostgresDatabase({ made: true })
  const node = await startWorld('postgres', { databaseUrl, natsUrl: url })
  onTestFinished(() => node.close())
  const { user } = await node.appInstance(['alice'])
  const ExpirationSettings = { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' } as const
  const ChannelArn = await open(node, user('alice'), { ExpirationSettings })
  const alice = await listen(node.app, user('alice'))
  await node.app.db.run(statement('update channels set created_at = 1, expires_at = 2'))
  const flags = ['--database-url', databaseUrl, '--nats-url', url]
  expect(await run(process.execPath, [main, 'jobs', 'run', 'channel-expiration', ...flags])).toMatchObject({ code: 0 })
  await until(() => alice.events.some(({ type, payload }) => type === 'DELETE_CHANNEL' && payload!['ChannelArn'] === ChannelArn))
  // It was not found by comparison with the database.
  expect(await figure(node, 'carillon_bus_recovered_total')).toBe(0)
})
