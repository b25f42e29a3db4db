import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { installPackage } from '../support/installed-package.ts'
import { keyVariables, Program, root, rootKey, run, temporaryFolder } from '../support/process.ts'
import { clientsOf } from '../support/world.ts'

test('the package installs elsewhere without a network, install scripts or development files, and runs as npx carillon serve', async () => {
  const folder = await temporaryFolder()
  await installPackage(folder)

  const home = join(folder, 'node_modules/carillon')
  expect((await readdir(home)).toSorted()).toEqual(['LICENSE', 'README.md', 'bin', 'dist', 'package.json'])
  const files = await readdir(home, { recursive: true })
  expect(files.filter(name => /(?<!\.d)\.ts$|\.test\.|(?:^|\/)test\//.test(name))).toEqual([])
  expect(await readFile(join(home, 'LICENSE'), 'utf8')).toBe(await readFile(join(root, 'LICENSE'), 'utf8'))
  expect(await scriptsOf(home)).toEqual([])
  const packages = (await readdir(join(folder, 'node_modules'), { recursive: true })).filter(name =>
    /(?:^|node_modules\/)(?:@[^/]+\/)?[^/@]+\/package\.json$/.test(name),
  )
  expect(packages.length).toBeGreaterThan(20)
  const withScripts = await Promise.all(packages.map(async name => [name, await scriptsOf(join(folder, 'node_modules', name, '..'))]))
  expect(withScripts.filter(([, scripts]) => scripts?.length !== 0)).toEqual([])

  await run('npm', ['pkg', 'set', 'version=1.0.0'], { cwd: folder })
  const sbom = await run('npm', ['sbom', '--omit', 'dev', '--sbom-format', 'cyclonedx', '--offline'], { cwd: folder })
  const { components } = JSON.parse(sbom.stdout) as { components: { name: string }[] }
  expect(components.map(({ name }) => name)).toEqual(expect.arrayContaining(['carillon', 'pino', 'ws']))

  const server = new Program('npx', ['carillon', 'serve', '--port', '0', '--tls-port', '0', '--data', 'kept'], {
    cwd: folder,
    env: keyVariables,
  })
  const url = await server.url()
  const { identity } = clientsOf({ url, rootKey })
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'packed' })
  expect(AppInstanceArn).toMatch(/^arn:aws:chime:us-east-1:000000000000:app-instance\//)
  identity.destroy()

  const program = `
      import { Carillon } from 'carillon/client'
      const carillon = new Carillon({ endpoint: process.argv[1], credentials: JSON.parse(process.argv[2]) })
      const asked = { ChannelArn: process.argv[3] + '/channel/x', ChimeBearer: process.argv[3] + '/user/x' }
      await carillon.call('ListChannelReadMarkers', asked).catch(({ name, Reason }) => console.log(name, Reason))`
  const asked = await run(process.execPath, ['--input-type=module', '-e', program, url, JSON.stringify(rootKey), AppInstanceArn!], {
    cwd: folder,
  })
  expect(asked.stdout).toMatch(/^UnauthorizedClientException \S/)
  await writeFile(
    join(folder, 'typed.mts'),
    `import { Carillon, type Operations } from 'carillon/client'
      const carillon = new Carillon({ endpoint: 'http://x', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } })
      const asked: Operations['ListChannelReadMarkers']['input'] = { ChannelArn: 'x', ChimeBearer: 'x' }
      const [marker] = (await carillon.call('ListChannelReadMarkers', asked)).ChannelReadMarkers!
      export const at: Date | undefined = marker?.ReadMarkerTimestamp
      // A structure can be printed as a row, whatever its members are.
      export const row: Record<string, unknown> | undefined = marker?.Member
      // @ts-expect-error a member is missing
      await carillon.call('ListChannelReadMarkers', { ChannelArn: 'x' })`,
  )
  const tested = `
      import { start } from 'carillon/testing'
      const seed = { Id: 'chat', Users: [{ Id: 'ann' }], Channels: [{ Id: 'general', Moderators: ['ann'] }] }
      await using chime = await start({ seed })
      await chime.as('ann').listen()
      console.log((await fetch(chime.endpoint + '/health')).status)`
  const started = await run(process.execPath, ['--input-type=module', '-e', tested], { cwd: folder })
  expect(started).toEqual({ code: 0, stdout: '200\n', stderr: '' })
  await writeFile(
    join(folder, 'kit.mts'),
    `import { start, type Chime } from 'carillon/testing'
      await using chime: Chime = await start({ seed: [{ Id: 'chat', Users: [{ Id: 'ann' }] }] })
      export const type: string = (await chime.as('ann').heard('UPDATE_CHANNEL', { within: 5 })).type
      // @ts-expect-error a user has an Id
      await start({ seed: { Id: 'chat', Users: [{ Name: 'Ann' }] } })`,
  )
  const compiler = join(root, 'node_modules/.bin/tsc')
  const flags = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--lib',
    'es2024,esnext.disposable,dom',
    '--types',
    '',
    'typed.mts',
    'kit.mts',
  ]
  expect(await run(compiler, flags, { cwd: folder })).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(await readdir(join(folder, 'kept'))).toEqual(expect.arrayContaining(['carillon.db', 'ca.pem']))
  server.killAll('SIGTERM')
  await server.exit()
  await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed')
})

/** The scripts that npm runs when it installs a package from the registry. */
async function scriptsOf(folder: string): Promise<string[]> {
  const { scripts = {} }: { scripts?: Record<string, string> } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  return Object.keys(scripts).filter(name => ['preinstall', 'install', 'postinstall'].includes(name))
}

test('npx carillon runs the sources of a checkout that was not built', async () => {
  const { code, stdout } = await run('npx', ['carillon', 'serve', '--help'], { cwd: root })
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('CARILLON_DATABASE_URL') })
})

/** A server as `npx carillon serve &` starts it. */
async function startedByNpx(...more: string[]) {
  const flags = ['--port', '0', '--no-tls', '--data', ':memory:', ...more]
  const server = new Program('npx', ['carillon', 'serve', ...flags], { cwd: root, env: keyVariables })
  return { server, url: await server.url() }
}

/** The status of /health, or why there is none. */
const healthOf = async (url: string) =>
  fetch(`${url}/health`).then(
    ({ status }) => status,
    (error: Error) => error.message,
  )

test('a server that npx has started stops when npx is killed', async () => {
  const { server, url } = await startedByNpx()
  server.kill('SIGTERM')
  await expect.poll(() => healthOf(url)).toBe('fetch failed')
})

test('a server that npx has started goes on when its terminal is closed, which ends npx', async () => {
  const { server, url } = await startedByNpx()
  server.killAll('SIGHUP')
  await expect.poll(() => isRunning(server.pid)).toBe(false)
  // Longer than the server needs to notice that npx has ended.
  await setTimeout(1500)
  expect(await healthOf(url)).toBe(200)
  server.killAll('SIGTERM')
})

test('a busy server that npx has started goes on when it notices the end of npx before the SIGHUP', async () => {
  const { server, url } = await startedByNpx()
  const serving = childOf(childOf(server.pid))
  // A server that is stopped for longer than its timer runs the timer first when it continues.
  process.kill(serving, 'SIGSTOP')
  server.killAll('SIGHUP')
  await expect.poll(() => isRunning(server.pid)).toBe(false)
  await setTimeout(1000)
  process.kill(serving, 'SIGCONT')
  // Longer than the server needs to notice that npx has ended.
  await setTimeout(1500)
  expect(await healthOf(url)).toBe(200)
  server.killAll('SIGTERM')
})

test('a server that npx has started stops when npx is killed, also after a SIGHUP for its audit log', async () => {
  const auditLog = join(await temporaryFolder(), 'audit.log')
  const { server, url } = await startedByNpx('--audit-log', auditLog)
  await rm(auditLog)
  process.kill(childOf(childOf(server.pid)), 'SIGHUP')
  // The server has heard of it.
  await expect.poll(() => existsSync(auditLog)).toBe(true)
  // Longer than the time in which the end of npx would mean a closed terminal.
  await setTimeout(5000)
  server.kill('SIGTERM')
  await expect.poll(() => healthOf(url)).toBe('fetch failed')
})

/** The process that a process has started: npx starts a shell, and the shell the server. NaN, to which no signal goes, if there is none. */
const childOf = (pid: number) => Number.parseInt(spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' }).stdout, 10)

function isRunning(pid: number) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Node reports its own version in `process.version`; this file makes it report an old one. */
const oldNode = `--import=data:text/javascript,Object.defineProperty(process.versions,'node',{value:'24.14.1'})`
const needsNewer = `carillon: needs Node 24.15 or newer; this is Node 24.14.1 (${process.execPath}).\n`

test('with an old Node the server says in one line which one is needed', async () => {
  expect(await run(process.execPath, [oldNode, join(root, 'server/bin/carillon.js'), 'serve'])).toEqual({
    code: 1,
    stdout: '',
    stderr: needsNewer,
  })
})

test.each(['demo', 'start', 'test', 'bench', 'fuzz'])('npm run %s with an old Node says which one is needed', async name => {
  const { code, stderr } = await run('npm', ['run', name], { cwd: root, env: { NODE_OPTIONS: oldNode } })
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(needsNewer) })
})
