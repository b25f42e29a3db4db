import { existsSync } from 'node:fs'
import { readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keyVariables, main, Program, rootKey, temporaryFolder } from '../support/process.ts'
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

test('lines of the log that a full disk has kept back are written once there is room, also if too many have come for all to wait', async () => {
  const file = join(await temporaryFolder(), 'log')
  // Longer lines than what is left of the room for those that wait, so that none of them is tried for itself.
  const source = new URL('../../src/observe/log.ts', import.meta.url).href
  const program = `
    const { createLog } = await import(${JSON.stringify(source)})
    const log = createLog('info')
    for (let number = 0; number < 400; number++) log.info({ number, text: 'x'.repeat(8000) }, 'a line')
    setInterval(() => log.info({ number: 0, text: 'x'.repeat(8000) }, 'a line'), 100)
    console.log('all have come')`
  const limited = ['-c', 'ulimit -f 128; exec "$0" "$@" 2>>"$LOG"', process.execPath, '--input-type=module', '-e', program]
  const writer = new Program('sh', limited, { env: { LOG: file } })
  await expect.poll(() => writer.stdout).toContain('all have come')
  const whole = 128 * 512
  expect((await stat(file)).size).toBe(whole)
  await truncate(file, 0)
  await expect.poll(async () => (await stat(file)).size).toBe(whole)
  expect(await readFile(file, 'utf8')).toContain('"number":10,')
})
