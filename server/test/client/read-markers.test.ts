import { afterAll, expect, test } from 'vitest'
import { say } from '../api/acts.ts'
import { openElastic } from '../api/elastic-acts.ts'
import { CarillonError } from '../../src/client/carillon.ts'
import { allowing, makeKey } from '../support/access.ts'
import { callBack, giveFlow, startLambda } from '../support/processor.ts'
import { clientsOf, onBothDatabases, refusal, type World } from '../support/world.ts'

async function makeChannel({ messaging, appInstance }: World) {
  const { arn, user } = await appInstance(['ann', 'ben', 'cid'], { admins: ['root'] })
  const [ann, ben] = [user('ann'), user('ben')]
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn: arn, Name: 'x', MemberArns: [ann, ben], ChimeBearer: ann })
  const send = async (Content: string) => {
    const { MessageId } = await messaging.sendChannelMessage({
      ChannelArn,
      Content,
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      ChimeBearer: ann,
    })
    return MessageId!
  }
  return { arn, user, ann, ben, ChannelArn: ChannelArn!, send }
}

const lambda = await startLambda()
afterAll(() => lambda.close())

onBothDatabases(
  'Read markers',
  world => {
    test('are set to a message, forward and back, and what is later is unread', async () => {
      const { carillon, messaging } = world()
      const { ChannelArn, ben, send } = await makeChannel(world())
      const [first, second] = [await send('one'), await send('two')]
      const isUnread = async () => {
        const { ChannelMemberships } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: ben })
        const { ChannelSummary, AppInstanceUserMembershipSummary } = ChannelMemberships![0]!
        return ChannelSummary!.LastMessageTimestamp! > AppInstanceUserMembershipSummary!.ReadMarkerTimestamp!
      }
      const put = async (MessageId: string) => carillon.call('PutChannelReadMarker', { ChannelArn, MessageId, ChimeBearer: ben })
      const { ReadMarkerTimestamp, $metadata } = await put(second)
      const { ChannelMessage } = await messaging.getChannelMessage({ ChannelArn, MessageId: second, ChimeBearer: ben })
      expect([ReadMarkerTimestamp, $metadata.httpStatusCode, await isUnread()]).toEqual([ChannelMessage!.CreatedTimestamp, 200, false])
      await put(first)
      expect(await isUnread()).toBe(true)
    })

    test('at a message that was sent together with others leave the later ones unread, in the counts and in the list of Amazon', async () => {
      const { carillon, messaging } = world()
      const { ChannelArn, ben, send } = await makeChannel(world())
      await Promise.all(Array.from({ length: 12 }, async (_, index) => send(`${index}`)))
      const { ChannelMessages = [] } = await messaging.listChannelMessages({ ChannelArn, SortOrder: 'ASCENDING', ChimeBearer: ben })
      expect(new Set(ChannelMessages.map(({ CreatedTimestamp }) => CreatedTimestamp!.getTime())).size).toBe(12)
      for (const [index, { MessageId = '' }] of ChannelMessages.entries()) {
        await carillon.call('PutChannelReadMarker', { ChannelArn, MessageId, ChimeBearer: ben })
        const { ChannelMemberships } = await carillon.call('ListChannelUnreadCounts', { ChimeBearer: ben })
        const { ChannelSummary, AppInstanceUserMembershipSummary, UnreadCount } = ChannelMemberships![0]!
        const isUnread = ChannelSummary!.LastMessageTimestamp! > AppInstanceUserMembershipSummary!.ReadMarkerTimestamp!
        expect([UnreadCount, isUnread]).toEqual([11 - index, index < 11])
      }
    })

    test('at a message that a channel flow has released late leave nothing unread in the list of Amazon, unless more was released', async () => {
      const { carillon, messaging } = world()
      const { ChannelArn, ann, ben, send } = await makeChannel(world())
      const called = lambda.define()
      await giveFlow(messaging, { ChannelArn, ChimeBearer: ann }, called.arn)
      const [first, second] = [await send('one'), await send('two')]
      const events = await Promise.all([called.event(0), called.event(1)])
      const release = async (id: string) =>
        callBack(
          messaging,
          events.find(({ ChannelMessage }) => ChannelMessage.MessageId === id)!,
          {},
        )
      const state = async (MessageId: string) => {
        const { ReadMarkerTimestamp } = await carillon.call('PutChannelReadMarker', { ChannelArn, MessageId, ChimeBearer: ben })
        const { ChannelMemberships } = await carillon.call('ListChannelUnreadCounts', { ChimeBearer: ben })
        const { ChannelSummary, AppInstanceUserMembershipSummary, UnreadCount } = ChannelMemberships![0]!
        expect(AppInstanceUserMembershipSummary!.ReadMarkerTimestamp).toEqual(ReadMarkerTimestamp)
        return [UnreadCount, ReadMarkerTimestamp! < ChannelSummary!.LastMessageTimestamp!]
      }
      await release(second)
      expect(await state(second)).toEqual([0, false])
      await release(first)
      expect(await state(second)).toEqual([1, true])
      expect(await state(first)).toEqual([0, false])
    })

    test('show members who has read up to when', async () => {
      const { carillon, messaging } = world()
      const { ChannelArn, ann, ben, send, user } = await makeChannel(world())
      const MessageId = await send('one')
      await carillon.call('PutChannelReadMarker', { ChannelArn, MessageId, ChimeBearer: ben })
      await messaging.createChannelMembership({ ChannelArn, MemberArn: user('cid'), Type: 'HIDDEN', ChimeBearer: user('root') })
      const list = async (ChimeBearer: string) => carillon.call('ListChannelReadMarkers', { ChannelArn, ChimeBearer })
      const { ChannelMessage } = await messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer: ben })
      const members = [
        { Member: { Arn: ann, Name: 'ann' } },
        { Member: { Arn: ben, Name: 'ben' }, ReadMarkerTimestamp: ChannelMessage!.CreatedTimestamp },
      ]
      for (const bearer of [ann, ben, user('root')]) expect(await list(bearer)).toMatchObject({ ChannelArn, ChannelReadMarkers: members })
      const refused = await list(user('cid')).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(CarillonError)
      expect(refused).toMatchObject({ name: 'ForbiddenException', $metadata: { httpStatusCode: 403 }, Code: 'Forbidden' })
    })

    test('are listed in channels of up to 100 members', async () => {
      const { carillon, messaging, appInstance } = world()
      const { arn, user } = await appInstance(Array.from({ length: 101 }, (_, index) => `user-${index}`))
      const all = Array.from({ length: 101 }, (_, index) => user(`user-${index}`))
      const ChimeBearer = all[0]!
      const { ChannelArn = '' } = await messaging.createChannel({ AppInstanceArn: arn, Name: 'x', ChimeBearer })
      const join = async (MemberArns: string[]) =>
        messaging.batchCreateChannelMembership({ ChannelArn, MemberArns, Type: 'DEFAULT', ChimeBearer })
      await join(all.slice(1, 100))
      const { ChannelReadMarkers } = await carillon.call('ListChannelReadMarkers', { ChannelArn, MaxResults: 50, ChimeBearer })
      expect(ChannelReadMarkers).toHaveLength(50)
      await join([all[100]!])
      expect(await refusal(carillon.call('ListChannelReadMarkers', { ChannelArn, ChimeBearer }))).toMatchObject({
        name: 'BadRequestException',
        reason: `${ChannelArn} has more. HIDDEN members count as well.`,
      })
    })

    test('do not exist in elastic channels, and the refusal says so', async () => {
      const { carillon } = world()
      const { ChannelArn, user, join } = await openElastic(world(), { maximum: 2, target: 2, percentage: 40 }, ['ann'])
      const [ChimeBearer, SubChannelId] = [user('ann'), await join('ann')]
      const MessageId = await say(world(), ChimeBearer, ChannelArn, 'x', { SubChannelId })
      const message = 'Read markers are not supported for elastic channels'
      expect(await refusal(carillon.call('PutChannelReadMarker', { ChannelArn, MessageId, ChimeBearer }))).toMatchObject({ message })
      expect(await refusal(carillon.call('ListChannelReadMarkers', { ChannelArn, ChimeBearer }))).toMatchObject({ message })
    })

    test('need a permission of their own: carillon:PutChannelReadMarker', async () => {
      const { app } = world()
      const { ChannelArn, ben, send } = await makeChannel(world())
      const MessageId = await send('one')
      const keyWith = async (Action: string) => {
        return clientsOf(app, await makeKey(world(), allowing([Action, '*']))).carillon
      }
      const input = { ChannelArn, MessageId, ChimeBearer: ben }
      expect(await refusal((await keyWith('chime:*')).call('PutChannelReadMarker', input))).toMatchObject({
        name: 'AccessDeniedException',
        message: expect.stringContaining('is not authorized to perform: carillon:PutChannelReadMarker') as string,
      })
      await (await keyWith('carillon:Put*')).call('PutChannelReadMarker', input)
    })
  },
  { lambdaEndpoint: lambda.url },
)
