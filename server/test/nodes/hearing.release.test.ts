import { expect, test } from 'vitest'
import { hasNats, startNats } from '../support/nats.ts'
import { network } from '../support/network.ts'
import { freePort } from '../support/ports.ts'
import { takesLess } from '../support/takes-less.ts'
import { contentsOf, figure, makeChannel, startNodes, until } from './two-nodes.ts'

test.skipIf(!hasNats)('a dead connection is noticed within ten seconds, and the missed events are delivered', async () => {
  const nats = await startNats()
  const between = await network(nats.port)
  const nodes = await startNodes([nats.url, `nats://127.0.0.1:${between.port}`])
  const { heard, say } = await makeChannel(nodes)
  await until(() => heard.events.length > 1)
  const isConnected = async () => (await figure(nodes[1]!, 'carillon_bus_connected')) === 1
  const contents: string[] = []
  await takesLess(10_000, async () => {
    between.thaw()
    await until(isConnected)
    const start = performance.now()
    between.freeze()
    contents.push(`lost on the way ${contents.length}`)
    await say(contents.at(-1)!)
    await until(async () => !(await isConnected()))
    return performance.now() - start
  })
  await until(() => contentsOf(heard).length === contents.length)
  between.thaw()
  await until(isConnected)
  contents.push('heard')
  await say('heard')
  await until(() => contentsOf(heard).length === contents.length)
  expect(contentsOf(heard)).toEqual(contents)
})

test.skipIf(!hasNats)('nodes go on over another server of a NATS cluster when theirs ends', async () => {
  const routes = [await freePort(), await freePort()].map(port => `nats://127.0.0.1:${port}`)
  const cluster = (own: string) => ['--cluster_name', 'all', '--cluster', own, '--routes', routes.join(',')]
  const servers = [await startNats(cluster(routes[0]!)), await startNats(cluster(routes[1]!))]
  const natsUrl = servers.map(({ url }) => url).join(',')
  const nodes = await startNodes([natsUrl, natsUrl])
  const { ChannelArn, ChimeBearer, heard } = await makeChannel(nodes)
  /** Only NATS carries such a message. */
  const say = async (Content: string) =>
    nodes[0]!.messaging.sendChannelMessage({ ChannelArn, Content, ChimeBearer, Type: 'STANDARD', Persistence: 'NON_PERSISTENT' })
  const areConnected = async () => (await Promise.all(nodes.map(node => figure(node, 'carillon_bus_connected')))).every(each => each === 1)
  for (const [number, server] of servers.entries()) {
    await server.stop()
    await expect
      .poll(async () => {
        await say(`without ${number}`)
        return (await areConnected()) && contentsOf(heard).includes(`without ${number}`)
      })
      .toBe(true)
    await server.start()
  }
})
