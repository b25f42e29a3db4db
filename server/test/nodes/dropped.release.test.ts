import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { hasNats, startNats } from '../support/nats.ts'
import { contentsOf, figure, makeChannel, startNodes, until } from './two-nodes.ts'

/** A way to NATS that drops what the server delivers of messages with that text, and nothing else. */
async function dropping(to: number, text: () => string) {
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

test.skipIf(!hasNats)(
  'a message that NATS drops is delivered before its successor, and the last one with the next comparison',
  { timeout: 60_000 },
  async () => {
    const nats = await startNats()
    const nodes = await startNodes([nats.url, await dropping(nats.port, () => 'dropped')])
    const { heard, say } = await makeChannel(nodes)
    await until(() => heard.events.length > 1)
    await say('first')
    await until(() => contentsOf(heard).length === 1)
    await say('dropped one')
    await say('second')
    await until(() => contentsOf(heard).includes('second'), 5)
    expect(contentsOf(heard)).toEqual(['first', 'dropped one', 'second'])
    expect(await figure(nodes[1]!, 'carillon_bus_gaps_total')).toBeGreaterThan(0)
    await say('dropped, the last')
    await until(() => contentsOf(heard).length === 4, 27)
    expect(contentsOf(heard).at(-1)).toBe('dropped, the last')
  },
)
