import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operations } from '../../src/contract/index.ts'
import { until } from '../support/processor.ts'
import { call } from '../support/signed.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'carillon-test-'))
  world = await startWorld('sqlite', { auditLog: join(folder, 'audit.log') })
})

afterAll(async () => {
  await world.close()
  await rm(folder, { recursive: true, force: true })
})

const selected = Object.entries(operations).flatMap(([name, { method, path, selector }]) =>
  selector ? [{ name, method, path: path.replaceAll(/\{\w+\}/g, 'x'), selector: [selector.name, selector.value] as const }] : [],
)

const escapedAll = (text: string) => Array.from(text, each => `%${each.charCodeAt(0).toString(16)}`).join('')
const forms: readonly ((name: string, value: string) => string)[] = [
  (name, value) => `${name}=${value}`,
  (name, value) => `${name}=${value.replaceAll('-', '%2D')}`,
  (name, value) => `${name}=${value.replaceAll('-', '%2d')}`,
  (name, value) => `${name}=${escapedAll(value)}`,
  (name, value) => `${escapedAll(name)}=${value}`,
  (name, value) => `max-results=1&${escapedAll(name)}=${escapedAll(value)}&x=%2F`,
]

/** The operations that have been called, in order. */
const operationsOf = async () =>
  (await readFile(join(folder, 'audit.log'), 'utf8'))
    .trim()
    .split('\n')
    .map(line => (JSON.parse(line) as { operation: string }).operation)

test('a selector is the same with and without escapes, in its name and in its value, for every operation that has one', async () => {
  expect(selected.length).toBeGreaterThan(10)
  const wanted = selected.flatMap(({ name }) => forms.map(() => name))
  for (const { method, path, selector } of selected) {
    for (const form of forms) await fetch(`${world.app.url}${path}?${form(...selector)}`, { method })
  }
  await until(async () => (await operationsOf()).length >= wanted.length)
  expect(await operationsOf()).toEqual(wanted)
})

test('an escaped selector is signed as it travels, and answered', async () => {
  const { user } = await world.appInstance(['alice'])
  const headers = { 'x-amz-chime-bearer': user('alice') }
  const draft = { path: '/channels', query: 'scope=app-instance-user-memberships', headers }
  const { app } = world
  for (const query of [draft.query, 'scope=app%2Dinstance%2Duser%2Dmemberships', 'sc%6Fpe=app-instance-user-membershi%70s']) {
    const answered = await call(app.url, app.rootKey, { ...draft, query })
    expect([answered.status, Object.keys(answered.json())]).toEqual([200, ['ChannelMemberships']])
  }
  const forged = await call(app.url, app.rootKey, draft, { query: 'scope=app%2Dinstance%2Duser%2Dmoderated%2Dchannels' })
  expect([forged.status, forged.headers.get('x-amzn-errortype')]).toEqual([403, 'InvalidSignatureException'])
})

test.each([
  'scope=app-instance-user-memberships&sc%6Fpe=app-instance-user-moderated-channels',
  'sc%6Fpe=app-instance-user-memberships&scope=app-instance-user-memberships',
  'scope=app%252Dinstance%252Duser%252Dmemberships',
  'scope=app%ZZinstance-user-memberships',
  'scope=%C3',
  'sc%6Fpe',
])('a selector that occurs twice, is escaped twice or wrongly, or is empty is an unknown operation: %s', async query => {
  const answered = await fetch(`${world.app.url}/channels?${query}`)
  expect([answered.status, answered.headers.get('x-amzn-errortype')]).toEqual([404, 'UnknownOperationException'])
})
