import { beforeAll, expect, test } from 'vitest'
import { allowing, makeRole, sts, type StsAnswer } from '../support/access.ts'
import { call, type SigningKey } from '../support/signed.ts'
import { startWorld, type World } from '../support/world.ts'

/** Sessions are not stored, so that one database is enough. */
let world: World
beforeAll(async () => {
  world = await startWorld('sqlite')
  return () => world.close()
})

const named = { RoleSessionName: 'a-session' }
const assume = async (key: SigningKey, RoleArn: string, more: Readonly<Record<string, string>> = {}) =>
  sts(world.app, key, 'AssumeRole', { RoleArn, ...named, ...more })

/** The seconds until the credentials of an answer end, the second that has begun included. */
const secondsOf = (answer: StsAnswer) => Math.ceil((Date.parse(answer.value('Expiration')!) - Date.now()) / 1000)

const tags = (...pairs: [key: string, value: string][]) =>
  Object.fromEntries(pairs.flatMap(([key, value], index) => tag(index + 1, key, value)))

const tag = (number: number, key: string, value: string): [string, string][] => [
  [`Tags.member.${number}.Key`, key],
  [`Tags.member.${number}.Value`, value],
]

test('a role gives a session as long as it allows, and with role chaining an hour at most', async () => {
  const first = await makeRole(world, 'hours-1', { longestSeconds: 7200 })
  const second = await makeRole(world, 'hours-2', { longestSeconds: 7200, trust: { principals: [first] } })
  const long = await assume(world.app.rootKey, first, { DurationSeconds: '7200' })
  expect(secondsOf(long)).toBeGreaterThan(7190)
  expect((await assume(world.app.rootKey, first, { DurationSeconds: '7201' })).value('Code')).toBe('ValidationError')
  const hour = await assume(long.credentials, second, { DurationSeconds: '3600' })
  expect(secondsOf(hour)).toBeLessThanOrEqual(3600)
  const tooLong = await assume(long.credentials, second, { DurationSeconds: '3601' })
  expect(tooLong.value('Message')).toMatch(/1 hour session limit for roles assumed by role chaining/)
})

test('credentials last at least 900 seconds, and those of the root key at most an hour', async () => {
  const { rootKey } = world.app
  for (const [DurationSeconds, Code] of [
    ['899', 'ValidationError'],
    ['900', undefined],
    ['129601', 'ValidationError'],
  ] as const) {
    expect((await sts(world.app, rootKey, 'GetSessionToken', { DurationSeconds })).value('Code')).toBe(Code)
  }
  for (const given of [{ DurationSeconds: '43200' }, {}])
    expect(secondsOf(await sts(world.app, rootKey, 'GetSessionToken', given))).toBeLessThanOrEqual(3600)
})

test('a transitive tag passes from role to role, however many, and any other ends with its role', async () => {
  const first = await makeRole(world, 'way-1', { tags: ['*'] })
  const second = await makeRole(world, 'way-2', { trust: { principals: [first] }, tags: ['*'] })
  const { user } = await world.appInstance(['alice', 'bob'])
  const policy = allowing(['chime:*', user('${aws:PrincipalTag/on}')], ['chime:*', user('${aws:PrincipalTag/off}')])
  const third = await makeRole(world, 'way-3', { trust: { principals: [second] }, tags: ['*'], policy })
  const given = { ...tags(['on', 'alice'], ['off', 'bob']), 'TransitiveTagKeys.member.1': 'on' }
  let { credentials } = await assume(world.app.rootKey, first, given)
  for (const role of [second, third]) ({ credentials } = await assume(credentials, role))
  const { status } = await listed(credentials, user('alice'))
  expect([status, (await listed(credentials, user('bob'))).status]).toEqual([200, 403])
})

/** The outcome of listing a user's channels as that user. */
async function listed(key: SigningKey, bearer: string) {
  const query = 'scope=app-instance-user-memberships'
  return call(world.app.url, key, { path: '/channels', query, headers: { 'x-amz-chime-bearer': bearer } })
}

test('the session policy must allow AssumeRole even if the trust of the role names the caller', async () => {
  const first = await makeRole(world, 'narrow-1', { policy: allowing(['chime:*', '*']) })
  const second = await makeRole(world, 'narrow-2', { trust: { principals: [first] } })
  const codeWith = async (Policy: string | undefined) => {
    const { credentials } = await assume(world.app.rootKey, first, Policy === undefined ? {} : { Policy })
    return (await assume(credentials, second)).value('Code')
  }
  expect(await codeWith(undefined)).toBeUndefined()
  expect(await codeWith(allowing(['sts:AssumeRole', second]))).toBeUndefined()
  expect(await codeWith(allowing(['chime:*', '*']))).toBe('AccessDenied')
})

test('a session has at most fifty tags, and two keys that differ only in case are one', async () => {
  const role = await makeRole(world, 'tagged', { tags: ['*'] })
  const many = (count: number) => tags(...Array.from({ length: count }, (_, index): [string, string] => [`k${index}`, 'v']))
  expect((await assume(world.app.rootKey, role, many(50))).status).toBe(200)
  expect((await assume(world.app.rootKey, role, many(51))).value('Message')).toMatch(/at most 50 tags/)
  expect((await assume(world.app.rootKey, role, tags(['team', 'a'], ['Team', 'b']))).value('Message')).toMatch(/occurs twice/)
})
