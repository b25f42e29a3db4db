import { X509Certificate } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { storedCertificates } from '../../src/secrets/certificates.ts'
import { readConfig } from '../../src/settings/config.ts'
import { createLog } from '../../src/observe/log.ts'
import { pythons } from '../compat/clients.ts'
import { keyVariables, main, type Program, rootKey, run, serveFails, serveTls, temporaryFolder } from '../support/process.ts'
import { caOf, healthOver, shownCertificate, trustingClients } from './clients.ts'
import { createPostgresDatabase } from '../support/world.ts'

const refused = (start: RegExp) => ({
  code: 1,
  stdout: '',
  stderr: expect.stringMatching(new RegExp(`^carillon: ${start.source}[^\n]*\n$`)),
})

const startFails = (...flags: string[]) => serveFails(['--port', '0', '--data', ':memory:', ...flags], { env: { CARILLON_TLS: 'on' } })
const certs = (args: readonly string[]) => run(process.execPath, [main, 'certs', ...args])

const keep = (folder: string, flags: Record<string, string> = {}) => storedCertificates(folder, readConfig(flags, {}), createLog('silent'))
const read = async (folder: string, name: string) => readFile(join(folder, name), 'utf8')
const leafOf = async (folder: string) => new X509Certificate(await read(folder, 'server.pem'))

async function stopped(server: Program): Promise<number | string> {
  server.kill('SIGTERM')
  return server.exit()
}

/** A certificate of the operator's own in a folder, by the names `own.pem` and `own-key.pem`, with its CA as `ca.pem`. */
async function ownCertificate(): Promise<{ folder: string; cert: string; key: string }> {
  const folder = await temporaryFolder()
  const files = await keep(folder)
  const own = { cert: join(folder, 'own.pem'), key: join(folder, 'own-key.pem') }
  await rename(files.cert, own.cert)
  await rename(files.key, own.key)
  return { folder, ...own }
}

test('the first start creates a CA and a certificate, and a stock client that trusts only ca.pem works over https', async () => {
  const data = await temporaryFolder()
  const server = serveTls(['--data', data], { env: keyVariables })
  const tlsUrl = await server.tlsUrl()
  expect(server.stdout).toMatch(new RegExp(`^export AWS_ENDPOINT_URL=${await server.url()}\nexport `))
  expect(server.stdout.endsWith(`\nCarillon is ready on ${await server.url()} and ${tlsUrl}\n`)).toBe(true)
  expect(tlsUrl).toMatch(/^https:\/\/localhost:[1-9]\d+$/)
  const { identity, messaging } = trustingClients(tlsUrl, await caOf(data))
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'over TLS' })
  expect((await identity.describeAppInstance({ AppInstanceArn })).AppInstance!.Name).toBe('over TLS')
  expect((await messaging.getMessagingSessionEndpoint({})).Endpoint).toEqual({ Url: new URL(tlsUrl).host })
  expect(await healthOver(tlsUrl.replace('localhost', '127.0.0.1'), await caOf(data))).toBe(200)
  const stranger = await ownCertificate()
  await expect(healthOver(tlsUrl, await caOf(stranger.folder))).rejects.toMatchObject({ code: expect.stringMatching(/VERIFY|CERT|ISSUER/) })
  identity.destroy()
  messaging.destroy()
  expect(await stopped(server)).toBe(0)
  expect((await stat(join(data, 'server-key.pem'))).mode & 0o777).toBe(0o600)
  expect((await readdir(data)).filter(name => name.startsWith('.'))).toEqual([])
})

describe.skipIf(pythons.length === 0).each(pythons.length > 0 ? pythons : ['python3'])('%s', python => {
  test('verifies the chain strictly, and boto3 works with AWS_CA_BUNDLE', async () => {
    const data = await temporaryFolder()
    const server = serveTls(['--data', data], { env: keyVariables })
    const script = `
import boto3, ssl, sys, urllib.request
url = sys.argv[1]
context = ssl.create_default_context(cafile=sys.argv[2])
context.verify_flags |= ssl.VERIFY_X509_STRICT
print(urllib.request.urlopen(url + '/health', context=context).status)
print(boto3.client('chime-sdk-identity', endpoint_url=url).list_app_instances()['AppInstances'])
`
    const ca = join(data, 'ca.pem')
    const env = {
      AWS_CA_BUNDLE: ca,
      AWS_ACCESS_KEY_ID: rootKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
    }
    expect(await run(python, ['-c', script, await server.tlsUrl(), ca], { env })).toEqual({ code: 0, stdout: '200\n[]\n', stderr: '' })
  })
})

test('the certificate has the names of the machine, the host and the public host, and browsers accept its lifetime', async () => {
  const folder = await temporaryFolder()
  await keep(folder, { host: 'fe80::1', publicWsHost: '[2001:db8::1]:8443' })
  const leaf = await leafOf(folder)
  for (const name of ['localhost', hostname()]) expect(leaf.checkHost(name)).toBe(name)
  for (const address of ['127.0.0.1', '::1', 'fe80::1', '2001:db8::1']) expect(leaf.checkIP(address)).toBe(address)
  expect(leaf.checkHost('example.com')).toBeUndefined()
  const days = (leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / 86_400_000
  expect([days > 365, days <= 398]).toEqual([true, true])
  const ca = new X509Certificate(await caOf(folder))
  expect([leaf.ca, ca.ca, leaf.checkIssued(ca), leaf.verify(ca.publicKey)]).toEqual([false, true, true, true])
  expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
})

test('no file holds the private key of the CA', async () => {
  const folder = await temporaryFolder()
  await keep(folder)
  const texts = await Promise.all((await readdir(folder)).map(name => read(folder, name)))
  expect(texts.join('').match(/PRIVATE KEY-----\n/g)).toHaveLength(2)
  const leaf = await leafOf(folder)
  expect(leaf.publicKey.equals(new X509Certificate(await caOf(folder)).publicKey)).toBe(false)
})

test('a second start keeps the CA, and one that needs another name creates a new one and says so', async () => {
  const data = await temporaryFolder()
  const start = async (...flags: string[]) => {
    const server = serveTls(['--data', data, ...flags])
    await server.tlsUrl()
    await stopped(server)
    return { ca: await caOf(data), stderr: server.stderr }
  }
  const first = await start()
  expect(await start()).toEqual(first)
  const renamed = await start('--public-ws-host', 'chat.example.com:8443')
  expect(renamed.ca).not.toBe(first.ca)
  expect(renamed.stderr).toMatch(/"level":40.*it lacks the name chat\.example\.com.*clients must trust the new CA/)
  expect((await leafOf(data)).checkHost('chat.example.com')).toBe('chat.example.com')
  expect((await start()).ca).toBe(renamed.ca)
})

test('a certificate that expires within 30 days is replaced', async () => {
  const folder = await temporaryFolder()
  await keep(folder)
  const ca = await caOf(folder)
  const left = (await leafOf(folder)).validToDate.getTime()
  vi.useFakeTimers({ toFake: ['Date'], now: left - 31 * 86_400_000 })
  try {
    await keep(folder)
    expect(await caOf(folder)).toBe(ca)
    vi.setSystemTime(left - 29 * 86_400_000)
    await keep(folder)
    expect(await caOf(folder)).not.toBe(ca)
    expect((await leafOf(folder)).validToDate.getTime()).toBeGreaterThan(left)
  } finally {
    vi.useRealTimers()
  }
})

test('missing, broken or mismatched files are replaced, and an invalid key is refused', async () => {
  const folder = await temporaryFolder()
  await keep(folder)
  const fits = async () => (await leafOf(folder)).checkIssued(new X509Certificate(await caOf(folder)))
  for (const name of ['ca.pem', 'server.pem', 'server-key.pem']) {
    await rm(join(folder, name))
    await keep(folder)
    expect(await fits()).toBe(true)
  }
  for (const name of ['ca.pem', 'server.pem']) {
    await writeFile(join(folder, name), '-----BEGIN NONSENSE-----\n')
    await keep(folder)
    expect(await fits()).toBe(true)
  }
  await writeFile(join(folder, 'server-key.pem'), 'nonsense')
  await expect(keep(folder)).rejects.toThrow(/server-key\.pem is not a key of Carillon: .*Remove it, and the server creates a new one\.$/)
})

test('servers on PostgreSQL that start at once in one new folder show the same certificate, and ca.pem is its CA', async () => {
  const data = join(await temporaryFolder(), 'data')
  const flags = ['--data', data, '--database-url', await createPostgresDatabase()]
  const servers = Array.from({ length: 3 }, () => serveTls(flags, { env: keyVariables }))
  const shown = await Promise.all(servers.map(async server => (await shownCertificate(await server.tlsUrl())).fingerprint256))
  expect(new Set(shown).size).toBe(1)
  for (const server of servers) expect(await healthOver(await server.tlsUrl(), await caOf(data))).toBe(200)
  expect((await readdir(data)).filter(name => name.startsWith('.'))).toEqual([])
})

test('with :memory: the certificate is in the folder of the credentials, and is removed with it', async () => {
  const server = serveTls(['--data', ':memory:'])
  const folder = await server.printed(/AWS_SHARED_CREDENTIALS_FILE=(.*)\/credentials/)
  expect(await healthOver(await server.tlsUrl(), await caOf(folder))).toBe(200)
  expect(await stopped(server)).toBe(0)
  await expect(stat(folder)).rejects.toThrow('ENOENT')
})

describe('a certificate that is given', () => {
  test('is served, and none is created in the data folder', async () => {
    const { folder, cert, key } = await ownCertificate()
    const data = await temporaryFolder()
    const env = { CARILLON_TLS_CERT: cert, CARILLON_TLS_KEY: '/nonsense', ...keyVariables }
    const server = serveTls(['--data', data, '--tls-key', key], { env })
    expect(await healthOver(await server.tlsUrl(), await caOf(folder))).toBe(200)
    expect((await readdir(data)).filter(name => name.endsWith('.pem'))).toEqual([])
  })

  test('is reloaded when the files change, through links too, and a broken one changes nothing', async () => {
    const [first, second, links] = [await ownCertificate(), await ownCertificate(), await temporaryFolder()]
    // As Kubernetes does it: the files are links into a folder that is itself a link, which is swapped.
    const point = async (target: string) => {
      await symlink(target, join(links, 'next'))
      await rename(join(links, 'next'), join(links, 'current'))
    }
    await point(first.folder)
    const flags = ['--data', ':memory:', '--tls-cert', join(links, 'current/own.pem'), '--tls-key', join(links, 'current/own-key.pem')]
    const server = serveTls(flags, { env: keyVariables })
    const tlsUrl = await server.tlsUrl()
    const serves = async (folder: string) => healthOver(tlsUrl, await caOf(folder)).catch(() => 0)
    expect(await serves(first.folder)).toBe(200)
    await point(second.folder)
    await expect.poll(() => serves(second.folder)).toBe(200)

    await copyFile(first.cert, second.cert)
    await expect.poll(() => server.stderr).toMatch(/"level":40.*own\.pem and the key .* cannot be used.*continues with the old one/)
    expect(await serves(second.folder)).toBe(200)
    await copyFile(first.key, second.key)
    await expect.poll(() => serves(first.folder)).toBe(200)
    expect(server.stderr.match(/"level":40/g)).toHaveLength(1)
  })

  test('of which half is given, or that cannot be read or does not match its key, is refused with one line', async () => {
    const [own, other] = [await ownCertificate(), await ownCertificate()]
    expect(
      await Promise.all([
        startFails('--tls-cert', own.cert),
        startFails('--tls-key', own.key),
        startFails('--tls-cert', own.cert, '--tls-key', other.key),
        startFails('--tls-cert', '/nowhere.pem', '--tls-key', own.key),
        startFails('--tls-cert', own.cert, '--tls-key', own.cert),
      ]),
    ).toEqual([
      refused(/--tls-cert and --tls-key .* are given together, or neither is\./),
      refused(/--tls-cert and --tls-key .* are given together, or neither is\./),
      refused(/The TLS certificate .*own\.pem and the key .*own-key\.pem cannot be used: .*key values mismatch/),
      refused(/The TLS certificate \/nowhere\.pem cannot be read: .*ENOENT/),
      refused(/The TLS certificate .*own\.pem and the key .*own\.pem cannot be used: /),
    ])
  })
})

describe('carillon certs', () => {
  test('creates the certificates that the server then uses, and says where the CA is and how to trust it', async () => {
    const data = join(await temporaryFolder(), "it's a folder")
    const made = await certs(['--data', data, '--public-ws-host', 'chat.example.com'])
    const quoted = `'${data.replace("'", String.raw`'\''`)}/ca.pem'`
    expect(made).toEqual({ code: 0, stdout: expect.stringContaining(`NODE_EXTRA_CA_CERTS=${quoted}\n`), stderr: '' })
    expect(made.stdout).toMatch(
      /^The certificate is made by a CA of its own: .*\nIt is for localhost, 127\.0\.0\.1, ::1, .*chat\.example\.com.*, until 20\d\d-/,
    )
    for (const client of ['AWS_CA_BUNDLE=', 'curl', 'Chromium', 'Firefox', 'Debian', 'macOS', 'Windows'])
      expect(made.stdout).toContain(client)
    const ca = await caOf(data)
    const server = serveTls(['--data', data])
    expect(await healthOver(await server.tlsUrl(), ca)).toBe(200)
    expect((await certs(['--data', data])).stdout).toBe(made.stdout)
    expect(await caOf(data)).toBe(ca)
  })

  test('says that an own certificate is used, and refuses a data folder in memory', async () => {
    const { cert, key } = await ownCertificate()
    const data = await temporaryFolder()
    expect(await certs(['--data', data, '--tls-cert', cert, '--tls-key', key])).toEqual({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^The certificate in use is your own: ${cert}\nIt is for localhost, .*, until .*\n$`)),
      stderr: '',
    })
    expect(await readdir(data)).toEqual([])
    expect(await certs(['--data', ':memory:'])).toEqual(refused(/With --data :memory: no certificate is stored\. Give a folder\./))
  })
})

test('with --no-tls or CARILLON_TLS=off there is no TLS listener and no certificate', async () => {
  for (const [flags, env] of [
    [['--no-tls'], { CARILLON_TLS: 'on' }],
    [[], { CARILLON_TLS: 'off' }],
  ] as const) {
    const data = join(await temporaryFolder(), 'data')
    await mkdir(data)
    const server = serveTls(['--data', data, ...flags], { env: { ...keyVariables, ...env } })
    const url = await server.url()
    expect(server.stdout).toMatch(/^export AWS_ENDPOINT_URL=/)
    expect(server.stdout.endsWith(`\nCarillon is ready on ${url}\n`)).toBe(true)
    expect((await readdir(data)).filter(name => name.endsWith('.pem'))).toEqual([])
  }
})
