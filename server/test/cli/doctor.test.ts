import { randomBytes } from 'node:crypto'
import { chmod, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { OidcIssuer } from '../support/oidc-issuer.ts'
import { nobodysPort } from '../support/ports.ts'
import { startApns, startFcm, startHttp, vapidKeys } from '../support/push.ts'
import { changeTheRole, makeRole } from '../support/access.ts'
import { makeDatabase } from '../support/made-database.ts'
import { createPostgresDatabase, startWorld } from '../support/world.ts'
import { certificateFindings } from '../../src/cli/certificate-findings.ts'
import { loginFindings } from '../../src/cli/login-findings.ts'
import { settingsFindings } from '../../src/cli/settings-findings.ts'
import { readConfig } from '../../src/settings/config.ts'
import { keyVariables, main, run, safeKeyVariables, serve, serveTls, temporaryFolder } from '../support/process.ts'

const doctor = async (args: string[], env: Record<string, string> = {}) => run(process.execPath, [main, 'doctor', ...args], { env })

const found = async (flags: Record<string, string>, environment: Record<string, string> = {}) =>
  (await settingsFindings(readConfig({ data: ':memory:', ...flags }, environment))).map(({ kind, what }) => `${kind}: ${what}`)

/** The kinds of the printed findings: a healthy server gets no advice either. */
const kindsIn = (stdout: string) => new Set(stdout.match(/^[a-z]+(?=: )/gm))

/** A data folder with a database, as after the first start of a server. */
async function folderOfServer() {
  const folder = await temporaryFolder()
  await chmod(folder, 0o700)
  await makeDatabase({ data: folder })
  return folder
}

test('a missing database is a fault, with exit 1 and what to do, and none is created', async () => {
  const folder = await temporaryFolder()
  await chmod(folder, 0o700)
  const { code, stdout } = await doctor(['--data', folder])
  expect(stdout).toMatch(
    /^fault: There is no database of these settings\.\n {8}There is no database \S+carillon\.db\. Run the command in .* its first start creates it\.\n1 of these is wrong\.\n$/,
  )
  expect(code).toBe(1)
  expect(await readdir(folder)).toEqual([])
  expect((await doctor(['--data', folder, '--host', '0.0.0.0'])).stdout).toMatch(/^3 of these are wrong\.$/m)
})

test('the defaults are safe, with exit 0; a public server without further settings is not, with exit 1 and what to do', async () => {
  const folder = await folderOfServer()
  const { stdout: defaults, ...rest } = await doctor(['--data', folder])
  expect(rest).toEqual({ code: 0, stderr: '' })
  expect(defaults).toMatch(/\nNothing is wrong\.\n$/)
  expect(kindsIn(defaults)).toEqual(new Set(['good']))
  const { code, stdout } = await doctor(['--data', folder, '--host', '0.0.0.0'])
  expect(code).toBe(1)
  expect(stdout).toMatch(/^unsafe: Plain HTTP is served on 0\.0\.0\.0: .*\n {8}Listen on 127\.0\.0\.1 behind a proxy that ends TLS/m)
  expect(stdout).toMatch(/2 of these are wrong\.\n$/)
})

const everywhere = { host: '0.0.0.0', rateLimits: 'aws', auditLog: '-', tlsCert: 'c', tlsKey: 'k', trustProxy: '10.0.0.1' }

test.each([
  ['plain HTTP', { trustProxy: undefined }, /^unsafe: Plain HTTP is served on 0\.0\.0\.0/],
  ['no TLS', { trustProxy: undefined, tls: 'off' }, /^unsafe: There is no TLS/],
  ['no rates', { rateLimits: 'off' }, /^unsafe: The rate of calls is not limited/],
  ['a certificate that the server has created', { tlsCert: undefined, tlsKey: undefined }, /^advice: The TLS certificate comes from a CA/],
  [
    'an identity pool for guests',
    { identityPool: 'us-east-1:0', identityPoolGuestRole: 'guest' },
    /^advice: Anybody who reaches 0\.0\.0\.0 gets credentials of the role guest without a login$/,
  ],
  ['no audit log', { auditLog: 'off' }, /^advice: There is no audit log/],
  [
    'PostgreSQL without TLS',
    { databaseUrl: 'postgresql://u:hidden@db.example/x' },
    /^unsafe: All data travels to PostgreSQL at db\.example without TLS$/,
  ],
  [
    'PostgreSQL whose certificate is not checked',
    { databaseUrl: 'postgresql://u:hidden@db.example/x?sslmode=require' },
    /^unsafe: The identity of PostgreSQL at db\.example is not checked/,
  ],
  [
    'NATS without TLS',
    { databaseUrl: 'postgresql://u:p@localhost/x', natsUrl: 'nats://u:hidden@nats.example:4222' },
    /^unsafe: Messages travel to NATS at nats\.example without TLS$/,
  ],
  [
    'an issuer without TLS',
    { oidcIssuer: 'http://login.example', oidcAudience: 'web' },
    /^unsafe: The keys of the issuer come from login\.example without TLS/,
  ],
  ['processors without TLS', { lambdaEndpoint: 'http://lambda.example:3001' }, /^unsafe: Messages travel to processors at lambda\.example/],
  [
    'streams without TLS',
    { kinesisEndpoint: 'http://kinesis.example:4567' },
    /^unsafe: Messages travel to the streams at kinesis\.example/,
  ],
  ['bots without TLS', { lexEndpoint: 'http://lex.example:4567' }, /^unsafe: Messages travel to bots at lex\.example/],
  [
    'EventBridge without TLS',
    { eventbridgeEndpoint: 'http://bus.example' },
    /^unsafe: Failures are reported to EventBridge at bus\.example/,
  ],
])('on a public address %s is reported', async (_, change, expected) => {
  const flags = Object.fromEntries(Object.entries({ ...everywhere, ...change }).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >
  expect(await found(everywhere)).toEqual([])
  expect(await found(flags)).toEqual(expect.arrayContaining([expect.stringMatching(expected)]))
})

test('a server of another host with TLS, or of this machine without TLS, is not reported', async () => {
  expect(
    await found(
      { databaseUrl: 'postgresql://u:p@db.example/x?sslmode=verify-full', lambdaEndpoint: 'https://lambda.example' },
      safeKeyVariables,
    ),
  ).toEqual([])
  const local = { databaseUrl: 'postgresql://u:p@localhost/x', lambdaEndpoint: 'http://127.0.0.1:3001' }
  for (const natsUrl of ['tls://nats.example:4222', 'nats://127.0.0.1:4222'])
    expect(await found({ ...local, natsUrl }, safeKeyVariables)).toEqual([])
})

test('a secret that can be guessed is reported, and not shown', async () => {
  const { code, stdout } = await doctor(['--data', ':memory:'], { CARILLON_ACCESS_KEY_ID: 'AKIAX', CARILLON_SECRET_ACCESS_KEY: 'changeme' })
  expect([code, stdout]).toEqual([1, expect.stringMatching(/^unsafe: The secret of the root key is too short/)])
  expect(stdout).not.toContain('changeme')
})

test('a data folder or a key file that other users may read is reported', async () => {
  const folder = await temporaryFolder()
  await chmod(folder, 0o755)
  await writeFile(join(folder, 'credentials'), 'x', { mode: 0o644 })
  expect(await found({ data: folder })).toEqual([
    `unsafe: Others on this machine may enter the data folder ${folder}`,
    `unsafe: Others on this machine may read ${join(folder, 'credentials')}`,
  ])
})

test('each stream that the file of destinations names is tried, and the file itself is checked', async () => {
  const folder = await folderOfServer()
  const file = join(folder, 'destinations.json')
  const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/chime-messaging-a'
  const checkWith = async (entry: unknown) => {
    await writeFile(file, JSON.stringify({ [arn]: entry }))
    return doctor(['--data', folder, '--destinations', file])
  }
  expect(await checkWith({ type: 'file', path: join(folder, 'records') })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`good: The stream ${arn} accepts records.\n`) as string,
  })
  const missing = await checkWith({ type: 'file', path: join(folder, 'none', 'records') })
  expect(missing.code).toBe(1)
  expect(missing.stdout).toContain(
    `fault: Records of the stream ${arn} cannot be delivered.\n        The file ${folder}/none/records cannot be`,
  )
  const wrong = await checkWith({ type: 'kafka' })
  expect(wrong.code).toBe(1)
  expect(wrong.stdout).toContain('the type of a stream must be webhook, file or nats, not "kafka"')
})

test('beside a running server every finding is good, and `check` is another name of the command', async () => {
  const folder = await temporaryFolder()
  await chmod(folder, 0o700)
  await serveTls(['--data', folder], { env: keyVariables }).url()
  const { code, stdout, stderr } = await doctor(['--data', folder])
  expect([code, stderr]).toEqual([0, ''])
  const lines = stdout
    .replaceAll(/[\d.]+ ms/g, 'N ms')
    .replaceAll(/\d{4}-\d\d-\d\d/g, 'DAY')
    .replaceAll(folder, 'FOLDER')
  expect(lines).toMatch(
    /^good: The database answers: SQLite with schema version \d+, N ms for a look-up\.\ngood: The database accepts writes: N ms for a transaction\.\ngood: The outbox is empty\.\ngood: The TLS certificate FOLDER\/server\.pem is valid until DAY, for localhost, 127\.0\.0\.1, ::1, .*\.\nNothing is wrong\.\n$/,
  )
  const check = await run(process.execPath, [main, 'check', '--data', folder])
  expect(check.stdout.replaceAll(/[\d.]+ ms/g, 'N ms')).toBe(stdout.replaceAll(/[\d.]+ ms/g, 'N ms'))
})

test('a database whose master key is another one, or missing, is reported', async () => {
  const folder = await temporaryFolder()
  await chmod(folder, 0o700)
  const server = serve(['--port', '0', '--data', folder], { env: keyVariables })
  await server.url()
  expect((await doctor(['--data', folder, '--no-tls'])).stdout).not.toContain('master key')
  const policy = join(folder, 'policy.json')
  await writeFile(policy, JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'chime:*', Resource: '*' }] }))
  expect(await run(process.execPath, [main, 'keys', 'create', '--policy', policy, '--data', folder])).toMatchObject({ code: 0 })
  const healthy = await doctor(['--data', folder, '--no-tls'])
  expect([healthy.code, healthy.stdout]).toEqual([0, expect.stringMatching(/^good: The master key of the database is here\.$/m)])
  expect(kindsIn(healthy.stdout)).toEqual(new Set(['good']))

  const file = join(folder, 'master-key')
  await writeFile(file, `${randomBytes(32).toString('base64')}\n`)
  const reported = [
    1,
    expect.stringMatching(/^fault: The master key cannot be used, .*\n {8}The secrets .* which this process does not have\./m),
  ]
  const another = await doctor(['--data', folder, '--no-tls'])
  expect([another.code, another.stdout]).toEqual(reported)
  await rm(file)
  const missing = await doctor(['--data', folder, '--no-tls'])
  expect([missing.code, missing.stdout]).toEqual(reported)
})

test('a node without a bus is reported alive on PostgreSQL, and its clock is compared', async () => {
  const databaseUrl = await createPostgresDatabase()
  const flags = ['--database-url', databaseUrl, '--no-tls']
  const before = await doctor(flags, safeKeyVariables)
  expect([before.code, before.stdout]).toEqual([
    1,
    expect.stringMatching(/^fault: There is no database of these settings\.\n {8}.* The first start of a server creates one: /),
  ])
  const server = serve(['--port', '0', '--database-url', databaseUrl], { env: keyVariables })
  const { port } = new URL(await server.url())
  const { code, stdout } = await doctor(flags, safeKeyVariables)
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^good: The database answers: PostgreSQL with schema version \d+, /)])
  expect(stdout).toMatch(/^good: The clock of the database is within a second of the clock of this machine\.$/m)
  expect(stdout).toMatch(new RegExp(`^good: 1 node is alive: \\S+:${port}\\.$`, 'm'))
  // A busy machine may be as slow as a database that is far away.
  expect(kindsIn(stdout.replace(/^advice: A look-up in the database takes .*$/m, ''))).toEqual(new Set(['good']))
  await serve(['--port', '0', '--database-url', databaseUrl], { env: keyVariables }).url()
  const withoutKey = await doctor(flags)
  expect([withoutKey.code, withoutKey.stdout]).toEqual([
    1,
    expect.stringMatching(/^fault: These settings have no root key, and a server on PostgreSQL does not start without it\.$/m),
  ])
  const two = await doctor(flags, safeKeyVariables)
  expect([two.code, two.stdout]).toEqual([1, expect.stringMatching(/^fault: Other nodes do not get the events of these: \S+, \S+\.$/m)])
})

test('each host of PostgreSQL is tried', async () => {
  const url = await createPostgresDatabase({ made: true })
  const [host, away] = [new URL(url).host, `127.0.0.1:${nobodysPort}`]
  const { code, stdout } = await doctor(['--no-tls', '--database-url', url.replace(host, `${away},${host}`)], safeKeyVariables)
  expect(code).toBe(1)
  expect(stdout).toContain(`good: PostgreSQL at ${host} answers, as a primary.\n`)
  expect(stdout).toMatch(new RegExp(`^fault: PostgreSQL at ${away} cannot be used\\.\\n {8}.*ECONNREFUSED`, 'm'))
})

test('a service that cannot be reached is reported with the reason, and one that can be reached is good', async () => {
  const away = `http://127.0.0.1:${nobodysPort}`
  const ofIssuer = ['--oidc-audience', 'web', '--oidc-issuer']
  const database = ['--database-url', `postgresql://x@127.0.0.1:${nobodysPort}/x`, '--no-tls']
  const { code, stdout } = await doctor([...database, '--lambda-endpoint', away, ...ofIssuer, away], safeKeyVariables)
  expect(code).toBe(1)
  expect(stdout).toMatch(/^fault: The database cannot be used\.\n {8}.*ECONNREFUSED/m)
  expect(stdout).toMatch(new RegExp(`^fault: The Lambda endpoint cannot be reached at ${away}\\.\\n {8}.*ECONNREFUSED`, 'm'))
  expect(stdout).toMatch(new RegExp(`^fault: Logins of the issuer ${away} cannot be verified\\.\\n {8}.*ECONNREFUSED`, 'm'))
  expect(stdout).toMatch(/^3 of these are wrong\.$/m)

  const issuer = await OidcIssuer.start()
  const well = await doctor(['--data', ':memory:', '--lambda-endpoint', issuer.url, ...ofIssuer, issuer.url])
  expect(well.stdout).toContain(`good: The Lambda endpoint can be reached at ${issuer.url}.\n`)
  expect(well.stdout).toMatch(/^good: The issuer \S+ publishes a key\.$/m)
  issuer.failing = 500
  const failing = await doctor(['--data', ':memory:', ...ofIssuer, issuer.url])
  expect(failing.stdout).toMatch(/^fault: Logins of the issuer \S+ cannot be verified\.\n {8}\S+ answers with the status 500\n/m)
  await issuer.close()
})

test('a role of the settings that does not exist, or does not accept their logins, is reported', async () => {
  const issuer = await OidcIssuer.start()
  const world = await startWorld('sqlite')
  const flags = {
    oidcIssuer: issuer.url,
    oidcAudience: 'web',
    consoleClient: 'console',
    consoleRole: 'operators',
    exchangeRole: 'users',
    exchangeAppInstance: 'arn:aws:chime:us-east-1:000000000000:app-instance/a',
    identityPool: 'us-east-1:0',
    identityPoolGuestRole: 'guests',
  }
  const foundWith = async (change: Record<string, string> = {}) =>
    (await loginFindings(readConfig({ ...flags, ...change }, {}), world.app.db)).map(({ kind, what }) => `${kind}: ${what}`)
  expect(await foundWith()).toEqual([
    'fault: The role operators of --console-role does not exist, so nobody gets its credentials',
    'fault: The role users of --exchange-role does not exist, so nobody gets its credentials',
    'fault: The role guests of --identity-pool-guest-role does not exist, so nobody gets its credentials',
  ])
  await makeRole(world, 'guests', {})
  await makeRole(world, 'users', { trust: { oidc: { issuer: issuer.url, audiences: ['other', 'web'] } } })
  await makeRole(world, 'operators', {})
  expect(await foundWith()).toEqual([
    'fault: The role operators of --console-role takes no logins, so nobody gets its credentials',
    `good: The role users of --exchange-role takes logins of ${issuer.url}`,
    'good: The role guests of --identity-pool-guest-role exists',
  ])
  const trusting = async (oidc: { issuer: string; audiences: string[]; condition?: object }) => {
    await changeTheRole(world, 'operators', { trust: { principals: [], externalId: undefined, oidc } })
    return (await foundWith())[0]
  }
  expect(await trusting({ issuer: 'https://other.example', audiences: ['console'] })).toBe(
    `fault: The role operators of --console-role takes logins of https://other.example, but they are those of ${issuer.url}`,
  )
  expect(await trusting({ issuer: issuer.url, audiences: ['web'] })).toBe(
    'fault: The role operators of --console-role takes logins for web, but they are for console',
  )
  expect(await trusting({ issuer: issuer.url, audiences: ['console'] })).toBe(
    `advice: Everybody whom ${issuer.url} lets log in for console is an operator in the console`,
  )
  const condition = { StringEquals: { [`${new URL(issuer.url).host}:sub`]: 'olga' } }
  expect(await trusting({ issuer: issuer.url, audiences: ['console'], condition })).toBe(
    `good: The role operators of --console-role takes logins of ${issuer.url}`,
  )
  expect(await foundWith({ exchangeHook: 'https://hook.example/' })).toContain(
    `fault: The role users of --exchange-role takes logins of ${issuer.url}, but they are those of https://hook.example/`,
  )

  const console = ['--oidc-issuer', issuer.url, '--oidc-audience', 'web', '--console-client', 'console', '--console-role', 'operators']
  const well = await doctor(['--data', world.folder, ...console])
  expect(well.stdout).toContain(`good: The role operators of --console-role takes logins of ${issuer.url}.\n`)
  expect(well.stdout).toContain(`good: Operators log in at ${issuer.url}/authorize.\n`)
  await world.close()
  await issuer.close()
  const gone = await doctor(['--data', ':memory:', ...console])
  expect(gone.stdout).toMatch(new RegExp(`^fault: Operators cannot log in: ${issuer.url} does not say where\\.\\n {8}.+`, 'm'))
})

test('a certificate that expires, has expired, lacks a name or cannot be used is reported', async () => {
  const folder = await temporaryFolder()
  await run(process.execPath, [main, 'certs', '--data', folder, '--public-ws-host', 'chat.example'])
  const day = 24 * 60 * 60 * 1000
  const foundIn = async (days: number, flags: Record<string, string>) =>
    (await certificateFindings(readConfig({ data: folder, ...flags }, {}), Date.now() + days * day)).map(
      ({ kind, what }) => `${kind}: ${what}`,
    )
  const [cert, key] = [join(folder, 'server.pem'), join(folder, 'server-key.pem')]
  const own = { tlsCert: cert, tlsKey: key }
  expect(await foundIn(0, own)).toEqual([expect.stringMatching(/^good: .* is valid until \d{4}-\d\d-\d\d, for .*chat\.example/)])
  expect(await foundIn(-2, own)).toEqual([expect.stringMatching(/^fault: .* is valid only from /)])
  expect(await foundIn(390, own)).toEqual([expect.stringMatching(/^advice: .* expires on /)])
  expect(await foundIn(400, own)).toEqual([expect.stringMatching(/^fault: .* has expired on /)])
  expect(await foundIn(0, { ...own, publicWsHost: 'other.example:443' })).toEqual([
    `fault: The TLS certificate ${cert} is not for other.example: clients refuse it`,
  ])
  expect(await foundIn(0, { host: '10.1.2.3' })).toEqual([`fault: The TLS certificate ${cert} is not for 10.1.2.3: clients refuse it`])
  expect(await foundIn(0, { tlsCert: key, tlsKey: key })).toEqual([`fault: The TLS certificate ${key} cannot be used`])
  expect(await foundIn(0, { tls: 'off' })).toEqual([])
  const clients = {
    tls: 'off',
    databaseUrl: `postgresql://u@db.example/x?sslcert=${cert}`,
    natsUrl: 'tls://nats.example',
    natsCert: cert,
    natsKey: key,
  }
  expect(await foundIn(0, clients)).toEqual([])
  expect(await foundIn(400, { ...clients, natsCert: folder })).toHaveLength(1)
  expect(await foundIn(390, clients)).toEqual(Array(2).fill(expect.stringContaining(`advice: The client certificate ${cert} expires on`)))
  expect(await foundIn(400, clients)).toEqual(
    Array(2).fill(expect.stringContaining(`fault: The client certificate ${cert} has expired on`)),
  )
})

test('each push service of the file of destinations is tried: an account that is refused is reported with what to change', async () => {
  const folder = await folderOfServer()
  const [fcm, apns, keys] = [await startFcm(), await startApns(), vapidKeys()]
  const posted: string[] = []
  const hook = { status: 200 }
  const url = await startHttp((_, body, response) => {
    posted.push(body.toString())
    response.writeHead(hook.status).end()
  })
  const [chat, other] = ['chat', 'other'].map(name => `arn:aws:mobiletargeting:us-east-1:000000000000:apps/${name}`)
  const file = join(folder, 'destinations.json')
  const checkWith = async (apnsEntry: object) => {
    const webPush = { subject: 'mailto:ops@example.com', privateKeyVariable: 'VAPID' }
    const map = {
      [chat!]: { type: 'push', fcm: { url: fcm.url, serviceAccountFile: fcm.serviceAccountFile }, apns: apnsEntry, webPush },
      [other!]: { type: 'webhook', url, secretVariable: 'PUSHES' },
    }
    await writeFile(file, JSON.stringify(map))
    return doctor(['--data', folder, '--destinations', file], { VAPID: keys.privateKey, PUSHES: 'a secret of twenty characters' })
  }
  const good = await checkWith(apns.entry)
  expect(good).toMatchObject({ code: 0, stderr: '' })
  expect(good.stdout).toContain(
    `good: FCM for the project chat-project accepts pushes of push@chat-project.iam.gserviceaccount.com (${chat})`,
  )
  expect(good.stdout.match(/good: APNs \(http:\S+\) for com\.example\.chat accepts the key ABC123DEFG/g)).toHaveLength(2)
  expect(good.stdout).toContain(`applicationServerKey ${keys.publicKey} (${chat})`)
  expect(good.stdout).toContain(`good: The webhook ${url} accepts pushes (${other})`)
  expect(posted).toEqual(['{"Devices":[]}'])
  expect([fcm.taken, apns.taken]).toEqual([[], []])
  hook.status = 403
  const wrong = await checkWith({ ...apns.entry, teamId: 'TEAM999999' })
  expect(wrong.code).toBe(1)
  expect(wrong.stdout).toMatch(
    /fault: Pushes for \S+apps\/chat cannot be delivered\.\n {8}APNs .* 403 InvalidProviderToken\. Check key, keyId/,
  )
  expect(wrong.stdout).toContain(`${url} has answered 403`)
})
