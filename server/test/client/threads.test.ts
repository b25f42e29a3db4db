import { afterAll, expect, test } from 'vitest'
import { days, open, pages, purged, rowsIn, runJob, say } from '../api/acts.ts'
import { denied, missing, openElastic, wrong } from '../api/elastic-acts.ts'
import { callBack, giveFlow, startLambda } from '../support/processor.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { onBothDatabases, refusal, type World } from '../support/world.ts'

/** A channel of ann, who moderates it, and ben. */
async function makeChannel(world: World) {
  const { carillon } = world
  const { arn, user } = await world.appInstance(['ann', 'ben', 'out'], { admins: ['root'] })
  const ChannelArn = await open(world, user('ann'), { MemberArns: [user('ben')] })
  const send = async (content: string, extra = {}) => say(world, user('ann'), ChannelArn, content, extra)
  const reply = async (root: string, content: string, extra = {}) =>
    say(world, user('ben'), ChannelArn, content, { MessageAttributes: { 'CARILLON.thread': { StringValues: [root] } }, ...extra })
  const list = async (MessageId: string, more: { SortOrder?: 'ASCENDING' | 'DESCENDING'; MaxResults?: number } = {}, name = 'ann') => {
    const input = { ChannelArn, MessageId, ...more, ChimeBearer: user(name) }
    const found = await pages(async NextToken => carillon.call('ListThreadMessages', { ...input, NextToken }))
    return found.flatMap(({ ChannelMessages }) => ChannelMessages!)
  }
  const threads = async (MessageIds: string[], name = 'ann') =>
    (await carillon.call('BatchGetThreads', { ChannelArn, MessageIds, ChimeBearer: user(name) })).Threads!
  return { arn, user, ChannelArn, send, reply, list, threads }
}

const contents = (messages: readonly { readonly Content?: string | undefined }[]) => messages.map(({ Content }) => Content)
const refusedRoot = { name: 'BadRequestException', message: 'The message to reply to does not exist' }

const lambda = await startLambda()
afterAll(() => lambda.close())

/** Gives the channel a flow of one processor. */
async function withFlow({ messaging }: World, { user, ChannelArn }: Pick<Awaited<ReturnType<typeof makeChannel>>, 'user' | 'ChannelArn'>) {
  const called = lambda.define()
  await giveFlow(messaging, { ChannelArn, ChimeBearer: user('ann') }, called.arn)
  return called
}

onBothDatabases(
  'Threads',
  world => {
    test('are made by an attribute of a reply, which any SDK can send; replies are listed in both orders, and counted', async () => {
      const { messaging } = world()
      const { user, ChannelArn, send, reply, list, threads } = await makeChannel(world())
      const [root, other] = [await send('root'), await send('other')]
      for (const content of ['one', 'two', 'three']) await reply(root, content)
      await reply(other, 'elsewhere')
      expect(contents(await list(root))).toEqual(['three', 'two', 'one'])
      const inOrder = await list(root, { SortOrder: 'ASCENDING', MaxResults: 2 })
      expect(contents(inOrder)).toEqual(['one', 'two', 'three'])
      const { ChannelMessages } = await messaging.listChannelMessages({ ChannelArn, ChimeBearer: user('ann'), SortOrder: 'ASCENDING' })
      expect(inOrder).toEqual(ChannelMessages!.slice(2, 5))
      const LastReplyTimestamp = inOrder.at(-1)!.CreatedTimestamp!
      const [first] = inOrder
      expect(await threads([root, first!.MessageId!, 'none'])).toEqual([
        { MessageId: root, ReplyCount: 3, LastReplyTimestamp },
        { MessageId: first!.MessageId, ReplyCount: 0 },
      ])
      expect(await list(first!.MessageId!)).toEqual([])
      expect(await refusal(list(root, {}, 'out'))).toMatchObject(denied)
      expect(await refusal(threads([root], 'out'))).toMatchObject(denied)
      expect(await refusal(list('f'.repeat(64)))).toMatchObject(missing)
    })

    test('begin with a message of the same channel that all members see and that is no reply', async () => {
      const { messaging } = world()
      const { user, ChannelArn, send, reply, threads } = await makeChannel(world())
      const root = await send('root')
      const own = await reply(root, 'reply')
      const other = await say(world(), user('ann'), await open(world(), user('ann')))
      const targeted = await send('psst', { Target: [{ MemberArn: user('ben') }] })
      for (const id of ['none', 'f'.repeat(64), other, targeted]) expect(await refusal(reply(id, 'x'))).toMatchObject(refusedRoot)
      expect(await refusal(reply(own, 'x'))).toMatchObject({ ...wrong, message: 'The message to reply to is a reply itself' })
      expect(await refusal(reply(root, 'x', { Target: [{ MemberArn: user('ann') }] }))).toMatchObject(wrong)
      for (const StringValues of [[], [root, root]]) {
        const MessageAttributes = { 'CARILLON.thread': { StringValues } }
        expect(await refusal(send('x', { MessageAttributes }))).toMatchObject({ ...wrong, message: 'CARILLON.thread must have one value' })
      }
      // In a message that is not stored the attribute has no meaning.
      await reply('typing', 'x', { Persistence: 'NON_PERSISTENT', Type: 'CONTROL' })
      expect(await threads([root])).toMatchObject([{ ReplyCount: 1 }])
      const { ChannelMessages } = await messaging.listChannelMessages({ ChannelArn, ChimeBearer: user('ben') })
      expect(contents(ChannelMessages!)).toEqual(['psst', 'reply', 'root'])
    })

    test('contain redacted replies, and do not count deleted ones; a deleted first message has no thread', async () => {
      const { messaging } = world()
      const { user, ChannelArn, send, reply, list, threads } = await makeChannel(world())
      const root = await send('root')
      const [one, two, three] = [await reply(root, 'one'), await reply(root, 'two'), await reply(root, 'three')]
      await messaging.redactChannelMessage({ ChannelArn, MessageId: one, ChimeBearer: user('ann') })
      await messaging.deleteChannelMessage({ ChannelArn, MessageId: three, ChimeBearer: user('root') })
      const left = await list(root)
      expect(left).toMatchObject([{ MessageId: two }, { MessageId: one, Redacted: true }])
      const counted = { MessageId: root, ReplyCount: 2, LastReplyTimestamp: left[0]!.CreatedTimestamp }
      expect(await threads([root])).toEqual([counted])
      await messaging.redactChannelMessage({ ChannelArn, MessageId: root, ChimeBearer: user('ann') })
      expect(await threads([root])).toEqual([counted])
      await messaging.deleteChannelMessage({ ChannelArn, MessageId: root, ChimeBearer: user('root') })
      expect(await threads([root])).toEqual([])
      expect(await refusal(list(root))).toMatchObject(missing)
      expect(await refusal(reply(root, 'x'))).toMatchObject(refusedRoot)
      // Its replies are plain messages, with which a thread can begin.
      const late = await reply(two, 'late')
      expect(await threads([two])).toMatchObject([{ MessageId: two, ReplyCount: 1 }])
      expect(await refusal(reply(late, 'x'))).toMatchObject({ message: 'The message to reply to is a reply itself' })
      await messaging.deleteChannelMessage({ ChannelArn, MessageId: two, ChimeBearer: user('root') })
      expect(await threads([late])).toMatchObject([{ MessageId: late, ReplyCount: 0 }])
      await reply(late, 'x')
    })

    test('are counted right while replies are sent, deleted and redacted at the same time, and end with their first message', async () => {
      const { messaging } = world()
      const { user, ChannelArn, send, reply, list, threads } = await makeChannel(world())
      const root = await send('root')
      const some = async () => Promise.all(Array.from({ length: 8 }, async (_, index) => reply(root, `${index}`)))
      const [one, two, three, ...rest] = await some()
      const remove = async (MessageId: string) => messaging.deleteChannelMessage({ ChannelArn, MessageId, ChimeBearer: user('root') })
      const redact = async (MessageId: string) => messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer: user('ann') })
      await Promise.all([remove(one!), some(), remove(two!), redact(three!), redact(two!).catch(() => {}), remove(rest.at(-1)!)])
      const listed = await list(root)
      expect(listed).toHaveLength(13)
      expect(await threads([root])).toEqual([{ MessageId: root, ReplyCount: 13, LastReplyTimestamp: listed[0]!.CreatedTimestamp }])
      const sending = Array.from({ length: 8 }, async () => reply(root, 'late').catch(() => undefined))
      await remove(root)
      expect(await threads([root])).toEqual([])
      // Those that came in time are plain messages, with which threads can begin.
      for (const late of await Promise.all(sending)) if (late !== undefined) await reply(late, 'to a plain message')
    })

    test('belong to a sub-channel of an elastic channel', async () => {
      const { carillon } = world()
      const { user, ChannelArn, join } = await openElastic(world(), { maximum: 2, target: 2, percentage: 1 }, ['ann', 'cid', 'ben'])
      const [SubChannelId, , second] = [await join('ann'), await join('cid'), await join('ben')]
      const root = await say(world(), user('ann'), ChannelArn, 'root', { SubChannelId })
      const MessageAttributes = { 'CARILLON.thread': { StringValues: [root] } }
      await say(world(), user('cid'), ChannelArn, 'reply', { SubChannelId, MessageAttributes })
      expect(await refusal(say(world(), user('ben'), ChannelArn, 'x', { SubChannelId: second, MessageAttributes }))).toMatchObject(
        refusedRoot,
      )
      const input = { ChannelArn, MessageId: root, ChimeBearer: user('ann') }
      const listed = await carillon.call('ListThreadMessages', { ...input, SubChannelId })
      expect([listed.SubChannelId, contents(listed.ChannelMessages!)]).toEqual([SubChannelId, ['reply']])
      expect(await refusal(carillon.call('ListThreadMessages', input))).toMatchObject(wrong)
    })

    test('are hidden and deleted by retention with their first message, and leave nothing behind in a deleted channel', async () => {
      const { identity, messaging, now, advance } = world()
      const tables = ['threads', 'thread_messages']
      const count = async () => Promise.all(tables.map(async table => rowsIn(world(), table)))
      await purged(world())
      const before = await count()
      const { arn, user, ChannelArn, send, reply, threads } = await makeChannel(world())
      const root = await send('root')
      await reply(root, 'one')
      await identity.putAppInstanceRetentionSettings({
        AppInstanceArn: arn,
        AppInstanceRetentionSettings: { ChannelRetentionSettings: { RetentionDays: 1 } },
      })
      const start = now()
      advance(days(0.9))
      const two = await reply(root, 'two')
      advance(days(0.2))
      expect(await threads([root, two])).toMatchObject([{ MessageId: two, ReplyCount: 0 }])
      await reply(two, 'to what is a plain message now')
      advance(days(2))
      expect(await threads([root])).toEqual([])
      expect(await refusal(reply(root, 'x'))).toMatchObject(refusedRoot)
      advance(days(40))
      await runJob(world(), 'retention')
      expect(await count()).toEqual(before)
      advance(start - now())
      const next = await send('root')
      await reply(next, 'one')
      await messaging.deleteChannel({ ChannelArn, ChimeBearer: user('ann') })
      await purged(world())
      expect(await count()).toEqual(before)
    })

    test('count a reply once a channel flow has released it, and the processor may change the thread', async () => {
      const { messaging } = world()
      const { user, ChannelArn, send, reply, list, threads } = await makeChannel(world())
      const [root, other] = [await send('root'), await send('other')]
      const called = await withFlow(world(), { user, ChannelArn })
      expect(await refusal(reply('none', 'x'))).toMatchObject(refusedRoot)
      const answers = [
        {},
        { MessageAttributes: { 'CARILLON.thread': { StringValues: [other] } } },
        { MessageAttributes: { 'CARILLON.thread': { StringValues: ['none'] } } },
      ]
      for (const [index, answer] of answers.entries()) {
        await reply(root, `reply ${index}`)
        const counts = (await threads([root, other])).map(({ ReplyCount }) => ReplyCount)
        expect(counts).toEqual([Math.min(index, 1), Math.max(index - 1, 0)])
        await callBack(messaging, await called.event(index), answer)
      }
      expect([contents(await list(root)), contents(await list(other))]).toEqual([['reply 0'], ['reply 1']])
      expect(await threads([root, other])).toMatchObject([{ ReplyCount: 1 }, { ReplyCount: 1 }])
    })

    test('take no released message as a reply to itself or to a newer one: retention would hide the reply first', async () => {
      const { messaging } = world()
      const { user, ChannelArn, send, list, threads } = await makeChannel(world())
      const root = await send('root')
      const called = await withFlow(world(), { user, ChannelArn })
      const held = [await send('itself'), await send('newer'), await send('two values'), await send('last')]
      const [itself, , , last] = held as [string, string, string, string]
      const answers = [[itself], [last], [root, root]]
      await callBack(messaging, await called.event(3))
      for (const [index, StringValues] of answers.entries()) {
        await callBack(messaging, await called.event(index), { MessageAttributes: { 'CARILLON.thread': { StringValues } } })
      }
      const counts = [root, ...held].map(MessageId => ({ MessageId, ReplyCount: 0 }))
      expect([await threads([root, ...held]), await list(itself), await list(last)]).toEqual([counts, [], []])
    })

    test('count a reply that a channel flow has released to a message whose own thread is hidden by retention', async () => {
      const { identity, messaging, advance } = world()
      const { arn, user, ChannelArn, send, reply, threads } = await makeChannel(world())
      const root = await send('root')
      advance(days(0.9))
      const one = await reply(root, 'one')
      await identity.putAppInstanceRetentionSettings({
        AppInstanceArn: arn,
        AppInstanceRetentionSettings: { ChannelRetentionSettings: { RetentionDays: 1 } },
      })
      const called = await withFlow(world(), { user, ChannelArn })
      const late = await reply(root, 'hidden before it is released')
      advance(days(0.2))
      await reply(one, 'to what is a plain message now')
      for (const index of [0, 1]) await callBack(messaging, await called.event(index), {})
      expect(await threads([one, late])).toMatchObject([
        { MessageId: one, ReplyCount: 1 },
        { MessageId: late, ReplyCount: 0 },
      ])
    })
  },
  { lambdaEndpoint: lambda.url },
)

const told = ({ events }: Listening) => events.filter(({ type }) => type === 'UPDATE_CHANNEL_THREAD').map(({ payload }) => payload)

onBothDatabases('A session that asks for the events "thread"', world => {
  test('hears after each reply how many there are, also when it reconnects', async () => {
    const { app, messaging } = world()
    const { user, ChannelArn, send, reply, list } = await makeChannel(world())
    const sessionId = crypto.randomUUID()
    const connect = async () => listen(app, user('ann'), { sessionId, query: { 'carillon-events': 'thread' } })
    const plain = await listen(app, user('ann'))
    const first = await connect()
    const root = await send('root')
    const one = await reply(root, 'one')
    await expect.poll(() => told(first)).toHaveLength(1)
    expect(first.events.slice(-2).map(({ type }) => type)).toEqual(['CREATE_CHANNEL_MESSAGE', 'UPDATE_CHANNEL_THREAD'])
    first.socket.terminate()
    await first.closed
    const two = await reply(root, 'two')
    await messaging.deleteChannelMessage({ ChannelArn, MessageId: one, ChimeBearer: user('root') })
    const back = await connect()
    const [{ CreatedTimestamp } = {}] = await list(root)
    const thread = (ReplyCount: number) => ({
      ChannelArn,
      MessageId: root,
      ReplyCount,
      LastReplyTimestamp: CreatedTimestamp!.toISOString(),
    })
    await expect.poll(() => told(back).slice(-2)).toEqual([thread(2), thread(1)])
    const messages = back.events.filter(({ type }) => type === 'CREATE_CHANNEL_MESSAGE').map(({ payload }) => payload!['MessageId'])
    expect(messages).toContain(two)
    await send('last')
    const heard = await plain.until(({ payload }) => payload?.['Content'] === 'last')
    expect(heard.map(({ type }) => type)).toEqual([
      'CREATE_CHANNEL_MESSAGE',
      'CREATE_CHANNEL_MESSAGE',
      'CREATE_CHANNEL_MESSAGE',
      'DELETE_CHANNEL_MESSAGE',
    ])
  })
})
