import { expect, test } from 'vitest'
import { rowsIn } from '../api/acts.ts'
import { startApns, type Apns } from '../support/push.ts'
import { until } from '../support/processor.ts'
import { laneStates } from '../../src/store/outbox-lanes.ts'
import { pushThatMeets } from './push-meeting.ts'
import { application, note, pushWorld } from './push-scene.ts'

const entry = (apns: Apns, more: object = {}, changed: object = {}) => ({
  [application]: { type: 'push', apns: { ...apns.entry, ...changed }, ...more },
})
const tokenOf = (digit: string) => digit.repeat(64)
const apple = { Type: 'APNS' } as const

test('a device receives an alert with Title, Body and ids under the app’s topic, and a repeated push replaces the first', async () => {
  const apns = await startApns()
  const { register, openWith, push } = await pushWorld('sqlite', entry(apns))
  await register('bob', tokenOf('b'), apple)
  await register('bob', tokenOf('c'), { Type: 'APNS_SANDBOX' })
  const channel = await openWith('bob')
  const messageId = await push(channel)
  await until(() => apns.taken.length === 2)
  expect(apns.taken.map(({ token }) => token).toSorted()).toEqual([tokenOf('b'), tokenOf('c')])
  const { headers, payload } = apns.taken[0]!
  expect(payload).toEqual({
    aps: { alert: { title: 'Ann', body: 'Dinner at 8?' } },
    data: {
      pinpoint: { campaign: { campaign_id: '_DIRECT' }, openApp: 'true' },
      jsonBody: { 'chime.message_id': messageId, 'chime.channel_arn': channel },
    },
  })
  expect(headers).toMatchObject({
    'apns-push-type': 'alert',
    'apns-topic': 'com.example.chat',
    'apns-priority': '10',
    'apns-collapse-id': messageId,
  })
  expect(Number(headers['apns-expiration'])).toBeGreaterThan(Date.now() / 1000 + 6.9 * 24 * 3600)
})

test('a VOIP push goes to the VoipDeviceToken alone, under its topic, and expires in a minute', async () => {
  const apns = await startApns()
  const { register, openWith, push, settled } = await pushWorld('sqlite', entry(apns))
  await register('bob', tokenOf('b'), { ...apple, EndpointAttributes: { DeviceToken: tokenOf('b'), VoipDeviceToken: tokenOf('f') } })
  await register('eve', tokenOf('e'), apple)
  await push(await openWith('bob', 'eve'), {}, { ...note, Type: 'VOIP' })
  await until(() => apns.taken.length === 1)
  await settled()
  expect(apns.taken.map(({ token }) => token)).toEqual([tokenOf('f')])
  const { headers } = apns.taken[0]!
  expect(headers).toMatchObject({ 'apns-push-type': 'voip', 'apns-topic': 'com.example.chat.voip' })
  expect(Number(headers['apns-expiration'])).toBeLessThanOrEqual(Date.now() / 1000 + 61)
})

test('with id-only Apple sees a placeholder, which the app’s extension may replace', async () => {
  const apns = await startApns()
  const { register, openWith, push } = await pushWorld('sqlite', entry(apns, { content: 'id-only', placeholder: 'Something new' }))
  await register('bob', tokenOf('b'), apple)
  await push(await openWith('bob'))
  const [found] = await until(() => (apns.taken.length === 1 ? apns.taken : undefined))
  expect(found!.payload.aps).toEqual({ alert: { body: 'Something new' }, 'mutable-content': 1 })
  expect(JSON.stringify(found!.payload)).not.toMatch(/Ann|Dinner/)
})

test.each([
  { status: 410, reason: 'Unregistered', timestamp: Date.now() + 60_000 },
  { status: 410, reason: 'ExpiredToken', timestamp: Date.now() + 60_000 },
  { status: 400, reason: 'BadDeviceToken' },
  { status: 400, reason: 'DeviceTokenNotForTopic' },
])('a device that APNs refuses with $status $reason becomes INACTIVE', async refused => {
  const apns = await startApns()
  apns.answer = ({ token }) => (token === tokenOf('d') ? refused : undefined)
  const { register, openWith, push, stateOf, settled } = await pushWorld('sqlite', entry(apns))
  const id = await register('bob', tokenOf('d'), apple)
  const channel = await openWith('bob')
  await push(channel)
  await until(async () => (await stateOf('bob', id)).Status === 'INACTIVE')
  expect(await stateOf('bob', id)).toEqual({ Status: 'INACTIVE', StatusReason: 'INVALID_DEVICE_TOKEN' })
  await settled()
})

test('a device that was registered after Apple last saw it unregistered stays ACTIVE, and the refused push is stored for the operator', async () => {
  const apns = await startApns()
  apns.answer = () => ({ status: 410, reason: 'Unregistered', timestamp: Date.now() - 60_000 })
  const { register, openWith, push, stateOf, world } = await pushWorld('sqlite', entry(apns))
  const id = await register('bob', tokenOf('d'), apple)
  await push(await openWith('bob'))
  await until(async () => (await rowsIn(world, 'outbox_dead')) === 1)
  expect(await stateOf('bob', id)).toEqual({ Status: 'ACTIVE' })
})

test('all pushes use one connection and one provider token', async () => {
  const apns = await startApns()
  const { register, openWith, push } = await pushWorld('sqlite', entry(apns))
  for (const digit of '123456789a') await register('bob', tokenOf(digit), apple)
  const channel = await openWith('bob')
  for (let index = 0; index < 3; index++) await push(channel)
  await until(() => apns.taken.length === 30)
  expect([apns.sessions.length, apns.tokens.size]).toEqual([1, 1])
})

test.each(['goaway', 'cut'] as const)(
  'a push that meets %s is sent again over a new connection, and those that were accepted are not',
  async what => {
    const others = await pushThatMeets(what)
    // In the cut connection an answer may have been lost.
    expect(others).toBeLessThanOrEqual(what === 'cut' ? 3 : 2)
    expect(others).toBeGreaterThanOrEqual(2)
  },
)

test.each([
  ['another team', { teamId: 'TEAM999999' }, /403 InvalidProviderToken\. Check key, keyId and teamId/],
  ['another topic', { topic: 'com.example.other' }, /400 TopicDisallowed\. topic must be the bundle id/],
])('with %s no device becomes INACTIVE, and the lane says what to change', async (_, changed, expected) => {
  const apns = await startApns()
  const { register, openWith, push, stateOf, world } = await pushWorld('sqlite', entry(apns, {}, changed))
  const id = await register('bob', tokenOf('d'), apple)
  await push(await openWith('bob'))
  const error = await until(async () => (await laneStates(world.app.db)).find(({ lane }) => lane === `push-apns ${application}`)?.error)
  expect(error).toMatch(expected)
  expect(await stateOf('bob', id)).toEqual({ Status: 'ACTIVE' })
})
