import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { clientsOf } from '../support/world.ts'
import { installPackage } from '../support/installed-package.ts'
import { root, run, shell } from '../support/process.ts'

const hasPytest = spawnSync('python3', ['-c', 'import boto3, pytest'], { env: shell() }).status === 0

describe('with the package installed beside them', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carillon-examples-'))
    await installPackage(folder)
  })
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  test('the tests of examples/vitest pass', async () => {
    await cp(join(root, 'examples/vitest'), join(folder, 'vitest'), { recursive: true })
    // The dependencies that npm would install beside the package.
    const modules = join(folder, 'vitest/node_modules')
    await mkdir(join(modules, '@aws-sdk'), { recursive: true })
    for (const name of ['vitest', '@aws-sdk/client-chime-sdk-messaging'])
      await symlink(join(root, 'node_modules', name), join(modules, name))
    const { code, stdout } = await run(process.execPath, [join(modules, 'vitest/vitest.mjs'), 'run', '--reporter=tap-flat'], {
      cwd: join(folder, 'vitest'),
    })
    expect(stdout.split('\n').filter(line => line.startsWith('ok '))).toHaveLength(3)
    expect(code).toBe(0)
  })

  test.skipIf(!hasPytest)('the tests of examples/pytest pass', async () => {
    await cp(join(root, 'examples/pytest'), join(folder, 'pytest'), { recursive: true })
    const env = { AWS_CONFIG_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true', PYTHONDONTWRITEBYTECODE: '1' }
    const { code, stdout } = await run('python3', ['-m', 'pytest', '-q', '-p', 'no:cacheprovider'], { cwd: join(folder, 'pytest'), env })
    expect(stdout).toContain('3 passed')
    expect(code).toBe(0)
  })

  test('the GitHub Action starts a server in test mode and sets the variables of the clients', async () => {
    const [variables, seed, pid] = [join(folder, 'variables'), join(folder, 'seed.json'), join(folder, 'pid')]
    await writeFile(seed, JSON.stringify({ Id: 'chat' }))
    // At GitHub the end of a job ends what its steps have started; here the wrapper of npx has the process to end.
    const npx = `#!/bin/sh\necho $$ > ${pid}\nwhile [ "$1" != serve ]; do shift; done\nexec ${join(folder, 'node_modules/.bin/carillon')} "$@"\n`
    await mkdir(join(folder, 'bin'))
    await writeFile(join(folder, 'bin/npx'), npx, { mode: 0o755 })
    const env = {
      PATH: [join(folder, 'bin'), shell()['PATH']].join(delimiter),
      GITHUB_ENV: variables,
      CARILLON_PACKAGE: 'carillon',
      CARILLON_SERVE_PORT: '0',
      CARILLON_ARGUMENTS: `--seed ${seed}`,
    }
    onTestFinished(async () => {
      process.kill(Number(await readFile(pid, 'utf8')), 'SIGKILL')
    })
    const { code, stderr } = await run('setsid', ['bash', join(root, '.github/actions/carillon/start.sh')], { cwd: folder, env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const given = Object.fromEntries(
      (await readFile(variables, 'utf8'))
        .trim()
        .split('\n')
        .map(line => line.split('=')),
    )
    const rootKey = { accessKeyId: given['AWS_ACCESS_KEY_ID'], secretAccessKey: given['AWS_SECRET_ACCESS_KEY'] }
    const { identity, carillon } = clientsOf({ url: given['AWS_ENDPOINT_URL'], rootKey })
    expect((await identity.listAppInstances({})).AppInstances).toMatchObject([{ Name: 'chat' }])
    await carillon.call('ResetTestServer', {})
    expect((await identity.listAppInstances({})).AppInstances).toEqual([])
    identity.destroy()
  })
})
