import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { keyVariables, main, Program, rootKey } from '../support/process.ts'
import { call } from '../support/signed.ts'

test.skipIf(!existsSync('/dev/full'))('a log that cannot be written, as on a full disk, delays no call and no stop', async () => {
  const toFullDisk = ['-c', 'exec "$0" "$@" 2>/dev/full', process.execPath, main, 'serve', '--port', '0', '--data', ':memory:']
  const server = new Program('sh', toFullDisk, { env: { ...keyVariables, CARILLON_TLS: 'off' } })
  const url = await server.url()
  // A refusal is logged.
  const refused = async () => (await call(url, { ...rootKey, secretAccessKey: 'x' }, { path: '/app-instances' })).status
  expect([await refused(), await refused()]).toEqual([403, 403])
  expect((await call(url, rootKey, { path: '/app-instances' })).status).toBe(200)
  server.kill('SIGTERM')
  expect(await server.exit()).toBe(0)
})
