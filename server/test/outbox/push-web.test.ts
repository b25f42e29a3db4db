import { createECDH } from 'node:crypto'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { HttpSender } from '../../src/outbox/http.ts'
import { publicLookup } from '../../src/outbox/push/public-addresses.ts'
import { isPublic } from '../../src/tools/addresses.ts'
import { DeadDevice } from '../../src/outbox/push/service.ts'
import { encryptForBrowser } from '../../src/outbox/push/web-push-encryption.ts'
import { rowsIn } from '../api/acts.ts'
import { browser, decrypted, startWebPush, vapidKeys } from '../support/push.ts'
import { until } from '../support/processor.ts'
import { application, note, pushWorld } from './push-scene.ts'

process.env['TEST_VAPID_KEY'] = 'replaced by each test'

function webPush(more: object = {}, content?: string) {
  const { privateKey, publicKey } = vapidKeys()
  process.env['TEST_VAPID_KEY'] = privateKey
  const entry = { privateKeyVariable: 'TEST_VAPID_KEY', subject: 'mailto:ops@example.com', ...more }
  return { publicKey, map: { [application]: { type: 'push', webPush: entry, ...(content !== undefined && { content }) } } }
}
const local = { privateNetworks: true }
const invalidToken = { Status: 'INACTIVE', StatusReason: 'INVALID_DEVICE_TOKEN' }

test('a browser decrypts what its push service received, which is signed with the key that the page has subscribed with', async () => {
  const service = await startWebPush()
  const { map, publicKey } = webPush(local)
  const { register, openWith, push } = await pushWorld('sqlite', map)
  await register('bob', service.subscribe('/push/bob', publicKey))
  const channel = await openWith('bob')
  const messageId = await push(channel)
  const [taken] = await until(() => (service.taken.length > 0 ? service.taken : undefined))
  expect(taken!.payload).toEqual({ Type: 'DEFAULT', Title: 'Ann', Body: 'Dinner at 8?', ChannelArn: channel, MessageId: messageId })
  expect(Number(taken!.headers['ttl'])).toBeGreaterThan(6.9 * 24 * 3600)
})

test('with id-only a browser receives the ids alone, and a VOIP push expires in a minute', async () => {
  const service = await startWebPush()
  const { register, openWith, push } = await pushWorld('sqlite', webPush(local, 'id-only').map)
  await register('bob', service.subscribe('/push/bob'))
  const channel = await openWith('bob')
  const messageId = await push(channel, {}, { ...note, Type: 'VOIP' })
  const [taken] = await until(() => (service.taken.length > 0 ? service.taken : undefined))
  expect(taken!.payload).toEqual({ Type: 'VOIP', ChannelArn: channel, MessageId: messageId })
  expect(Number(taken!.headers['ttl'])).toBeLessThanOrEqual(60)
})

test.each([404, 410])('a subscription that its push service answers with %i becomes INACTIVE', async status => {
  const service = await startWebPush()
  service.answer = path => (path === '/gone' ? status : undefined)
  const { register, openWith, push, stateOf, settled } = await pushWorld('sqlite', webPush(local).map)
  const [gone, there] = [await register('bob', service.subscribe('/gone')), await register('bob', service.subscribe('/there'))]
  await push(await openWith('bob'))
  await until(async () => (await stateOf('bob', gone)).Status === 'INACTIVE')
  expect([await stateOf('bob', gone), await stateOf('bob', there)]).toEqual([invalidToken, { Status: 'ACTIVE' }])
  await settled()
  expect(service.taken).toHaveLength(1)
})

test('after 429, 503 and a cut connection a push is sent again; after 403 and 413 it is not, and the subscription stays ACTIVE', async () => {
  const service = await startWebPush()
  const answers = new Map<string, (number | 'cut')[]>([
    ['/429', [429]],
    ['/503', [503, 503]],
    ['/cut', ['cut']],
    ['/403', [403]],
    ['/413', [413]],
  ])
  service.answer = path => answers.get(path)?.shift()
  const { register, openWith, push, stateOf, settled, world } = await pushWorld('sqlite', webPush(local).map)
  const channel = await openWith('bob')
  for (const path of ['/429', '/503', '/cut']) await register('bob', service.subscribe(path))
  await push(channel)
  await settled()
  expect(service.taken.map(({ path }) => path).toSorted()).toEqual(['/429', '/503', '/cut'])
  const refused = [await register('bob', service.subscribe('/403')), await register('bob', service.subscribe('/413'))]
  await push(channel)
  await settled()
  expect(service.taken.map(({ path }) => path).toSorted()).toEqual(['/429', '/429', '/503', '/503', '/cut', '/cut'])
  for (const id of refused) expect(await stateOf('bob', id)).toEqual({ Status: 'ACTIVE' })
  // The user who registers a device names the service, so a refused push is not stored for the operator.
  expect(await rowsIn(world, 'outbox_dead')).toBe(0)
})

test('a service whose answer is not HTTP delays no push to the other devices of the entry, and none is sent again', async () => {
  const service = await startWebPush()
  service.answer = path => (path.startsWith('/odd') ? 'upgrade' : undefined)
  const { register, openWith, push, world } = await pushWorld('sqlite', webPush(local).map)
  await register('bob', service.subscribe('/odd'))
  for (let index = 0; index < 8; index++) await register('eve', service.subscribe(`/fast-${index}`))
  await push(await openWith('bob', 'eve'))
  await until(() => service.taken.length === 8)
  const { asked } = service
  world.advance(60_000)
  await until(() => service.asked > asked)
  expect(service.taken).toHaveLength(8)
})

test('a device becomes dead when its push service has a name that leads into the operator’s network', async () => {
  const http = new HttpSender({ lookup: publicLookup(async () => ['10.0.0.1']) })
  const request = { url: new URL('https://push.example.com/x'), headers: {}, body: '' }
  await expect(http.send(request, AbortSignal.timeout(5000))).rejects.toBeInstanceOf(DeadDevice)
})

/** A server in the operator's network, and the number of connections to it. */
async function inside() {
  let connections = 0
  const server = createServer(socket => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, connections: () => connections }
}

const look = async (addresses: readonly string[], options: { all: boolean; family?: number }) =>
  new Promise((resolve, reject) => {
    publicLookup(async () => addresses)('push.example.com', options, (error, found) => (error ? reject(error) : resolve(found)))
  })

describe('A subscription', () => {
  test('that leads into the operator’s network makes the device INACTIVE, however the address is written, and nothing connects', async () => {
    const network = await inside()
    const { register, openWith, push, stateOf, settled } = await pushWorld('sqlite', webPush().map)
    const hosts = ['127.0.0.1', '127.1', '2130706433', '0x7f.1', '0.0.0.0', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]']
    const urls = [...hosts.map(host => `https://${host}:${network.port}/`), `http://127.0.0.1:${network.port}/`]
    const ids: string[] = []
    for (const url of urls) ids.push(await register('bob', browser(url).subscription))
    await push(await openWith('bob'))
    await settled()
    for (const id of ids) expect(await stateOf('bob', id)).toEqual(invalidToken)
    expect(network.connections()).toBe(0)
  })

  test.each([
    ['no JSON', '{'],
    ['no keys', '{"endpoint":"https://push.example.com/"}'],
    ['no URL', browser('nonsense').subscription],
    ['a password', browser('https://a:b@push.example.com/').subscription],
    ['short keys', '{"endpoint":"https://push.example.com/","keys":{"p256dh":"AA","auth":"AA"}}'],
    [
      'no point of the curve',
      JSON.stringify({ endpoint: 'https://push.example.com/', keys: { p256dh: 'A'.repeat(87), auth: 'A'.repeat(22) } }),
    ],
  ])('with %s makes the device INACTIVE', async (_, subscription) => {
    const { register, openWith, push, stateOf, settled } = await pushWorld('sqlite', webPush().map)
    const id = await register('bob', subscription)
    await push(await openWith('bob'))
    await settled()
    expect(await stateOf('bob', id)).toEqual(invalidToken)
  })

  test('is dialled at the public addresses of its name alone, and at none if the name has only others', async () => {
    const public4 = { address: '93.184.216.34', family: 4 }
    const public6 = { address: '2606:2800:220:1::1', family: 6 }
    const all = ['10.0.0.1', public4.address, 'fd00::1', public6.address, '::ffff:10.0.0.1']
    expect(await look(all, { all: true })).toEqual([public4, public6])
    expect(await look(all, { all: false, family: 6 })).toBe(public6.address)
    await expect(look(['10.0.0.1', '::1', 'fe80::1'], { all: true })).rejects.toBeInstanceOf(DeadDevice)
    await expect(look([], { all: true })).rejects.toBeInstanceOf(DeadDevice)
  })

  test.each([
    ['8.8.8.8', true],
    ['2001:4860:4860::8888', true],
    ['2a00:1450:4001::1', true],
    ['10.1.2.3', false],
    ['100.64.0.1', false],
    ['169.254.169.254', false],
    ['172.31.255.255', false],
    ['192.168.0.1', false],
    ['198.18.0.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['0.0.0.0', false],
    ['::', false],
    ['::1', false],
    ['::ffff:8.8.8.8', true],
    ['::ffff:10.0.0.1', false],
    ['::ffff:a00:1', false],
    ['64:ff9b::a00:1', false],
    ['fc00::1', false],
    ['fe80::1%eth0', false],
    ['ff02::1', false],
    ['2001:db8::1', false],
    ['2002:a00:1::1', false],
    ['2001:0:a00:1::1', false],
    ['nonsense', false],
  ])('treats %s as public: %s', (address, expected) => {
    expect(isPublic(address)).toBe(expected)
  })
})

const bytes = (text: string) => Buffer.from(text, 'base64url')

describe('The encryption of a push', () => {
  test('gives the bytes of the example in RFC 8291', () => {
    const key = createECDH('prime256v1')
    key.setPrivateKey(bytes('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'))
    const p256dh = bytes('BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4')
    const keys = { p256dh, auth: bytes('BTBZMqHH6r4Tts7J_aSIgg') }
    const encrypted = encryptForBrowser(Buffer.from('When I grow up, I want to be a watermelon'), keys, {
      key,
      salt: bytes('DGv6ra1nlYgDCS1FRnbzlw'),
    })
    expect(encrypted.toString('base64url')).toBe(
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    )
  })

  test('makes any text readable by its browser alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), plain => {
        const [key, other] = [createECDH('prime256v1'), createECDH('prime256v1')]
        other.generateKeys()
        const keys = { p256dh: key.generateKeys(), auth: Buffer.alloc(16, 7) }
        const encrypted = encryptForBrowser(Buffer.from(plain), keys)
        expect(decrypted(encrypted, key, keys.auth)).toEqual(Buffer.from(plain))
        expect(() => decrypted(encrypted, other, keys.auth)).toThrow('unable to authenticate')
        expect(() => decrypted(encrypted, key, Buffer.alloc(16, 8))).toThrow('unable to authenticate')
      }),
    )
  })
})
