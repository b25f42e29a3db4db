import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { hasBrowser, newPage } from '../support/browser.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { network } from '../support/network.ts'
import { freePort } from '../support/ports.ts'
import { keyVariables, Program, rootKey, run, serve, temporaryFolder } from '../support/process.ts'
import { block, certificatesFor, flagsOf, haproxy } from '../support/proxies.ts'
import { servePage, type WebPage } from '../support/web-page.ts'
import { clientsOf, createPostgresDatabase, masterKey } from '../support/world.ts'
import type { AskedSession, start } from './stock-session.ts'

const program = fileURLToPath(new URL('session-client.ts', import.meta.url))
const page = fileURLToPath(new URL('page', import.meta.url))

/** A server that a test ends and starts again at the same address. */
interface Node {
  readonly url: string
  readonly end: (signal: NodeJS.Signals) => Promise<void>
  /** Resolves to the milliseconds that the start took, which depend on the machine. */
  readonly begin: () => Promise<number>
  /** Those of the first start. */
  readonly took: number
}

async function startNode(args: readonly string[]): Promise<Node> {
  const [port, data] = [await freePort(), await temporaryFolder()]
  let server: Program
  const begin = async () => {
    const start = Date.now()
    const env = { ...keyVariables, CARILLON_MASTER_KEY: masterKey }
    server = serve(['--port', String(port), '--data', data, ...args], { env })
    await server.url()
    return Date.now() - start
  }
  const took = await begin()
  const end = async (signal: NodeJS.Signals) => {
    server.kill(signal)
    await server.exit()
  }
  return { url: `http://127.0.0.1:${port}`, begin, end, took }
}

/** Servers behind HAProxy as docs/behind-a-proxy.md configures it, and the network between HAProxy and the clients. */
async function startBehindHaproxy(count: number, more: readonly string[]) {
  const folder = await temporaryFolder()
  const [port, proxyPort] = [await freePort(), await freePort()]
  const flags = flagsOf('HAProxy').map(flag => flag.replace('chat.example.com', `localhost:${port}`))
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode([...flags, ...more])))
  const places = await certificatesFor(folder)
  const whole = places(block('HAProxy', 'haproxy'))
  const configuration = (count === 1 ? whole : whole.replace(/^backend [^]*/m, block('Several nodes', 'haproxy')))
    .replace('bind :443', `bind 127.0.0.1:${proxyPort}`)
    .replaceAll(/127\.0\.0\.1:808(\d)/g, (_, number: string) => new URL(nodes[Number(number)]!.url).host)
  await writeFile(join(folder, 'haproxy.conf'), configuration)
  const proxy = new Program(haproxy, ['-f', join(folder, 'haproxy.conf'), '-db'])
  const [ca, url, between] = [join(folder, 'ca.pem'), `https://localhost:${port}`, await network(proxyPort, port)]
  while ((await run('curl', ['--silent', '--fail', '--cacert', ca, `${url}/health`])).code !== 0) {
    if (proxy.child.exitCode !== null) throw new Error(`HAProxy has ended: ${proxy.stderr}`)
    await setTimeout(50)
  }
  /** Resolves once that is what HAProxy has said last of that node. */
  const isMarked = async (node: number, state: 'DOWN' | 'UP') => {
    const told = new RegExp(`Server carillon/${['one', 'two'][node]} is (UP|DOWN)`, 'g')
    await expect.poll(() => [...proxy.stderr.matchAll(told)].at(-1)?.[1]).toBe(state)
  }
  return { ca, nodes, url, between, isMarked }
}

/** Alice, who sends and edits without an end. A call that fails is repeated, at another node, until it is acknowledged. */
async function startTalk(nodes: readonly Node[]) {
  const clients = nodes.map(({ url }) => clientsOf({ url, rootKey }))
  const { identity, messaging } = clients[0]!
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'resume' })
  const user = (id: string) => `${AppInstanceArn}/user/${id}`
  for (const id of ['alice', 'node', 'page']) await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: id, Name: id })
  const ChimeBearer = user('alice')
  const channels: string[] = []
  for (const Name of ['one', 'two']) {
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name, MemberArns: ['node', 'page'].map(user), ChimeBearer })
    channels.push(ChannelArn!)
  }
  const ending = new AbortController()
  let isOver = false
  onTestFinished(() => {
    isOver = true
    ending.abort()
  })
  const untilDone = async <Result>(ask: (on: typeof messaging) => Promise<Result>): Promise<Result> => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await ask(clients[attempt % clients.length]!.messaging)
      } catch (error) {
        if (attempt > 600 || isOver) throw error
        await setTimeout(100)
      }
    }
  }
  /** By channel, in the order of the acknowledgements. */
  const sent = new Map(channels.map((channel): [string, string[]] => [channel, []]))
  let talking: Promise<void> | undefined
  const talk = async () => {
    for (let number = 0; !ending.signal.aborted; number++) {
      const ChannelArn = channels[number % 2]!
      const ClientRequestToken = crypto.randomUUID()
      const message = { ChannelArn, ChimeBearer, Type: 'STANDARD', Persistence: 'PERSISTENT', ClientRequestToken } as const
      const { MessageId } = await untilDone(on => on.sendChannelMessage({ ...message, Content: `${number}` }))
      sent.get(ChannelArn)!.push(MessageId!)
      if (number % 5 === 0)
        await untilDone(on => on.updateChannelMessage({ ChannelArn, ChimeBearer, MessageId, Content: `${number}, edited` }))
      await setTimeout(30)
    }
  }
  /** Returns the messages that were sent, and what they contain at the end. */
  const end = async () => {
    ending.abort()
    await talking
    const contents = new Map<string, string>()
    for (const ChannelArn of channels) {
      for (let NextToken: string | undefined, isFirst = true; isFirst || NextToken; isFirst = false) {
        const listed = await untilDone(on => on.listChannelMessages({ ChannelArn, ChimeBearer, MaxResults: 50, NextToken }))
        for (const { MessageId, Content } of listed.ChannelMessages!) contents.set(MessageId!, Content!)
        NextToken = listed.NextToken
      }
    }
    for (const { identity, messaging } of clients) [identity, messaging].forEach(client => client.destroy())
    return { sent, contents }
  }
  const begin = () => {
    talking = talk()
    // Not reported as an error of another test if this one has failed.
    talking.catch(() => {})
  }
  return { user, begin, end, count: () => [...sent.values()].flat().length }
}

/** What an application that stores all messages has after these lines: ids in the order of their first event, and contents. */
function known(lines: readonly string[]) {
  const order = new Map<string, string[]>()
  const contents = new Map<string, string>()
  let again = 0
  for (const line of lines) {
    const [, type, json] = /^\S+ (CREATE|UPDATE)_CHANNEL_MESSAGE (.*)$/.exec(line) ?? []
    if (!type || !json) continue
    const { ChannelArn, MessageId, Content } = JSON.parse(json) as { ChannelArn: string; MessageId: string; Content: string }
    const ids = order.get(ChannelArn) ?? []
    if (type === 'CREATE' && contents.has(MessageId)) again++
    else if (type === 'CREATE') order.set(ChannelArn, [...ids, MessageId])
    contents.set(MessageId, Content)
  }
  return { order, contents, again }
}

interface Application {
  readonly lines: () => Promise<readonly string[]>
}

const inNode = (ca: string, asked: AskedSession): Application => {
  const running = new Program(process.execPath, [program, JSON.stringify([asked])], { env: { NODE_EXTRA_CA_CERTS: ca } })
  return { lines: async () => running.stdout.split('\n') }
}

const times = async ({ lines }: Application, what: RegExp) => (await lines()).filter(line => what.test(line)).length

describe.skipIf(!existsSync(haproxy) || !hasBrowser)('applications with amazon-chime-sdk-js behind HAProxy', () => {
  let web: WebPage
  beforeAll(async () => {
    // In Node the client looks for the browser's global object under its name.
    web = await servePage(page, { global: 'globalThis' })
  })
  afterAll(() => web?.close())

  const inChromium = async (ca: string, asked: AskedSession): Promise<Application> => {
    const opened = await newPage(ca)
    await opened.goto(web.url)
    await opened.evaluate(
      given => (globalThis as unknown as { begin: (given: AskedSession) => ReturnType<typeof start> }).begin(given),
      asked,
    )
    return { lines: () => opened.evaluate(() => (globalThis as unknown as { lines: string[] }).lines) }
  }

  /** One application in Node and one in Chromium, which hear Alice's messages during a fault, and for a while before and after it. */
  async function through(
    { nodes, url, ca }: Awaited<ReturnType<typeof startBehindHaproxy>>,
    happens: (applications: Readonly<Record<'node' | 'page', Application>>) => Promise<void>,
    more: Partial<AskedSession> = {},
  ) {
    const talk = await startTalk(nodes)
    const asked = (name: string) => ({ name, endpoint: url, userArn: talk.user(name), credentials: rootKey, ...more })
    const applications = { node: inNode(ca, asked('node')), page: await inChromium(ca, asked('page')) }
    const all = Object.values(applications)
    for (const each of all) await expect.poll(() => times(each, / started/)).toBe(1)
    talk.begin()
    for (const each of all) await expect.poll(() => times(each, / CREATE_CHANNEL_MESSAGE/)).toBeGreaterThan(20)
    const early = talk.count()
    await happens(applications)
    const before = talk.count()
    // More than are repeated, which may be all from before the fault if that came soon.
    await expect.poll(talk.count).toBeGreaterThan(Math.max(before, 2 * early) + 20)
    const { sent, contents } = await talk.end()
    for (const each of all) {
      const difference = async () => {
        const { order, contents: seen } = known(await each.lines())
        return [...sent].map(([channel, ids]) => {
          const got = order.get(channel) ?? []
          const lost = ids.filter(id => !got.includes(id)).length
          return {
            lost,
            isInOrder: got.every((id, index) => id === ids[index]),
            stale: ids.filter(id => seen.get(id) !== contents.get(id)).length,
          }
        })
      }
      const none = { lost: 0, isInOrder: true, stale: 0 }
      await expect.poll(difference).toEqual([none, none])
      // Only the last seconds of the many messages that were sent.
      expect(known(await each.lines()).again).toBeLessThan(talk.count() / 2)
    }
  }

  test.skipIf(!hasNats)('see what was sent although their node is killed', async () => {
    const nats = await startNats()
    const place = await startBehindHaproxy(2, ['--database-url', await createPostgresDatabase(), '--nats-url', nats.url])
    await through(place, async ({ node: first, page: second }) => {
      for (const [index, node] of place.nodes.entries()) {
        await node.end('SIGKILL')
        await place.isMarked(index, 'DOWN')
        await setTimeout(5000)
        await node.begin()
        // The clients of the other one need it next.
        await place.isMarked(index, 'UP')
        await setTimeout(6000)
      }
      for (const each of [first, second]) {
        await expect.poll(() => times(each, / started/)).toBeGreaterThan(1)
        expect(await times(each, / stopped/)).toBe(0)
      }
    })
  })

  test('see what was sent although the one server is restarted, and accepts again within eight seconds', async () => {
    const place = await startBehindHaproxy(1, [])
    await through(place, async applications => {
      const [node] = place.nodes
      const start = Date.now()
      await node!.end('SIGTERM')
      // It may take as long again as the first one, and half as long on top where the machine has become busier.
      await setTimeout(Math.max(1, 7000 - 1.5 * node!.took - (Date.now() - start)))
      await node!.begin()
      for (const each of Object.values(applications)) await expect.poll(() => times(each, / started/)).toBe(2)
    })
  })

  test('see what was sent although there is no network for eight seconds', async () => {
    const place = await startBehindHaproxy(1, [])
    await through(place, async applications => {
      place.between.cut()
      await setTimeout(8000)
      place.between.mend()
      for (const each of Object.values(applications)) {
        await expect.poll(() => times(each, / started/)).toBe(2)
        expect(await times(each, / stopped/)).toBe(0)
      }
    })
  })

  test('see what was sent although there is no network for thirty seconds, if they call start() again', async () => {
    const place = await startBehindHaproxy(1, [])
    await through(
      place,
      async applications => {
        place.between.cut()
        await setTimeout(30_000)
        place.between.mend()
        for (const each of Object.values(applications)) {
          await expect.poll(() => times(each, / stopped/)).toBe(1)
          await expect.poll(() => times(each, / started/)).toBe(2)
        }
      },
      { startAgainAfter: 20_000 },
    )
  })
})
