import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { keyVariables, rootKey, serveFails, serveTls, temporaryFolder } from '../support/process.ts'
import { RawConnection, raw } from '../support/raw.ts'
import { signedHeaders } from '../support/signed.ts'
import { startWorld, type World } from '../support/world.ts'
import { takesLess } from '../support/takes-less.ts'
import { caOf, healthOver } from './clients.ts'

let world: World
let tlsUrl: string
let ca: string

beforeAll(async () => {
  world = await startWorld('sqlite', { tls: 'on' })
  tlsUrl = world.app.tlsUrl!
  ca = await caOf(world.folder)
})

afterAll(async () => {
  await world.close()
})

/** A CreateAppInstance as bytes. */
async function creation(url: string, key = world.app.rootKey): Promise<string> {
  const body = JSON.stringify({ Name: 'x', ClientRequestToken: 'token' })
  const headers = await signedHeaders(url, key, { method: 'POST', path: '/app-instances', body })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST /app-instances HTTP/1.1\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n${body}`
}

test.each([
  ['nonsense\r\n\r\n', 400],
  ['GET /channels HTTP/1.1\r\nhost: x\r\nbad header: x\r\n\r\n', 400],
  ['POST /channels HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}', 400],
  [`GET /channels HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ['GET /channels HTTP/1.1\r\nhost: x\r\nexpect: nonsense\r\n\r\n', 403],
  ['GET /channels HTTP/1.1\r\n\r\n', 403],
  ['POST /app-instances HTTP/1.1\r\nhost: x\r\ncontent-type: no type\r\ncontent-length: 2\r\n\r\n{}', 403],
])('what the plain listener refuses, the TLS listener refuses likewise: %.40j', async (bytes, status) => {
  const answers = await Promise.all([raw(world.app.url, bytes), raw(tlsUrl, bytes, { ca })])
  const shown = answers.map(answer => ({ status: answer.status, type: answer.headers.get('x-amzn-errortype'), body: answer.body }))
  expect(shown[0]!.status).toBe(status)
  expect(shown[1]).toEqual(shown[0])
  for (const { headers } of answers) expect(headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/)
})

test('a client that ends its side of the connection after a request is answered, and closed then', async () => {
  const connections = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const connection = await RawConnection.open(tlsUrl, ca)
      connection.send(await creation(tlsUrl))
      connection.endSending()
      return connection
    }),
  )
  for (const connection of connections) {
    expect((await connection.answer()).status).toBe(201)
    await connection.closed()
  }
})

test('incomplete requests whose senders vanish leave nothing behind', async () => {
  const whole = await creation(tlsUrl)
  const before = (await world.identity.listAppInstances({})).AppInstances!.length
  await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const connection = await RawConnection.open(tlsUrl, ca)
      connection.send(whole.slice(0, Math.floor((whole.length * index) / 30)))
      connection.end()
    }),
  )
  expect((await world.identity.listAppInstances({})).AppInstances).toHaveLength(before)
  expect((await raw(tlsUrl, whole, { ca })).status).toBe(201)
})

test('at SIGTERM calls in progress over TLS are answered, new ones are refused, and silent connections do not delay the server', async () =>
  // The server waits for a call for up to seven seconds.
  takesLess(6000, async () => {
    const data = await temporaryFolder()
    const server = serveTls(['--data', data], { env: keyVariables })
    const url = await server.tlsUrl()
    const ca = await caOf(data)
    const silent = await RawConnection.open(url)
    const idle = await RawConnection.open(url, ca)
    const whole = await creation(url, rootKey)
    const connection = await RawConnection.open(url, ca)
    connection.send(whole.slice(0, -1))
    expect(await healthOver(url, ca)).toBe(200)
    server.kill('SIGTERM')
    while ((await healthOver(url, ca)) === 200) await setTimeout(10)
    expect((await raw(url, await creation(url, rootKey), { ca })).status).toBe(503)
    const start = Date.now()
    connection.send(whole.slice(-1))
    expect((await connection.answer()).status).toBe(201)
    expect(await server.exit()).toBe(0)
    const took = Date.now() - start
    silent.end()
    idle.end()
    return took
  }))

test('a TLS port that is taken is refused with one line that names it', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void taken.close())
  await once(taken, 'listening')
  const port = String((taken.address() as AddressInfo).port)
  const result = await serveFails(['--port', '0', '--tls-port', port, '--data', ':memory:'], { env: { CARILLON_TLS: 'on' } })
  const why = 'another process listens there. Stop it, or give another port by --tls-port.'
  expect(result).toEqual({ code: 1, stdout: '', stderr: `carillon: Cannot listen on 127.0.0.1:${port}: ${why}\n` })
})

test('a server on all addresses is shown by a name in its certificate', async () => {
  const server = serveTls(['--host', '0.0.0.0', '--data', ':memory:'])
  expect(await server.tlsUrl()).toMatch(/^https:\/\/localhost:\d+$/)
  expect(await server.url()).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/)
})
