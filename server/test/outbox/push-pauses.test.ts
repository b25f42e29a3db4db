import dns from 'node:dns'
import { expect, onTestFinished, test, vi } from 'vitest'
import { outboxFindings } from '../../src/cli/outbox-findings.ts'
import { statement } from '../../src/database/database.ts'
import { laneFigures } from '../../src/domain/lane-figures.ts'
import { longestDue } from '../../src/store/outbox.ts'
import { startApns, startHttp, startWebPush, vapidKeys } from '../support/push.ts'
import { until } from '../support/processor.ts'
import { application, lookedThrough, pausesClock, pushWorld } from './push-scene.ts'

process.env['TEST_PAUSE_SECRET'] = 'a secret of twenty characters'
process.env['TEST_PAUSE_KEY'] = vapidKeys().privateKey

const webPush = { privateKeyVariable: 'TEST_PAUSE_KEY', subject: 'mailto:ops@example.com', privateNetworks: true }
const browsers = { [application]: { type: 'push', webPush } }
const seconds = 300

/** A push service: its file of destinations, its devices, and how many pushes it has received and accepted. */
interface Service {
  readonly map: Readonly<Record<string, unknown>>
  readonly devices: readonly (readonly [token: string, more?: object])[]
  readonly asked: () => number
  readonly taken: () => number
}

async function apnsThatRefusesOnce(status: number, reason: string): Promise<Service> {
  const apns = await startApns()
  let asked = 0
  apns.answer = () => (asked++ === 0 ? { status, reason, retryAfter: seconds } : undefined)
  return {
    map: { [application]: { type: 'push', apns: apns.entry } },
    devices: [['a'.repeat(64), { Type: 'APNS' }]],
    asked: () => asked,
    taken: () => apns.taken.length,
  }
}

/** Retry-After has a date here, where others have seconds. */
async function webhookThatRefusesOnce(): Promise<Service> {
  let [asked, taken] = [0, 0]
  const url = await startHttp((_, __, response) => {
    if (asked++ === 0) return response.writeHead(429, { 'retry-after': new Date(Date.now() + seconds * 1000).toUTCString() }).end()
    taken++
    return response.end()
  })
  const map = { [application]: { type: 'webhook', url, secretVariable: 'TEST_PAUSE_SECRET' } }
  return { map, devices: [['phone']], asked: () => asked, taken: () => taken }
}

/** A public name that leads to this machine. */
function lead(name: string) {
  const original = dns.lookup
  const looked = vi
    .spyOn(dns, 'lookup')
    .mockImplementation(((asked: string, ...rest: never[]) =>
      (original as (...args: unknown[]) => void)(asked === name ? '127.0.0.1' : asked, ...rest)) as typeof dns.lookup)
  onTestFinished(() => looked.mockRestore())
}

async function browsersThatAreRefusedOnce(status: number): Promise<Service> {
  const name = 'push.notify.windows.com'
  lead(name)
  const service = await startWebPush(name)
  service.answer = () => (service.asked <= 2 ? { status, retryAfter: seconds } : undefined)
  return {
    map: browsers,
    devices: [[service.subscribe('/one')], [service.subscribe('/two')]],
    asked: () => service.asked,
    taken: () => service.taken.length,
  }
}

const selectEntries = statement<{ id: number; attempts: number }>(`select id, attempts from outbox where lane like 'push-%' order by id`)

test.each([
  ['APNs, whose provider token has changed too often,', () => apnsThatRefusesOnce(429, 'TooManyProviderTokenUpdates')],
  ['APNs, which is not available,', () => apnsThatRefusesOnce(503, 'ServiceUnavailable')],
  ['a webhook', webhookThatRefusesOnce],
  ['a push service of browsers that has refused two devices', () => browsersThatAreRefusedOnce(429)],
  ['a push service of browsers that refuses in its own way', () => browsersThatAreRefusedOnce(406)],
  ['a push service of browsers that is not available', () => browsersThatAreRefusedOnce(503)],
])('while %s asks for a pause nothing is sent to it, and afterwards all pushes arrive', async (_, start) => {
  const pass = pausesClock()
  const { map, devices, asked, taken } = await start()
  const { register, openWith, push, settled, world } = await pushWorld('sqlite', map)
  for (const [token, more] of devices) await register('bob', token, more)
  const channel = await openWith('bob')
  await push(channel)
  await until(() => asked() === devices.length)
  for (let number = 0; number < 5; number++) await push(channel)
  const entries = async () => world.app.db.all(selectEntries)
  await until(async () => (await entries()).length === 6)
  const before = await entries()
  await lookedThrough(world)
  expect([asked(), await entries()]).toEqual([devices.length, before])
  pass(seconds)
  await settled()
  expect([asked(), taken()]).toEqual([7 * devices.length, 6 * devices.length])
})

test('a lane that pauses for as long as its service has asked is shown with the reason, and is stuck a minute after the end at the earliest', async () => {
  const apns = await startApns()
  apns.answer = () => ({ status: 503, reason: 'ServiceUnavailable', retryAfter: 300 })
  const { register, openWith, push, world } = await pushWorld('sqlite', { [application]: { type: 'push', apns: apns.entry } })
  await register('bob', 'a'.repeat(64), { Type: 'APNS' })
  const start = Date.now()
  await push(await openWith('bob'))
  const { db } = world.app
  const lane = async (seconds = 0) => (await laneFigures(db, Date.now() + seconds * 1000)).find(({ kind }) => kind === 'push-apns')
  const { until: end, why } = await until(async () => (await lane())?.pause)
  expect(Math.abs(end - start - 300_000)).toBeLessThan(20_000)
  expect(why).toContain('has answered 503 ServiceUnavailable')
  const dueAfter = async (seconds: number) => (await longestDue(db, end + seconds * 1000, 60_000)).length
  expect([await dueAfter(-1), await dueAfter(59), await dueAfter(61)]).toEqual([0, 0, 1])
  expect(await lane(200)).toMatchObject({ entries: 1, overdueSeconds: 0 })
  const found = async (seconds: number) => (await outboxFindings(db, end + seconds * 1000)).map(({ kind, what }) => `${kind}: ${what}`)
  const pauses = `good: The lane ${(await lane())!.lane} pauses until ${new Date(end).toISOString()}, as its destination has asked: ${why}`
  expect(await found(-1)).toEqual(['good: No entry of the outbox has been due for more than a minute; waiting: 1', pauses])
  expect(await found(120)).toEqual([expect.stringContaining('fault: The outbox is stuck') as string])
  const { OutboxLanes } = await world.carillon.call('ListOutboxLanes', {})
  expect(OutboxLanes!.find(({ Kind }) => Kind === 'push-apns')).toMatchObject({ PausedUntilTimestamp: new Date(end), PauseReason: why })
  const metrics = await (await fetch(`${world.app.url}/metrics`)).text()
  expect(metrics).toMatch(new RegExp(`^carillon_outbox_paused_until_seconds\\{kind="push-apns".*\\} ${end / 1000}$`, 'm'))
})

test('a push service that refuses one device only has no pause, and no other device waits', async () => {
  const service = await startWebPush()
  const { register, openWith, push, settled } = await pushWorld('sqlite', browsers)
  for (const name of ['bob', 'eve']) await register(name, service.subscribe(`/${name}`))
  let isFull = true
  service.answer = path => (isFull && path === '/bob' ? { status: 429, retryAfter: 600 } : undefined)
  const [ofBob, ofEve] = [await openWith('bob'), await openWith('eve')]
  for (let number = 0; number < 3; number++) await push(ofBob)
  await until(() => service.asked >= 3)
  await push(ofEve)
  await until(() => service.taken.length === 1)
  isFull = false
  await settled()
  expect(service.taken.map(({ path }) => path)).toEqual(['/eve', '/bob', '/bob', '/bob'])
})

test('APNs that gets too many pushes for one device has no pause', async () => {
  const apns = await startApns()
  const { register, openWith, push, settled } = await pushWorld('sqlite', { [application]: { type: 'push', apns: apns.entry } })
  const [full, other] = ['a'.repeat(64), 'b'.repeat(64)]
  await register('bob', full, { Type: 'APNS' })
  await register('eve', other, { Type: 'APNS' })
  let [isFull, refused] = [true, 0]
  apns.answer = ({ token }) => (isFull && token === full && ++refused ? { status: 429, reason: 'TooManyRequests' } : undefined)
  await push(await openWith('bob'))
  await until(() => refused > 0)
  await push(await openWith('eve'))
  await until(() => apns.taken.length === 1)
  isFull = false
  await settled()
  expect(apns.taken.map(({ token }) => token)).toEqual([other, full])
})

test('the pause of one push service delays no other one in the same lane', async () => {
  const pass = pausesClock()
  const [busy, free] = [await startWebPush(), await startWebPush()]
  const { register, openWith, push, settled, world } = await pushWorld('sqlite', browsers)
  for (const path of ['/one', '/two']) await register('bob', busy.subscribe(path))
  await register('eve', free.subscribe('/eve'))
  busy.answer = () => (busy.asked <= 2 ? { status: 429, retryAfter: seconds } : undefined)
  const channel = await openWith('bob', 'eve')
  await push(channel)
  await until(() => busy.asked === 2 && free.taken.length === 1)
  await push(channel)
  await until(() => free.taken.length === 2)
  // Both entries have been retried.
  await until(async () => (await world.app.db.all(selectEntries)).every(({ attempts }) => attempts > 2))
  expect(busy.asked).toBe(2)
  pass(seconds)
  await settled()
  expect([busy.taken.length, free.taken.length]).toEqual([4, 2])
})
