import { expect, onTestFinished, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { open, say } from '../api/acts.ts'
import { processor, startLambda, until } from '../support/processor.ts'
import { listen, type Asked, type Received } from '../support/sockets.ts'
import { onBothDatabases, startWorld } from '../support/world.ts'

const minute = 60_000

/** The channels of CHANNEL_DETAILS, as they were sent. */
const told = (events: readonly Received[]) =>
  events.map(({ payload }) => (payload as { Channel: { ChannelArn: string } }).Channel.ChannelArn)

onBothDatabases('prefetching', world => {
  /** Alice with bob in so many channels; each is a minute younger than the one before. */
  async function scene(channels: number) {
    const { messaging } = world()
    const { arn, user } = await world().appInstance(['alice', 'bob', 'carol'])
    const made: string[] = []
    for (let number = 0; number < channels; number++) {
      const { ChannelArn } = await messaging.createChannel({
        AppInstanceArn: arn,
        Name: `channel ${number}`,
        MemberArns: [user('bob')],
        ClientRequestToken: crypto.randomUUID(),
        ChimeBearer: user('alice'),
      })
      made.push(ChannelArn!)
    }
    const send = async (channel: string, content: string, given: { from?: string; to?: string } = {}) => {
      const { MessageId } = await messaging.sendChannelMessage({
        ChannelArn: channel,
        Content: content,
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
        ClientRequestToken: crypto.randomUUID(),
        ChimeBearer: user(given.from ?? 'bob'),
        ...(given.to ? { Target: [{ MemberArn: user(given.to) }] } : {}),
      })
      return MessageId!
    }
    const read = (channel: string) => messaging.updateChannelReadMarker({ ChannelArn: channel, ChimeBearer: user('alice') })
    return { arn, user, channels: made, send, read }
  }

  /** The first events of a session of that user, when so many channels are to be sent. */
  async function prefetched(userArn: string, count: number, query: Asked['query'] = {}): Promise<Received[]> {
    const session = await listen(world().app, userArn, { query: { 'prefetch-on': 'connect', ...query } })
    const events = []
    while (events.length < count) events.push(await session.next())
    return events
  }

  test('a channel is sent with its summary, its newest messages first, its members and the read marker', async () => {
    const { user, channels, send, read } = await scene(1)
    const first = await send(channels[0]!, 'first')
    await read(channels[0]!)
    world().advance(minute)
    const second = await send(channels[0]!, 'second', { from: 'alice' })
    const [details] = await prefetched(user('alice'), 1)
    const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const message = (MessageId: string, Content: string, from: string) => ({
      MessageId,
      Content,
      Type: 'STANDARD',
      CreatedTimestamp: iso,
      LastUpdatedTimestamp: iso,
      Sender: { Arn: user(from), Name: from },
      Redacted: false,
      Status: { Value: 'SENT' },
    })
    expect(details).toEqual({
      type: 'CHANNEL_DETAILS',
      headers: { 'x-amz-chime-event-type': 'CHANNEL_DETAILS', 'x-amz-chime-message-type': 'SYSTEM' },
      payload: {
        Channel: {
          Name: 'channel 0',
          ChannelArn: channels[0],
          Mode: 'UNRESTRICTED',
          Privacy: 'PUBLIC',
          LastMessageTimestamp: iso,
        },
        ChannelMessages: [message(second, 'second', 'alice'), message(first, 'first', 'bob')],
        ChannelMessagesHasMore: false,
        ChannelMemberships: [{ Member: { Arn: user('alice'), Name: 'alice' } }, { Member: { Arn: user('bob'), Name: 'bob' } }],
        ReadMarkerTimestamp: iso,
      },
    })
    const { Channel, ChannelMessages } = details!.payload as unknown as {
      Channel: { LastMessageTimestamp: string }
      ChannelMessages: { CreatedTimestamp: string }[]
    }
    expect(Channel.LastMessageTimestamp).toBe(ChannelMessages[0]!.CreatedTimestamp)
  })

  test('at most twenty messages and thirty members are sent, and whether there are more messages', async () => {
    const { messaging, identity } = world()
    const { arn, user, channels, send } = await scene(1)
    const many = Array.from({ length: 40 }, (_, number) => `member-${number}`)
    for (const id of many) await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: id, Name: id })
    await messaging.batchCreateChannelMembership({ ChannelArn: channels[0]!, MemberArns: many.map(user), ChimeBearer: user('alice') })
    const sent = []
    for (let number = 0; number < 21; number++) sent.push(await send(channels[0]!, `message ${number}`))
    const [details] = await prefetched(user('alice'), 1)
    const { ChannelMessages, ChannelMessagesHasMore, ChannelMemberships } = details!.payload as Record<string, { MessageId: string }[]>
    expect(ChannelMessages!.map(({ MessageId }) => MessageId)).toEqual(sent.toReversed().slice(0, 20))
    expect(ChannelMessagesHasMore).toBe(true)
    expect(ChannelMemberships).toHaveLength(30)
  })

  test('messages between other members are left out, and redacted ones are empty', async () => {
    const { messaging } = world()
    const { user, channels, send } = await scene(1)
    const [channel] = channels
    const redacted = await send(channel!, 'redacted')
    const moderated = await send(channel!, 'redacted by a moderator')
    await messaging.createChannelMembership({
      ChannelArn: channel!,
      MemberArn: user('carol'),
      Type: 'DEFAULT',
      ChimeBearer: user('alice'),
    })
    await send(channel!, 'for carol only', { to: 'carol' })
    const own = await send(channel!, 'for alice only', { to: 'alice' })
    await messaging.redactChannelMessage({ ChannelArn: channel!, MessageId: redacted, ChimeBearer: user('bob') })
    await messaging.redactChannelMessage({ ChannelArn: channel!, MessageId: moderated, ChimeBearer: user('alice') })
    const [details] = await prefetched(user('alice'), 1)
    const messages = details!.payload!['ChannelMessages'] as { MessageId: string; Content: string; Redacted: boolean }[]
    expect(messages.map(({ MessageId, Content, Redacted }) => [MessageId, Content, Redacted])).toEqual([
      [own, 'for alice only', false],
      [moderated, '', true],
      [redacted, '', true],
    ])
  })

  test('messages that retention hides are left out', async () => {
    const { arn, user, channels, send } = await scene(1)
    await world().identity.putAppInstanceRetentionSettings({
      AppInstanceArn: arn,
      AppInstanceRetentionSettings: { ChannelRetentionSettings: { RetentionDays: 1 } },
    })
    await send(channels[0]!, 'old')
    world().advance(25 * 60 * minute)
    const kept = await send(channels[0]!, 'new')
    const [details] = await prefetched(user('alice'), 1)
    expect((details!.payload!['ChannelMessages'] as { MessageId: string }[]).map(({ MessageId }) => MessageId)).toEqual([kept])
  })

  test('of more than fifty channels the unread ones come first and then those with the latest message, or only the latter', async () => {
    const { user, channels, send, read } = await scene(55)
    for (const channel of channels) {
      world().advance(minute)
      await send(channel, 'hello')
    }
    const unread = channels.slice(0, 3)
    for (const channel of channels.slice(3)) await read(channel)
    const byUnread = [...unread.toReversed(), ...channels.slice(-47).toReversed()]
    expect(told(await prefetched(user('alice'), 50))).toEqual(byUnread)
    expect(told(await prefetched(user('alice'), 50, { 'prefetch-sort-by': 'unread' }))).toEqual(byUnread)
    expect(told(await prefetched(user('alice'), 50, { 'prefetch-sort-by': 'last-message-timestamp' }))).toEqual(
      channels.slice(-50).toReversed(),
    )
  })

  test('of few channels the unread one with the latest message comes first, and one without a message last', async () => {
    const { user, channels, send, read } = await scene(4)
    const [read1, empty, unread1, unread2] = channels as [string, string, string, string]
    for (const channel of [unread1, read1, unread2]) {
      world().advance(minute)
      await send(channel, 'hello')
    }
    await read(read1)
    // PostgreSQL plans otherwise once it knows how small the tables are.
    await world().app.db.run(statement('analyze'))
    expect(told(await prefetched(user('alice'), 4))).toEqual([unread2, unread1, read1, empty])
  })

  test('a client that does not ask for a prefetch gets none, and a user without channels gets none either', async () => {
    const { user } = await scene(1)
    const silent = await listen(world().app, user('alice'))
    const alone = await listen(world().app, user('carol'), { query: { 'prefetch-on': 'connect' } })
    const asking = await listen(world().app, user('alice'), { query: { 'prefetch-on': 'connect' } })
    await asking.next()
    expect(silent.events).toHaveLength(1)
    expect(alone.events).toHaveLength(1)
  })

  test('an event during the prefetch is in the details of its channel or follows them', async () => {
    const { user, channels, send } = await scene(20)
    const sending = (async () => {
      const sent = []
      for (let round = 0; round < 5; round++) for (const channel of channels) sent.push({ channel, id: await send(channel, `${round}`) })
      return sent
    })()
    const sessions = await Promise.all(
      Array.from({ length: 5 }, () => listen(world().app, user('alice'), { query: { 'prefetch-on': 'connect' } })),
    )
    const sent = await sending
    const marker = await send(channels[0]!, 'marker')
    for (const session of sessions) {
      const known = new Map<string, string[]>()
      const events = await session.until(({ payload }) => payload?.['MessageId'] === marker)
      for (const { type, payload } of events) {
        if (type === 'CHANNEL_DETAILS') {
          const { Channel, ChannelMessages } = payload as unknown as {
            Channel: { ChannelArn: string }
            ChannelMessages: { MessageId: string }[]
          }
          // A client replaces its copy of the channel.
          known.set(Channel.ChannelArn, ChannelMessages.map(({ MessageId }) => MessageId).toReversed())
        } else {
          const { ChannelArn, MessageId } = payload as { ChannelArn: string; MessageId: string }
          const list = known.get(ChannelArn) ?? []
          known.set(ChannelArn, list.includes(MessageId) ? list : [...list, MessageId])
        }
      }
      for (const channel of channels) {
        expect(known.get(channel)).toEqual(sent.filter(message => message.channel === channel).map(({ id }) => id))
      }
    }
  })
})

test('a message that a channel flow has failed is sent to its sender, and is not the last message', async () => {
  const lambda = await startLambda()
  onTestFinished(() => lambda.close())
  const world = await startWorld('sqlite', { lambdaEndpoint: lambda.url })
  onTestFinished(() => world.close())
  const { messaging } = world
  const { arn, user } = await world.appInstance(['alice'])
  const channel = await open(world, user('alice'))
  const sent = await say(world, user('alice'), channel, 'sent')
  world.advance(minute)
  const refusing = lambda.define()
  refusing.status = 400
  const flow = { AppInstanceArn: arn, Name: 'flow', Processors: [processor(refusing.arn)] }
  const { ChannelFlowArn } = await messaging.createChannelFlow(flow)
  await messaging.associateChannelFlow({ ChannelArn: channel, ChannelFlowArn, ChimeBearer: user('alice') })
  const failed = await say(world, user('alice'), channel, 'failed')
  const named = { ChannelArn: channel, MessageId: failed, ChimeBearer: user('alice') }
  await until(async () => (await messaging.getChannelMessageStatus(named)).Status!.Value === 'FAILED')
  const session = await listen(world.app, user('alice'), { query: { 'prefetch-on': 'connect' } })
  const { Channel, ChannelMessages } = (await session.next()).payload as unknown as {
    Channel: { LastMessageTimestamp: string }
    ChannelMessages: { MessageId: string; CreatedTimestamp: string }[]
  }
  expect(ChannelMessages.map(({ MessageId }) => MessageId)).toEqual([failed, sent])
  expect(Channel.LastMessageTimestamp).toBe(ChannelMessages[1]!.CreatedTimestamp)
})
