import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { Responses } from '../../src/http/responses.ts'
import { Arrivals } from '../../src/http/arrivals.ts'
import { BodyMemory } from '../../src/http/request-body.ts'
import { Connections } from '../../src/http/connections.ts'
import { createServer } from '../../src/http/server.ts'
import { RecentCalls } from '../../src/auth/recent-calls.ts'
import { createLog } from '../../src/observe/log.ts'
import { Refusals } from '../../src/observe/refusals.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { senderReader } from '../../src/http/sender.ts'
import { TurnEnd } from '../../src/tools/turn-end.ts'
import { signedHeaders } from '../support/signed.ts'
import { clientsOf, startWorld } from '../support/world.ts'

async function ownWorld(settings: Record<string, string> = {}) {
  const world = await startWorld('sqlite', settings)
  onTestFinished(() => world.close())
  return world
}

test('a page that is no call is answered with strict headers, and pages of other origins may not read it', async () => {
  const { app } = await ownWorld()
  for (const path of ['/health', '/metrics', '/health/more', '/metrics?x']) {
    for (const method of ['GET', 'OPTIONS', 'POST']) {
      const answer = await fetch(`${app.url}${path}`, { method, headers: { origin: 'https://elsewhere.example' } })
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
      })
      expect([...answer.headers.keys()].filter(name => name.startsWith('access-control'))).toEqual([])
    }
  }
})

test('an unexpected fault is answered with 500, and the server continues', async () => {
  let isBroken = true
  const log = createLog('silent')
  const responses = new Responses(new TurnEnd(), log)
  const server = createServer({
    log,
    responses,
    refusals: new Refusals(log),
    shown: error => error,
    metrics: createMetrics(),
    arrivals: new Arrivals(),
    connections: new Connections(10, () => false),
    proxyProtocol: undefined,
    readSender: senderReader([], 'x-forwarded', undefined),
    audit: undefined,
    recentCalls: new RecentCalls(new Set()),
    mostCalls: 10,
    bodyMemory: new BodyMemory(1024),
    consolePages: undefined,
    hasAdmin: false,
    certificate: undefined,
    isOutage: () => false,
    isTestMode: false,
  })
  server.serve({
    dispatch: {} as never,
    checkKey: () => {},
    endpoints: new Map(),
    upgrade: () => {},
    isHealthy: async () => {
      if (isBroken) throw new Error('nobody has thought of this')
      return true
    },
  })
  onTestFinished(() => server.close())
  await once(server.plain.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.plain.address() as AddressInfo).port}/health`
  const failed = await fetch(url)
  expect([failed.status, await failed.json()]).toMatchObject([500, { Code: 'ServiceFailure' }])
  isBroken = false
  expect(await (await fetch(url)).json()).toEqual({ status: 'ok' })
})

test('calls beyond --calls-at-once get 503 and Retry-After: 1', async () => {
  const world = await startWorld('postgres', { callsAtOnce: '2' })
  onTestFinished(() => world.close())
  const { url, rootKey } = world.app
  const signed = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const body = JSON.stringify({ Name: `x${index}`, ClientRequestToken: `x${index}` })
      return { method: 'POST', headers: await signedHeaders(url, rootKey, { method: 'POST', path: '/app-instances', body }), body }
    }),
  )
  const responses = await Promise.all(signed.map(async each => fetch(`${url}/app-instances`, each)))
  const refused = responses.filter(({ status }) => status === 503)
  expect(responses.filter(({ status }) => status === 201).length + refused.length).toBe(30)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused[0]!.headers.get('retry-after')).toBe('1')
  expect(await refused[0]!.json()).toEqual({
    Code: 'ServiceUnavailable',
    Message: 'The service is temporarily unavailable',
    Reason: 'This server is answering as many calls as it may at once. Try again.',
  })
  expect((await world.identity.createAppInstance({ Name: 'later' })).AppInstanceArn).toBeDefined()
})

/** An address of this machine that is not its loopback. */
const ownAddress = Object.values(networkInterfaces())
  .flatMap(each => each ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address

/** A connection, and whether the server answers a request on it: it closes one that is not allowed. */
async function opened(host: string, port: number) {
  const socket = connect({ host, port })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  const closed = new Promise<false>(resolve => socket.once('close', () => resolve(false)))
  socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n')
  const isAnswered = await Promise.race([once(socket, 'data').then(() => true), closed])
  return { socket, isAnswered }
}

test.skipIf(ownAddress === undefined)('one address has no more connections than the setting allows; a trusted proxy may', async () => {
  for (const [trustProxy, closed] of [
    ['192.0.2.1', 2],
    [ownAddress!, 0],
  ] as const) {
    const { app } = await ownWorld({ host: '0.0.0.0', connectionsPerAddress: '3', trustProxy })
    const port = Number(new URL(app.url).port)
    const connections = []
    for (let index = 0; index < 5; index++) connections.push(await opened(ownAddress!, port))
    expect(connections.filter(({ isAnswered }) => !isAnswered)).toHaveLength(closed)
    for (const { socket } of connections) socket.destroy()
    await expect.poll(async () => (await opened(ownAddress!, port)).isAnswered).toBe(true)
    const { identity } = clientsOf({ url: `http://127.0.0.1:${port}`, rootKey: app.rootKey })
    expect((await identity.listAppInstances({})).AppInstances).toEqual([])
    identity.destroy()
  }
})
