import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { readConfig, variableOf } from '../../src/settings/config.ts'
import { settings } from '../../src/settings/settings.ts'
import { haproxy } from '../support/proxies.ts'
import { keyVariables, root, run, serve, temporaryFolder } from '../support/process.ts'
import { createPostgresDatabase } from '../support/world.ts'

const deploy = join(root, 'deploy')
const unit = join(deploy, 'systemd/carillon.service')

const known = new Set([
  ...Object.values(settings).map(({ flag }) => variableOf(flag)),
  'CARILLON_ACCESS_KEY_ID',
  'CARILLON_SECRET_ACCESS_KEY',
  'CARILLON_MASTER_KEY',
  // These variables are of the compose file itself.
  'CARILLON_IMAGE',
])

test('every variable in the files of deploy/ is a setting', async () => {
  const files = (await readdir(deploy, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
  const texts = await Promise.all(files.map(async ({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')))
  const named = texts.flatMap(text => text.match(/CARILLON_[A-Z_]+/g) ?? [])
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter(name => !known.has(name))).toEqual([])
})

test('the pods have no variables of Kubernetes for the Service, which a server refuses as its settings', async () => {
  const [service, deployment] = await Promise.all(
    ['service.yaml', 'deployment.yaml'].map(async name => readFile(join(deploy, 'kubernetes', name), 'utf8')),
  )
  const [, name] = /^metadata:\n  name: (\S+)$/m.exec(service!)!
  const ofKubernetes = { [`${name!.toUpperCase()}_PORT`]: 'tcp://10.96.0.10:80', [`${name!.toUpperCase()}_SERVICE_HOST`]: '10.96.0.10' }
  expect(() => readConfig({}, ofKubernetes)).toThrow('Unknown environment variable CARILLON_SERVICE_HOST')
  expect(deployment).toMatch(/^      enableServiceLinks: false$/m)
})

test('neither systemd nor Kubernetes ends a server that migrates for long: the migration would begin again from its start, for ever', async () => {
  expect(await readFile(unit, 'utf8')).toMatch(/^TimeoutStartSec=infinity$/m)
  const deployment = await readFile(join(deploy, 'kubernetes/deployment.yaml'), 'utf8')
  const probes = [...deployment.matchAll(/^ +(\w+)Probe:\n +httpGet: \{ path: (\S+),/gm)].map(([, name, path]) => [name, path])
  // /health is 503 during a migration, and /health/live is 200.
  expect(Object.fromEntries(probes)).toEqual({ startup: '/health/live', readiness: '/health', liveness: '/health/live' })
})

test('the nodes of the compose file connect to PostgreSQL whatever characters the password has', async () => {
  const text = await readFile(join(deploy, 'compose/compose.yaml'), 'utf8')
  const password = 'p@ss:w/o?r#d%'
  const env: Record<string, string> = {}
  const url = new URL(await createPostgresDatabase({ made: true }))
  for (const [, name, value] of text.matchAll(/^ {4}(CARILLON_DATABASE_URL|PGPASSWORD): (.*)$/gm))
    env[name!] = value!.replace('${POSTGRES_PASSWORD:?}', password)
  const role = `composed_${url.pathname.slice(1)}`
  const admin = new Client({ connectionString: url.href })
  await admin.connect()
  await admin.query(`create role ${role} superuser login password '${password}'`)
  onTestFinished(async () => {
    await admin.query(`drop role ${role}`)
    await admin.end()
  })
  env['CARILLON_DATABASE_URL'] = env['CARILLON_DATABASE_URL']!.replace('carillon', role).replace(
    'postgres:5432/carillon',
    url.host + url.pathname,
  )
  const server = serve(['--port', '0'], { env: { ...keyVariables, ...env } })
  expect(await server.url()).toMatch(/^http:/)
  server.kill('SIGTERM')
  expect(await server.exit()).toBe(0)
})

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

test.skipIf(!hasSystemd)('the unit is valid, and systemd finds it little exposed', async () => {
  const copy = join(await temporaryFolder(), 'carillon.service')
  const text = await readFile(unit, 'utf8')
  await writeFile(copy, text.replace('/usr/local/bin/carillon serve', '/bin/true'))
  expect(await run('systemd-analyze', ['verify', copy])).toMatchObject({ code: 0, stderr: '' })
  expect(await run('systemd-analyze', ['security', '--offline=true', '--threshold=20', copy])).toMatchObject({ code: 0 })
})

test.skipIf(!existsSync(haproxy))('HAProxy takes the configuration of the compose file', async () => {
  expect(await run(haproxy, ['-c', '-f', join(deploy, 'compose/haproxy.cfg')])).toMatchObject({ code: 0 })
})
