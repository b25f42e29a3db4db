import { Agent, request, type IncomingMessage } from 'node:http'
import { Client } from 'pg'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { keyVariables, rootKey, serve, temporaryFolder, type Program } from '../support/process.ts'
import { freePort } from '../support/ports.ts'
import { RawConnection } from '../support/raw.ts'
import { call, signedHeaders, type Draft } from '../support/signed.ts'
import { takesLess } from '../support/takes-less.ts'
import { clientsOf, createPostgresDatabase } from '../support/world.ts'
import { halfARequest } from './half-a-request.ts'

const inMemory = (): Program => serve(['--port', '0', '--data', ':memory:'], { env: keyVariables })

test.each(['SIGTERM', 'SIGINT'] as const)(
  'at %s calls in progress are answered, new ones are refused, and the exit code is 0',
  async signal =>
    // The server waits for a call for up to seven seconds.
    takesLess(6000, async () => {
      const server = inMemory()
      const url = await server.url()
      const request = await halfARequest(url)
      server.kill(signal)
      while ((await fetch(`${url}/health`)).status === 200) await setTimeout(10)

      const health = await fetch(`${url}/health`)
      expect([health.status, await health.json()]).toEqual([503, { status: 'unavailable' }])
      expect((await fetch(`${url}/health/live`)).status).toBe(200)
      expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^carillon_serving 0$/m)
      const refused = await call(url, rootKey, { path: '/app-instances' })
      expect([refused.status, refused.headers.get('x-amzn-errortype'), refused.json()]).toEqual([
        503,
        'ServiceUnavailableException',
        { Code: 'ServiceUnavailable', Message: 'The server is starting or shutting down', Reason: 'Try again in a moment.' },
      ])
      // npm forwards a signal that the terminal has already sent to the server.
      server.kill(signal)

      const start = Date.now()
      request.finish()
      const answer = await request.connection.answer()
      expect([answer.status, JSON.parse(answer.body)]).toEqual([201, { AppInstanceArn: expect.stringContaining(':app-instance/') }])
      expect(await server.exit()).toBe(0)
      const took = Date.now() - start
      expect(server.stderr).not.toMatch(/"level":(?:50|60)/)
      return took
    }),
)

/** The longest time, in milliseconds, for which this process has not run: a busy machine may hold it up. */
function watchPauses() {
  let longest = 0
  let last = performance.now()
  const look = () => {
    const time = performance.now()
    longest = Math.max(longest, time - last)
    last = time
  }
  const timer = setInterval(look, 20)
  return () => {
    clearInterval(timer)
    look()
    return longest
  }
}

/** Sixty clients that send requests without a pause until they are refused; stops the server meanwhile. */
async function stopUnderLoad(server: Program) {
  const url = await server.url()
  let created = 0
  let rounds = 0
  const outcomes: string[] = []
  const agent = new Agent({ keepAlive: true })
  const ask = async (draft: Draft) => {
    const headers = await signedHeaders(url, rootKey, draft)
    const { method = 'GET', path, body } = draft
    return new Promise<IncomingMessage>((resolve, reject) => {
      request(`${url}${path}`, { method, headers, agent }, answer => answer.resume().once('end', () => resolve(answer)))
        .once('error', reject)
        .end(body)
    })
  }
  const client = async (number: number) => {
    let told: string | undefined
    for (let round = 0; ; round++) {
      const body = JSON.stringify({ Name: 'x', ClientRequestToken: `${number}-${round}` })
      const creating = { method: 'POST', path: '/app-instances', body }
      let answer: IncomingMessage
      try {
        answer = await ask(number % 3 === 0 ? creating : { path: '/app-instances' })
      } catch (error) {
        return `${(error as NodeJS.ErrnoException).code} after ${told}`
      }
      const { statusCode, headers } = answer
      if (statusCode === 201) created++
      rounds++
      told = headers.connection
      if (statusCode! >= 300) return `${statusCode} ${told}`
    }
  }
  const clients = Array.from({ length: 60 }, async (_, number) => {
    outcomes.push(await client(number))
  })
  await expect.poll(() => rounds).toBeGreaterThan(300)
  const longestPause = watchPauses()
  server.kill('SIGTERM')
  await Promise.all(clients)
  const pause = longestPause()
  expect(await server.exit()).toBe(0)
  agent.destroy()
  return { created, outcomes, pause }
}

test('at SIGTERM busy clients get 503: none is cut off, and no unanswered call has changed anything', async () => {
  const data = await temporaryFolder()
  const flags = ['--port', '0', '--data', data, '--limit-app-instances', '100000', '--log-level', 'fatal']
  const { created, outcomes, pause } = await stopUnderLoad(serve(flags, { env: keyVariables }))

  const again = serve(flags, { env: keyVariables })
  const { identity } = clientsOf({ url: await again.url(), rootKey })
  let found = 0
  for (let NextToken: string | undefined, isLast = false; !isLast; isLast = NextToken === undefined) {
    const page = await identity.listAppInstances({ MaxResults: 50, ...(NextToken && { NextToken }) })
    found += page.AppInstances!.length
    NextToken = page.NextToken
  }
  identity.destroy()
  again.kill('SIGTERM')
  expect(found).toBe(created)

  // A client that connects after the listener has closed knew from its last answer that the connection ends. The server
  // waits half a second for the next request of a connection: clients that the machine has held up longer were not busy.
  const late = new Set(['ECONNREFUSED after close', ...(pause < 400 ? [] : ['ECONNRESET after keep-alive', 'EPIPE after keep-alive'])])
  expect(new Set(outcomes.filter(outcome => !late.has(outcome)))).toEqual(new Set(['503 close']))
})

test('without requests the server ends at once', async () =>
  // With a request in progress it would wait for seven seconds.
  takesLess(6000, async () => {
    const server = inMemory()
    const connection = await RawConnection.open(await server.url())
    const start = Date.now()
    server.kill('SIGTERM')
    expect(await server.exit()).toBe(0)
    connection.end()
    return Date.now() - start
  }))

test('/health says 503, /health/live 200, and calls are refused until the migrations are done', async () => {
  const databaseUrl = await createPostgresDatabase()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const other = new Client({ connectionString: databaseUrl })
  await other.connect()
  onTestFinished(() => other.end())
  await other.query(`select pg_advisory_lock(hashtext('carillon schema'))`)

  const server = serve(['--port', String(port), '--database-url', databaseUrl], { env: keyVariables })
  const listening = async () => {
    for (;;) {
      try {
        return await fetch(`${url}/health`)
      } catch {
        await setTimeout(20)
      }
    }
  }
  const health = await listening()
  expect([health.status, await health.json()]).toEqual([503, { status: 'unavailable' }])
  expect((await fetch(`${url}/health/live`)).status).toBe(200)
  const refused = await call(url, rootKey, { path: '/app-instances' })
  expect([refused.status, refused.headers.get('x-amzn-errortype')]).toEqual([503, 'ServiceUnavailableException'])
  expect(server.stdout).toBe('')

  await other.query(`select pg_advisory_unlock(hashtext('carillon schema'))`)
  await server.url()
  const healthy = await fetch(`${url}/health`)
  expect([healthy.status, await healthy.json()]).toEqual([200, { status: 'ok' }])
})

test('a server that is stopped while it starts exits with 0', async () => {
  const databaseUrl = await createPostgresDatabase()
  const port = await freePort()
  const other = new Client({ connectionString: databaseUrl })
  await other.connect()
  onTestFinished(() => other.end())
  await other.query(`select pg_advisory_lock(hashtext('carillon schema'))`)
  // A server that waits for the lock is ended after more than nine seconds.
  await takesLess(8000, async () => {
    const server = serve(['--port', String(port), '--database-url', databaseUrl], { env: keyVariables })
    while (!(await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))) await setTimeout(20)
    const start = Date.now()
    server.kill('SIGTERM')
    expect(await server.exit()).toBe(0)
    return Date.now() - start
  })
})

test('/metrics is Prometheus text that counts calls by operation and status', async () => {
  const server = inMemory()
  const url = await server.url()
  expect((await call(url, rootKey, { path: '/app-instances' })).status).toBe(200)
  expect((await call(url, rootKey, { path: '/app-instances', key: { ...rootKey, secretAccessKey: 'x' } })).status).toBe(403)
  const response = await fetch(`${url}/metrics`)
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  const text = await response.text()
  const lines = text.trimEnd().split('\n')
  expect(
    lines.filter(line => !/^$|^# (?:HELP|TYPE) [a-z]\w* .+$|^[a-z]\w*(?:\{(?:\w+="[^"]*",?)+\})? (?:-?[\d.e+-]+|NaN|\+Inf)$/.test(line)),
  ).toEqual([])
  expect(lines).toContain('carillon_requests_total{operation="ListAppInstances",status="200"} 1')
  expect(lines).toContain('carillon_requests_total{operation="ListAppInstances",status="403"} 1')
  expect(lines).toContain('carillon_request_seconds_bucket{operation="ListAppInstances",le="+Inf"} 2')
  expect(lines).toContain('carillon_request_seconds_count{operation="ListAppInstances"} 2')
  expect(lines).toContain('carillon_serving 1')
})
