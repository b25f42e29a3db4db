import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { Pipeline } from '../support/pipeline.ts'
import { clientsOf, createPostgresDatabase, refusal, startWorld } from '../support/world.ts'
import { keyVariables, serve } from '../support/process.ts'

async function ownWorld(settings: Record<string, string> = {}) {
  const world = await startWorld('sqlite', settings)
  onTestFinished(() => world.close())
  return world.app
}

test("with --admin-address the operator's pages are on that address, and nowhere else", async () => {
  const { url, adminUrl, rootKey } = await ownWorld({ adminAddress: '127.0.0.1:0' })
  const health = await fetch(`${adminUrl}/health`)
  expect([health.status, await health.json(), health.headers.get('cache-control')]).toEqual([200, { status: 'ok' }, 'no-store'])
  expect(await (await fetch(`${adminUrl}/metrics?x`)).text()).toMatch(/^carillon_serving 1$/m)
  expect((await fetch(`${adminUrl}/health/live`)).status).toBe(200)
  for (const path of ['/health', '/health/live', '/metrics']) {
    const nowhere = await fetch(`${url}${path}`)
    expect([nowhere.status, nowhere.headers.get('access-control-allow-origin')]).toEqual([404, null])
  }
  for (const path of ['/', '/app-instances', '/healthy', '/connect', '/__proto__'])
    expect((await fetch(`${adminUrl}${path}`)).status).toBe(404)
  expect((await fetch(`${adminUrl}/health`, { method: 'POST', body: 'x' })).status).toBe(404)
  const { identity } = clientsOf({ url: adminUrl!, rootKey })
  expect((await refusal(identity.listAppInstances({}))).status).toBe(404)
  identity.destroy()
})

test('the start prints the address of the pages, and they show a drain', async () => {
  const server = serve(['--port', '0', '--data', ':memory:', '--admin-address', '127.0.0.1:0'], { env: keyVariables })
  await server.url()
  const adminUrl = await server.printed(/^# \/health and \/metrics are on (http:\S+)$/m)
  expect((await fetch(`${adminUrl}/health`)).status).toBe(200)
  server.kill('SIGTERM')
  expect(await server.exit()).toBe(0)
  await expect(fetch(`${adminUrl}/health`)).rejects.toThrow('fetch failed')
})

test('the figures are computed once a second, however many clients request them', async () => {
  const { url } = await ownWorld()
  const texts: string[] = []
  const start = performance.now()
  for (let asked = 0; asked < 30; asked++) texts.push(await (await fetch(`${url}/metrics`)).text())
  // Each new computation has another CPU time.
  expect(new Set(texts).size).toBeLessThanOrEqual(2 + (performance.now() - start) / 1000)
  const before = texts.at(-1)
  await expect.poll(async () => (await fetch(`${url}/metrics`)).text()).not.toBe(before)
})

test("the operator's pages count among the calls that run at once", async () => {
  // The figures of the outbox take a round trip, during which the page counts as a call.
  const world = await startWorld('postgres', { callsAtOnce: '1' })
  onTestFinished(() => world.close())
  const { url } = world.app
  const pipelines = await Promise.all(Array.from({ length: 20 }, async () => Pipeline.open(url)))
  await expect
    .poll(() => {
      for (const pipeline of pipelines) pipeline.send('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n', 1)
      return new Set(pipelines.flatMap(({ statuses }) => statuses))
    })
    .toEqual(new Set(['200', '503']))
})

test('a server that answers as many calls as it may is alive', async () => {
  const databaseUrl = await createPostgresDatabase()
  const world = await startWorld('postgres', { databaseUrl, callsAtOnce: '1' })
  onTestFinished(() => world.close())
  const { url } = world.app
  const other = new Client({ connectionString: databaseUrl })
  await other.connect()
  onTestFinished(() => other.end())
  await other.query('begin; lock table app_instances in access exclusive mode')
  const waiting = world.identity.listAppInstances({})
  const isHeld = `select 1 from pg_locks where not granted and relation = 'app_instances'::regclass`
  await expect.poll(async () => (await other.query(isHeld)).rowCount).toBeGreaterThan(0)
  expect((await fetch(`${url}/metrics`)).status).toBe(503)
  expect((await fetch(`${url}/health/live`)).status).toBe(200)
  await other.query('rollback')
  await waiting
})
