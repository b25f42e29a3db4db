import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nkeys } from '@nats-io/transport-node'
import { expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { makeAccounts } from '../support/nats-accounts.ts'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { makeCertificates } from '../support/test-certificates.ts'
import { clientsOf, createPostgresDatabase, makersOf, startWorld } from '../support/world.ts'

/** Whether a server starts with these settings. */
async function outcome(settings: Record<string, string>) {
  try {
    const node = await startWorld('postgres', { databaseUrl: await createPostgresDatabase({ made: true }), ...settings })
    await node.close()
    return 'starts'
  } catch (error) {
    return (error as Error).message
  }
}

async function newFile(content: string) {
  const file = join(await temporaryFolder(), 'file')
  await writeFile(file, content)
  return file
}

const refusal = /^NATS at 127\.0\.0\.1:\d+ cannot be used: .*Authorization Violation.*\.$/i

test.skipIf(!hasNats)(
  'a user is named in the URL or by settings, and a wrong password is refused at start without being shown',
  async () => {
    const { port, url } = await startNats(['--user', 'carillon', '--pass', 'se/cret'])
    expect(await outcome({ natsUrl: `nats://carillon:se%2Fcret@127.0.0.1:${port}` })).toBe('starts')
    expect(await outcome({ natsUrl: url, natsUser: 'carillon', natsPassword: 'se/cret' })).toBe('starts')
    expect(await outcome({ natsUrl: `nats://carillon:wrong@127.0.0.1:${port}` })).toMatch(refusal)
    expect(await outcome({ natsUrl: url })).toMatch(refusal)
  },
)

test.skipIf(!hasNats)('a token is a login', async () => {
  const { url } = await startNats(['--auth', 'secret'])
  expect(await outcome({ natsUrl: url, natsToken: 'secret' })).toBe('starts')
  expect(await outcome({ natsUrl: url, natsToken: 'wrong' })).toMatch(refusal)
  expect(await outcome({ natsUrl: url.replace('//', '//secret@') })).toBe('starts')
  expect(await outcome({ natsUrl: url.replace('//', '//wrong@') })).toMatch(refusal)
})

test.skipIf(!hasNats)('a node says why NATS does not accept it again, and reads the file of its login before each attempt', async () => {
  const [first, second] = [nkeys.createUser(), nkeys.createUser()]
  const allowing = (pair: typeof first) => `authorization { users: [ { nkey: ${pair.getPublicKey()} } ] }\n`
  const seedOf = (pair: typeof first) => Buffer.from(pair.getSeed()).toString()
  const [config, seed] = [await newFile(allowing(first)), await newFile(seedOf(first))]
  const nats = await startNats(['-c', config])
  const databaseUrl = await createPostgresDatabase({ made: true })
  const flags = ['--port', '0', '--database-url', databaseUrl, '--nats-url', nats.url, '--nats-nkey', seed]
  const node = serve(flags, { env: keyVariables })
  await node.url()
  await nats.stop()
  await writeFile(config, allowing(second))
  await nats.start()
  await expect.poll(() => node.stderr).toMatch(/"why":"'?Authorization Violation[^\n]*"NATS cannot be used again yet/i)
  await writeFile(seed, seedOf(second))
  await expect.poll(() => node.stderr).toContain('NATS is connected again')
  // A reason is not repeated with each attempt.
  expect(node.stderr.match(/Authorization Violation/gi)).toHaveLength(1)
})

test.skipIf(!hasNats)('the seed of an NKey in a file is a login, and another one is refused', async () => {
  const [user, other] = [nkeys.createUser(), nkeys.createUser()]
  const config = await newFile(`authorization { users: [ { nkey: ${user.getPublicKey()} } ] }\n`)
  const { url } = await startNats(['-c', config])
  const seed = async (pair: typeof user) => newFile(`${Buffer.from(pair.getSeed()).toString()}\n`)
  expect(await outcome({ natsUrl: url, natsNkey: await seed(user) })).toBe('starts')
  expect(await outcome({ natsUrl: url, natsNkey: await seed(other) })).toMatch(refusal)
  const wrong = await newFile(user.getPublicKey())
  expect(await outcome({ natsUrl: url, natsNkey: wrong })).toBe(`--nats-nkey: ${wrong} must have the seed of a user, which begins with SU.`)
})

test.skipIf(!hasNats)('a user who may not publish is reported in the log once a minute, not with each message', async () => {
  const config = await newFile(
    'authorization { users: [ { user: u, password: p, permissions: { publish: "other.>", subscribe: ">" } } ] }\n',
  )
  const { port } = await startNats(['-c', config])
  const databaseUrl = await createPostgresDatabase({ made: true })
  const node = serve(['--port', '0', '--database-url', databaseUrl, '--nats-url', `nats://u:p@127.0.0.1:${port}`], { env: keyVariables })
  const app = { url: await node.url(), rootKey }
  const { identity, messaging } = clientsOf(app)
  onTestFinished(() => [identity, messaging].forEach(client => client.destroy()))
  const { user } = await makersOf(identity).appInstance(['alice'])
  const channels = [await open({ messaging }, user('alice')), await open({ messaging }, user('alice'))]
  const violations = () => node.stderr.match(/"message":"Permissions Violation for Publish to \\"carillon\.\S+\.channel\./g) ?? []
  await expect.poll(violations).not.toEqual([])
  for (let count = 0; count < 20; count++) for (const each of channels) await say({ messaging }, user('alice'), each)
  // As many errors had arrived as messages were sent.
  expect(violations()).toHaveLength(1)
})

test.skipIf(!hasNats)('a credentials file is a login, and that of another operator is refused', async () => {
  const [own, other] = await Promise.all([makeAccounts(), makeAccounts()])
  const { url } = await startNats(['-c', own.config])
  expect(await outcome({ natsUrl: url, natsCredentials: own.credentials })).toBe('starts')
  expect(await outcome({ natsUrl: url, natsCredentials: other.credentials })).toMatch(refusal)
  expect(await outcome({ natsUrl: url, natsCredentials: own.config })).toMatch(
    /must be a credentials file of NATS, with a JWT and a seed\.$/,
  )
})

test.skipIf(!hasNats)('TLS: the certificate must be of a known CA, and a client certificate is shown if the server wants one', async () => {
  const { ca, server, localhost, client } = await makeCertificates()
  const secure = ['--tls', '--tlscert', server.certificate, '--tlskey', server.key]
  const open = await startNats(secure)
  expect(await outcome({ natsUrl: open.url, natsCa: ca })).toBe('starts')
  expect(await outcome({ natsUrl: open.url.replace('nats:', 'tls:'), natsCa: ca })).toBe('starts')
  expect(await outcome({ natsUrl: open.url.replace('nats:', 'tls:') })).toMatch(/^NATS at 127\.0\.0\.1:\d+ cannot be used: .*certificate/)
  const empty = await newFile('no certificate')
  expect(await outcome({ natsUrl: open.url, natsCa: empty })).toBe(`--nats-ca: ${empty} must have a certificate, in PEM.`)
  const named = await startNats(['--tls', '--tlscert', localhost.certificate, '--tlskey', localhost.key])
  expect(await outcome({ natsUrl: `tls://localhost:${named.port}`, natsCa: ca })).toBe('starts')
  expect(await outcome({ natsUrl: named.url, natsCa: ca })).toMatch(/does not match certificate's altnames|is not in the cert's list/)
  const closed = await startNats([...secure, '--tlsverify', '--tlscacert', ca])
  const known = { natsUrl: closed.url, natsCa: ca }
  expect(await outcome({ ...known, natsCert: client.certificate, natsKey: client.key })).toBe('starts')
  expect(await outcome(known)).toMatch(/^NATS at 127\.0\.0\.1:\d+ cannot be used: /)
})

test.skipIf(!hasNats)('a node that is to use TLS does not connect to a server without TLS', async () => {
  const { ca } = await makeCertificates()
  const { url } = await startNats()
  expect(await outcome({ natsUrl: url, natsCa: ca })).toMatch(/^NATS at 127\.0\.0\.1:\d+ cannot be used: .*tls/i)
})
