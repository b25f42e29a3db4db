import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findingsOf } from '../../src/cli/findings.ts'
import { readConfig } from '../../src/settings/config.ts'
import { main, run, temporaryFolder } from '../support/process.ts'

const check = async (args: string[], env: Record<string, string> = {}) => run(process.execPath, [main, 'check', ...args], { env })

const found = async (flags: Record<string, string>, environment: Record<string, string> = {}) =>
  (await findingsOf(readConfig({ data: ':memory:', ...flags }, environment))).map(({ kind, what }) => `${kind}: ${what}`)

test('the defaults are safe, with exit 0; a public server without further settings is not, with exit 1 and what to do', async () => {
  const folder = await temporaryFolder()
  await chmod(folder, 0o700)
  expect(await check(['--data', folder])).toEqual({ code: 0, stdout: 'Nothing here is unsafe.\n', stderr: '' })
  const { code, stdout } = await check(['--data', folder, '--host', '0.0.0.0'])
  expect(code).toBe(1)
  expect(stdout).toMatch(/^unsafe: Plain HTTP is served on 0\.0\.0\.0: .*\n {8}Listen on 127\.0\.0\.1 behind a proxy that ends TLS/)
  expect(stdout).toMatch(/2 of these settings are unsafe\.\n$/)
})

const everywhere = { host: '0.0.0.0', rateLimits: 'aws', auditLog: '-', tlsCert: 'c', tlsKey: 'k', trustProxy: '10.0.0.1' }

test.each([
  ['plain HTTP', { trustProxy: undefined }, /^unsafe: Plain HTTP is served on 0\.0\.0\.0/],
  ['no TLS', { trustProxy: undefined, tls: 'off' }, /^unsafe: There is no TLS/],
  ['no rates', { rateLimits: 'off' }, /^unsafe: The rate of calls is not limited/],
  ['a made certificate', { tlsCert: undefined, tlsKey: undefined }, /^advice: The TLS certificate comes from a CA/],
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
])('on a public address %s is reported', async (_, change, expected) => {
  const flags = Object.fromEntries(Object.entries({ ...everywhere, ...change }).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >
  expect(await found(everywhere)).toEqual([])
  expect(await found(flags)).toEqual(expect.arrayContaining([expect.stringMatching(expected)]))
})

test('another host with TLS, and this machine without, are not reported', async () => {
  expect(
    await found({ databaseUrl: 'postgresql://u:p@db.example/x?sslmode=verify-full', lambdaEndpoint: 'https://lambda.example' }),
  ).toEqual([])
  expect(await found({ databaseUrl: 'postgresql://u:p@localhost/x', lambdaEndpoint: 'http://127.0.0.1:3001' })).toEqual([])
})

test('a secret that can be guessed is reported, and not shown', async () => {
  const { code, stdout } = await check(['--data', ':memory:'], { CARILLON_ACCESS_KEY_ID: 'AKIAX', CARILLON_SECRET_ACCESS_KEY: 'changeme' })
  expect([code, stdout]).toEqual([1, expect.stringMatching(/^unsafe: The secret of the root key is too short/)])
  expect(stdout).not.toContain('changeme')
})

test('a data folder or a key that others may read is reported', async () => {
  const folder = await temporaryFolder()
  await chmod(folder, 0o755)
  await writeFile(join(folder, 'credentials'), 'x', { mode: 0o644 })
  expect(await found({ data: folder })).toEqual([
    `unsafe: Others on this machine may enter the data folder ${folder}`,
    `unsafe: Others on this machine may read ${join(folder, 'credentials')}`,
  ])
})

test('each stream that the file of destinations names is tried, and the file itself is checked', async () => {
  const folder = await temporaryFolder()
  await chmod(folder, 0o700)
  const file = join(folder, 'destinations.json')
  const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/chime-messaging-a'
  const checkWith = async (entry: unknown) => {
    await writeFile(file, JSON.stringify({ [arn]: entry }))
    return check(['--data', folder, '--destinations', file])
  }
  expect(await checkWith({ type: 'file', path: join(folder, 'records') })).toEqual({
    code: 0,
    stdout: 'Nothing here is unsafe.\n',
    stderr: '',
  })
  const missing = await checkWith({ type: 'file', path: join(folder, 'none', 'records') })
  expect(missing.code).toBe(1)
  expect(missing.stdout).toContain(
    `fault: Records of the stream ${arn} cannot be delivered.\n        The file ${folder}/none/records cannot be`,
  )
  const wrong = await checkWith({ type: 'nats' })
  expect(wrong.code).toBe(1)
  expect(wrong.stdout).toContain('type must be webhook or file, not "nats"')
})
