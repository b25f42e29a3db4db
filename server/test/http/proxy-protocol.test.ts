import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { array, check, constantFrom, nat, oneof, property, string, tuple, uint8Array } from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { ApiError } from '../../src/errors.ts'
import { proxyHeaderOf } from '../../src/http/proxy-header.ts'
import { makeKey } from '../support/access.ts'
import { raw, RawConnection } from '../support/raw.ts'
import { call, signedHeaders } from '../support/signed.ts'
import { Listening, presignedUrl } from '../support/sockets.ts'
import { watched } from '../support/watched.ts'
import { clientsOf, makersOf } from '../support/world.ts'
import { takesLess } from '../support/takes-less.ts'

const listing = { path: '/app-instances' }
const settings = { proxyHeaders: 'proxy-protocol', trustProxy: 'loopback' }

const bytes = (...parts: (string | number[])[]) => Buffer.concat(parts.map(part => Buffer.from(part as string, 'latin1')))
const line = (text: string) => bytes(`PROXY ${text}\r\n`)
/** Version 2; its length is that of what follows unless another is given. */
const block = (command: number, protocol: number, told: number[], length = told.length) =>
  bytes('\r\n\r\n\0\r\nQUIT\n', [command, protocol, length >> 8, length & 255], told)

const ports = [0x12, 0x34, 0x01, 0xbb]
const fourth = [203, 0, 113, 7, 192, 0, 2, 1, ...ports]
const sixth = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, ...Array<number>(16).fill(1), ...ports]
const tls = (client: number) => [0x20, 0, 5, client, 0, 0, 0, 0]
const authority = [0x02, 0, 4, ...Buffer.from('host')]

/** A proxy that begins each connection with these bytes; its URL. */
async function proxied(port: number, ...header: Uint8Array[]): Promise<string> {
  const sockets = new Set<Socket>()
  const passOn = async (client: Socket) => {
    const upstream = connect(port, '127.0.0.1').setNoDelay()
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => socket.destroy()))
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    for (const part of header) {
      upstream.write(part)
      if (header.length > 1) await setTimeout(2)
    }
    client.pipe(upstream).pipe(client)
  }
  const proxy = createServer({ allowHalfOpen: true }, client => void passOn(client))
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}
const portOf = (url: string) => Number(new URL(url).port)

test.each([
  ['a line', line('TCP4 203.0.113.7 192.0.2.1 4711 443'), '203.0.113.7'],
  ['a line with IPv6', line('TCP6 2001:db8::7 2001:db8::1 4711 443'), '2001:db8::7'],
  ['a line with UNKNOWN', line('UNKNOWN'), '127.0.0.1'],
  ['a line with UNKNOWN and addresses', line('UNKNOWN ffff::1 ffff::2 1 2'), '127.0.0.1'],
  ['a block', block(0x21, 0x11, fourth), '203.0.113.7'],
  ['a block with values', block(0x21, 0x11, [...fourth, ...authority, ...tls(0)]), '203.0.113.7'],
  ['a block with IPv6', block(0x21, 0x21, sixth), '2001:db8::7'],
  [
    'a block with IPv4 as IPv6',
    block(0x21, 0x21, [...Array<number>(10).fill(0), 255, 255, 203, 0, 113, 7, ...sixth.slice(16)]),
    '203.0.113.7',
  ],
  ['a health check of the proxy', block(0x20, 0x00, []), '127.0.0.1'],
  ['a health check with addresses', block(0x20, 0x11, fourth), '127.0.0.1'],
  ['a Unix socket', block(0x21, 0x31, Array<number>(216).fill(7)), '127.0.0.1'],
])('the source is the client that a trusted proxy passes on: %s', async (_, header, expected) => {
  const { world, nextEntry } = await watched(settings)
  const url = await proxied(portOf(world.app.url), header)
  for (let times = 0; times < 2; times++) {
    expect((await call(url, world.app.rootKey, listing, { headers: { 'x-forwarded-for': '198.51.100.9' } })).status).toBe(200)
    expect((await nextEntry())['sourceAddress']).toBe(expected)
  }
})

test.each([
  ['a line', line('TCP4 203.0.113.7 192.0.2.1 4711 443')],
  ['a block', block(0x21, 0x11, [...fourth, ...authority])],
])('a header may come byte by byte, and with the request behind it: %s', async (_, header) => {
  const { world, nextEntry } = await watched(settings)
  const { url, rootKey } = world.app
  const slow = await proxied(portOf(url), ...[...header].map(byte => Uint8Array.of(byte)))
  expect((await call(slow, rootKey, listing)).status).toBe(200)
  expect((await nextEntry())['sourceAddress']).toBe('203.0.113.7')
  const connection = await RawConnection.open(url)
  onTestFinished(() => connection.end())
  const ask = async () => {
    const headers = Object.entries(await signedHeaders(url, rootKey, listing))
    return `GET /app-instances HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  }
  connection.send(Buffer.concat([header, Buffer.from(await ask())]))
  expect((await connection.answer()).status).toBe(200)
  connection.send(await ask())
  expect((await connection.answer()).status).toBe(200)
  expect([(await nextEntry())['sourceAddress'], (await nextEntry())['sourceAddress']]).toEqual(['203.0.113.7', '203.0.113.7'])
})

test('the header comes before TLS, and the client of a socket is known too', async () => {
  const { world, nextEntry } = await watched({ ...settings, tls: 'on' })
  const { rootKey, tlsUrl } = world.app
  const ca = await readFile(join(world.folder, 'ca.pem'), 'utf8')
  const header = line('TCP4 203.0.113.7 192.0.2.1 4711 443')
  for (const parts of [[header], [...header].map(byte => Uint8Array.of(byte))]) {
    const url = (await proxied(portOf(tlsUrl!), ...parts)).replace('http:', 'https:')
    const headers = await signedHeaders(url, rootKey, listing)
    const [answer] = await once(request(`${url}/app-instances`, { ca, headers, servername: 'localhost' }).end(), 'response')
    answer.resume()
    expect(answer.statusCode).toBe(200)
    expect((await nextEntry())['sourceAddress']).toBe('203.0.113.7')
  }
})

test('sockets connect through a proxy that sends the header', async () => {
  const { world, nextEntry } = await watched(settings)
  const { rootKey } = world.app
  const url = await proxied(portOf(world.app.url), block(0x21, 0x11, fourth))
  const { user } = await makersOf(clientsOf({ url, rootKey }).identity).appInstance(['alice'])
  const listening = new Listening(await presignedUrl({ url, rootKey }, user('alice')))
  onTestFinished(() => listening.socket.terminate())
  expect((await listening.next()).type).toBe('SESSION_ESTABLISHED')
  expect(await nextEntry('Connect')).toMatchObject({ bearer: user('alice'), sourceAddress: '203.0.113.7' })
})

test.each([
  ['says so', tls(1), 200],
  ['says that it does not', tls(4), 403],
  ['says nothing about TLS', [], 403],
])('a client counts as speaking TLS where its proxy %s', async (_, values, status) => {
  const { world } = await watched(settings)
  const statement = { Effect: 'Allow', Action: '*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'true' } } }
  const key = await makeKey(world, JSON.stringify({ Version: '2012-10-17', Statement: [statement] }))
  const url = await proxied(portOf(world.app.url), block(0x21, 0x11, [...fourth, ...values]))
  expect((await call(url, key, listing)).status).toBe(status)
})

test('bytes of a peer that is not trusted are not read as a header, and it needs none', async () => {
  const { world, nextEntry } = await watched({ ...settings, trustProxy: '192.0.2.1' })
  const { url, rootKey } = world.app
  expect((await call(url, rootKey, listing)).status).toBe(200)
  expect((await nextEntry())['sourceAddress']).toBe('127.0.0.1')
  for (const header of [line('TCP4 203.0.113.7 192.0.2.1 4711 443'), block(0x21, 0x11, fourth)]) {
    const connection = await RawConnection.open(url)
    connection.send(header)
    const { status, body } = await connection.answer()
    expect([status, JSON.parse(body).Message]).toEqual([400, 'The request is not well-formed HTTP'])
    connection.end()
  }
})

const unreadable: [string, Uint8Array, RegExp][] = [
  ['none', bytes('GET / HTTP/1.1\r\n\r\n'), /^A trusted proxy must begin each connection with a PROXY header/],
  ['a TLS handshake', bytes([22, 3, 1, 2, 0, 1, 0]), /^A trusted proxy must begin each connection with a PROXY header/],
  ['a name for an address', line('TCP4 example.com 192.0.2.1 1 2'), /TCP4, TCP6 and UNKNOWN/],
  ['an address of the other kind', line('TCP6 203.0.113.7 192.0.2.1 1 2'), /TCP4, TCP6 and UNKNOWN/],
  ['a port beyond 65535', line('TCP4 203.0.113.7 192.0.2.1 1 65536'), /TCP4, TCP6 and UNKNOWN/],
  ['a word too many', line('TCP4 203.0.113.7 192.0.2.1 1 2 3'), /TCP4, TCP6 and UNKNOWN/],
  ['another protocol', line('UDP4 203.0.113.7 192.0.2.1 1 2'), /TCP4, TCP6 and UNKNOWN/],
  ['a line without an end', bytes(`PROXY TCP4 ${'1'.repeat(200)}`), /at most 107 bytes/],
  ['version 3', block(0x31, 0x11, fourth), /The version or the command/],
  ['another command', block(0x22, 0x11, fourth), /The version or the command/],
  ['another family', block(0x21, 0x41, fourth), /unknown protocol/],
  ['too little for its addresses', block(0x21, 0x21, fourth), /too short/],
  ['a block that is too long', block(0x21, 0x11, fourth, 65_535), /may have 4096 bytes/],
  ['a value beyond the end', block(0x21, 0x11, [...fourth, 0x20, 0, 9, 1]), /ends within a value/],
  ['half of a value', block(0x21, 0x11, [...fourth, 0x20, 0]), /ends within a value/],
]

test.each(unreadable)('an invalid header is refused with what is wrong, and the server continues: %s', async (_, header, reason) => {
  const { world } = await watched(settings)
  const connection = await RawConnection.open(world.app.url)
  onTestFinished(() => connection.end())
  connection.send(header)
  const { status, body } = await connection.answer()
  expect([status, JSON.parse(body)]).toMatchObject([400, { Code: 'BadRequest', Reason: expect.stringMatching(reason) }])
  const url = await proxied(portOf(world.app.url), line('UNKNOWN'))
  expect((await call(url, world.app.rootKey, listing)).status).toBe(200)
})

test('connections are counted by the client in the header', async () => {
  const { world } = await watched({ ...settings, connectionsPerAddress: '2' })
  const health = async (header: Uint8Array) => {
    const connection = await RawConnection.open(await proxied(portOf(world.app.url), header))
    onTestFinished(() => connection.end())
    connection.send('GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
    return {
      connection,
      status: await connection.answer().then(
        ({ status }) => status,
        () => undefined,
      ),
    }
  }
  const one = line('TCP4 203.0.113.7 192.0.2.1 4711 80')
  const [first] = [await health(one), await health(one)]
  expect(first.status).toBe(200)
  expect((await health(one)).status).toBeUndefined()
  expect((await health(line('TCP4 203.0.113.8 192.0.2.1 4711 80'))).status).toBe(200)
  for (let times = 0; times < 4; times++) expect((await health(line('UNKNOWN'))).status).toBe(200)
  first.connection.end()
  await expect.poll(async () => (await health(one)).status).toBe(200)
})

test('a closing server waits for no header', async () =>
  // The header has five seconds.
  takesLess(4500, async () => {
    const { world } = await watched(settings)
    const connection = await RawConnection.open(world.app.url)
    connection.send('PROXY ')
    // Another connection, opened later, has had its answer.
    expect((await raw(world.app.url, 'PROXY UNKNOWN\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n')).status).toBe(200)
    const start = Date.now()
    await world.close()
    await connection.closed()
    return Date.now() - start
  }))

/** The beginnings of headers, and anything else. */
const beginning = oneof(
  uint8Array({ maxLength: 200 }),
  tuple(constantFrom('PROXY TCP4 ', 'PROXY TCP6 ', 'PROXY UNKNOWN', 'PROXY'), string({ maxLength: 120 })).map(parts => bytes(...parts)),
  tuple(constantFrom(0x20, 0x21, 0x22, 0x11), nat(255), array(nat(255), { maxLength: 80 }), nat(100)).map(
    ([command, protocol, told, length]) => block(command, protocol, told, length),
  ),
  tuple(array(nat(255), { minLength: 12, maxLength: 60 })).map(([told]) => block(0x21, 0x11, told)),
)

/** What is read of a header, or what is wrong with it. */
function read(given: Uint8Array) {
  try {
    return proxyHeaderOf(Buffer.from(given))
  } catch (error) {
    return (error as ApiError).reason ?? 'no reason'
  }
}

test('any bytes are read as a header, as too short, or as an error; and later bytes change nothing', () => {
  const holds = property(beginning, uint8Array({ maxLength: 20 }), (given, more) => {
    const found = read(given)
    if (found === undefined) return given.length < 4096
    expect(read(Buffer.concat([given, more]))).toEqual(found)
    return typeof found === 'string' || read(given.subarray(0, found.length - 1)) === undefined
  })
  expect(check(holds, { numRuns: 2000 })).toMatchObject({ failed: false })
})

test('the client is forgotten with the connection, even if the next one has the same ends', async () => {
  const { world, nextEntry } = await watched(settings)
  const { url, rootKey } = world.app
  const { host, ...headers } = await signedHeaders(url, rootKey, listing)
  const asked = [
    `GET ${listing.path} HTTP/1.1`,
    `host: ${host}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ]
  let localPort = 0
  for (const [header, expected] of [
    [block(0x21, 0x11, fourth), '203.0.113.7'],
    [block(0x20, 0x00, []), '127.0.0.2'],
  ] as const) {
    // A loopback address for this test alone, on which no other program takes the port meanwhile.
    const proxy = connect({ port: portOf(url), host: '127.0.0.1', localAddress: '127.0.0.2', ...(localPort > 0 && { localPort }) })
    onTestFinished(() => void proxy.destroy())
    await once(proxy, 'connect')
    localPort = proxy.localPort!
    proxy.write(Buffer.concat([header, Buffer.from(asked.join('\r\n'))]))
    expect(String((await once(proxy, 'data'))[0])).toMatch(/^HTTP\/1.1 200 /)
    expect((await nextEntry())['sourceAddress']).toBe(expected)
    // Without the minutes for which the system would reserve the port.
    proxy.resetAndDestroy()
    await once(proxy, 'close')
  }
})
