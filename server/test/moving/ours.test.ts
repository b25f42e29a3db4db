import * as fc from 'fast-check'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { say } from '../api/acts.ts'
import { UnreadModel, walk } from '../api/unread-model.ts'
import { startLambda } from '../support/processor.ts'
import { temporaryFolder } from '../support/process.ts'
import { refusal, startWorld, type World } from '../support/world.ts'
import { addOurs, readOurs } from './ours.ts'
import { exported, imported, linesOf, makeScene, withoutNumbers } from './scene.ts'

const settings = { elasticChannelsPerAppInstance: '10' }

const lambda = await startLambda()
let from: World
let to: World
beforeAll(async () => {
  from = await startWorld('sqlite', { ...settings, lambdaEndpoint: lambda.url })
  to = await startWorld('postgres', settings)
})
afterAll(async () => {
  await Promise.all([from?.close(), to?.close(), lambda.close()])
})

test('reactions, threads, pins, presence, unread counts and settings are moved, and continue to work', async () => {
  const scene = await addOurs(await makeScene(from))
  const { carillon } = from
  await carillon.call('PutAppInstancePresenceSettings', { AppInstanceArn: scene.arn, PresenceSettings: { Enabled: true } })
  const folder = join(await temporaryFolder(), 'export')
  await exported(folder, from, scene.arn)
  await imported(folder, to)
  const [before, after] = [await readOurs(from, scene), await readOurs(to, scene)]
  expect(after).toEqual(before)
  expect(before['threads']).toMatchObject({ Threads: [{ ReplyCount: 2 }, {}, {}] })

  const again = join(await temporaryFolder(), 'export')
  await exported(again, to, scene.arn)
  expect(withoutNumbers(await linesOf(again))).toEqual(withoutNumbers(await linesOf(folder)))

  const { channel: ChannelArn, alice, bob } = scene
  const replyTo = async (root: string) =>
    say(to, alice, ChannelArn, 'after the move', { MessageAttributes: { 'CARILLON.thread': { StringValues: [root] } } })
  const reply = await replyTo(scene.messages[0]!)
  expect(await refusal(replyTo(reply))).toMatchObject({ name: 'BadRequestException', message: 'The message to reply to is a reply itself' })
  // The first message of its thread was deleted before the move, so it is a plain message.
  await replyTo(scene.messages[1]!)
  const MessageIds = scene.messages
  const { Threads } = await to.carillon.call('BatchGetThreads', { ChannelArn, MessageIds, ChimeBearer: bob })
  expect(Threads).toMatchObject([{ ReplyCount: 3 }, { ReplyCount: 1 }, {}])
  await to.carillon.call('PutMessageReactions', { ChannelArn, MessageId: MessageIds[0]!, Reactions: [], ChimeBearer: alice })
  const { MessageReactions } = await to.carillon.call('BatchGetMessageReactions', { ChannelArn, MessageIds, ChimeBearer: bob })
  expect(MessageReactions![0]!.Reactions).toEqual([
    { Reaction: '🎉', Count: 1, Me: true },
    { Reaction: '🍀', Count: 1, Me: true },
  ])
})

test('unread counts after a move are the same as before it, whatever several users have done', async () => {
  const property = fc.asyncProperty(walk(25), async steps => {
    const model = await UnreadModel.open(from, lambda)
    for (const step of steps) await model.does(step)
    to.advance(from.now() - to.now())
    const folder = join(await temporaryFolder(), 'export')
    await exported(folder, from, model.appInstanceArn, { now: from.now })
    await imported(folder, to, { now: to.now })
    expect(await model.told(to)).toEqual(model.expected())
  })
  await fc.assert(property, { numRuns: 3, endOnFailure: true })
})
