import { chmod, cp, lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { startPostgres } from './postgres.ts'
import { installedPostgres } from './postgres-programs.ts'
import { root, run, temporaryFolder } from './process.ts'

test('PostgreSQL runs although it is in a folder that no other user may enter, and npm has run no install script', async () => {
  // Of mode 700. The install script would create the links beside the libraries.
  const native = join(await temporaryFolder(), 'native')
  await cp(await installedPostgres(), native, { recursive: true, filter: async path => !(await lstat(path)).isSymbolicLink() })
  const postgres = await startPostgres([], native)
  onTestFinished(() => postgres.remove())
  const client = new Client({ connectionString: postgres.url })
  await client.connect()
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await client.end()
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('PostgreSQL ends when the test run is killed', async () => {
  const TMPDIR = await temporaryFolder()
  await chmod(TMPDIR, 0o755)
  const script = `import { startPostgres } from './server/test/support/postgres.ts'
    const postgres = await startPostgres()
    console.log(await postgres.pid())
    process.kill(process.pid, 'SIGKILL')`
  const { stdout, code } = await run(process.execPath, ['--input-type=module-typescript', '--eval', script], { cwd: root, env: { TMPDIR } })
  expect({ stdout, code }).toEqual({ stdout: expect.stringMatching(/^\d+\n$/), code: 'SIGKILL' })
  await expect.poll(() => isRunning(Number(stdout))).toBe(false)
})
