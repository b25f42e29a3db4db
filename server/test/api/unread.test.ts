import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { callBack, giveFlow, startLambda } from '../support/processor.ts'
import { onBothDatabases, type World } from '../support/world.ts'
import { open, pages, say } from './acts.ts'
import { openElastic } from './elastic-acts.ts'
import { compareCountsWithLists } from './unread-lists.ts'
import { newestFirst, UnreadModel, walk } from './unread-model.ts'

const lambda = await startLambda()
afterAll(() => lambda.close())

/** The unread counts of a user in the channels that have any. */
async function unreadOf({ carillon }: World, ChimeBearer: string) {
  const { ChannelMemberships = [] } = await carillon.call('ListChannelUnreadCounts', { IncludeFirstUnread: true, ChimeBearer })
  const unread = ChannelMemberships.filter(({ UnreadCount }) => UnreadCount !== 0)
  return unread.map(({ UnreadCount, UnreadMentionCount, FirstUnreadMessageId }) => [UnreadCount, UnreadMentionCount, FirstUnreadMessageId])
}

onBothDatabases(
  'Unread counts',
  world => {
    test('agree with a simple model, whatever several users do', async () => {
      const property = fc.asyncProperty(walk(25), async steps => {
        const model = await UnreadModel.open(world(), lambda)
        for (const step of steps) {
          await model.does(step)
          expect(await model.told()).toEqual(model.expected())
        }
      })
      await fc.assert(property, { numRuns: 2, endOnFailure: true })
    })

    test('agree with the lists of messages for those who send and those who only read, whatever happens at the same time', async () => {
      expect(await compareCountsWithLists(world(), lambda, { rounds: 10, seed: 1 })).toBeGreaterThan(0)
    })

    test('are in the entries that ListChannelMembershipsForAppInstanceUser has, page by page', async () => {
      const { carillon, messaging, appInstance } = world()
      const { user } = await appInstance(['ann', 'ben'])
      const [ann, ben] = [user('ann'), user('ben')]
      for (const Name of ['one', 'two', 'three']) await open(world(), ann, { Name, MemberArns: [ben], Metadata: `"${Name}"` })
      const { ChannelMemberships: ofBen = [] } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: ben })
      await say(world(), ben, ofBen[1]!.ChannelSummary!.ChannelArn!)
      const listed = async (more: { IncludeFirstUnread?: boolean }) =>
        pages(NextToken =>
          carillon.call('ListChannelUnreadCounts', { ...more, ChimeBearer: ann, MaxResults: 2, ...(NextToken && { NextToken }) }),
        )
      const found = await listed({ IncludeFirstUnread: true })
      const { ChannelMemberships: ofAnn = [] } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: ann })
      const counts = [{ UnreadCount: 0 }, { UnreadCount: 1, FirstUnreadMessageId: expect.any(String) as string }, { UnreadCount: 0 }]
      expect(found.map(page => page.ChannelMemberships!.length)).toEqual([2, 1])
      expect(found.flatMap(page => page.ChannelMemberships)).toEqual(
        ofAnn.map((entry, index) => ({ ...entry, UnreadMentionCount: 0, ...counts[index] })),
      )
      const without = await listed({})
      expect(without.map(page => page.ChannelMemberships!.length)).toEqual([2, 1])
      expect(without.flatMap(page => page.ChannelMemberships)).toEqual(
        ofAnn.map((entry, index) => ({ ...entry, UnreadMentionCount: 0, UnreadCount: counts[index]!.UnreadCount })),
      )
    })

    test('are listed by the newest message, page by page, for the user itself and for an admin', async () => {
      const { carillon, messaging, appInstance } = world()
      const { user } = await appInstance(['ann', 'ben'], { admins: ['root'] })
      const [ann, ben, root] = [user('ann'), user('ben'), user('root')]
      const arns: string[] = []
      for (let number = 0; number < 6; number++) arns.push(await open(world(), ann, { Name: `${number}`, MemberArns: [ben, root] }))
      for (const index of [4, 1, 3]) await say(world(), ann, arns[index]!)
      await say(world(), ann, arns[0]!, 'for ben', { Target: [{ MemberArn: ben }] })
      await messaging.deleteChannel({ ChannelArn: arns[3]!, ChimeBearer: root })
      const listed = async (more: { AppInstanceUserArn?: string; IncludeFirstUnread?: boolean; ChimeBearer: string }) => {
        const found = await pages(NextToken =>
          carillon.call('ListChannelUnreadCounts', { ...more, SortBy: 'LAST_MESSAGE', MaxResults: 2, ...(NextToken && { NextToken }) }),
        )
        expect(found.map(page => page.ChannelMemberships!.length)).toEqual([2, 2, 1])
        return found.flatMap(page => page.ChannelMemberships!)
      }
      const order = (entries: Awaited<ReturnType<typeof listed>>) => entries.map(entry => arns.indexOf(entry.ChannelSummary!.ChannelArn!))
      const ofBen = await listed({ ChimeBearer: ben })
      expect(order(ofBen)).toEqual([0, 1, 4, 2, 5])
      const { ChannelMemberships: joined = [] } = await carillon.call('ListChannelUnreadCounts', { ChimeBearer: ben })
      expect(ofBen).toEqual(newestFirst(joined))
      const withFirst = await listed({ IncludeFirstUnread: true, ChimeBearer: ben })
      expect(newestFirst(withFirst)).toEqual(ofBen)
      expect(withFirst.map(entry => entry.FirstUnreadMessageId !== undefined)).toEqual([true, true, true, false, false])
      // An admin that is not the target of the message does not count it as the newest.
      expect(order(await listed({ AppInstanceUserArn: ben, ChimeBearer: root }))).toEqual([1, 4, 0, 2, 5])
    })

    test('do not change the ReadMarkerTimestamp that stock clients compare: sending and joining do not move it', async () => {
      const { messaging, appInstance } = world()
      const { user } = await appInstance(['ann', 'ben'])
      const [ann, ben] = [user('ann'), user('ben')]
      const ChannelArn = await open(world(), ann, { MemberArns: [ben] })
      await say(world(), ann, ChannelArn)
      expect(await unreadOf(world(), ben)).toHaveLength(1)
      await say(world(), ben, ChannelArn)
      expect(await unreadOf(world(), ben)).toEqual([])
      const { ChannelMemberships } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: ben })
      expect(ChannelMemberships![0]!.AppInstanceUserMembershipSummary).toEqual({ Type: 'DEFAULT' })
    })

    test('include mentions of before a member left, if that member joins again and sets its marker back', async () => {
      const { carillon, messaging, appInstance } = world()
      const { user } = await appInstance(['ann', 'ben'])
      const [ann, ben] = [user('ann'), user('ben')]
      const ChannelArn = await open(world(), ann, { MemberArns: [ben] })
      const MessageId = await say(world(), ann, ChannelArn, 'one')
      const MessageAttributes = { 'CHIME.mentions': { StringValues: [ben] } }
      const second = await say(world(), ann, ChannelArn, 'two', { MessageAttributes })
      await messaging.deleteChannelMembership({ ChannelArn, MemberArn: ben, ChimeBearer: ann })
      await messaging.createChannelMembership({ ChannelArn, MemberArn: ben, Type: 'DEFAULT', ChimeBearer: ann })
      expect(await unreadOf(world(), ben)).toEqual([])
      await carillon.call('PutChannelReadMarker', { ChannelArn, MessageId, ChimeBearer: ben })
      expect(await unreadOf(world(), ben)).toEqual([[1, 1, second]])
    })

    test('are right for a member that was away while a flow released its own messages and one to it, and a mention was edited', async () => {
      const { carillon, messaging, appInstance } = world()
      const { user } = await appInstance(['ann', 'ben'])
      const [ann, ben] = [user('ann'), user('ben')]
      const ChannelArn = await open(world(), ann, { MemberArns: [ben] })
      const start = await say(world(), ann, ChannelArn, 'start')
      const MessageAttributes = { 'CHIME.mentions': { StringValues: [ben] } }
      const mentioning = await say(world(), ann, ChannelArn, 'mention', { MessageAttributes })
      const called = lambda.define()
      const channel = { ChannelArn, ChimeBearer: ann }
      const ChannelFlowArn = await giveFlow(messaging, channel, called.arn)
      for (const content of ['own', 'own too']) await say(world(), ben, ChannelArn, content)
      await say(world(), ann, ChannelArn, 'to ben', { Target: [{ MemberArn: ben }] })
      await messaging.deleteChannelMembership({ ChannelArn, MemberArn: ben, ChimeBearer: ann })
      for (const index of [0, 1, 2]) await callBack(messaging, await called.event(index))
      await messaging.disassociateChannelFlow({ ...channel, ChannelFlowArn })
      await messaging.updateChannelMessage({ ...channel, MessageId: mentioning, Content: 'edited' })
      await messaging.createChannelMembership({ ...channel, MemberArn: ben, Type: 'DEFAULT' })
      await carillon.call('PutChannelReadMarker', { ChannelArn, MessageId: start, ChimeBearer: ben })
      expect(await unreadOf(world(), ben)).toEqual([[2, 1, mentioning]])
    })

    test('are those of the sub-channel in an elastic channel', async () => {
      const { messaging } = world()
      const { user, ChannelArn, join } = await openElastic(world(), { maximum: 3, target: 2, percentage: 40 }, ['ann', 'ben', 'cid'])
      const [SubChannelId] = [await join('ann'), await join('ben'), await join('cid')]
      const first = await say(world(), user('ann'), ChannelArn, 'one', { SubChannelId })
      const second = await say(world(), user('ann'), ChannelArn, 'two', { SubChannelId })
      const heard = async () => Promise.all(['ann', 'ben', 'cid'].map(async name => unreadOf(world(), user(name))))
      expect(await heard()).toEqual([[], [[2, 0, first]], []])
      await messaging.redactChannelMessage({ ChannelArn, SubChannelId, MessageId: first, ChimeBearer: user('ann') })
      expect(await heard()).toEqual([[], [[1, 0, second]], []])
      await say(world(), user('ben'), ChannelArn, 'three', { SubChannelId })
      expect((await heard()).map(each => each.length)).toEqual([1, 0, 0])
    })

    test('are exact after many users have sent, read, redacted and deleted at once', async () => {
      const { messaging, carillon, appInstance } = world()
      const names = Array.from({ length: 6 }, (_, index) => `user-${index}`)
      const { user } = await appInstance(names, { admins: ['root'] })
      const users = names.map(user)
      const ChannelArn = await open(world(), users[0]!, { MemberArns: users.slice(1) })
      const act = async (ChimeBearer: string, index: number) => {
        const MessageId = await say(world(), ChimeBearer, ChannelArn, 'hello', index % 5 === 4 ? { Type: 'CONTROL' } : {})
        const named = { ChannelArn, MessageId, ChimeBearer }
        if (index % 4 === 1) await messaging.redactChannelMessage(named)
        if (index % 4 === 2) await messaging.deleteChannelMessage({ ...named, ChimeBearer: user('root') })
        if (index % 4 === 3) await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer })
        if (index % 3 === 0 && index % 4 !== 2) await carillon.call('PutChannelReadMarker', named)
      }
      await Promise.all(Array.from({ length: 60 }, async (_, index) => act(users[index % users.length]!, index)))
      const listed = await pages(NextToken =>
        messaging.listChannelMessages({ ChannelArn, ChimeBearer: users[0]!, SortOrder: 'ASCENDING', NextToken }),
      )
      const messages = listed.flatMap(page => page.ChannelMessages!)
      for (const [index, ChimeBearer] of users.entries()) {
        const after = (index * 7) % messages.length
        await carillon.call('PutChannelReadMarker', { ChannelArn, MessageId: messages[after]!.MessageId!, ChimeBearer })
        const unread = messages
          .slice(after + 1)
          .filter(({ Type, Redacted, Sender }) => Type === 'STANDARD' && !Redacted && Sender!.Arn !== ChimeBearer)
        expect(await unreadOf(world(), ChimeBearer)).toEqual([[unread.length, 0, unread[0]!.MessageId]])
        await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer })
        expect(await unreadOf(world(), ChimeBearer)).toEqual([])
      }
    })
  },
  { lambdaEndpoint: lambda.url },
)
