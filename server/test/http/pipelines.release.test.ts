import { expect, onTestFinished, test } from 'vitest'
import type { App } from '../../src/app.ts'
import { keyVariables, rootKey, serve } from '../support/process.ts'
import { Pipeline } from '../support/pipeline.ts'
import { RawConnection } from '../support/raw.ts'
import { signedHeaders } from '../support/signed.ts'
import { clientsOf, startWorld } from '../support/world.ts'

const server = async (env: Record<string, string> = {}) => {
  const program = serve(['--port', '0', '--data', ':memory:', '--log-level', 'fatal'], { env: { ...keyVariables, ...env } })
  return program.url()
}

async function signed(url: string, path: string) {
  const headers = await signedHeaders(url, rootKey, { path })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

async function creating({ url, rootKey }: Pick<App, 'url' | 'rootKey'>, Name: string) {
  const body = JSON.stringify({ Name, ClientRequestToken: Name, Metadata: 'x'.repeat(900) })
  const headers = await signedHeaders(url, rootKey, { method: 'POST', path: '/app-instances', body })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST /app-instances HTTP/1.1\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n${body}`
}

async function ownWorld() {
  const world = await startWorld('sqlite')
  onTestFinished(() => world.close())
  return world
}

const bare = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`

test('a connection that has sent twenty thousand requests at once delays nobody else', async () => {
  const url = await server()
  for (const request of [bare('/metrics'), bare('/health'), bare('/app-instances'), await signed(url, '/app-instances')]) {
    const count = 20_000
    const [busy, other] = [await Pipeline.open(url), await RawConnection.open(url)]
    const one = await signed(url, '/app-instances')
    busy.send(request, count)
    await expect.poll(() => busy.answered, { interval: 1 }).toBeGreaterThan(0)
    // While another client sends 20 requests, one after the other, the pipeline gets the turns that this takes, and not all. A busy machine
    // holds this client up now and then, and the pipeline goes on meanwhile; so the median counts.
    const meanwhile: number[] = []
    for (let asked = 0; asked < 20; asked++) {
      const before = busy.answered
      other.send(one)
      expect((await other.answer()).status).toBe(200)
      meanwhile.push(busy.answered - before)
    }
    expect(meanwhile.toSorted((a, b) => a - b)[10]!).toBeLessThan(count / 40)
    busy.end()
    other.end()
  }
  const whole = await Pipeline.open(url)
  whole.send(bare('/health'), 3000)
  await expect.poll(() => whole.answered).toBe(3000)
  expect(whole.statuses).toEqual(['200'])
})

test('ten connections that send ten thousand requests each do not affect a server with a small heap', async () => {
  const url = await server({ NODE_OPTIONS: '--max-old-space-size=64' })
  const connections = await Promise.all(Array.from({ length: 10 }, async () => Pipeline.open(url)))
  for (const connection of connections) connection.send(bare('/metrics'), 10_000)
  // Some connections are cut off, and all others are answered.
  await expect.poll(() => connections.every(({ answered, isOver }) => isOver || answered > 500)).toBe(true)
  const { identity } = clientsOf({ url, rootKey })
  expect((await identity.listAppInstances({})).AppInstances).toEqual([])
  identity.destroy()
})

test('requests that wait behind an answer that ends its connection are dropped', async () => {
  const { app, identity } = await ownWorld()
  const { url } = app
  const connection = await RawConnection.open(url)
  connection.send(`POST /app-instances HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${await creating(app, 'never')}`)
  const answer = await connection.answer()
  expect([answer.status, answer.headers.get('connection')]).toEqual([403, 'close'])
  await connection.closed()
  expect((await identity.listAppInstances({})).AppInstances).toEqual([])
})

test('answers of one connection come in the order of its requests, bodies included', async () => {
  const { app, identity } = await ownWorld()
  const { url } = app
  const connection = await RawConnection.open(url)
  const names = Array.from({ length: 30 }, (_, index) => `number-${index}`)
  connection.send((await Promise.all(names.map(async name => creating(app, name)))).join(''))
  for (const name of names) {
    const answer = await connection.answer()
    expect([answer.status, answer.body]).toEqual([201, expect.anything()])
    const { AppInstanceArn } = JSON.parse(answer.body) as { AppInstanceArn: string }
    expect((await identity.describeAppInstance({ AppInstanceArn })).AppInstance?.Name).toBe(name)
  }
})
