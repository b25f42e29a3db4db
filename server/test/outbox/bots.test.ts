import type { LexConfiguration } from '@aws-sdk/client-chime-sdk-identity'
import type { ChannelMessageSummary } from '@aws-sdk/client-chime-sdk-messaging'
import { asyncProperty, anything, assert } from 'fast-check'
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { LexFailure, replyOf } from '../../src/outbox/lex-answer.ts'
import { open, rowsIn, say } from '../api/acts.ts'
import { plain, startLex } from '../support/lex.ts'
import { startHttp } from '../support/push.ts'
import { callBack, giveFlow, startLambda, until } from '../support/processor.ts'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { listen } from '../support/sockets.ts'
import { clientsOf, createPostgresDatabase, makersOf, onBothDatabases, startWorld, type World } from '../support/world.ts'

const [lex, lambda] = [await startLex(), await startLambda()]
afterAll(async () => {
  await lex.close()
  await lambda.close()
})
const answered = lex.answer
beforeEach(() => {
  lex.answer = answered
})

const LexBotAliasArn = 'arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST'
type InvokedBy = NonNullable<LexConfiguration['InvokedBy']>
const everything: InvokedBy = { StandardMessages: 'ALL', TargetedMessages: 'ALL' }

const mention = (...arns: string[]) => ({ MessageAttributes: { 'CHIME.mentions': { StringValues: arns } } })
const valueOf = ({ MessageAttributes }: ChannelMessageSummary, name: string) =>
  MessageAttributes?.[`CHIME.LEX.sessionState.${name}`]?.StringValues?.[0]

onBothDatabases(
  'Bots that are invoked',
  world => {
    const bot = async (AppInstanceArn: string, more: Partial<LexConfiguration> = {}) => {
      const { AppInstanceBotArn } = await world().identity.createAppInstanceBot({
        AppInstanceArn,
        Name: 'Otto',
        Configuration: { Lex: { LexBotAliasArn, LocaleId: 'de_DE', InvokedBy: everything, ...more } },
      })
      return AppInstanceBotArn!
    }
    /** A channel of ann, whom else, and a bot. */
    const setting = async (more: Partial<LexConfiguration> = {}, others: readonly string[] = []) => {
      const { arn, user } = await world().appInstance(['ann', 'bob', 'cat'])
      const ann = user('ann')
      const botArn = await bot(arn, more)
      const channel = await open(world(), ann, { MemberArns: [botArn, ...others.map(user)] })
      return { arn, user, ann, botArn, channel, ...about(channel, ann) }
    }
    /** The calls to Lex about the channel, and the messages that can be read in it, the oldest first. */
    const about = (channel: string, ann: string) => {
      const calls = () => lex.calls.filter(({ body }) => body.requestAttributes?.['CHIME.channel.arn'] === channel)
      const list = async (ChimeBearer = ann) =>
        (await world().messaging.listChannelMessages({ ChannelArn: channel, ChimeBearer, SortOrder: 'ASCENDING' })).ChannelMessages!
      const replies = async (bearer = ann) => (await list(bearer)).filter(({ Sender }) => Sender!.Arn!.includes('/bot/'))
      const reply = async (number = 0, bearer = ann) => until(async () => (await replies(bearer))[number])
      return { calls, list, replies, reply, texts: () => calls().map(({ body }) => body.text) }
    }
    const addBot = async (ann: string, channel: string, MemberArn: string, Type: 'DEFAULT' | 'HIDDEN' = 'DEFAULT') =>
      world().messaging.createChannelMembership({ ChannelArn: channel, MemberArn, Type, ChimeBearer: ann })

    test('Lex is called with RecognizeText, and its answer is one message of the bot, as the real service sends it', async () => {
      const { arn, ann, botArn, channel, calls, reply } = await setting()
      const listening = await listen(world().app, ann)
      const card = { title: 'T', subtitle: 'S', imageUrl: 'https://x/y.png', buttons: [{ text: 'B', value: 'V' }] }
      lex.answer = () => ({
        messages: [
          { contentType: 'PlainText', content: 'Which day?' },
          { contentType: 'ImageResponseCard', imageResponseCard: card },
        ],
        sessionState: { intent: { name: 'Book', state: 'InProgress' }, dialogAction: { type: 'ElicitSlot' } },
        sessionId: 'theirs',
      })
      const MessageId = await say(world(), ann, channel, 'book a room')
      const answer = await reply()
      const [call, ...others] = calls()
      expect(others).toEqual([])
      expect(call).toEqual({
        operation: 'RecognizeText',
        botId: 'ABCDEFGHIJ',
        botAliasId: 'KLMNOPQRST',
        localeId: 'de_DE',
        sessionId: expect.stringMatching(/^[0-9a-zA-Z._:-]{2,100}$/) as string,
        body: {
          text: 'book a room',
          requestAttributes: {
            'CHIME.channel.arn': channel,
            'CHIME.sender.arn': ann,
            'x-amz-lex:channels:platform': 'Amazon Chime SDK Messaging',
          },
        },
      })
      expect(answer).toMatchObject({
        Sender: { Arn: botArn, Name: 'Otto' },
        Type: 'STANDARD',
        ContentType: 'application/amz-chime-lex-msgs',
        Content:
          '{"Messages":[{"Content":"Which day?","ContentType":"PlainText"},{"ContentType":"ImageResponseCard","ImageResponseCard":' +
          '{"Title":"T","Subtitle":"S","ImageUrl":"https://x/y.png","Buttons":[{"Text":"B","Value":"V"}]}}]}',
        MessageAttributes: {
          'CHIME.LEX.sessionState.intent.name': { StringValues: ['Book'] },
          'CHIME.LEX.sessionState.intent.state': { StringValues: ['InProgress'] },
          'CHIME.LEX.sessionState.originatingRequestId': { StringValues: [MessageId] },
          'CHIME.LEX.sessionState.sessionId': { StringValues: ['theirs'] },
        },
      })
      expect(answer.Target).toBeUndefined()
      const heard = await until(() => listening.events.find(({ payload }) => payload?.['ContentType'] === 'application/amz-chime-lex-msgs'))
      expect([heard.type, heard.payload!['Persistence']]).toEqual(['CREATE_CHANNEL_MESSAGE', 'PERSISTENT'])
      expect(arn).toBe(botArn.slice(0, arn.length))
      listening.socket.close()
    })

    test('a session is the conversation of one user with one bot in one channel, and an empty answer is posted as such', async () => {
      const { user, ann, botArn, channel, calls, reply, replies } = await setting({}, ['bob'])
      lex.answer = () => ({})
      const MessageId = await say(world(), ann, channel, '1')
      await say(world(), ann, channel, '2')
      await say(world(), user('bob'), channel, '3')
      expect((await reply(2)).Content).toBe('{"Messages":[]}')
      const sessionOf = (text: string) => calls().find(({ body }) => body.text === text)!.sessionId
      expect(sessionOf('1')).toBe(sessionOf('2'))
      expect(sessionOf('3')).not.toBe(sessionOf('1'))
      const answer = (await replies()).find(each => valueOf(each, 'originatingRequestId') === MessageId)!
      expect(valueOf(answer, 'sessionId')).toBe(sessionOf('1'))
      const second = await open(world(), ann, { MemberArns: [botArn] })
      await say(world(), ann, second, '1')
      await about(second, ann).reply()
      expect(about(second, ann).calls()[0]!.sessionId).not.toBe(sessionOf('1'))
    })

    test.each<{ by: InvokedBy | undefined; others: string[]; hidden?: string[]; invoked: string[] }>([
      { by: { StandardMessages: 'ALL', TargetedMessages: 'NONE' }, others: ['bob'], invoked: ['plain', 'mention', 'passing'] },
      { by: { StandardMessages: 'ALL', TargetedMessages: 'ALL' }, others: ['bob'], invoked: ['plain', 'mention', 'passing', 'targeted'] },
      { by: { StandardMessages: 'MENTIONS', TargetedMessages: 'NONE' }, others: ['bob'], invoked: ['mention'] },
      { by: { StandardMessages: 'MENTIONS', TargetedMessages: 'ALL' }, others: [], invoked: ['mention', 'targeted'] },
      { by: { StandardMessages: 'NONE', TargetedMessages: 'NONE' }, others: [], invoked: [] },
      { by: { StandardMessages: 'NONE', TargetedMessages: 'ALL' }, others: ['bob'], invoked: ['targeted'] },
      { by: { StandardMessages: 'AUTO', TargetedMessages: 'NONE' }, others: [], invoked: ['plain', 'mention', 'passing'] },
      { by: { StandardMessages: 'AUTO', TargetedMessages: 'ALL' }, others: ['bob'], invoked: ['mention', 'targeted'] },
      { by: { StandardMessages: 'AUTO', TargetedMessages: 'NONE' }, others: [], hidden: ['bob'], invoked: ['plain', 'mention', 'passing'] },
      { by: undefined, others: ['bob'], invoked: ['plain', 'mention', 'passing'] },
    ])('by $by, beside $others and hidden $hidden, $invoked invoke', async ({ by, others, hidden = [], invoked }) => {
      const { user, ann, botArn, channel, texts } = await setting({ InvokedBy: by }, others)
      const { messaging, identity } = world()
      for (const name of hidden) await addBot(ann, channel, user(name), 'HIDDEN')
      await say(world(), ann, channel, 'plain')
      const MessageId = await say(world(), ann, channel, 'mention', mention(ann, botArn))
      await say(world(), ann, channel, 'another', { ...mention(ann), Type: 'CONTROL' })
      await say(world(), ann, channel, 'control', { ...mention(botArn), Type: 'CONTROL' })
      await say(world(), ann, channel, 'passing', { Persistence: 'NON_PERSISTENT' })
      await say(world(), ann, channel, 'targeted', { Target: [{ MemberArn: botArn }] })
      await say(world(), ann, channel, 'to myself', { Target: [{ MemberArn: ann }], ...mention(botArn) })
      await messaging.updateChannelMessage({ ChannelArn: channel, MessageId, Content: 'edited', ChimeBearer: ann })
      const Configuration = { Lex: { LexBotAliasArn, LocaleId: 'de_DE', InvokedBy: everything } }
      await identity.updateAppInstanceBot({ AppInstanceBotArn: botArn, Name: 'Otto', Metadata: '', Configuration })
      // A session is in order: earlier messages have been sent to Lex by then.
      await say(world(), ann, channel, 'the end')
      await until(() => texts().includes('the end'))
      expect(texts()).toEqual([...invoked, 'the end'])
    })

    test('a bot that is AUTO counts bots as members, and is not alone with a user after another user has joined', async () => {
      const { arn, ann, botArn, channel, texts, reply } = await setting({
        InvokedBy: { StandardMessages: 'AUTO', TargetedMessages: 'NONE' },
      })
      await say(world(), ann, channel, 'alone')
      await reply()
      const silent = await world().bot(arn)
      await addBot(ann, channel, silent)
      await say(world(), ann, channel, 'in company')
      await world().messaging.deleteChannelMembership({ ChannelArn: channel, MemberArn: silent, ChimeBearer: ann })
      await say(world(), ann, channel, 'alone again')
      await reply(1)
      expect(texts()).toEqual(['alone', 'alone again'])
      expect(botArn).not.toBe(silent)
    })

    test('a targeted message is answered to its sender alone', async () => {
      const { user, ann, botArn, channel, reply, list, replies } = await setting({}, ['bob'])
      await say(world(), ann, channel, 'psst', { Target: [{ MemberArn: botArn }] })
      expect((await reply()).Target).toEqual([{ MemberArn: ann }])
      expect(await list(user('bob'))).toEqual([])
      await say(world(), user('bob'), channel, 'hello')
      expect((await reply(1)).Target).toBeUndefined()
      expect(await replies(user('bob'))).toHaveLength(1)
    })

    test('no message of a bot invokes a bot, targets and mentions included', async () => {
      const { arn, ann, botArn, channel, texts, reply } = await setting()
      const other = await bot(arn)
      await addBot(ann, channel, other)
      lex.answer = ({ body }) => ({ messages: [{ content: `${body.text} to ${botArn} and ${other}`, contentType: 'PlainText' }] })
      await say(world(), other, channel, 'a bot by itself', mention(botArn, other))
      await say(world(), other, channel, 'a bot to a bot', { Target: [{ MemberArn: botArn }] })
      await say(world(), ann, channel, 'a user')
      // Ann sees one of the bots' own messages.
      await reply(2)
      await say(world(), ann, channel, 'the end')
      await reply(4)
      expect(texts()).toEqual(['a user', 'a user', 'the end', 'the end'])
    })

    test('answers go through the channel flow, and a message in a flow invokes once it is released, as it is then', async () => {
      const { ann, channel, texts, replies, list } = await setting()
      const { messaging } = world()
      const checked = lambda.define()
      await giveFlow(messaging, { ChannelArn: channel, ChimeBearer: ann }, checked.arn)
      await say(world(), ann, channel, 'darn')
      const first = await checked.event(0)
      expect(texts()).toEqual([])
      await callBack(messaging, first, { Content: '****' })
      const second = await checked.event(1)
      expect(texts()).toEqual(['****'])
      expect(second.ChannelMessage.Content).toBe('{"Messages":[{"Content":"hello","ContentType":"PlainText"}]}')
      expect(await replies()).toEqual([])
      await callBack(messaging, second, { Content: 'checked' })
      expect((await list()).map(({ Content }) => Content)).toEqual(['****', 'checked'])
      await say(world(), ann, channel, 'spam')
      const third = await checked.event(2)
      await callBack(messaging, third, {}, { DeleteResource: true })
      await say(world(), ann, channel, 'the end')
      await callBack(messaging, await checked.event(3), {})
      await until(() => texts().includes('the end'))
      expect(texts()).toEqual(['****', 'the end'])
    })

    test('a bot that joins a channel runs its welcome intent, without a sender; one that is already a member does not', async () => {
      const { arn, ann, channel, calls, reply } = await setting()
      const { messaging } = world()
      const welcoming = await bot(arn, { WelcomeIntent: 'Welcome', InvokedBy: { StandardMessages: 'NONE', TargetedMessages: 'NONE' } })
      lex.answer = () => ({ ...plain('Hi'), sessionState: { intent: { name: 'Welcome', state: 'Fulfilled' } } })
      await addBot(ann, channel, welcoming)
      const welcome = await reply()
      expect(welcome.Content).toBe('{"Messages":[{"Content":"Hi","ContentType":"PlainText"}]}')
      expect([valueOf(welcome, 'intent.name'), valueOf(welcome, 'originatingRequestId')]).toEqual(['Welcome', undefined])
      const requestAttributes = { 'CHIME.channel.arn': channel, 'x-amz-lex:channels:platform': 'Amazon Chime SDK Messaging' }
      const body = {
        requestAttributes,
        sessionState: { dialogAction: { type: 'Delegate' }, intent: { name: 'Welcome', state: 'InProgress' } },
      }
      expect(calls()).toMatchObject([{ operation: 'PutSession', body }])
      expect(Object.keys(calls()[0]!.body.requestAttributes!)).toHaveLength(2)
      await addBot(ann, channel, welcoming)
      await messaging.batchCreateChannelMembership({ ChannelArn: channel, MemberArns: [welcoming], ChimeBearer: ann })
      await messaging.deleteChannelMembership({ ChannelArn: channel, MemberArn: welcoming, ChimeBearer: ann })
      await messaging.batchCreateChannelMembership({ ChannelArn: channel, MemberArns: [welcoming], ChimeBearer: ann })
      await reply(1)
      expect(calls()).toHaveLength(2)
      // Its own channel, and one of which it becomes a member at the creation.
      const own = await open(world(), welcoming, { MemberArns: [ann] })
      await about(own, ann).reply()
      const created = await open(world(), ann, { MemberArns: [welcoming] })
      await about(created, ann).reply()
      expect([about(own, ann).calls().length, about(created, ann).calls().length]).toEqual([1, 1])
    })

    test('a refusal of Lex is an error message at once; throttling is tried again and ends as one', async () => {
      const { ann, channel, calls, reply, replies } = await setting()
      lex.answer = () => 403
      const MessageId = await say(world(), ann, channel, 'may I?')
      const refused = await reply()
      expect(refused).toMatchObject({ Type: 'STANDARD', ContentType: 'application/amz-chime-lex-error', Content: '{"Code":403}' })
      expect(refused.MessageAttributes).toEqual({ 'CHIME.LEX.sessionState.originatingRequestId': { StringValues: [MessageId] } })
      expect(calls()).toHaveLength(1)
      lex.answer = (_, number) => (number < before + 2 ? 429 : plain('at last'))
      const before = lex.calls.length
      await say(world(), ann, channel, 'busy?')
      expect((await reply(1)).Content).toContain('at last')
      expect(calls()).toHaveLength(4)
      lex.answer = () => 429
      await say(world(), ann, channel, 'still busy?')
      await until(() => calls().length >= 5)
      expect(await replies()).toHaveLength(2)
      world().advance(44_000)
      expect((await reply(2)).Content).toBe('{"Code":429}')
    })

    test("a connection that breaks is retried, and an answer that is not Lex's is an error at once", async () => {
      const { ann, channel, calls, reply } = await setting()
      lex.answer = (_, number) => (number < before + 1 ? response => response.destroy() : plain('there'))
      const before = lex.calls.length
      await say(world(), ann, channel, '1')
      expect((await reply()).Content).toContain('there')
      expect(calls()).toHaveLength(2)
      for (const [index, bad] of ['no JSON', `{"messages":[{"content":"${'x'.repeat(300_000)}"}]}`].entries()) {
        lex.answer = () => response => response.writeHead(200, { 'content-type': 'application/json' }).end(bad)
        await say(world(), ann, channel, String(index))
        expect((await reply(1 + index)).Content).toBe('{"Code":502}')
      }
      lex.answer = () => plain('x'.repeat(4096))
      await say(world(), ann, channel, 'too much')
      expect((await reply(3)).Content).toBe('{"Code":400}')
    })

    test('a text of more than 1,024 characters is refused without a call to Lex', async () => {
      const { ann, channel, texts, reply } = await setting()
      await say(world(), ann, channel, '\u{1F600}'.repeat(1024 - 24) + 'x'.repeat(24))
      expect((await reply()).ContentType).toBe('application/amz-chime-lex-msgs')
      await say(world(), ann, channel, 'x'.repeat(1025))
      expect((await reply(1)).Content).toBe('{"Code":400}')
      expect(texts()).toHaveLength(1)
    })

    test('the messages of a session are answered one after the other, in their order, and other sessions do not wait for them', async () => {
      const { user, ann, channel, texts, reply, replies } = await setting({}, ['bob'])
      const { promise, resolve } = Promise.withResolvers<void>()
      lex.answer = async ({ body }) => {
        if (body.text === '1') await promise
        return plain(`to ${body.text}`)
      }
      for (const text of ['1', '2', '3']) await say(world(), ann, channel, text)
      await say(world(), user('bob'), channel, 'b')
      expect((await reply()).Content).toContain('to b')
      expect(texts()).toEqual(['1', 'b'])
      resolve()
      await reply(3)
      const answers = (await replies()).map(({ Content }) => /to (\w)/.exec(Content!)![1])
      expect([texts().filter(text => text !== 'b'), answers]).toEqual([
        ['1', '2', '3'],
        ['b', '1', '2', '3'],
      ])
    })

    test('more messages of a session than may wait in order are all answered, once each', async () => {
      const { ann, channel, texts, reply, replies } = await setting()
      const { promise, resolve } = Promise.withResolvers<void>()
      lex.answer = async ({ body }) => {
        if (body.text === '0') await promise
        return plain(`to ${body.text}`)
      }
      const all = Array.from({ length: 24 }, (_, number) => String(number))
      for (const text of all) await say(world(), ann, channel, text)
      await until(() => texts().length === 5)
      resolve()
      await reply(23)
      expect(texts().toSorted((a, b) => Number(a) - Number(b))).toEqual(all)
      expect(await replies()).toHaveLength(24)
    })

    test('a bot that has left or is deleted meanwhile sends nothing, and is invoked no more', async () => {
      const { identity, messaging } = world()
      const ends: Record<string, (ann: string, botArn: string, ChannelArn: string) => Promise<unknown>> = {
        leaves: async (ChimeBearer, MemberArn, ChannelArn) => messaging.deleteChannelMembership({ ChannelArn, MemberArn, ChimeBearer }),
        'is deleted': async (_, AppInstanceBotArn) => identity.deleteAppInstanceBot({ AppInstanceBotArn }),
        'loses its channel': async (ChimeBearer, _, ChannelArn) => messaging.deleteChannel({ ChannelArn, ChimeBearer }),
      }
      for (const end of Object.values(ends)) {
        const { ann, botArn, channel, calls } = await setting()
        const { promise, resolve } = Promise.withResolvers<void>()
        lex.answer = async () => {
          await promise
          return plain('too late')
        }
        await say(world(), ann, channel, 'hello?')
        await until(() => calls().length === 1)
        await end(ann, botArn, channel)
        resolve()
        await until(async () => (await rowsIn(world(), 'outbox')) === 0)
        const said = await say(world(), ann, channel, 'still there?').then(
          async () => (await about(channel, ann).list()).map(({ Content }) => Content),
          () => ['hello?', 'still there?'],
        )
        expect([said, calls().length]).toEqual([['hello?', 'still there?'], 1])
      }
    })

    test('a bot in an elastic channel answers in the sub-channel of the message', async () => {
      const { arn, user } = await world().appInstance(['mod', 'ann'])
      const { messaging } = world()
      const botArn = await bot(arn)
      const [mod, ann] = [user('mod'), user('ann')]
      const ElasticChannelConfiguration = { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 5, MinimumMembershipPercentage: 40 }
      const ChannelArn = await open(world(), mod, { Mode: 'RESTRICTED', ElasticChannelConfiguration })
      const join = async (MemberArn: string) =>
        (await messaging.createChannelMembership({ ChannelArn, MemberArn, Type: 'DEFAULT', ChimeBearer: mod })).SubChannelId
      const SubChannelId = await join(ann)
      expect(await join(botArn)).toBe(SubChannelId)
      await messaging.sendChannelMessage({
        ChannelArn,
        SubChannelId,
        ChimeBearer: ann,
        Content: 'hello',
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
      })
      const list = async () => (await messaging.listChannelMessages({ ChannelArn, SubChannelId, ChimeBearer: ann })).ChannelMessages!
      const reply = await until(async () => (await list()).find(({ Sender }) => Sender!.Arn === botArn))
      expect(reply.Content).toBe('{"Messages":[{"Content":"hello","ContentType":"PlainText"}]}')
    })
  },
  { lexEndpoint: lex.url, lambdaEndpoint: lambda.url, elasticChannelsPerAppInstance: '10' },
)

test('of three nodes one calls Lex about each message, in the order of a session, and one reply follows', async () => {
  const databaseUrl = await createPostgresDatabase()
  const nodes: World[] = []
  while (nodes.length < 3) {
    const node = await startWorld('postgres', { databaseUrl, lexEndpoint: lex.url })
    onTestFinished(() => node.close())
    nodes.push(node)
  }
  const [first] = nodes as [World, ...World[]]
  const { arn, user } = await first.appInstance(['ann'])
  const ChimeBearer = user('ann')
  const Configuration = { Lex: { LexBotAliasArn, LocaleId: 'en_US', InvokedBy: everything } }
  const { AppInstanceBotArn } = await first.identity.createAppInstanceBot({ AppInstanceArn: arn, Configuration })
  lex.answer = ({ body }) => plain(`to ${body.text}`)
  const channels = await Promise.all(Array.from({ length: 6 }, async () => open(first, ChimeBearer, { MemberArns: [AppInstanceBotArn!] })))
  const texts = Array.from({ length: 9 }, (_, number) => String(number))
  await Promise.all(
    channels.map(async channel => {
      for (const text of texts) await say(nodes[Number(text) % 3]!, ChimeBearer, channel, text)
    }),
  )
  for (const ChannelArn of channels) {
    const list = async () =>
      (await first.messaging.listChannelMessages({ ChannelArn, ChimeBearer, SortOrder: 'ASCENDING' })).ChannelMessages!
    await until(async () => (await list()).length === 2 * texts.length)
    const asked = lex.calls.filter(({ body }) => body.requestAttributes!['CHIME.channel.arn'] === ChannelArn).map(({ body }) => body.text)
    const replies = (await list()).filter(({ Sender }) => Sender!.Arn === AppInstanceBotArn)
    expect([asked, replies.map(({ Content }) => /to (\d)/.exec(Content!)![1])]).toEqual([texts, texts])
  }
})

describe('The answer of Lex', () => {
  const turn = { sessionId: 'session', messageId: 'a'.repeat(64) }

  const replied = (answer: unknown) => {
    try {
      return replyOf(answer, turn)
    } catch (error) {
      if (error instanceof LexFailure) return error
      throw error
    }
  }

  test('becomes a message or a LexFailure, whatever it is', async () => {
    await assert(
      asyncProperty(anything(), anything(), anything(), async (answer, messages, intent) => {
        for (const each of [answer, { messages, sessionState: { intent } }, { messages: [messages], sessionId: intent }]) {
          const outcome = replied(each)
          expect(outcome instanceof LexFailure || JSON.parse(outcome.content)).toBeTruthy()
          expect(outcome instanceof LexFailure || JSON.stringify(outcome.attributes).length < 1024).toBe(true)
        }
      }),
    )
  })

  test('leaves out names and ids that Lex does not have', () => {
    const { attributes } = replyOf({ sessionId: 'x'.repeat(101), sessionState: { intent: { name: '<b>', state: 'Fulfilled' } } }, turn)
    expect(Object.values(attributes).map(({ StringValues }) => StringValues![0])).toEqual(['Fulfilled', turn.messageId, 'session'])
  })
})

test('a bot without a configured Lex or webhook sends nothing, and the log says what to configure', async () => {
  // A metadata service of a cloud that has no role.
  let looks = 0
  const metadata = await startHttp((_, _body, response) => {
    looks++
    response.writeHead(404).end()
  })
  const none = { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata, HOME: await temporaryFolder() }
  const server = serve(['--port', '0', '--data', await temporaryFolder()], { env: { ...keyVariables, ...none } })
  const { identity, messaging } = clientsOf({ url: await server.url(), rootKey })
  const { arn, user } = await makersOf(identity).appInstance(['ann'])
  const ChimeBearer = user('ann')
  const Configuration = { Lex: { LexBotAliasArn, LocaleId: 'en_US' } }
  const { AppInstanceBotArn } = await identity.createAppInstanceBot({ AppInstanceArn: arn, Configuration })
  const MemberArns = [AppInstanceBotArn!]
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn: arn, Name: 'x', MemberArns, ChimeBearer })
  const send = async (Content: string) =>
    messaging.sendChannelMessage({ ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })
  await send('one')
  const lines = () => server.stderr.split('\n').filter(line => line.includes('A bot cannot be invoked'))
  await until(() => lines().length > 0)
  expect(JSON.parse(lines()[0]!)).toMatchObject({
    bot: AppInstanceBotArn,
    reason: expect.stringContaining('no --lex-endpoint (CARILLON_LEX_ENDPOINT), and no entry for it in --destinations') as string,
  })
  const looked = looks
  expect(looked).toBeGreaterThan(0)
  await send('two')
  const metrics = async () => (await fetch(`${await server.url()}/metrics`)).text()
  await until(async () => /^carillon_outbox_delivered_total\{kind="bot".*\} 2$/m.test(await metrics()))
  const { ChannelMessages } = await messaging.listChannelMessages({ ChannelArn, ChimeBearer })
  expect(ChannelMessages!.map(({ Content }) => Content)).toEqual(['two', 'one'])
  expect(lines()).toHaveLength(1)
  // The server does not look for credentials again at each message.
  expect(looks).toBe(looked)
})
