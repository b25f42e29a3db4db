import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { missedChannels } from '../../src/nodes/missed-channels.ts'
import { Seam } from '../support/seam.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { isSpread, onBothDatabases, type World } from '../support/world.ts'
import { resumableOf } from './resumable.ts'

const contentsOf = ({ events }: Listening, type = 'CREATE_CHANNEL_MESSAGE') =>
  events.filter(event => event.type === type).map(({ payload }) => payload!['Content'])

async function hears(listening: Listening, content: string) {
  await expect.poll(() => contentsOf(listening)).toContain(content)
}

/** On all nodes. */
async function outcomes({ nodes }: World) {
  const sums: Record<string, number> = {}
  for (const { url } of nodes) {
    const text = await (await fetch(`${url}/metrics`)).text()
    for (const [, name, count] of text.matchAll(/^carillon_session_resumes_total\{outcome="(\w+)"\} (\d+)$/gm))
      sums[name!] = (sums[name!] ?? 0) + Number(count)
  }
  return sums
}

/** Alice has a channel with bob, who is connected. */
async function makeChannel(world: World) {
  const { messaging, app } = world
  const { arn, user } = await world.appInstance(['alice', 'bob', 'carol'])
  const ChimeBearer = user('alice')
  const newChannel = async (Name: string, members = ['alice', 'bob']) => {
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn: arn, Name, MemberArns: members.map(user), ChimeBearer })
    return ChannelArn!
  }
  const ChannelArn = await newChannel('general')
  const sessionId = crypto.randomUUID()
  const say = async (Content: string, to = ChannelArn) =>
    messaging.sendChannelMessage({ ChannelArn: to, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })
  const connect = async () => listen(app, user('bob'), { sessionId })
  return { user, ChannelArn, ChimeBearer, newChannel, say, connect, bob: await connect() }
}

/** Ends as a lost network does: without a close. */
async function cut({ socket, closed }: Listening) {
  socket.terminate()
  await closed
}

onBothDatabases('a client that reconnects with the same sessionId', world => {
  test('is sent in order what it has missed, and then hears what happens', async () => {
    const { ChannelArn, ChimeBearer, user, newChannel, say, connect, bob } = await makeChannel(world())
    const { messaging } = world()
    const { MessageId } = await say('before')
    await hears(bob, 'before')
    await cut(bob)
    for (let count = 0; count < 30; count++) await say(`missed ${count}`)
    await messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'edited', ChimeBearer })
    const other = await newChannel('other')
    await say('in the other', other)
    const left = await newChannel('left')
    await messaging.deleteChannelMembership({ ChannelArn: left, MemberArn: user('bob'), ChimeBearer })
    await say('not for bob', left)
    const back = await connect()
    await say('after')
    await hears(back, 'after')
    await hears(back, 'in the other')
    const general = contentsOf(back).filter(content => content !== 'before' && content !== 'edited' && content !== 'in the other')
    expect(general).toEqual([...Array.from({ length: 30 }, (_, count) => `missed ${count}`), 'after'])
    expect(back.events[0]!.type).toBe('SESSION_ESTABLISHED')
    expect(contentsOf(back, 'UPDATE_CHANNEL_MESSAGE')).toEqual(['edited'])
    const removals = () => back.events.filter(({ type }) => type === 'DELETE_CHANNEL_MEMBERSHIP')
    await expect.poll(removals).toHaveLength(1)
    expect(removals()[0]!.payload).toMatchObject({ ChannelArn: left, Member: { Arn: user('bob') } })
    expect(contentsOf(back)).not.toContain('not for bob')
    await expect.poll(() => outcomes(world())).toMatchObject({ resumed: 1 })
  })

  test('is sent nothing where it has closed the session itself', async () => {
    const { user, say, connect, bob } = await makeChannel(world())
    await expect.poll(() => resumableOf(world(), user('bob'))).toBe(1)
    bob.socket.close(1000)
    await bob.closed
    await expect.poll(() => resumableOf(world(), user('bob'))).toBe(0)
    await say('missed')
    const back = await connect()
    await say('after')
    await hears(back, 'after')
    expect(contentsOf(back)).toEqual(['after'])
  })

  test('is sent nothing that is for another user, or was sent before its user joined', async () => {
    const { user, ChimeBearer, newChannel, say, connect, bob } = await makeChannel(world())
    const { messaging } = world()
    const joined = await newChannel('joined', ['alice', 'carol'])
    await cut(bob)
    await say('before bob', joined)
    await setTimeout(5)
    await messaging.createChannelMembership({ ChannelArn: joined, MemberArn: user('bob'), Type: 'DEFAULT', ChimeBearer })
    await say('with bob', joined)
    await messaging.sendChannelMessage({
      ChannelArn: joined,
      Content: 'for carol',
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      Target: [{ MemberArn: user('carol') }],
      ChimeBearer,
    })
    await messaging.sendChannelMessage({
      ChannelArn: joined,
      Content: 'for bob',
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      Target: [{ MemberArn: user('bob') }],
      ChimeBearer,
    })
    const back = await connect()
    await hears(back, 'for bob')
    expect(contentsOf(back)).toEqual(['with bob', 'for bob'])
  })

  test('is sent nothing when it connects with another sessionId', async () => {
    const { user, say, bob } = await makeChannel(world())
    await cut(bob)
    await say('missed')
    const other = await listen(world().app, user('bob'))
    await say('after')
    await hears(other, 'after')
    expect(contentsOf(other)).toEqual(['after'])
  })

  test('is sent nothing more than ten minutes later: events are stored for that time only', async () => {
    const { db } = world().app
    const missedSince = async (seconds: number) => missedChannels(db, 1, { since: Date.now() - seconds * 1000, behind: 0 })
    expect([(await missedSince(590)) === undefined, (await missedSince(601)) === undefined]).toEqual([false, true])
  })

  test('that has missed more than 1,000 events of a channel is sent none of them, and is counted', async () => {
    const { say, connect, bob } = await makeChannel(world())
    await cut(bob)
    for (let count = 0; count < 1010; count += 10) {
      await Promise.all(Array.from({ length: 10 }, async (_, one) => say(`missed ${count + one}`)))
    }
    const before = (await outcomes(world()))['expired'] ?? 0
    const back = await connect()
    await say('after')
    await hears(back, 'after')
    expect(contentsOf(back)).toEqual(['after'])
    await expect.poll(() => outcomes(world())).toMatchObject({ expired: before + 1 })
  })

  test('whose old socket is still open is sent what that may not have received', async () => {
    const { say, connect, bob } = await makeChannel(world())
    // The network takes all data and delivers none.
    bob.socket.pause()
    await say('missed')
    const back = await connect()
    await hears(back, 'missed')
    expect(contentsOf(back)).toEqual(['missed'])
  })
})

const seam = new Seam()
const channelsWithEvents = {
  text: /from memberships m join channels c on c\.id = m\.channel_id\s+where m\.member_id = \$1 and c\.last_event_at >=/,
}

onBothDatabases(
  'while clients that reconnect are sent what they missed',
  world => {
    test.skipIf(isSpread)('other clients connect, however long that takes', async () => {
      const { user, say, bob } = await makeChannel(world())
      const connect = async (sessionId: string) => listen(world().app, user('bob'), { sessionId })
      const ids = Array.from({ length: 4 }, () => crypto.randomUUID())
      const sessions = await Promise.all(ids.map(connect))
      await say('before')
      for (const session of sessions) await hears(session, 'before')
      for (const session of sessions) await cut(session)
      await say('missed')
      const held = ids.map(() => seam.hold(channelsWithEvents))
      const back = await Promise.all(ids.map(connect))
      await Promise.all(held.map(({ reached }) => reached))
      await listen(world().app, user('carol'))
      expect(back.flatMap(session => contentsOf(session))).toEqual([])
      for (const hold of held) hold.release()
      for (const session of back) await hears(session, 'missed')
      await hears(bob, 'missed')
    })
  },
  {},
  { through: seam.through },
)
