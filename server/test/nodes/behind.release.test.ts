import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { rowsIn } from '../api/acts.ts'
import { resumableOf } from '../gateway/resumable.ts'
import { startWorld, type World } from '../support/world.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { network } from '../support/network.ts'
import { Seam } from '../support/seam.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { comparison, contentsOf, dropping, figure, makeChannel, startNodes, until } from './two-nodes.ts'

/** Ends as a lost network does: without a close. */
async function cut({ socket, closed }: Listening) {
  socket.terminate()
  await closed
}

/** Resolves once the database says of so many sessions since when their clients may have missed events; of the others it says nothing. */
const areBehind = async (world: World, count: number) =>
  until(async () => (await rowsIn(world, 'resumable_sessions where sure_at is not null')) === count)

/** Resolves once the node has written which sessions may be resumed, as far as it knows it now: a session of this user is the last one. */
async function written(node: World, userArn: string) {
  const last = await listen(node.app, userArn)
  last.socket.close(1000)
  await last.closed
  await until(async () => (await resumableOf(node, userArn)) === 0)
}

/** A way to NATS on which the client's bytes, from its first subscription on, take that long. */
async function slow(to: number, milliseconds: () => number) {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer(client => {
    if (isCut) {
      client.destroy()
      return
    }
    const upstream = connect(to, '127.0.0.1')
    let delay = 0
    client.on('data', data => {
      if (data.includes('SUB ')) delay = milliseconds()
      if (delay === 0) upstream.write(data)
      else globalThis.setTimeout(() => upstream.write(data), delay)
    })
    for (const [socket, other] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(socket)
      socket.on('error', () => other.destroy()).on('close', () => other.destroy())
    }
    upstream.on('data', data => client.write(data))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return { url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`, cut, mend: () => void (isCut = false) }
}

test.skipIf(!hasNats)('a client that has resumed does not hear a message again when its node receives it late', async () => {
  const nats = await startNats()
  const nodes = await startNodes([nats.url, await dropping(nats.port, () => 'dropped')])
  const { user, ChannelArn, ChimeBearer, say } = await makeChannel(nodes)
  await nodes[0]!.messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: user('carol'), Type: 'DEFAULT' })
  // The node stays subscribed to the channel because of her.
  const carol = await listen(nodes[1]!.app, user('carol'))
  const sessionId = crypto.randomUUID()
  const bob = await listen(nodes[1]!.app, user('bob'), { sessionId })
  await say('first')
  await until(() => contentsOf(bob).length === 1 && contentsOf(carol).length === 1)
  await cut(bob)
  await say('dropped one')
  const back = await listen(nodes[1]!.app, user('bob'), { sessionId })
  await until(() => contentsOf(back).includes('dropped one'))
  expect(contentsOf(carol)).toEqual(['first'])
  await say('second')
  await say('third')
  await until(() => contentsOf(back).includes('third') && contentsOf(carol).includes('third'))
  expect(contentsOf(carol)).toEqual(['first', 'dropped one', 'second', 'third'])
  expect(contentsOf(back).slice(contentsOf(back).indexOf('dropped one'))).toEqual(['dropped one', 'second', 'third'])
})

test.skipIf(!hasNats)('a node forgets a session whose client is not reachable and has connected to another node', async () => {
  const { url } = await startNats()
  const nodes = await startNodes([url, url])
  const { user, say } = await makeChannel(nodes)
  const sessionId = crypto.randomUUID()
  const bob = await listen(nodes[0]!.app, user('bob'), { sessionId })
  // The network takes all data and delivers none.
  bob.socket.pause()
  await say('missed')
  await areBehind(nodes[0]!, 1)
  await cut(bob)
  await until(async () => (await figure(nodes[0]!, 'carillon_sessions')) === 0)
  await written(nodes[0]!, user('carol'))
  const there = await listen(nodes[1]!.app, user('bob'), { sessionId })
  await until(() => contentsOf(there).includes('missed'))
  there.socket.close(1000)
  await there.closed
  // The other session of Bob stays.
  await until(async () => (await resumableOf(nodes[1]!, user('bob'))) === 1)
  const back = await listen(nodes[0]!.app, user('bob'), { sessionId })
  await say('after')
  await until(() => contentsOf(back).includes('after'))
  expect(contentsOf(back)).toEqual(['after'])
})

test.skipIf(!hasNats)('a client of a node that hears nothing gets on another node what it has missed', async () => {
  const [nats, seam] = [await startNats(), new Seam()]
  const between = await network(nats.port)
  const nodes = await startNodes([nats.url, `nats://127.0.0.1:${between.port}`], {}, { through: seam.through })
  // The channel is new to the node, which compares it with the database.
  const first = seam.hold(comparison)
  const { user, say } = await makeChannel(nodes)
  await first.reached
  first.release()
  const sessionId = crypto.randomUUID()
  const bob = await listen(nodes[1]!.app, user('bob'), { sessionId })
  await say('heard')
  await until(() => contentsOf(bob).includes('heard'))
  // A node that has noticed that it hears nothing would read the message from the database.
  const next = seam.hold({ ...comparison, at: 'question' })
  between.freeze()
  await say('not heard there')
  // Longer than a client is sent events again anyway.
  await setTimeout(4800)
  expect(contentsOf(bob)).toEqual(['heard'])
  await cut(bob)
  await areBehind(nodes[1]!, 1)
  next.release()
  const back = await listen(nodes[0]!.app, user('bob'), { sessionId })
  await until(() => contentsOf(back).includes('not heard there'))
  between.thaw()
})

test.skipIf(!hasNats)('an event that is published while a node subscribes again after a lost connection is heard at once', async () => {
  const nats = await startNats()
  let milliseconds = 0
  const way = await slow(nats.port, () => milliseconds)
  const nodes = await startNodes([nats.url, way.url])
  const { heard, say } = await makeChannel(nodes)
  await say('before')
  await until(() => contentsOf(heard).length === 1)
  milliseconds = 2000
  way.cut()
  await until(async () => (await figure(nodes[1]!, 'carillon_bus_connected')) === 0)
  way.mend()
  await until(async () => (await figure(nodes[1]!, 'carillon_bus_connected')) === 1)
  // The node has subscribed, and NATS has not received it yet.
  await setTimeout(300)
  await say('meanwhile')
  await until(() => contentsOf(heard).includes('meanwhile'), 10_000)
  expect(contentsOf(heard)).toEqual(['before', 'meanwhile'])
})

test.each([0, 1000])('a client that is lost again before it was sent what it missed gets it when it is back after %i ms', async pause => {
  const seam = new Seam()
  const world = await startWorld('sqlite', {}, { through: seam.through })
  onTestFinished(() => world.close())
  const { user, say } = await makeChannel([world, world])
  const sessionId = crypto.randomUUID()
  const bob = await listen(world.app, user('bob'), { sessionId })
  await cut(bob)
  await say('missed')
  // Longer than a client is sent events again anyway.
  await setTimeout(6000)
  const reading = seam.hold({ text: /from departures\s/ })
  const again = await listen(world.app, user('bob'), { sessionId })
  await reading.reached
  await cut(again)
  reading.release()
  await setTimeout(pause)
  const back = await listen(world.app, user('bob'), { sessionId })
  await until(() => contentsOf(back).includes('missed'))
  // Once the client has confirmed them, they are not sent again.
  await areBehind(world, 0)
  await cut(back)
  await setTimeout(6000)
  const last = await listen(world.app, user('bob'), { sessionId })
  await say('after')
  await until(() => contentsOf(last).includes('after'))
  expect(contentsOf(last)).toEqual(['after'])
})

test('a client whose connection the server closes before it was sent what it missed gets it on its next connection', async () => {
  const seam = new Seam()
  const world = await startWorld('sqlite', {}, { through: seam.through })
  onTestFinished(() => world.close())
  const { user, say } = await makeChannel([world, world])
  const sessionId = crypto.randomUUID()
  await cut(await listen(world.app, user('bob'), { sessionId }))
  await say('missed')
  // Longer than a client is sent events again anyway.
  await setTimeout(6000)
  const reading = seam.hold({ text: /from departures\s/ })
  const again = await listen(world.app, user('bob'), { sessionId })
  await reading.reached
  reading.fail(new Error('the database is away'))
  expect((await again.closed).code).toBe(1013)
  const back = await listen(world.app, user('bob'), { sessionId })
  await until(() => contentsOf(back).includes('missed'))
})
