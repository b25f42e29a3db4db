import { expect, onTestFinished, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { rowsIn } from '../api/acts.ts'
import { PushServices } from '../../src/outbox/push/services.ts'
import { readDestinations } from '../../src/settings/destinations.ts'
import { startEventBridge } from '../support/event-bridge.ts'
import { startFcm, startHttp, type Fcm } from '../support/push.ts'
import { until } from '../support/processor.ts'
import { Seam } from '../support/seam.ts'
import { application, lookedThrough, note, pausesClock, pushWorld } from './push-scene.ts'

const entry = ({ url, serviceAccountFile }: Fcm, more: object = {}) => ({
  [application]: { type: 'push', fcm: { url, serviceAccountFile }, ...more },
})
const invalidToken = { Status: 'INACTIVE', StatusReason: 'INVALID_DEVICE_TOKEN' }

test('a device receives the data that apps for Amazon’s service read, with the priority and lifetime of a message', async () => {
  const fcm = await startFcm()
  const { register, openWith, push } = await pushWorld('sqlite', entry(fcm))
  await register('bob', 'token-of-bob')
  const channel = await openWith('bob')
  const messageId = await push(channel)
  const [message] = await until(() => (fcm.taken.length > 0 ? fcm.taken : undefined))
  const { 'pinpoint.jsonBody': ids, ...data } = message!.data
  expect(data).toEqual({
    'pinpoint.openApp': 'true',
    'pinpoint.notification.title': 'Ann',
    'pinpoint.notification.body': 'Dinner at 8?',
    'pinpoint.campaign.campaign_id': '_DIRECT',
    'pinpoint.notification.silentPush': '0',
  })
  expect(JSON.parse(ids!)).toEqual({ 'chime.message_id': messageId, 'chime.channel_arn': channel })
  expect([message!.token, message!.android.priority]).toEqual(['token-of-bob', 'HIGH'])
  expect(Number.parseInt(message!.android.ttl, 10)).toBeGreaterThan(6.9 * 24 * 3600)
})

test('a VOIP push says so and expires in a minute, and with id-only neither Title nor Body leaves the server', async () => {
  const fcm = await startFcm()
  const { register, openWith, push } = await pushWorld('sqlite', entry(fcm, { content: 'id-only' }))
  await register('bob', 'token')
  await push(await openWith('bob'), {}, { ...note, Type: 'VOIP' })
  const [message] = await until(() => (fcm.taken.length > 0 ? fcm.taken : undefined))
  expect(message!.data).toMatchObject({ 'carillon.type': 'VOIP', 'pinpoint.notification.silentPush': '1' })
  expect(JSON.stringify(message)).not.toMatch(/Ann|Dinner/)
  expect(Number.parseInt(message!.android.ttl, 10)).toBeLessThanOrEqual(60)
})

test('what another service answers is not taken for an answer of FCM, neither by a push nor by doctor', async () => {
  const fcm = await startFcm()
  let isFcm = false
  const answered: number[] = []
  const url = await startHttp(async (request, body, response) => {
    answered.push(isFcm ? 201 : 200)
    const { authorization = '' } = request.headers
    if (!isFcm) return response.end('<html>')
    const passed = await fetch(`${fcm.url}${request.url}`, { method: 'POST', headers: { authorization }, body })
    return response.writeHead(passed.status).end(await passed.text())
  })
  const map = { [application]: { type: 'push', fcm: { serviceAccountFile: fcm.serviceAccountFile, url } } }
  const { register, openWith, push, file } = await pushWorld('sqlite', map)
  const [fcmOnly] = new PushServices(await readDestinations(file, {})).all()
  await expect(fcmOnly!.service.check(AbortSignal.timeout(5000))).rejects.toThrow('FCM for the project chat-project has answered 200')
  await register('bob', 'token')
  await push(await openWith('bob'))
  await until(() => answered.length > 1)
  isFcm = true
  await until(() => fcm.taken.length === 1)
})

test.each([
  { status: 404, code: 'UNREGISTERED' },
  { status: 403, code: 'SENDER_ID_MISMATCH' },
  { status: 400, code: 'INVALID_ARGUMENT', field: 'message.token' },
])('a device that FCM refuses with $status $code becomes INACTIVE, and nothing is pushed to it any more', async refused => {
  const fcm = await startFcm()
  fcm.answer = ({ token }) => (token === 'gone' ? refused : undefined)
  const eventBridge = await startEventBridge()
  onTestFinished(() => eventBridge.close())
  const { register, openWith, push, stateOf, settled, user } = await pushWorld('sqlite', entry(fcm), {
    eventbridgeEndpoint: eventBridge.url,
  })
  const [gone, there] = [await register('bob', 'gone'), await register('bob', 'there')]
  const channel = await openWith('bob')
  await push(channel)
  await until(async () => (await stateOf('bob', gone)).Status === 'INACTIVE')
  expect(await stateOf('bob', gone)).toEqual(invalidToken)
  expect(await stateOf('bob', there)).toEqual({ Status: 'ACTIVE' })
  await settled()
  expect(eventBridge.events.map(({ detail }) => detail['resourceArn'])).toEqual([`${user('bob')}/endpoint/${gone}`])
  const { asked } = fcm
  await push(channel)
  await until(() => fcm.taken.length === 2)
  await settled()
  expect(fcm.asked).toBe(asked + 1)
})

test('a push is sent again to devices that FCM has not accepted, and not to the others: 503, 429 with a pause, a cut connection', async () => {
  const fcm = await startFcm()
  const tries: string[] = []
  const answers = new Map<string, ReturnType<Fcm['answer']>>([
    ['busy', { status: 503, code: 'UNAVAILABLE' }],
    ['much', { status: 429, code: 'QUOTA_EXCEEDED', retryAfter: 1 }],
    ['cut', 'cut'],
  ])
  fcm.answer = ({ token }) => {
    tries.push(token)
    const answered = answers.get(token)
    answers.delete(token)
    return answered
  }
  const { register, openWith, push, settled, stateOf, world } = await pushWorld('sqlite', entry(fcm))
  const id = await register('bob', 'busy')
  for (const token of ['much', 'cut', 'fine']) await register('bob', token)
  await push(await openWith('bob'))
  await settled()
  expect(tries.toSorted()).toEqual(['busy', 'busy', 'cut', 'cut', 'fine', 'much', 'much'])
  expect(await stateOf('bob', id)).toEqual({ Status: 'ACTIVE' })
  expect(await rowsIn(world, 'outbox_dead')).toBe(0)
})

const selectEntries = statement<{ id: number; attempts: number }>(
  `select id, attempts from outbox where lane like 'push-fcm %' order by id`,
)

test('while FCM asks a project to pause, nothing of that project is sent, and afterwards all of it arrives', async () => {
  const pass = pausesClock()
  const fcm = await startFcm()
  const { register, openWith, push, settled, world } = await pushWorld('sqlite', entry(fcm))
  await register('bob', 'bob-phone')
  const channel = await openWith('bob')
  let refused = 0
  fcm.answer = () => (refused++ === 0 ? { status: 429, code: 'QUOTA_EXCEEDED', quotaOf: 'project:chat', retryAfter: 300 } : undefined)
  await push(channel)
  await until(() => refused === 1)
  for (let number = 0; number < 5; number++) await push(channel)
  const entries = async () => world.app.db.all(selectEntries)
  await until(async () => (await entries()).length === 6)
  const before = await entries()
  await lookedThrough(world)
  expect([fcm.asked, await entries()]).toEqual([1, before])
  pass(300)
  await settled()
  expect([fcm.asked, fcm.taken.length]).toEqual([7, 6])
})

test('a device that gets too many pushes has its own pause, and no other device waits for it', async () => {
  const fcm = await startFcm()
  const { register, openWith, push, settled } = await pushWorld('sqlite', entry(fcm))
  for (const name of ['bob', 'eve']) await register(name, `${name}-phone`)
  let isFull = true
  fcm.answer = ({ token }) => (isFull && token === 'bob-phone' ? { status: 429, code: 'QUOTA_EXCEEDED', quotaOf: 'device:bob' } : undefined)
  const [ofBob, ofEve] = [await openWith('bob'), await openWith('eve')]
  await push(ofBob)
  await until(() => fcm.asked === 1)
  await push(ofEve)
  await until(() => fcm.taken.length === 1)
  isFull = false
  await settled()
  expect(fcm.taken.map(({ token }) => token)).toEqual(['eve-phone', 'bob-phone'])
})

test('EventBridge receives one event about a device that two concurrent pushes have found dead', async () => {
  const fcm = await startFcm()
  fcm.answer = () => ({ status: 404, code: 'UNREGISTERED' })
  const eventBridge = await startEventBridge()
  onTestFinished(() => eventBridge.close())
  const seam = new Seam()
  const settings = { eventbridgeEndpoint: eventBridge.url }
  const { register, openWith, push, settled } = await pushWorld('sqlite', entry(fcm), settings, { through: seam.through })
  await register('bob', 'gone')
  const channel = await openWith('bob')
  const reads = [1, 2].map(() => seam.hold({ text: /where e\.id in/, at: 'answer' }))
  await push(channel)
  await push(channel)
  for (const { reached } of reads) await reached
  for (const read of reads) read.release()
  await settled()
  expect([eventBridge.events.length, fcm.asked]).toEqual([1, 2])
})

test('a push that has not arrived within a week is given up', async () => {
  const fcm = await startFcm()
  fcm.answer = () => ({ status: 503, code: 'UNAVAILABLE' })
  const { register, openWith, push, settled, world } = await pushWorld('sqlite', entry(fcm))
  await register('bob', 'token')
  await push(await openWith('bob'))
  await until(() => fcm.asked > 0)
  world.advance(8 * 24 * 60 * 60 * 1000)
  fcm.answer = () => undefined
  await settled()
  expect([fcm.taken, await rowsIn(world, 'outbox_dead')]).toEqual([[], 0])
})

test('one access token serves all pushes until shortly before its end, or until FCM refuses it', async () => {
  const fcm = await startFcm()
  const { register, openWith, push } = await pushWorld('sqlite', entry(fcm))
  for (let index = 0; index < 10; index++) await register('bob', `token ${index}`)
  const channel = await openWith('bob')
  await push(channel)
  await push(channel)
  await until(() => fcm.taken.length === 20)
  expect(fcm.tokens).toBe(1)
  /** FCM no longer accepts the cached token. */
  const refuseOnce = () => {
    let isRefusing = true
    fcm.answer = () => {
      if (!isRefusing) return undefined
      isRefusing = false
      return { status: 401, code: 'UNAUTHENTICATED' }
    }
  }
  refuseOnce()
  await push(channel)
  await until(() => fcm.taken.length === 30)
  expect(fcm.tokens).toBe(2)
  // The next token is valid for two seconds, and is renewed after one.
  fcm.expiresIn = 2
  refuseOnce()
  await until(async () => {
    await push(channel)
    return fcm.tokens > 3
  })
})

test('an account that Google refuses makes no device INACTIVE: the push waits, and the error names application, account and remedy', async () => {
  const fcm = await startFcm()
  const { register, openWith, push, stateOf, world } = await pushWorld('sqlite', entry(fcm))
  const id = await register('bob', 'token')
  fcm.answer = () => ({ status: 403, code: 'PERMISSION_DENIED' })
  await push(await openWith('bob'))
  const error = await until(async () => {
    const { laneStates } = await import('../../src/store/outbox-lanes.ts')
    return (await laneStates(world.app.db)).find(({ lane }) => lane.startsWith('push-fcm '))?.error
  })
  expect(error).toContain(`for the application ${application} has not reached 1 of 1 devices`)
  expect(error).toContain('Give push@chat-project.iam.gserviceaccount.com the role "Firebase Cloud Messaging API Admin"')
  fcm.answer = () => undefined
  await until(() => fcm.taken.length === 1)
  expect(await stateOf('bob', id)).toEqual({ Status: 'ACTIVE' })
})
