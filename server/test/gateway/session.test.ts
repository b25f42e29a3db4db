import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { clientFrame as frame } from '../support/client-frame.ts'
import { connectRaw, listen, type RawSocket } from '../support/sockets.ts'
import { startWorld, type World } from '../support/world.ts'
import { metric, rawSession } from './raw-session.ts'

let world: World
let arn: string
let user: (id: string) => string
beforeAll(async () => {
  world = await startWorld('sqlite', { pingSeconds: '1', connectionsPerUser: '1000' })
  ;({ arn, user } = await world.appInstance(['alice', 'bob']))
})
afterAll(async () => world.close())

/** Whether another client can still connect. */
const serves = async () => (await listen(world.app, user('bob'))).events.length === 1

test('a client that answers pings stays, however long it is idle', async () => {
  const alice = await listen(world.app, user('alice'))
  let pings = 0
  alice.socket.on('ping', () => pings++)
  await expect.poll(() => pings).toBeGreaterThanOrEqual(4)
  expect(alice.socket.readyState).toBe(alice.socket.OPEN)
})

test('a client that no longer answers is cut off after two pings, and is counted', async () => {
  const before = await metric('carillon_dead_sessions_total', world)
  const { closed, heard } = await rawSession(user('alice'), world)
  const start = Date.now()
  await closed
  expect(
    heard()
      .toString('latin1')
      .match(/\x89.\d{13}/gs),
  ).toHaveLength(2)
  expect(Date.now() - start).toBeGreaterThan(1500)
  expect(Date.now() - start).toBeLessThan(20_000)
  await expect.poll(() => metric('carillon_dead_sessions_total', world)).toBe(before + 1)
})

test('the ping of a client is answered', async () => {
  const alice = await listen(world.app, user('alice'))
  alice.socket.ping('are you there')
  const [answer] = await once(alice.socket, 'pong')
  expect(String(answer)).toBe('are you there')
})

test('messages of a client are ignored', async () => {
  const alice = await listen(world.app, user('alice'))
  for (const said of ['hello', '{"action":"subscribe"}', randomBytes(4096), '']) alice.socket.send(said)
  // The server has read these messages before it answers the ping behind them.
  expect(await alice.isAnswered()).toBe(true)
  expect(alice.events).toHaveLength(1)
})

test('a frame of more than 4 KiB ends the session with 1009', async () => {
  const alice = await listen(world.app, user('alice'))
  alice.socket.send(randomBytes(4097))
  expect(await alice.closed).toMatchObject({ code: 1009 })
  expect(await serves()).toBe(true)
})

test('a client that sends frames without end is closed with 4003', async () => {
  const alice = await listen(world.app, user('alice'))
  for (let count = 0; count < 300; count++) alice.socket.send('x')
  expect(await alice.closed).toMatchObject({ code: 4003, reason: expect.stringMatching(/Too many frames/) })
})

test('a client that sends pings without end is cut off', async () => {
  const alice = await listen(world.app, user('alice'))
  for (let count = 0; count < 300; count++) alice.socket.ping()
  expect(await alice.closed).toMatchObject({ code: expect.toBeOneOf([1006, 4003]) })
  expect(await serves()).toBe(true)
})

/** The server's side of a connection, which reports what it has read, and when the kernel takes no more of it. */
function serverSide({ socket }: RawSocket): Socket {
  const handles = (Reflect.get(process, '_getActiveHandles') as () => unknown[])()
  return handles.find(handle => handle instanceof Socket && handle.remotePort === socket.localPort) as Socket
}

/** Sends without a pause until the server has ended the connection. Resolves to the number of bytes that it has read. */
async function flood(raw: RawSocket, bytes: Buffer): Promise<number> {
  const { socket, closed } = raw
  const side = serverSide(raw)
  const piece = Buffer.concat(Array.from({ length: Math.ceil(65_536 / bytes.length) }, () => bytes))
  while (!socket.destroyed) await Promise.race([new Promise(resolve => socket.write(piece, resolve)), closed])
  return side.bytesRead
}

test.each([
  ['pings', frame(0x9, 'x')],
  ['pongs', frame(0xa, 'x')],
  ['messages', frame(0x1, '')],
  ['pieces of a message that does not end', frame(0x0, '', { fin: false })],
])('a client that sends %s without end is cut off at once: refused, closed or welcome', async (what, bytes) => {
  const begin = what.startsWith('pieces') ? frame(0x1, '', { fin: false }) : Buffer.alloc(0)
  const refused = await connectRaw(world.app, `${arn}/user/nobody`)
  await expect.poll(() => refused.heard().includes('101 Switching Protocols')).toBe(true)
  const welcome = await rawSession(user('alice'), world)
  refused.socket.write(begin)
  welcome.socket.write(begin)
  const read = await Promise.all([flood(refused, bytes), flood(welcome, bytes)])
  expect(Math.max(...read)).toBeLessThan(512 * 1024)
  expect(await serves()).toBe(true)
})

test('answers to pings count as unread: a client that does not read them is cut off, and is counted', async () => {
  const own = await startWorld('sqlite')
  onTestFinished(() => own.close())
  const { arn, user } = await own.appInstance(['alice', 'bob'])
  const MemberArns = [user('bob')]
  const { ChannelArn } = await own.messaging.createChannel({ AppInstanceArn: arn, Name: 'busy', MemberArns, ChimeBearer: user('alice') })
  const stuck = await rawSession(user('alice'), own)
  stuck.socket.pause()
  const side = serverSide(stuck)
  while (side.writableLength < 64 * 1024) {
    const sending = Array.from({ length: 100 }, async () =>
      own.messaging.sendChannelMessage({
        ChannelArn,
        Content: 'x'.repeat(4000),
        Type: 'STANDARD',
        Persistence: 'NON_PERSISTENT',
        ChimeBearer: user('bob'),
      }),
    )
    await Promise.all(sending)
  }
  expect(side.destroyed).toBe(false)
  stuck.socket.write(Buffer.concat(Array.from({ length: 80 }, () => frame(0x9, 'x'))))
  await expect.poll(() => side.destroyed).toBe(true)
  await expect.poll(() => metric('carillon_slow_sessions_total', own)).toBe(1)
})

test('a client that vanishes leaves no session behind', async () => {
  const own = await startWorld('sqlite')
  onTestFinished(() => own.close())
  const { user } = await own.appInstance(['alice'])
  const { socket } = await rawSession(user('alice'), own)
  await expect.poll(() => metric('carillon_sessions', own)).toBe(1)
  socket.resetAndDestroy()
  await expect.poll(() => metric('carillon_sessions', own)).toBe(0)
})

test('a client that closes is answered, even if it then stays half-open', async () => {
  const { socket, closed } = await rawSession(user('alice'), world)
  socket.write(frame(8, Buffer.from([0x03, 0xe8])))
  await closed
  expect(await serves()).toBe(true)
})

test.each([
  ['without a mask', frame(1, 'x', { masked: false })],
  ['of an unknown kind', frame(3, 'x')],
  ['with reserved bits', Buffer.from([0xf1, 0x81, 0, 0, 0, 0, 1])],
  ['of text that is not UTF-8', frame(1, Buffer.from([0xff, 0xfe]))],
  ['that continue no message', frame(0, 'x')],
  ['of control that are fragmented', frame(9, 'x', { fin: false })],
  ['of control that are too long', frame(9, randomBytes(126))],
  ['with an invalid close code', frame(8, Buffer.from([0x03, 0xed]))],
  ['with a length beyond the limit', Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
])('frames %s end their session and nothing else', async (_, bytes) => {
  const other = await listen(world.app, user('bob'))
  const { socket, closed } = await rawSession(user('alice'), world)
  socket.write(bytes)
  await closed
  expect(other.socket.readyState).toBe(other.socket.OPEN)
  expect(await serves()).toBe(true)
})

test('the server survives any bytes', async () => {
  for (let round = 0; round < 40; round++) {
    const { socket } = await rawSession(user('alice'), world)
    const valid = frame(randomInt(16), randomBytes(randomInt(200)))
    // Random bytes, and frames of which one bit is wrong.
    if (round % 2 === 0) valid[randomInt(valid.length)]! ^= 1 << randomInt(8)
    socket.write(round % 2 === 0 ? Buffer.concat([valid, valid]) : randomBytes(randomInt(1, 3000)))
    if (round % 3 === 0) socket.destroy()
  }
  expect(await serves()).toBe(true)
})

test('a large head is answered with 431, and an incomplete head delays nobody', async () => {
  const { port } = new URL(world.app.url)
  const large = connect(Number(port), '127.0.0.1')
  large.write(`GET /connect?sessionId=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
  const [answer] = await once(large, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1.1 431 /)
  const half = Array.from({ length: 100 }, () => connect(Number(port), '127.0.0.1').on('error', () => {}))
  for (const socket of half) socket.write('GET /connect HTTP/1.1\r\nConnection: Upgr')
  expect(await serves()).toBe(true)
  for (const socket of half) socket.destroy()
})
