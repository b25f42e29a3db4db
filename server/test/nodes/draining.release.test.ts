import { expect, test } from 'vitest'
import { hasNats, startNats } from '../support/nats.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { startNodes } from './two-nodes.ts'

const users = 70
/** Amazon's limit of one user. */
const socketsOfUser = 10

const told = (listening: Listening) => listening.closed.then(({ code, reason }) => ({ code, reason, at: performance.now() }))

const span = async (closing: readonly Listening[]) => {
  const closes = await Promise.all(closing.map(told))
  expect(new Set(closes.map(({ code, reason }) => `${code} ${reason}`))).toEqual(new Set(['1012 The server restarts']))
  const times = closes.map(({ at }) => at)
  return Math.max(...times) - Math.min(...times)
}

test.skipIf(!hasNats)('a node of several that stops tells many sockets over more than a second, each with 1012', async () => {
  const nats = await startNats()
  const [many, few] = await startNodes([nats.url, nats.url])
  const names = Array.from({ length: users }, (_, index) => `user-${index}`)
  const { user } = await many!.appInstance(names)
  const sockets: Listening[] = []
  for (const name of names) {
    const opened = Array.from({ length: socketsOfUser }, async () => listen(name === 'user-0' ? few!.app : many!.app, user(name)))
    sockets.push(...(await Promise.all(opened)))
  }
  const onMany = span(sockets.slice(socketsOfUser))
  await many!.app.close()
  // 690 sockets at 500 a second.
  const took = await onMany
  expect(took).toBeGreaterThan(1000)
  expect(took).toBeLessThan(20_000)
  const onFew = sockets.slice(0, socketsOfUser)
  expect(onFew.filter(({ socket }) => socket.readyState === WebSocket.OPEN)).toHaveLength(socketsOfUser)
  const ofFew = span(onFew)
  await few!.app.close()
  expect(await ofFew).toBeLessThan(1000)
})
