import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { setTimeout } from 'node:timers/promises'
import { patience } from '../support/patience.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { createPostgresDatabase, startWorld, type World } from '../support/world.ts'

/** Nodes on one database, each with the NATS of its URL; they end with the test. */
export async function startNodes(
  natsUrls: readonly string[],
  settings: Record<string, string> = {},
  surroundings: Parameters<typeof startWorld>[2] = {},
): Promise<World[]> {
  const databaseUrl = await createPostgresDatabase()
  const nodes: World[] = []
  for (const natsUrl of natsUrls) {
    const node = await startWorld('postgres', { ...settings, databaseUrl, natsUrl }, surroundings)
    onTestFinished(() => node.close())
    nodes.push(node)
  }
  return nodes
}

/** A channel of alice's with bob, who listens on the second node. */
export async function makeChannel([a, b]: readonly World[]) {
  const { arn, user } = await a!.appInstance(['alice', 'bob', 'carol'])
  const ChimeBearer = user('alice')
  const heard = await listen(b!.app, user('bob'))
  const { ChannelArn } = await a!.messaging.createChannel({
    AppInstanceArn: arn,
    Name: 'shared',
    MemberArns: [user('alice'), user('bob')],
    ClientRequestToken: 'once',
    ChimeBearer,
  })
  const say = async (Content: string, on = a!) =>
    on.messaging.sendChannelMessage({
      ChannelArn,
      Content,
      ChimeBearer,
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      ClientRequestToken: crypto.randomUUID(),
    })
  return { arn, user, ChannelArn: ChannelArn!, ChimeBearer, heard, say }
}

/** The query by which a node compares the channels of its sessions with the database, as it does each 20 to 25 seconds. */
export const comparison = { text: /^\s*select id, sequence, last_event_at as at from channels where id in/ }

const isMessage = ({ type }: { type: string }) => type === 'CREATE_CHANNEL_MESSAGE'

export const contentsOf = ({ events }: Listening) => events.filter(isMessage).map(({ payload }) => payload!['Content'])

export async function until(condition: () => boolean | Promise<boolean>, milliseconds = patience) {
  for (const start = Date.now(); !(await condition()); await setTimeout(20)) {
    if (Date.now() - start > milliseconds) throw new Error(`It has not come true: ${String(condition)}`)
  }
}

export async function figure({ app }: World, name: string): Promise<number> {
  const text = await (await fetch(`${app.url}/metrics`)).text()
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1])
}

/** A way to NATS that drops what the server delivers of messages with that text, and nothing else. */
export async function dropping(to: number, text: () => string) {
  const server = createServer(client => {
    const upstream = connect(to, '127.0.0.1')
    let rest = Buffer.alloc(0)
    client.on('data', data => upstream.write(data)).on('error', () => upstream.destroy())
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy())
    client.on('close', () => upstream.destroy())
    upstream.on('data', data => {
      rest = Buffer.concat([rest, data])
      for (;;) {
        const end = rest.indexOf('\r\n')
        if (end < 0) return
        const line = rest.toString('latin1', 0, end)
        const size = /^MSG .* (\d+)$/.exec(line)?.[1]
        const length = end + 2 + (size === undefined ? 0 : Number(size) + 2)
        if (rest.length < length) return
        const whole = rest.subarray(0, length)
        rest = rest.subarray(length)
        if (size === undefined || !whole.includes(text())) client.write(whole)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `nats://127.0.0.1:${(server.address() as AddressInfo).port}`
}
