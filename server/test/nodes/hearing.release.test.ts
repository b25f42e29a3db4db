import { expect, test } from 'vitest'
import { hasNats, startNats } from '../support/nats.ts'
import { network } from '../support/network.ts'
import { contentsOf, figure, makeChannel, startNodes, until } from './two-nodes.ts'

test.skipIf(!hasNats)('a dead connection is noticed, and the missed events are delivered', async () => {
  const nats = await startNats()
  const between = await network(nats.port)
  const nodes = await startNodes([nats.url, `nats://127.0.0.1:${between.port}`])
  const { heard, say } = await makeChannel(nodes)
  await until(() => heard.events.length > 1)
  between.freeze()
  await say('lost on the way')
  await until(async () => (await figure(nodes[1]!, 'carillon_bus_connected')) === 0)
  await until(() => contentsOf(heard).length === 1)
  between.thaw()
  await until(async () => (await figure(nodes[1]!, 'carillon_bus_connected')) === 1)
  await say('heard')
  await until(() => contentsOf(heard).length === 2)
  expect(contentsOf(heard)).toEqual(['lost on the way', 'heard'])
})
