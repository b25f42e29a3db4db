import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { beforeAll, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { rootPrincipal } from '../../src/auth/principal.ts'
import { sessionEstablished } from '../../src/gateway/frame.ts'
import { Hub } from '../../src/gateway/hub.ts'
import { Session } from '../../src/gateway/session.ts'

let server: WebSocketServer
beforeAll(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  return () => server.close()
})

/** A session of user 1 on a real socket. */
async function connected() {
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const [[ws, { socket }]] = await Promise.all([once(server, 'connection'), once(client, 'open')])
  const key = { accessKeyId: 'AKIA', secretAccessKey: 'secret', principal: rootPrincipal('000000000000') }
  const session = new Session(ws, socket, {
    appInstanceId: 1,
    key,
    claim: { userId: 1, id: 'one', connectedAt: Date.now(), sourceAddress: '127.0.0.1' },
    nextPing: Infinity,
  })
  return { session, client }
}

const place = { channelId: 7, subChannelId: 0 }

test('a session that has ended joins no channel by memberships that are read later, and leaves nothing behind', async () => {
  const hub = new Hub({ soon() {}, add() {} }, () => expect.unreachable())
  const { session, client } = await connected()
  hub.enter(session)
  session.close(4002, 'over', Date.now())
  hub.leave(session)
  hub.join(session, [place])
  expect(hub.topicOf(place)).toBeUndefined()
  expect(session.topics).toEqual([])
  expect(hub.allSessions()).toEqual([])
  client.terminate()
})

test('a session whose client is gone joins no channel by memberships that are read later either', async () => {
  const hub = new Hub({ soon() {}, add() {} }, () => expect.unreachable())
  const { session, client } = await connected()
  hub.enter(session)
  client.terminate()
  await expect.poll(() => session.isOpen).toBe(false)
  hub.leave(session)
  hub.join(session, [place])
  expect(hub.topicOf(place)).toBeUndefined()
})

test('channels that the user leaves are remembered while its session joins, and no longer', async () => {
  const hub = new Hub({ soon() {}, add() {} }, () => expect.unreachable())
  const { session, client } = await connected()
  hub.enter(session)
  const leaves = (channelId: number) =>
    hub.deliver({
      type: 'DELETE_CHANNEL_MEMBERSHIP',
      sequence: 1,
      channelId,
      subChannelId: 0,
      moves: [{ memberId: 1, from: 0 }],
      payload: {},
    })
  leaves(7)
  expect(session.leftWhileJoining?.size).toBe(1)
  session.establish(sessionEstablished)
  leaves(8)
  expect(session.leftWhileJoining).toBeUndefined()
  client.terminate()
})

test('the last member who leaves removes the channel from the hub', async () => {
  const hub = new Hub({ soon() {}, add() {} }, () => expect.unreachable())
  const [first, second] = [await connected(), await connected()]
  for (const { session } of [first, second]) {
    hub.enter(session)
    hub.join(session, [place, { channelId: 8, subChannelId: 3 }])
  }
  hub.leave(first.session)
  expect(hub.topicOf(place)?.sessions).toEqual([second.session])
  hub.leave(second.session)
  expect(hub.topicOf(place)).toBeUndefined()
  expect(hub.topicOf({ channelId: 8, subChannelId: 3 })).toBeUndefined()
  for (const { client } of [first, second]) client.terminate()
})

test('events of a channel are remembered while it is read for a session, and no longer', async () => {
  const hub = new Hub({ soon() {}, add() {} }, () => expect.unreachable())
  const { session, client } = await connected()
  hub.enter(session)
  hub.join(session, [place])
  const reading = hub.beginReading(session, hub.topicOf(place)!)
  const happens = () => hub.deliver({ type: 'UPDATE_CHANNEL', channelId: 7, sequence: 1, subChannelId: undefined, payload: {} })
  happens()
  hub.deliver({ type: 'UPDATE_CHANNEL', channelId: 8, sequence: 1, subChannelId: undefined, payload: {} })
  expect(reading.heard).toHaveLength(1)
  hub.endReading(reading)
  happens()
  expect(reading.heard).toHaveLength(1)
  client.terminate()
})

test('a client may send a hundred frames a second, and a hundred more in the next', async () => {
  const { session, client } = await connected()
  for (let second = 0; second < 3; second++) {
    for (let count = 0; count < 100; count++) expect(session.received()).toBe(true)
    expect(session.received()).toBe(false)
    session.tick(second * 1000, 60_000)
  }
  client.terminate()
})
