import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { sts } from '../support/access.ts'
import { call, signedHeaders } from '../support/signed.ts'
import { Listening, presignedUrl } from '../support/sockets.ts'
import { watched, type Watched } from '../support/watched.ts'
import { keyRing } from '../support/keys.ts'
import { clientsOf, refusal, startWorld, type World } from '../support/world.ts'

const listing = { path: '/app-instances' }
const sourceSeen = async ({ world, nextEntry }: Watched, headers: Record<string, string>) => {
  const { status } = await call(world.app.url, world.app.rootKey, listing, { headers })
  expect(status).toBe(200)
  return (await nextEntry())['sourceAddress']
}

test.each([
  ['one address', { 'x-forwarded-for': '203.0.113.7' }, '203.0.113.7'],
  ['addresses that the client has written before it', { 'x-forwarded-for': '10.9.9.9, 198.51.100.1, 203.0.113.7' }, '203.0.113.7'],
  ['trusted proxies in a row', { 'x-forwarded-for': '203.0.113.7, 10.1.2.3, 10.4.5.6' }, '203.0.113.7'],
  ['an address with its port', { 'x-forwarded-for': '203.0.113.7:4711' }, '203.0.113.7'],
  ['an IPv6 address with its port', { 'x-forwarded-for': '[2001:db8::7]:4711' }, '2001:db8::7'],
  ['a text that is no address', { 'x-forwarded-for': 'unknown' }, '127.0.0.1'],
  ['nothing', {}, '127.0.0.1'],
  ['the header of the other kind', { forwarded: 'for=203.0.113.7' }, '127.0.0.1'],
])('behind a trusted proxy the source is the first address that is not trusted: %s', async (_, headers, expected) => {
  expect(await sourceSeen(await watched({ trustProxy: 'loopback,10.0.0.0/8' }), headers)).toBe(expected)
})

test.each([
  ['for=203.0.113.7;proto=https', '203.0.113.7'],
  ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
  ['for=192.0.2.43, for=203.0.113.7, for="10.0.0.1"', '203.0.113.7'],
  ['by=10.0.0.1;for="203.0.113.7:80";host="a\\"b"', '203.0.113.7'],
  ['for=_hidden', '127.0.0.1'],
  ['for="unterminated', '127.0.0.1'],
  ['nonsense nonsense', '127.0.0.1'],
])('Forwarded is parsed by RFC 7239: %s', async (forwarded, expected) => {
  const seen = await sourceSeen(await watched({ trustProxy: 'loopback,10.0.0.0/8', proxyHeaders: 'forwarded' }), { forwarded })
  expect(seen).toBe(expected)
})

test('headers of a peer that is not trusted are ignored, for the address and for the host', async () => {
  const server = await watched({ trustProxy: '192.0.2.1' })
  expect(await sourceSeen(server, { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' })).toBe('127.0.0.1')
  const { url, rootKey } = server.world.app
  const signed = await signedHeaders('http://chat.example.com:80', rootKey, listing)
  const { status } = await answerTo(url, { ...signed, 'x-forwarded-host': 'chat.example.com' })
  expect(status).toBe(403)
})

/** Sent under the host of the URL, whichever host was signed. */
async function answerTo(url: string, headers: Record<string, string>, path = '/app-instances') {
  const { host: _, ...others } = headers
  return fetch(`${url}${path}`, { headers: others })
}

test.each([
  ['x-forwarded', { 'x-forwarded-host': 'chat.example.com' }],
  ['x-forwarded', { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-host': 'chat.example.com', 'x-forwarded-proto': 'https' }],
  ['forwarded', { forwarded: 'for=203.0.113.7;host=chat.example.com;proto=https' }],
])('a request may be signed for the host that a trusted proxy reports, by %s: %o', async (proxyHeaders, told) => {
  const { world } = await watched({ trustProxy: 'loopback', proxyHeaders })
  const { url, rootKey } = world.app
  const signed = await signedHeaders('http://chat.example.com:80', rootKey, listing)
  expect((await answerTo(url, { ...signed, ...told })).status).toBe(200)
  const other = await signedHeaders('http://other.example.com:80', rootKey, listing)
  expect((await answerTo(url, { ...other, ...told })).status).toBe(403)
  const own = await signedHeaders(url, rootKey, listing)
  expect((await answerTo(url, { ...own, ...told })).status).toBe(200)
})

test.each([
  ['a host of the outermost proxy and one of the next', '203.0.113.7, 10.0.0.1', 'chat.example.com, inner.example.com'],
  [
    'an address that the client has written, and no host of it',
    '198.51.100.1, 203.0.113.7, 10.0.0.1',
    'chat.example.com, inner.example.com',
  ],
  [
    'a host that the client has written, and no address of it',
    '203.0.113.7, 10.0.0.1',
    'own.example.com, chat.example.com, inner.example.com',
  ],
  ['one host for all addresses', '198.51.100.1, 203.0.113.7, 10.0.0.1', 'chat.example.com'],
])('lists of different length belong together from their ends: %s', async (_, addresses, hosts) => {
  const { world, nextEntry } = await watched({ trustProxy: 'loopback,10.0.0.0/8' })
  const { url, rootKey } = world.app
  const told = { 'x-forwarded-for': addresses, 'x-forwarded-host': hosts }
  const signed = await signedHeaders('http://chat.example.com:80', rootKey, listing)
  expect((await answerTo(url, { ...signed, ...told })).status).toBe(200)
  expect(await nextEntry()).toMatchObject({ sourceAddress: '203.0.113.7' })
  for (const host of ['inner.example.com', 'own.example.com']) {
    const other = await signedHeaders(`http://${host}:80`, rootKey, listing)
    expect((await answerTo(url, { ...other, ...told })).status).toBe(403)
  }
})

test.each([
  ['203.0.113.7, 10.0.0.1', 'https, http', true],
  ['203.0.113.7, 10.0.0.1', 'http, https', false],
  ['198.51.100.1, 203.0.113.7, 10.0.0.1', 'https, http', true],
  ['198.51.100.1, 203.0.113.7, 10.0.0.1', 'http, https', false],
  ['203.0.113.7, 10.0.0.1', 'http, https, http', true],
  ['203.0.113.7, 10.0.0.1', 'https, http, https', false],
  ['203.0.113.7, 10.0.0.1', 'HTTPS', true],
  ['203.0.113.7, 10.0.0.1', 'wss', true],
])('whether the client used TLS is what its own proxy reports: for %s, proto %s', async (addresses, protocols, isSecure) => {
  const ring = keyRing()
  const world = await startWorld('sqlite', { trustProxy: 'loopback,10.0.0.0/8' }, { keys: ring.find })
  onTestFinished(() => world.close())
  const key = ring.keep({ groups: [[{ Action: '*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'true' } } }]] })
  const headers = { 'x-forwarded-for': addresses, 'x-forwarded-proto': protocols }
  const { status } = await call(world.app.url, key, listing, { headers })
  expect(status).toBe(isSecure ? 200 : 403)
})

const endpointOf = async ({ app }: World, host: string, bearer: string) => {
  const signed = await signedHeaders(`http://${host}:80`, app.rootKey, {
    path: '/endpoints/messaging-session',
    headers: { 'x-amz-chime-bearer': bearer },
  })
  const answer = await answerTo(app.url, { ...signed, 'x-forwarded-host': host }, '/endpoints/messaging-session')
  return answer.json()
}

test('sockets connect through the proxy, to the host that it reports', async () => {
  const { world, nextEntry } = await watched({ trustProxy: 'loopback' })
  const { user } = await world.appInstance(['alice'])
  expect(await endpointOf(world, 'chat.example.com', user('alice'))).toEqual({ Endpoint: { Url: 'chat.example.com' } })
  const signed = await presignedUrl({ url: 'http://chat.example.com:80', rootKey: world.app.rootKey }, user('alice'))
  const here = signed.replace('ws://chat.example.com', world.app.url.replace('http', 'ws'))
  const listening = new Listening(here, { 'x-forwarded-host': 'chat.example.com', 'x-forwarded-for': '203.0.113.7' })
  onTestFinished(() => listening.socket.terminate())
  expect((await listening.next()).type).toBe('SESSION_ESTABLISHED')
  expect(await nextEntry('Connect')).toMatchObject({ bearer: user('alice'), sourceAddress: '203.0.113.7', outcome: 'Success' })
})

/** A proxy in front of the server that changes the path and the host; its URL. */
async function proxyBefore({ app }: World, pathOf: (url: string) => string, hostOf: (host: string) => string): Promise<string> {
  const proxy = createServer((asked, response) => {
    const headers = { ...asked.headers, host: hostOf(asked.headers.host ?? '') }
    const onwards = request(app.url, { method: asked.method, path: pathOf(asked.url ?? ''), headers }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    asked.pipe(onwards)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void proxy.close())
  await once(proxy, 'listening')
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

const asItCame = (text: string) => text

test('a client behind a misconfigured proxy gets a Reason that says what the proxy has changed', async () => {
  const world = await startWorld('sqlite')
  onTestFinished(() => world.close())
  const { arn, user } = await world.appInstance(['alice'])
  const { ChannelArn } = await world.messaging.createChannel({ AppInstanceArn: arn, Name: 'x', ChimeBearer: user('alice') })
  const reasonThrough = async (url: string, key = world.app.rootKey) => {
    const { messaging, identity } = clientsOf({ url, rootKey: key })
    const answer = await refusal(messaging.describeChannel({ ChannelArn, ChimeBearer: user('alice') })).catch(() => undefined)
    messaging.destroy()
    identity.destroy()
    return answer && [answer.name, answer.status, answer.reason]
  }
  expect(await reasonThrough(await proxyBefore(world, asItCame, asItCame))).toBe(undefined)
  expect(await reasonThrough(await proxyBefore(world, asItCame, () => 'backend:3000'))).toEqual([
    'InvalidSignatureException',
    403,
    expect.stringMatching(/The signature was checked for the host 'backend:3000': if the client has called another host, a proxy must/),
  ])
  expect(await reasonThrough(await proxyBefore(world, decodeURIComponent, asItCame))).toEqual([
    'UnknownOperationException',
    404,
    expect.stringMatching(/^The path has an ARN with bare slashes, .* a proxy in front has decoded the path/),
  ])
  expect(await reasonThrough(await proxyBefore(world, url => url.replaceAll('%2F', '/'), asItCame))).toEqual([
    'UnknownOperationException',
    404,
    expect.stringMatching(/^The path has an ARN with bare slashes/),
  ])
  expect(await reasonThrough(await proxyBefore(world, url => url.replaceAll('%3A', ':'), asItCame))).toEqual([
    'InvalidSignatureException',
    403,
    expect.stringMatching(/^The percent-escapes of the path differ from those that were signed/),
  ])
  expect(await reasonThrough(await proxyBefore(world, url => `/chat${url}`, asItCame))).toEqual([
    'UnknownOperationException',
    404,
    expect.stringMatching(/^No operation has the route GET \/chat\/channels\//),
  ])
  const { sessionToken: _, ...key } = (await sts(world.app, world.app.rootKey, 'GetSessionToken')).credentials
  expect(await reasonThrough(world.app.url, key)).toEqual([
    'UnrecognizedClientException',
    403,
    'The access key id is temporary: its session token (X-Amz-Security-Token) is missing.',
  ])
})
