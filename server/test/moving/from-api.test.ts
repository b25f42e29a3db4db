import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { ClientOutput, Input, OperationName } from '../../src/contract/index.ts'
import { ApiClient } from '../../src/moving/api-client.ts'
import { exportTo } from '../../src/moving/export.ts'
import { FromApi } from '../../src/moving/from-api.ts'
import { temporaryFolder } from '../support/process.ts'
import { startWorld, type World } from '../support/world.ts'
import { imported, linesOf, makeScene, readThrough } from './scene.ts'

const settings = { elasticChannelsPerAppInstance: '10' }

let from: World
let to: World
let scene: Awaited<ReturnType<typeof makeScene>>
beforeAll(async () => {
  from = await startWorld('sqlite', settings)
  to = await startWorld('sqlite', settings)
  scene = await makeScene(from)
})
afterAll(async () => {
  await Promise.all([from?.close(), to?.close()])
})

const oneEndpoint = (url: string) => ({ identity: new URL(url), messaging: new URL(url) })
const about = (bearer: string) => ({ arn: scene.arn, bearer, origin: from.app.url, now: Date.now })
const sourceAt = (url: string, bearer = scene.root) =>
  new FromApi(new ApiClient(oneEndpoint(url), 'us-east-1', from.app.rootKey, 10_000), about(bearer))

const options = { now: Date.now, rate: 1e9 }

/** What the API does not show to an admin, or does not distinguish: see docs/moving.md. */
function asTheApiTells(all: Record<string, unknown>) {
  const kept = Object.entries(all).filter(([name]) => !name.startsWith('preferences of'))
  const text = JSON.stringify(
    kept.map(([name, value]) => {
      if (name.startsWith('channels of')) {
        const pages = value as { ChannelMemberships: { ChannelSummary: { ChannelArn: string } }[] }[]
        return [
          name,
          pages
            .flatMap(page => page.ChannelMemberships)
            .toSorted((a, b) => (a.ChannelSummary.ChannelArn < b.ChannelSummary.ChannelArn ? -1 : 1)),
        ]
      }
      if (!name.startsWith('messages of')) return [name, value]
      const pages = value as { ChannelMessages: { Target?: unknown }[] }[]
      return [name, pages.flatMap(page => page.ChannelMessages).filter(message => message.Target === undefined)]
    }),
  )
  return JSON.parse(text.replaceAll('"Gone"', '"Another one"')) as unknown
}

test('an app instance is exported through the public API, as from Amazon, and imported', async () => {
  const folder = await temporaryFolder()
  const source = sourceAt(from.app.url)
  let pages = 0
  const failing = {
    name: source.name,
    begin: async () => source.begin(),
    async page(at: unknown) {
      if ([5, 20].includes(++pages)) throw new Error('interrupted')
      return source.page(at)
    },
  }
  for (let interruption = 1; interruption <= 2; interruption++)
    await expect(exportTo(folder, failing, { ...options, linesOfPart: 4 })).rejects.toThrow('interrupted')
  await exportTo(folder, failing, { ...options, linesOfPart: 4 })
  await imported(folder, to)
  expect(asTheApiTells(await readThrough(to, scene))).toEqual(asTheApiTells(await readThrough(from, scene)))
})

/** A proxy in front of the scene's server, which refuses every third call as Amazon throttles. */
async function throttled(): Promise<string> {
  let calls = 0
  const server = createServer((asked, answered) => {
    if (++calls % 3 === 0) {
      answered.writeHead(429, { 'x-amzn-errortype': 'ThrottledClientException' }).end('{}')
      return
    }
    const { port } = new URL(from.app.url)
    const passed = request({ host: '127.0.0.1', port, path: asked.url, headers: asked.headers }, answer => {
      answered.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(answered)
    })
    passed.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('calls that are throttled are repeated', async () => {
  const client = new ApiClient(oneEndpoint(await throttled()), 'us-east-1', from.app.rootKey, 10_000)
  const asked = Array.from({ length: 4 }, async () => client.get('DescribeAppInstance', { AppInstanceArn: scene.arn }))
  expect((await Promise.all(asked)).map(({ AppInstance }) => AppInstance?.AppInstanceArn)).toEqual(
    Array.from({ length: 4 }, () => scene.arn),
  )
})

test("a message whose id has not the form of Carillon's gets a new one, which is the same in every export, and the line has the old one too", async () => {
  /** A client of a service with other ids. */
  class Foreign extends ApiClient {
    override async get<Name extends OperationName>(name: Name, input: Input<Name>): Promise<ClientOutput<Name>> {
      const answer = await super.get(name, input)
      for (const message of (answer as ClientOutput<'ListChannelMessages'>).ChannelMessages ?? [])
        Object.assign(message, { MessageId: `f${message.MessageId!.slice(1)}` })
      return answer
    }
  }
  const lines = async () => {
    const folder = await temporaryFolder()
    const client = new Foreign(oneEndpoint(from.app.url), 'us-east-1', from.app.rootKey, 10_000)
    await exportTo(folder, new FromApi(client, about(scene.root)), options)
    const found = (await linesOf(folder)).filter(({ type }) => type === 'message')
    return found.map(({ id, idAtOrigin }) => [id, idAtOrigin] as [string, string])
  }
  const first = await lines()
  expect(first.length).toBeGreaterThan(4)
  expect(first.every(([id, idAtOrigin]) => /^0[0-9a-f]{63}$/.test(id) && idAtOrigin.startsWith('f'))).toBe(true)
  expect(await lines()).toEqual(first)
})

test('a bearer that is no AppInstanceAdmin is refused with the words of the service', async () => {
  const folder = await temporaryFolder()
  await expect(exportTo(folder, sourceAt(from.app.url, scene.alice), options)).rejects.toThrow(
    /^ListChannelModerators was refused \(HTTP 403\): .*an AppInstanceAdmin/,
  )
})
