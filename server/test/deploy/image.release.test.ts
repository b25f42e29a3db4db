import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installPackage } from '../support/installed-package.ts'
import { freePort } from '../support/ports.ts'
import { keyVariables, Program, root, rootKey, run, shell } from '../support/process.ts'
import { clientsOf } from '../support/world.ts'

const works = (command: string, ...args: string[]) => spawnSync(command, args, { env: shell() }).status === 0
/** Mounts, and changes of the root folder, need the user root. */
const isRoot = process.getuid?.() === 0 && works('unshare', '-m', 'true')

let folder: string
/** The environment of the scripts of deploy/, in which npm installs without a network. */
let env: Record<string, string>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'carillon-packages-'))
  await installPackage(folder)
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'bin/npm'), `#!/bin/sh\ncp -a ${join(folder, 'node_modules')} .\n`, { mode: 0o755 })
  const storage = `[storage]\ndriver = "vfs"\ngraphroot = "${join(folder, 'images')}"\nrunroot = "${join(folder, 'running')}"\n`
  await writeFile(join(folder, 'storage.conf'), storage)
  env = {
    PATH: [join(folder, 'bin'), shell()['PATH']].join(delimiter),
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
    BUILDAH_ISOLATION: 'chroot',
    TMPDIR: folder,
  }
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const done = async (command: string, ...args: string[]) => {
  const ran = await run(command, args, { env })
  expect(ran, `${command} ${args.join(' ')}\n${ran.stdout}\n${ran.stderr}`).toMatchObject({ code: 0 })
  return ran.stdout.trim()
}

describe.skipIf(!works('buildah', '--version') || !isRoot)('the image', () => {
  test('is built by buildah, and serves as a user without rights from a root file system that nobody may write', async () => {
    await done(join(root, 'deploy/image/build'), 'carillon', 'carillon-test')
    const { Docker } = JSON.parse(await done('buildah', 'inspect', '--type', 'image', 'carillon-test')) as {
      Docker: { config: Record<string, unknown> }
    }
    expect(Docker.config).toMatchObject({ User: '10001:10001', Cmd: ['serve'], Volumes: { '/data': {} }, StopSignal: 'SIGTERM' })
    const { Entrypoint, Healthcheck, Env } = Docker.config as { Entrypoint: string[]; Healthcheck: { Test: string[] }; Env: string[] }
    expect(Healthcheck.Test).toEqual(['CMD', ...Entrypoint, 'health'])

    const container = await done('buildah', 'from', 'carillon-test')
    const place = await done('buildah', 'mount', container)
    const data = join(folder, 'data')
    await mkdir(data)
    await done('chown', '10001:10001', data)
    const port = await freePort()
    // A runtime with --read-only does the same: the root file system, with the volume on it.
    const mounted = `mount --bind ${place} ${place} && mount --bind ${data} ${place}/data && mount -o remount,bind,ro ${place}`
    const variables = Object.fromEntries(Env.map(each => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]))
    const settings = { CARILLON_PORT: String(port), CARILLON_TLS_PORT: '0', NODE_COMPILE_CACHE: '', ...keyVariables }
    const inside = (...command: string[]) =>
      new Program('unshare', ['-m', 'sh', '-ec', `${mounted}; exec chroot --userspec=10001:10001 ${place} "$@"`, 'sh', ...command], {
        env: { ...variables, ...settings },
      })
    const server = inside(...Entrypoint, 'serve')
    expect(new URL(await server.url()).port).toBe(String(port))
    expect(await done('stat', '-c', '%u', `/proc/${server.pid}`)).toBe('10001')
    const { identity } = clientsOf({ url: `http://127.0.0.1:${port}`, rootKey })
    const { AppInstanceArn } = await identity.createAppInstance({ Name: 'in the image' })
    expect(AppInstanceArn).toMatch(/:app-instance\//)
    expect(await inside(...Healthcheck.Test.slice(1)).exit()).toBe(0)
    const writing = inside('/usr/bin/node', '-e', `require('fs').writeFileSync('/app/x', '')`)
    await writing.exit()
    expect(writing.stderr).toContain('EROFS')
    server.kill('SIGTERM')
    expect(await server.exit()).toBe(0)
    // Now no server runs.
    expect(await inside(...Healthcheck.Test.slice(1)).exit()).toBe(1)
  })
})

describe.skipIf(!works('dpkg-deb', '--version') || !isRoot)('the package for Debian', () => {
  test('is installed by dpkg in an empty root, and serves from there', async () => {
    const file = join(folder, 'carillon.deb')
    await done(join(root, 'deploy/deb/build'), 'carillon', file)
    const place = join(folder, 'debian')
    for (const each of ['updates', 'info']) await mkdir(join(place, 'var/lib/dpkg', each), { recursive: true })
    await writeFile(join(place, 'var/lib/dpkg/status'), '')
    await done('dpkg', `--root=${place}`, '--force-depends', '--force-unsafe-io', '--install', file)
    expect(await done('dpkg-query', `--admindir=${place}/var/lib/dpkg`, '-W', '-f', '${Status} ${Maintainer}', 'carillon')).toMatch(
      /^install ok installed \S/,
    )
    const unit = await readFile(join(place, 'lib/systemd/system/carillon.service'), 'utf8')
    expect(unit).toContain('ExecStart=/usr/bin/carillon serve')
    const command = join(place, 'usr/lib/carillon/node')
    const server = new Program(command, [
      join(place, 'usr/lib/carillon/node_modules/carillon/bin/carillon.js'),
      'serve',
      '--port',
      '0',
      '--no-tls',
      '--data',
      ':memory:',
    ])
    await server.url()
    expect(await readFile(join(place, 'usr/bin/carillon'), 'utf8')).toContain('exec /usr/lib/carillon/node ')
    await done('dpkg', `--root=${place}`, '--remove', 'carillon')
    expect(existsSync(command)).toBe(false)
  })
})
