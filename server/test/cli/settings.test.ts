import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readConfig, variableOf } from '../../src/settings/config.ts'
import { settings } from '../../src/settings/settings.ts'
import { countLimits, sizeLimits, type CountLimit, type SizeLimit } from '../../src/settings/limits.ts'
import { callRates, type CallRateName } from '../../src/settings/rates.ts'
import { makeDatabase } from '../support/made-database.ts'
import { keyVariables, main, root, rootKey, run, serve, serveFails, temporaryFolder } from '../support/process.ts'
import { freePort, nobodysPort } from '../support/ports.ts'
import { clientsOf, createPostgresDatabase } from '../support/world.ts'

type SettingName = keyof typeof settings

const count = { good: async () => '7', bad: ['', '0', '-1', '1.5', 'many', '1e3'] }

async function emptyDestinations() {
  const file = join(await temporaryFolder(), 'destinations.json')
  await writeFile(file, '{}')
  return file
}

async function emptySeed() {
  const file = join(await temporaryFolder(), 'seed.json')
  await writeFile(file, '[]')
  return file
}

/** For every row of config.ts: a value that a server serves with, and one that makes no sense. */
const examples: Record<SettingName, { good: () => Promise<string>; bad: readonly string[] }> = {
  host: { good: async () => 'localhost', bad: ['', 'two words'] },
  port: { good: async () => String(await freePort()), bad: ['', 'http', '65536', '-1', '80.5', '1e3', '0x50'] },
  tls: { good: async () => 'off', bad: ['', 'yes', 'ON'] },
  tlsPort: { good: async () => String(await freePort()), bad: ['', 'https', '65536'] },
  tlsCert: { good: async () => 'own.pem', bad: ['', ' '] },
  tlsKey: { good: async () => 'own-key.pem', bad: ['', ' '] },
  data: { good: async () => join(await temporaryFolder(), 'made/here'), bad: ['', ' '] },
  databaseUrl: { good: createPostgresDatabase, bad: ['', 'mysql://localhost/x', 'localhost:5432', 'postgresql'] },
  natsUrl: { good: async () => 'nats://127.0.0.1:9', bad: ['', 'localhost:4222', 'http://localhost', 'nats://a b', 'nats://a,,nats://b'] },
  natsUser: { good: async () => 'carillon', bad: ['', ' '] },
  natsPassword: { good: async () => 'secret', bad: [''] },
  natsToken: { good: async () => 'secret', bad: ['', ' '] },
  natsNkey: { good: async () => 'user.nk', bad: ['', ' '] },
  natsCredentials: { good: async () => 'user.creds', bad: ['', ' '] },
  natsCa: { good: async () => 'ca.pem', bad: ['', ' '] },
  natsCert: { good: async () => 'client.pem', bad: ['', ' '] },
  natsKey: { good: async () => 'client-key.pem', bad: ['', ' '] },
  region: { good: async () => 'eu-central-1', bad: ['', 'Europe', 'eu central'] },
  account: { good: async () => '123456789012', bad: ['', '12', '12345678901x'] },
  publicWsHost: {
    good: async () => 'chat.example.com:8443',
    bad: ['', 'wss://chat.example.com', 'chat.example.com/', 'a b', 'host:port', '::1', 'host:99999'],
  },
  adminAddress: {
    good: async () => `127.0.0.1:${await freePort()}`,
    bad: ['', '9090', 'localhost', 'localhost:99999', '::1:9090', 'http://x:1'],
  },
  seed: { good: emptySeed, bad: ['', ' '] },
  testMode: { good: async () => 'on', bad: ['', 'yes', 'ON'] },
  destinations: { good: emptyDestinations, bad: ['', ' '] },
  kinesisEndpoint: { good: async () => 'http://127.0.0.1:4567', bad: ['', 'localhost:4567', 'ftp://localhost', 'http://'] },
  lexEndpoint: { good: async () => 'http://127.0.0.1:4566/lex', bad: ['', 'localhost:4566', 'ftp://localhost', 'http://'] },
  eventbridgeEndpoint: { good: async () => 'http://127.0.0.1:4566', bad: ['', 'localhost:4566', 'ftp://localhost', 'http://'] },
  lambdaEndpoint: { good: async () => 'http://127.0.0.1:4566/lambda', bad: ['', 'localhost:4566', 'ftp://localhost', 'http://'] },
  oidcIssuer: { good: async () => 'https://login.example.com/realms/chat', bad: ['', 'login.example.com', 'https://a b', 'file:///etc'] },
  oidcAudience: { good: async () => 'web,mobile', bad: ['', 'web,,mobile', ' '] },
  oidcJwks: { good: async () => 'http://127.0.0.1:9/keys', bad: ['', 'keys.json'] },
  userClaim: { good: async () => 'oid', bad: ['', 'a claim'] },
  exchangeRole: { good: async () => 'chat', bad: ['', 'a role', 'arn:aws:iam::000000000000:role/chat'] },
  exchangeAppInstance: {
    good: async () => 'arn:aws:chime:us-east-1:000000000000:app-instance/one',
    bad: ['', 'one', 'arn:aws:chime:us-east-1:000000000000:app-instance/one/user/two'],
  },
  exchangeHook: { good: async () => 'http://127.0.0.1:9/login', bad: ['', 'login', 'ftp://x'] },
  exchangeUsers: { good: async () => 'off', bad: ['', 'yes'] },
  identityPool: {
    good: async () => 'us-east-1:0b7c9d3e-0000-4000-8000-000000000001',
    bad: ['', 'us-east-1', 'us-east-1:', 'us-east-1_AbCdEf', `us-east-1:${'a'.repeat(37)}`],
  },
  identityPoolRole: { good: async () => 'chat', bad: ['', 'a role', 'arn:aws:iam::000000000000:role/chat'] },
  identityPoolGuestRole: { good: async () => 'guest', bad: ['', 'a role'] },
  pingSeconds: count,
  presenceGraceSeconds: count,
  typingSeconds: count,
  trustProxy: { good: async () => '10.0.0.0/8, ::1,loopback', bad: ['', ' ', '10.0.0.0/33', 'everybody', '10.0.0.1,', '300.1.1.1'] },
  proxyHeaders: { good: async () => 'forwarded', bad: ['', 'both', 'X-Forwarded', 'proxy'] },
  connectionsPerAddress: count,
  callsAtOnce: count,
  bodyMemory: count,
  auditLog: { good: async () => join(await temporaryFolder(), 'audit.log'), bad: ['', ' '] },
  console: { good: async () => 'on', bad: ['', 'yes', 'ON'] },
  consoleClient: { good: async () => 'console', bad: ['', 'naïve'] },
  consoleClientSecret: { good: async () => 's3cret', bad: ['', 'é'] },
  consoleRole: { good: async () => 'operators', bad: ['', 'a role'] },
  recentCalls: { good: async () => 'whole', bad: ['', 'off', 'WHOLE'] },
  reasonInMessage: { good: async () => 'on', bad: ['', 'yes', 'ON'] },
  resume: { good: async () => 'on', bad: ['', 'yes', 'ON'] },
  search: { good: async () => 'on', bad: ['', 'yes', 'ON'] },
  logLevel: { good: async () => 'error', bad: ['', 'loud', 'INFO'] },
  ...(Object.fromEntries(Object.keys(countLimits).map(name => [name, count])) as Record<CountLimit, typeof count>),
  ...(Object.fromEntries(
    Object.entries(sizeLimits).map(([name, { most }]) => [name, { ...count, bad: [...count.bad, String(most + 1)] }]),
  ) as Record<SizeLimit, typeof count>),
  rateLimits: { good: async () => 'aws', bad: ['', 'on', 'AWS'] },
  ...(Object.fromEntries(Object.keys(callRates).map(name => [name, count])) as Record<CallRateName, typeof count>),
}
const names = Object.entries(settings).map(([name, { flag }]) => ({ name, flag, variable: variableOf(flag) }))
const exampleOf = (name: string) => Object.entries(examples).find(([known]) => known === name)![1]

const oneLine = (start: RegExp) => expect.stringMatching(new RegExp(`^carillon: ${start.source}[^\n]*\n$`))
const refused = (start: RegExp) => ({ code: 1, stdout: '', stderr: oneLine(start) })

test('each setting is a flag and a variable of its name, and --help shows both with the default', async () => {
  const { code, stdout } = await run(process.execPath, [main, 'serve', '--help'])
  expect(code).toBe(0)
  const text = stdout.replaceAll(/\s+/g, ' ')
  for (const { flag, placeholder, fallback, meaning } of Object.values(settings)) {
    const isSwitch = placeholder === undefined
    const ofSwitch = fallback ? '=off; default on' : '=on; default off'
    const standard = isSwitch ? ofSwitch : fallback === undefined ? '' : `; default ${String(fallback)}`
    const shownSwitch = fallback ? `--no-${flag} without ${meaning}` : `--${flag} ${meaning}`
    expect(text).toContain(isSwitch ? shownSwitch : `--${flag} <${placeholder}> ${meaning}`)
    expect(text).toContain(`${meaning} (CARILLON_${flag.toUpperCase().replaceAll('-', '_')}${standard})`)
  }
  expect(names.map(({ flag }) => flag)).toEqual([
    'host',
    'port',
    'tls',
    'tls-port',
    'tls-cert',
    'tls-key',
    'data',
    'database-url',
    'nats-url',
    'nats-user',
    'nats-password',
    'nats-token',
    'nats-nkey',
    'nats-credentials',
    'nats-ca',
    'nats-cert',
    'nats-key',
    'region',
    'account',
    'public-ws-host',
    'admin-address',
    'lambda-endpoint',
    'kinesis-endpoint',
    'lex-endpoint',
    'eventbridge-endpoint',
    'seed',
    'test-mode',
    'destinations',
    'oidc-issuer',
    'oidc-audience',
    'oidc-jwks',
    'user-claim',
    'exchange-role',
    'exchange-app-instance',
    'exchange-hook',
    'exchange-users',
    'identity-pool',
    'identity-pool-role',
    'identity-pool-guest-role',
    'ping-seconds',
    'presence-grace-seconds',
    'typing-seconds',
    'trust-proxy',
    'proxy-headers',
    'connections-per-address',
    'calls-at-once',
    'body-memory',
    'audit-log',
    'console',
    'console-client',
    'console-client-secret',
    'console-role',
    'recent-calls',
    'reason-in-message',
    'resume',
    'search',
    'log-level',
    ...Object.values(countLimits).map(({ flag }) => flag),
    ...Object.values(sizeLimits).map(({ flag }) => flag),
    'rate-limits',
    ...Object.values(callRates).map(({ flag }) => flag),
  ])
})

const carillon = (...args: string[]) => run(process.execPath, [main, ...args])

test('a command shows its own options and those that identify the database, and accepts the flags of its server', async () => {
  const shown = async (...command: string[]) => {
    const { stdout } = await carillon(...command, '--help')
    return [...stdout.matchAll(/^ +(?:-h, )?--([\w-]+)/gm)].map(([, flag]) => flag)
  }
  expect(
    await Promise.all([shown('keys', 'create'), shown('keys', 'list'), shown('roles', 'show'), shown('jobs', 'run'), shown('backup')]),
  ).toEqual([
    ['name', 'policy', 'user', 'data', 'database-url', 'region', 'help'],
    ['data', 'database-url', 'help'],
    ['data', 'database-url', 'account', 'help'],
    ['data', 'database-url', 'help'],
    ['data', 'database-url', 'help'],
  ])
  const data = await temporaryFolder()
  await makeDatabase({ data })
  const flags = ['--data', data, '--port', '0', '--no-tls', '--limit-app-instances', '3']
  expect(await carillon('keys', 'list', ...flags)).toMatchObject({ code: 0, stderr: '' })
})

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'server/package.json'), 'utf8')) as { version: string }
  expect(await carillon('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

interface Given {
  readonly flag: string
  readonly variable: string
  readonly value: string
}

test.each([
  [
    'flag',
    (values: Given[]) =>
      serve(
        values.flatMap(({ flag, value }) => {
          if (flag === 'test-mode') return ['--test-mode']
          return value === 'off' ? [`--no-${flag}`] : [`--${flag}`, value]
        }),
        { env: keyVariables },
      ),
  ],
  [
    'variable',
    (values: Given[]) =>
      serve([], { env: { ...keyVariables, ...Object.fromEntries(values.map(({ variable, value }) => [variable, value])) } }),
  ],
])('a server serves with every setting given by %s', async (_, start) => {
  // Only one of the logins at NATS may be given, and the server connects to NATS with it at its start.
  const given = names.filter(({ name }) => !name.startsWith('nats'))
  const values = await Promise.all(given.map(async ({ name, flag, variable }) => ({ flag, variable, value: await exampleOf(name).good() })))
  const port = values.find(({ flag }) => flag === 'port')!.value
  const url = await start(values).url()
  expect(url).toBe(`http://localhost:${port}`)
  const { identity } = clientsOf({ url, rootKey: { ...rootKey } })
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'x' })
  expect(AppInstanceArn).toMatch(/^arn:aws:chime:eu-central-1:123456789012:app-instance\//)
  identity.destroy()
})

test('a flag wins over its variable', async () => {
  const port = await freePort()
  const server = serve(['--port', String(port)], { env: { CARILLON_PORT: '1', CARILLON_DATA: ':memory:' } })
  expect(await server.url()).toBe(`http://127.0.0.1:${port}`)
})

test('the defaults are those of the contract', () => {
  expect(Object.fromEntries(Object.values(settings).map(({ flag, fallback }) => [flag, fallback]))).toEqual({
    host: '127.0.0.1',
    port: 8080,
    tls: true,
    'tls-port': 8443,
    'tls-cert': undefined,
    'tls-key': undefined,
    data: './data',
    'database-url': undefined,
    region: 'us-east-1',
    account: '000000000000',
    'public-ws-host': undefined,
    'lambda-endpoint': undefined,
    'kinesis-endpoint': undefined,
    'lex-endpoint': undefined,
    'eventbridge-endpoint': undefined,
    seed: undefined,
    'test-mode': false,
    destinations: undefined,
    'oidc-issuer': undefined,
    'oidc-audience': undefined,
    'oidc-jwks': undefined,
    'user-claim': 'sub',
    'exchange-role': undefined,
    'exchange-app-instance': undefined,
    'exchange-hook': undefined,
    'exchange-users': true,
    'identity-pool': undefined,
    'identity-pool-role': undefined,
    'identity-pool-guest-role': undefined,
    'ping-seconds': 30,
    'trust-proxy': undefined,
    'presence-grace-seconds': 15,
    'typing-seconds': 10,
    'proxy-headers': 'x-forwarded',
    'connections-per-address': 10_000,
    'body-memory': 64,
    'admin-address': undefined,
    'calls-at-once': 5000,
    'audit-log': 'off',
    console: 'on',
    'recent-calls': 'masked',
    'reason-in-message': 'off',
    resume: 'on',
    search: 'off',
    'log-level': 'info',
    'limit-app-instances': 100,
    'limit-users-per-app-instance': 100_000,
    'limit-admins-per-app-instance': 100,
    'limit-bots-per-app-instance': 1000,
    'limit-endpoints-per-user': 10,
    'limit-channels-per-app-instance': 10_000_000,
    'limit-memberships-per-channel': 10_000,
    'limit-memberships-per-user': 20_000,
    'limit-memberships-of-searcher': 1000,
    'limit-moderators-per-channel': 1000,
    'limit-connections-per-user': 10,
    'limit-flows-per-app-instance': 100,
    'limit-processors-per-flow': 1,
    'limit-pins-per-channel': 100,
    'limit-reactions-per-message': 50,
    'limit-elastic-channels-per-app-instance': 1,
    'limit-sub-channels-per-channel': 100,
    'limit-memberships-per-sub-channel': 1000,
    'limit-content-bytes': 4096,
    'limit-metadata-bytes': 1024,
    'limit-control-bytes': 30,
    'rate-limits': 'off',
    'rate-app-instance-changes': 5,
    'rate-app-instance-descriptions': 20,
    'rate-app-instance-lists': 10,
    'rate-user-changes': 10,
    'rate-user-descriptions': 20,
    'rate-user-lists': 10,
    'rate-identity': 50,
    'rate-bearer': 10,
    'rate-channel-changes': 15,
    'rate-channel-descriptions': 20,
    'rate-channel-lists': 10,
    'rate-sub-channel-lists': 15,
    'rate-membership-changes': 15,
    'rate-elastic-membership-changes': 30,
    'rate-membership-lists': 15,
    'rate-batches': 1,
    'rate-user-membership-lists': 15,
    'rate-user-moderated-lists': 15,
    'rate-message-changes': 30,
    'rate-message-lists': 30,
    'rate-message-gets': 30,
    'rate-typing-indicators': 30,
    'rate-presence-watches': 5,
    'rate-channel-presences': 15,
    'rate-logins': 50,
    'rate-connects': 1,
  })
})

const secrets = new Set(['nats-password', 'nats-token', 'console-client-secret'])

test.each(names)('an invalid --$flag or $variable is refused by its name', ({ name, flag, variable }) => {
  for (const value of exampleOf(name).bad) {
    const shown = secrets.has(flag) ? '' : `, not '${value}'`
    expect(() => readConfig({ [name]: value }, {})).toThrow(new RegExp(`^--${flag} must be [^']*${shown}\\.$`))
    expect(() => readConfig({}, { [variable]: value })).toThrow(new RegExp(`^${variable} must be [^']*${shown}\\.$`))
  }
})

test.each([
  [{ databaseUrl: 'postgresql://me:p@ss:w/ord@db/x?sslmode=prefer' }, 'postgresql://…@db/x?sslmode=prefer'],
  [{ databaseUrl: 'postgresql://me@srv:p/ss@db/x?sslmode=prefer' }, 'postgresql://…@db/x?sslmode=prefer'],
  [{ databaseUrl: 'postgresql:///x?password=p@ss&sslmode=prefer' }, 'postgresql:///x?password=…&sslmode=prefer'],
  [{ databaseUrl: 'postgresql://me:100%ss@db/x' }, 'postgresql://…@db/x'],
  [{ databaseUrl: 'me:pass@db/x' }, '…@db/x'],
  [{ natsUrl: 'nats://me:p@ss@n1:4222,nowhere' }, 'nats://…@n1:4222,nowhere'],
  [{ natsUrl: 'nats://p@ss@n1:4222,nowhere' }, 'nats://…@n1:4222,nowhere'],
  [{ natsUrl: 'tls://me:100%ss@n1' }, 'tls://…@n1'],
  [{ natsUrl: 'nats://to/ken@n1:4222' }, 'nats://…@n1:4222'],
  [{ natsUrl: 'natss://token@n1:4222' }, 'natss://…@n1:4222'],
])('of an invalid URL the message shows no part of a password: %j', (flags, shown) => {
  expect(() => readConfig(flags, {})).toThrow(`, not '${shown}'.`)
})

test('two listeners with one port are refused', () => {
  expect(() => readConfig({ port: '9000', tlsPort: '9000' }, {})).toThrow('--port and --tls-port must differ: both are 9000.')
  const admin = '--admin-address must have another port than --port and --tls-port, not 127.0.0.1:8443.'
  expect(() => readConfig({ adminAddress: '127.0.0.1:8443' }, {})).toThrow(admin)
  expect(readConfig({ adminAddress: '127.0.0.1:8443', tls: 'off' }, {}).port).toBe(8080)
  expect(readConfig({ port: '0', tlsPort: '0', adminAddress: '127.0.0.1:0' }, {}).tlsPort).toBe(0)
})

test('unknown values, flags, variables, words and commands, and flags without a value, are refused with one line', async () => {
  const results = await Promise.all([
    serveFails(['--nonsense', 'x']),
    serveFails(['--prot', '80']),
    serveFails(['--tls']),
    serveFails(['--port', 'http']),
    serveFails([], { env: { CARILLON_PORT: '' } }),
    serveFails([], { env: { CARILLON_XYZZY: 'x' } }),
    serveFails([], { env: { CARILLON_TSL_PORT: '0' } }),
    serveFails([], { env: { CARILLON_TLS: 'yes' } }),
    serveFails(['word']),
    serveFails(['--port']),
    run(process.execPath, [main, 'nonsense']),
  ])
  expect(results).toEqual([
    refused(/unknown option '--nonsense'/),
    refused(/unknown option '--prot'/),
    refused(/unknown option '--tls'/),
    refused(/--port must be a whole number from 0 to 65535; 0 picks a free port, not 'http'\./),
    refused(/CARILLON_PORT must be a whole number from 0 to 65535; 0 picks a free port, not ''\./),
    refused(/Unknown environment variable CARILLON_XYZZY\. carillon serve --help lists all variables\./),
    refused(/Unknown environment variable CARILLON_TSL_PORT\. Did you mean CARILLON_TLS_PORT\? carillon serve --help lists/),
    refused(/CARILLON_TLS must be on or off, not 'yes'\./),
    refused(/too many arguments/),
    refused(/option '--port <number>' argument missing/),
    refused(/unknown command 'nonsense'/),
  ])
})

test('half of a root key is refused, and so is one that no client can sign with', async () => {
  const results = await Promise.all([
    serveFails([], { env: { CARILLON_ACCESS_KEY_ID: rootKey.accessKeyId } }),
    serveFails([], { env: { CARILLON_SECRET_ACCESS_KEY: rootKey.secretAccessKey } }),
    serveFails([], { env: { ...keyVariables, CARILLON_SECRET_ACCESS_KEY: '' } }),
    serveFails([], { env: { ...keyVariables, CARILLON_ACCESS_KEY_ID: 'a/b' } }),
  ])
  const half = refused(/CARILLON_ACCESS_KEY_ID and CARILLON_SECRET_ACCESS_KEY are given together, or neither is\./)
  expect(results).toEqual([half, half, half, refused(/CARILLON_ACCESS_KEY_ID must not have blanks, slashes or commas/)])
  for (const { stderr } of results) expect(stderr).not.toContain(rootKey.secretAccessKey)
})

test('the PROXY protocol without trusted proxies is refused', async () => {
  expect(await serveFails(['--port', '0', '--proxy-headers', 'proxy-protocol'])).toEqual(
    refused(/--proxy-headers proxy-protocol needs --trust-proxy, with the proxies whose connections begin with a PROXY header\./),
  )
})

test('an identity pool is refused without a role, a role without a pool, and one for logins without an issuer', async () => {
  const pool = ['--identity-pool', 'us-east-1:0b7c9d3e-0000-4000-8000-000000000001']
  const together = refused(/--identity-pool is given together with --identity-pool-role, --identity-pool-guest-role or both/)
  expect(await Promise.all([serveFails(pool), serveFails(['--identity-pool-guest-role', 'guest'])])).toEqual([together, together])
  expect(await serveFails([...pool, '--identity-pool-role', 'chat'])).toEqual(
    refused(/--identity-pool-role needs --oidc-issuer, the issuer of the pool's logins\./),
  )
})

test('PostgreSQL without a root key is refused', async () => {
  expect(await serveFails(['--port', '0', '--database-url', 'postgresql://localhost/x'])).toEqual(
    refused(/With --database-url the root key is given by CARILLON_ACCESS_KEY_ID and CARILLON_SECRET_ACCESS_KEY/),
  )
})

test('a port that is taken, an address of another machine and a name that does not resolve are refused', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void taken.close())
  await once(taken, 'listening')
  const address = taken.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const results = await Promise.all([
    serveFails(['--port', String(port), '--data', ':memory:']),
    serveFails(['--port', '0', '--host', '192.0.2.1', '--data', ':memory:']),
    serveFails(['--port', '0', '--host', 'nobody.invalid', '--data', ':memory:']),
  ])
  expect(results).toEqual([
    refused(
      new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port}: another process listens there\\. Stop it, or give another port by --port\\.`),
    ),
    refused(/Cannot listen on 192\.0\.2\.1:0: .*EADDRNOTAVAIL/),
    refused(/Cannot listen on nobody\.invalid:0: .*(?:ENOTFOUND|EAI_AGAIN)/),
  ])
})

test('an impossible data folder, credentials without a key and a file that is no database are refused', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'file')
  await writeFile(file, 'x')
  const empty = await temporaryFolder()
  await writeFile(join(empty, 'credentials'), '[default]\n')
  const broken = await temporaryFolder()
  await writeFile(join(broken, 'carillon.db'), 'not a database, though long enough to look like one'.repeat(100))
  const results = await Promise.all([
    serveFails(['--port', '0', '--data', file]),
    serveFails(['--port', '0', '--data', join(file, 'below')]),
    serveFails(['--port', '0', '--data', empty]),
    serveFails(['--port', '0', '--data', broken]),
  ])
  expect(results).toEqual([
    refused(/The data folder .*\/file cannot be created: .*EEXIST/),
    refused(/The data folder .*\/file\/below cannot be created: .*ENOTDIR/),
    refused(/.*\/credentials has no aws_access_key_id and aws_secret_access_key\. Remove it/),
    refused(/The database .*\/carillon\.db cannot be opened: .*not a database/),
  ])
})

test('a PostgreSQL that cannot be used is refused, and its password is not shown', async () => {
  const real = new URL(await createPostgresDatabase())
  const nowhere = new URL(real)
  nowhere.pathname = '/nobody_made_this'
  const wrong = new URL(real)
  wrong.password = 'not-the-password'
  const results = await Promise.all(
    [`postgresql://someone:hidden-password@localhost:${nobodysPort}/x`, nowhere.href, wrong.href].map(url =>
      serveFails(['--port', '0', '--database-url', url], { env: keyVariables }),
    ),
  )
  expect(results).toEqual([
    refused(new RegExp(`PostgreSQL at localhost:${nobodysPort}/x cannot be used: .*ECONNREFUSED`)),
    refused(/PostgreSQL at 127\.0\.0\.1:\d+\/nobody_made_this cannot be used: database "nobody_made_this" does not exist\./),
    refused(/PostgreSQL at 127\.0\.0\.1:\d+\/\w+ cannot be used: password authentication failed/),
  ])
  for (const { stderr } of results) expect(stderr).not.toMatch(/hidden-password|not-the-password|postgres:postgres/)
})
