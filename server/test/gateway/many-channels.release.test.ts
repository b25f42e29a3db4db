import { expect, test } from 'vitest'
import { open, patiently, say } from '../api/acts.ts'
import { until } from '../support/processor.ts'
import { listen } from '../support/sockets.ts'
import { onBothDatabases } from '../support/world.ts'
import { isShown, makeScene, shown } from './watching.ts'

/** The work for each, sixteen at a time. */
async function forEach<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>) {
  const left = items.values()
  await Promise.all(Array.from({ length: 16 }, async () => { for (const item of left) await patiently(async () => work(item)) })) // prettier-ignore
}

onBothDatabases(
  'users in more than a thousand channels',
  world => {
    test('see each other if both are in more than a thousand channels and a common one is among the oldest or newest 500 of one of them, or is watched itself', async () => {
      const { app, messaging, carillon } = world()
      const { ann, ben, cid, ChannelArn: oldest, watching, get } = await makeScene(world())
      /** 500 channels of Cid with Ann, and others with Ben. */
      const fill = async () => forEach(Array.from({ length: 1000 }, (_, index) => (index % 2 ? ann : ben)), async member => open(world(), cid, { MemberArns: [member] })) // prettier-ignore
      const leave = async (ChannelArn: string) => messaging.deleteChannelMembership({ ChannelArn, MemberArn: ben, ChimeBearer: ben })
      const isSeen = async () => Promise.all([get(ann, ben), get(ben, ann)]).then(each => each.map(({ length }) => length === 1))
      await fill()
      const middle = await open(world(), ann, { MemberArns: [ben] })
      await fill()
      await listen(app, ben)
      const [ofAnn, ofChannel] = [await watching(ann, { AppInstanceUserArns: [ben] }), await watching(ann, { ChannelArns: [middle] })]
      await isShown(ofAnn, ben, true)
      expect(await isSeen()).toEqual([true, true])

      await leave(oldest)
      await isShown(ofAnn, ben, false)
      expect(await isSeen()).toEqual([false, false])
      expect((await ofAnn.watch({ AppInstanceUserArns: [ben, cid] })).AppInstanceUserArns).toEqual([cid])
      const { Presences } = await carillon.call('GetChannelPresence', { ChannelArn: middle, ChimeBearer: ann })
      expect(Presences!.map(({ AppInstanceUserArn, IsOnline }) => [AppInstanceUserArn, IsOnline])).toContainEqual([ben, true])
      await until(() => shown(ofChannel, ben)?.['IsOnline'] === true)

      const newest = await open(world(), ann, { MemberArns: [ben] })
      expect(await isSeen()).toEqual([true, true])
      await leave(newest)
      expect(await isSeen()).toEqual([false, false])

      // Ben is in 1,001 channels. With 1,000 all of them count.
      const { ChannelMemberships } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: ben, MaxResults: 1 })
      await leave(ChannelMemberships![0]!.ChannelSummary!.ChannelArn!)
      expect(await isSeen()).toEqual([true, true])
    })

    // A session reads its channels in steps of 2,000, GetUnreadSummary in steps of 500.
    test('have exact counts of all their channels, and hear who types and who writes in each', async () => {
      const { app, carillon } = world()
      const { arn, user } = await world().appInstance(['ann', 'ben'])
      const [ann, ben] = [user('ann'), user('ben')]
      const channels = Array.from({ length: 2100 }, (_, index) => `${arn}/channel/${index}`)
      await forEach(channels, async channel => open(world(), ann, { ChannelId: channel.split('/').at(-1)!, MemberArns: [ben] }))
      await forEach(channels, async channel => say(world(), ann, channel))
      const summary = async () => {
        const { UnreadCount, UnreadChannelCount } = await carillon.call('GetUnreadSummary', { ChimeBearer: ben })
        return [UnreadCount, UnreadChannelCount]
      }
      expect(await summary()).toEqual([2100, 2100])
      const listed = async (SortBy: 'JOINED' | 'LAST_MESSAGE') => {
        const unread = new Map<string, number>()
        for (let NextToken: string | undefined, isFirst = true; isFirst || NextToken !== undefined; isFirst = false) {
          const page = await carillon.call('ListChannelUnreadCounts', { SortBy, NextToken, ChimeBearer: ben })
          for (const { ChannelSummary, UnreadCount } of page.ChannelMemberships!) unread.set(ChannelSummary!.ChannelArn!, UnreadCount!)
          ;({ NextToken } = page)
        }
        return unread
      }
      const joined = await listed('JOINED')
      for (const unread of [joined, await listed('LAST_MESSAGE')]) {
        expect(channels.filter(channel => unread.get(channel) !== 1)).toEqual([])
      }

      const session = await listen(app, ben, { query: { 'carillon-events': 'typing' } })
      const some = [...joined.keys()].filter((_, index) => index % 300 === 0 || index === 2099)
      const heard = (kind: string) => {
        const channelsOfEvents = new Set(session.events.filter(({ type }) => type === kind).map(({ payload }) => payload!['ChannelArn']))
        return some.every(channel => channelsOfEvents.has(channel))
      }
      await forEach(some, async ChannelArn => carillon.call('SendTypingIndicator', { ChannelArn, IsTyping: true, ChimeBearer: ann }))
      await until(() => heard('UPDATE_TYPING_INDICATOR'))
      await forEach(some, async channel => say(world(), ann, channel))
      await until(() => heard('CREATE_CHANNEL_MESSAGE'))
      expect(await summary()).toEqual([2100 + some.length, 2100])
    })
  },
  { presenceGraceSeconds: '1' },
)
