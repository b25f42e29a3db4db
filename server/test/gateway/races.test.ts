import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { rootPrincipal } from '../../src/auth/principal.ts'
import type { AccessKey } from '../../src/auth/signature/signing-key.ts'
import { statement, type Value } from '../../src/database/database.ts'
import { open, say } from '../api/acts.ts'
import { Seam } from '../support/seam.ts'
import { Listening, connectRaw, listen, presignedUrl, type Asked, type Received } from '../support/sockets.ts'
import { databaseKinds, onBothDatabases, startWorld, type World } from '../support/world.ts'

const seam = new Seam()

/** The queries of a session that connects. */
const whoConnects = { text: /own_events as "ownEvents"\s+from app_instances a[^]*where a\.arn = \$1 and a\.deleted_at is null$/ }
const places = { text: /from memberships\s+where member_id = \$1 and id > \$2/ }
const messagesOfPrefetch = { text: /from private_messages p[^]*order by m\.created_at desc/ }

/** Memberships of the newest user of that id in channels that do not exist: as many as are read at once. */
const manyMemberships = statement(`
  with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < 2000)
  insert into memberships (channel_id, member_id, type, invited_by, created_at, updated_at)
  select -numbers.i, member.id, 'DEFAULT', member.id, 0, 0
  from numbers, (select max(id) as id from identities where external_id = $1) member`)

const contents = (events: readonly Received[]) => events.map(({ type, payload }) => payload?.['Content'] ?? type)

/** A socket that need not be established. */
async function connect({ app }: World, userArn: string, asked: Asked = {}): Promise<Listening> {
  const listening = new Listening(await presignedUrl(app, userArn, asked))
  onTestFinished(() => listening.socket.terminate())
  return listening
}

/** Bob moderates channels, and alice is a member or not. */
async function scene(world: World, members: readonly string[] = []) {
  const { messaging } = world
  const { user } = await world.appInstance(['alice', 'bob'])
  const [alice, bob] = [user('alice'), user('bob')]
  const make = async () => open(world, bob, members.length > 0 ? { MemberArns: members.map(user) } : {})
  const [channel, other] = [await make(), await make()]
  const send = async (ChannelArn: string, content: string) => say(world, bob, ChannelArn, content)
  const join = async (ChannelArn: string) =>
    messaging.createChannelMembership({ ChannelArn, MemberArn: alice, Type: 'DEFAULT', ChimeBearer: bob })
  const leave = async (ChannelArn: string) => messaging.deleteChannelMembership({ ChannelArn, MemberArn: alice, ChimeBearer: bob })
  return { alice, bob, channel, other, send, join, leave }
}

onBothDatabases(
  'while the memberships of a session are read',
  world => {
    test('a channel that its user leaves has no further events', async () => {
      const { alice, channel, other, send, leave } = await scene(world(), ['alice'])
      const held = seam.hold(places)
      const connecting = listen(world().app, alice)
      await held.reached
      await leave(channel)
      held.release()
      const session = await connecting
      await send(channel, 'not for alice')
      await send(other, 'end')
      expect(contents(await session.until(({ payload }) => payload?.['Content'] === 'end'))).toEqual([])
    })

    test('a channel that its user joins has events from then on', async () => {
      const { alice, channel, send, join } = await scene(world())
      const held = seam.hold(places)
      const connecting = listen(world().app, alice)
      await held.reached
      await join(channel)
      held.release()
      const session = await connecting
      await send(channel, 'for alice')
      expect(contents([await session.next()])).toEqual(['for alice'])
    })

    test('in several portions, a change between two of them counts', async () => {
      const { alice, channel, other, send, join, leave } = await scene(world())
      await world().app.db.run(manyMemberships, alice.slice(alice.lastIndexOf('/') + 1))
      await join(channel)
      await join(other)
      const held = seam.hold(places)
      const connecting = listen(world().app, alice)
      await held.reached
      const rest = seam.hold(places)
      held.release()
      await rest.reached
      await leave(channel)
      rest.release()
      const session = await connecting
      await send(channel, 'not for alice')
      await send(other, 'for alice')
      expect(contents([await session.next()])).toEqual(['for alice'])
    })

    test('a client that has given up while it waited for its turn costs no query, so that it delays no other', async () => {
      // As many as may join at once.
      const slow = ['a', 'b', 'c', 'd']
      const { arn, user } = await world().appInstance([...slow, 'gone', 'last'])
      const held = slow.map(() => seam.hold(places))
      await Promise.all(slow.map(async id => connect(world(), user(id))))
      await Promise.all(held.map(({ reached }) => reached))
      const asked: string[] = []
      const ofGone = { ...whoConnects, values: (values: readonly Value[]) => values[0] === arn && values[2] === 'gone' }
      const looking = seam.hold(ofGone)
      looking.reached.then(() => asked.push('gone')).catch(() => {})
      const gone = await connect(world(), user('gone'))
      await once(gone.socket, 'open')
      gone.socket.terminate()
      const last = await connect(world(), user('last'))
      await once(last.socket, 'open')
      // By then the server has heard that the first is gone.
      expect(await last.isAnswered()).toBe(true)
      for (const each of held) each.release()
      expect((await last.next()).type).toBe('SESSION_ESTABLISHED')
      expect(asked).toEqual([])
    })

    test('the last of several changes counts', async () => {
      const { alice, channel, other, send, join, leave } = await scene(world(), ['alice'])
      const held = seam.hold(places)
      const connecting = listen(world().app, alice)
      await held.reached
      await leave(channel)
      await join(channel)
      await leave(other)
      await join(other)
      await leave(other)
      held.release()
      const session = await connecting
      await send(other, 'not for alice')
      await send(channel, 'for alice')
      expect(contents([await session.next()])).toEqual(['for alice'])
    })

    test('a channel that is deleted and created again under its id is not heard by members of the old one', async () => {
      const { alice, bob, other, send } = await scene(world(), ['alice'])
      const again = { ChannelId: 'again' }
      const old = await open(world(), bob, { ...again, MemberArns: [alice] })
      const held = seam.hold(places)
      const connecting = listen(world().app, alice)
      await held.reached
      await world().messaging.deleteChannel({ ChannelArn: old, ChimeBearer: bob })
      expect(await open(world(), bob, again)).toBe(old)
      held.release()
      const session = await connecting
      await send(old, 'not for alice')
      await send(other, 'end')
      expect(contents([await session.next()])).toEqual(['end'])
    })

    test('a newer session of the same id replaces it, and the older one hears nothing more', async () => {
      const { alice, channel, send } = await scene(world(), ['alice'])
      const held = seam.hold(places)
      const older = await connectRaw(world().app, alice, { sessionId: 'one' })
      await held.reached
      const newer = await listen(world().app, alice, { sessionId: 'one' })
      held.release()
      await send(channel, 'for the newer')
      expect(contents([await newer.next()])).toEqual(['for the newer'])
      const frames = older.heard().subarray(older.heard().indexOf('\r\n\r\n') + 4)
      expect(frames.subarray(0, 4)).toEqual(Buffer.from([0x88, frames.length - 2, 4002 >> 8, 4002 & 255]))
      expect(frames.subarray(4).toString()).toBe('Another connection has the same sessionId')
    })

    test('when the database fails, the client is established, gets 1013, and may retry at once', async () => {
      const { alice, channel, send } = await scene(world(), ['alice'])
      const held = seam.hold(places)
      const failed = await connect(world(), alice, { sessionId: 'one' })
      await held.reached
      held.fail(new Error('not now'))
      expect(await failed.closed).toEqual({ code: 1013, reason: 'The service is temporarily unavailable' })
      expect(failed.events.map(({ type }) => type)).toEqual(['SESSION_ESTABLISHED'])
      const again = await listen(world().app, alice, { sessionId: 'one' })
      await send(channel, 'for alice')
      expect(contents([await again.next()])).toEqual(['for alice'])
    })

    test('a client that has closed is in no channel, whatever is read later', async () => {
      const { alice } = await scene(world(), ['alice'])
      const held = seam.hold(places)
      const left = await connect(world(), alice, { sessionId: 'one' })
      await held.reached
      if (left.socket.readyState !== left.socket.OPEN) await once(left.socket, 'open')
      left.socket.close()
      await left.closed
      held.release()
      expect((await listen(world().app, alice, { sessionId: 'one' })).events).toHaveLength(1)
      expect(left.events).toEqual([])
    })

    test('a user that is deleted gets 4003', async () => {
      const { alice } = await scene(world())
      const held = seam.hold(places)
      const session = await connect(world(), alice)
      await held.reached
      await world().identity.deleteAppInstanceUser({ AppInstanceUserArn: alice })
      held.release()
      expect(await session.closed).toEqual({ code: 4003, reason: 'The user has been deleted' })
      expect(session.events).toEqual([])
    })
  },
  { connectionsPerUser: '2' },
  { through: seam.through },
)

/** The query that finds a user, for this user only. */
function lookUpOf(userArn: string) {
  const [appInstanceArn, id] = userArn.split('/user/')
  return { ...whoConnects, values: (values: readonly Value[]) => values[0] === appInstanceArn && values[2] === id }
}

onBothDatabases(
  'while the connecting user is looked up',
  world => {
    test('a user that is deleted gets no session, although its deletion was published before there was one', async () => {
      const { alice } = await scene(world())
      const found = seam.hold(lookUpOf(alice))
      const session = await connect(world(), alice)
      await found.reached
      await world().identity.deleteAppInstanceUser({ AppInstanceUserArn: alice })
      found.release()
      expect(await session.closed).toEqual({ code: 4401, reason: 'Unauthorized: userArn is not the ARN of an existing user' })
      expect(session.events).toEqual([])
    })

    test('a client that has closed does not replace another one', async () => {
      const { alice, channel, send } = await scene(world(), ['alice'])
      const present = await listen(world().app, alice, { sessionId: 'one' })
      const found = seam.hold(lookUpOf(alice))
      const gone = await connectRaw(world().app, alice, { sessionId: 'one' })
      await found.reached
      gone.socket.resetAndDestroy()
      await gone.closed
      await send(channel, 'first')
      expect(contents([await present.next()])).toEqual(['first'])
      found.release()
      await send(channel, 'second')
      expect(contents([await present.next()])).toEqual(['second'])
    })

    test('concurrent sockets get no more sessions than a user may have', async () => {
      const { alice } = await scene(world())
      const looking = []
      const sessions = []
      for (let count = 0; count < 4; count++) {
        const found = seam.hold(lookUpOf(alice))
        sessions.push(await connect(world(), alice))
        await found.reached
        looking.push(found)
      }
      for (const found of looking) found.release()
      const outcomes = sessions.map(async session =>
        Promise.race([session.next().then(({ type }) => type), session.closed.then(({ code }) => code)]),
      )
      const found = (await Promise.all(outcomes)).map(String).toSorted((one, other) => one.localeCompare(other))
      expect(found).toEqual(['4003', '4003', 'SESSION_ESTABLISHED', 'SESSION_ESTABLISHED'])
    })
  },
  { connectionsPerUser: '2' },
  { through: seam.through },
)

const isMessage = ({ type }: Received) => type === 'CREATE_CHANNEL_MESSAGE'
const isDetails = ({ type }: Received) => type === 'CHANNEL_DETAILS'

/** The messages in details, the newest first. */
const messagesIn = ({ payload }: Received) => (payload!['ChannelMessages'] as { Content: string }[]).map(({ Content }) => Content)

onBothDatabases(
  'while a channel is prefetched for a session',
  world => {
    /** A session of alice's in one channel of bob's, while its messages are read for the first time. */
    async function reading() {
      const { messaging } = world()
      const { user } = await world().appInstance(['alice', 'bob', 'carol'])
      const [alice, bob, carol] = [user('alice'), user('bob'), user('carol')]
      const channel = await open(world(), bob, { MemberArns: [alice, carol] })
      const read = seam.hold(messagesOfPrefetch)
      const session = await listen(world().app, alice, { query: { 'prefetch-on': 'connect' } })
      await read.reached
      const send = async (content: string, extra = {}) => say(world(), bob, channel, content, extra)
      const membership = { ChannelArn: channel, MemberArn: alice, ChimeBearer: bob }
      const leave = async () => messaging.deleteChannelMembership(membership)
      const join = async () => messaging.createChannelMembership({ ...membership, Type: 'DEFAULT' })
      return { session, read, send, join, leave, alice, bob, carol, channel }
    }

    test('the channel is read again if it has an event, so no event is missing', async () => {
      const { session, read, send } = await reading()
      await send('meanwhile')
      read.release()
      expect(contents(await session.until(isDetails))).toEqual(['meanwhile'])
      expect(messagesIn(session.events.find(isDetails)!)).toEqual(['meanwhile'])
      await send('end')
      expect(contents([await session.next()])).toEqual(['end'])
    })

    /** Arrives at the last reading, by a message in each of those before. */
    async function lastReading() {
      const given = await reading()
      let read = given.read
      for (const content of ['first', 'second']) {
        const next = seam.hold(messagesOfPrefetch)
        await given.send(content)
        read.release()
        read = next
        await read.reached
      }
      return { ...given, read }
    }

    test('events during the last reading are sent again after it', async () => {
      const { session, read, send } = await lastReading()
      await send('third')
      read.release()
      expect(contents(await session.until(isDetails))).toEqual(['first', 'second', 'third'])
      expect(messagesIn(session.events.find(isDetails)!)).toEqual(['second', 'first'])
      expect(contents([await session.next()])).toEqual(['third'])
      expect(session.events.filter(isMessage)).toHaveLength(4)
    })

    test('events during the last reading for other users, and those of other channels, are not sent again after it', async () => {
      const { session, read, send, alice, bob, carol } = await lastReading()
      const hearing = await listen(world().app, carol)
      await send('for carol', { Target: [{ MemberArn: carol }] })
      expect(contents([await hearing.next()])).toEqual(['for carol'])
      await open(world(), bob, { MemberArns: [alice] })
      read.release()
      await session.until(isDetails)
      await send('end')
      expect(contents(await session.until(({ payload }) => payload?.['Content'] === 'end'))).toEqual([])
    })

    test('a channel that the user leaves during the last reading is not sent', async () => {
      const { session, read, send, leave, join } = await lastReading()
      await leave()
      read.release()
      await join()
      await send('end')
      const heard = await session.until(({ payload }) => payload?.['Content'] === 'end')
      expect(contents(heard)).toEqual(['first', 'second', 'DELETE_CHANNEL_MEMBERSHIP', 'CREATE_CHANNEL_MEMBERSHIP'])
    })

    test('a channel with more events than can be repeated is not sent, and its events arrive as they happen', async () => {
      const { session, read, send } = await lastReading()
      await Promise.all(Array.from({ length: 101 }, async (_, index) => send(`many ${index}`)))
      read.release()
      await send('end')
      const heard = await session.until(({ payload }) => payload?.['Content'] === 'end')
      expect(heard).toHaveLength(103)
      expect(heard.every(isMessage)).toBe(true)
    })

    test('an event for other users only does not make the channel read again', async () => {
      const { session, read, send, carol } = await reading()
      const hearing = await listen(world().app, carol)
      await send('for carol', { Target: [{ MemberArn: carol }] })
      expect(contents([await hearing.next()])).toEqual(['for carol'])
      read.release()
      expect(messagesIn(await session.next())).toEqual([])
      await send('end')
      expect(contents([await session.next()])).toEqual(['end'])
    })

    /** Alice waits for one channel, while the details of another one have been read for carol, and alice sees the same. */
    async function behindAnother() {
      const { user } = await world().appInstance(['alice', 'bob', 'carol'])
      const [alice, bob, carol] = [user('alice'), user('bob'), user('carol')]
      const other = await open(world(), bob, { MemberArns: [alice, carol] })
      await say(world(), bob, other, 'before')
      const first = await open(world(), bob, { MemberArns: [alice] })
      await say(world(), bob, first, 'newer')
      const read = seam.hold(messagesOfPrefetch)
      const query = { 'prefetch-on': 'connect' }
      const session = await listen(world().app, alice, { query })
      await read.reached
      expect(messagesIn(await (await listen(world().app, carol, { query })).next())).toEqual(['before'])
      const isOfOther = (event: Received) => isDetails(event) && (event.payload!['Channel'] as { ChannelArn: string }).ChannelArn === other
      const detailsOfOther = async () => {
        read.release()
        await session.until(isOfOther)
        return session.events.find(isOfOther)!
      }
      return { send: async (content: string, extra = {}) => say(world(), bob, other, content, extra), detailsOfOther, alice }
    }

    test('a message that the session has heard is in the details, though they were read for another session before', async () => {
      const { send, detailsOfOther } = await behindAnother()
      await send('meanwhile')
      expect(messagesIn(await detailsOfOther())).toEqual(['meanwhile', 'before'])
    })

    test('a message that only this session has heard is in its details, though another session has others', async () => {
      const { send, detailsOfOther, alice } = await behindAnother()
      await send('for alice', { Target: [{ MemberArn: alice }] })
      expect(messagesIn(await detailsOfOther())).toEqual(['for alice', 'before'])
    })

    test('when the database fails, the session gets 1013', async () => {
      const { session, read } = await reading()
      read.fail(new Error('not now'))
      expect(await session.closed).toEqual({ code: 1013, reason: 'The service is temporarily unavailable' })
    })

    test('a channel that the user leaves is not sent', async () => {
      const { session, read, join, leave, send } = await reading()
      await leave()
      read.release()
      await send('not for alice')
      await join()
      await send('end')
      const heard = await session.until(({ payload }) => payload?.['Content'] === 'end')
      expect(contents(heard)).toEqual(['DELETE_CHANNEL_MEMBERSHIP', 'CREATE_CHANNEL_MEMBERSHIP'])
    })

    test('a channel that the user leaves and joins again is sent as it is after the join', async () => {
      const { session, read, join, leave, send } = await reading()
      await leave()
      await send('between')
      await join()
      read.release()
      expect(contents(await session.until(isDetails))).toEqual(['DELETE_CHANNEL_MEMBERSHIP', 'CREATE_CHANNEL_MEMBERSHIP'])
      expect(messagesIn(session.events.find(isDetails)!)).toEqual(['between'])
    })

    test('a channel that is deleted is not sent', async () => {
      const { session, read, alice, bob, channel } = await reading()
      await world().messaging.deleteChannel({ ChannelArn: channel, ChimeBearer: bob })
      read.release()
      expect((await session.next()).type).toBe('DELETE_CHANNEL')
      await open(world(), bob, { MemberArns: [alice] })
      expect((await session.next()).type).toBe('CREATE_CHANNEL_MEMBERSHIP')
    })
  },
  {},
  { through: seam.through },
)

const keys = new Map<string, AccessKey>()

onBothDatabases(
  'a key that is disabled while a socket connects with it',
  world => {
    const key: AccessKey = { accessKeyId: 'AKIAWITHDRAWN', secretAccessKey: 'secret', principal: rootPrincipal('000000000000') }

    test.each([
      ['the user is looked up', whoConnects],
      ['the memberships are read', places],
    ])('closes it as soon as an established one: %s', async (_, moment) => {
      keys.set(key.accessKeyId, key)
      const { alice } = await scene(world())
      const held = seam.hold(moment)
      const session = await connect(world(), alice, { key })
      await held.reached
      keys.delete(key.accessKeyId)
      held.release()
      expect(await session.closed).toEqual({ code: 4401, reason: 'Unauthorized: the access key is no longer valid' })
    })
  },
  {},
  { through: seam.through, keys: id => keys.get(id) },
)

test.each(databaseKinds)(
  'a server that closes while sockets connect establishes them first, since a client that is closed before never starts, on %s',
  async kind => {
    const world = await startWorld(kind, {}, { through: seam.through })
    const { alice } = await scene(world)
    const [looking, reading] = [seam.hold(whoConnects), seam.hold(places)]
    const first = await connect(world, alice)
    await looking.reached
    const second = await connect(world, alice)
    await reading.reached
    const closing = world.close()
    for (const { closed, events } of [first, second]) {
      expect(await closed).toEqual({ code: 1012, reason: 'The server restarts' })
      expect(events.map(({ type }) => type)).toEqual(['SESSION_ESTABLISHED'])
    }
    looking.release()
    reading.release()
    await closing
  },
)
