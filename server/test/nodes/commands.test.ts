import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hasNats, startNats } from '../support/nats.ts'
import { keyVariables, main, run, serve, temporaryFolder } from '../support/process.ts'
import { call } from '../support/signed.ts'
import { createPostgresDatabase, masterKey } from '../support/world.ts'

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
