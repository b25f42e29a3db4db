import { describe, expect, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { until } from '../support/processor.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { isSpread, onBothDatabases, refusal } from '../support/world.ts'
import { isShown, makeScene, shown } from './watching.ts'

const typeOfNext = async (session: Listening) => (await session.next()).type

onBothDatabases(
  'Presence',
  world => {
    test('is sent to the sessions that watch a channel: first that of all members, then each member that comes online or goes offline', async () => {
      const { app, now, advance } = world()
      const { ann, ben, cid, ChannelArn, watching, get } = await makeScene(world())
      advance(86_400_000)
      const [ofAnn, plain] = [await watching(ann, { ChannelArns: [ChannelArn] }), await listen(app, ann)]
      await until(() => shown(ofAnn, cid) !== undefined)
      expect([shown(ofAnn, ben), shown(ofAnn, cid)]).toEqual(
        [ben, cid].map(AppInstanceUserArn => ({ AppInstanceUserArn, IsOnline: false })),
      )
      const start = now()
      const ofBen = await listen(app, ben)
      await isShown(ofAnn, ben, true)
      ofBen.socket.close()
      await isShown(ofAnn, ben, false)
      const lastSeen = new Date(shown(ofAnn, ben)!['LastSeenTimestamp'] as string)
      expect(lastSeen.getTime()).toBeGreaterThanOrEqual(start - 2000)
      expect((await get(ann, ben))[0]).toEqual({ AppInstanceUserArn: ben, IsOnline: false, LastSeenTimestamp: expect.any(Date) as Date })
      expect(plain.events.map(({ type }) => type)).toEqual(['SESSION_ESTABLISHED'])
    })

    test('is for members of a common channel and for AppInstanceAdmins; that of HIDDEN members is not shown', async () => {
      const { messaging, carillon } = world()
      const { ann, ben, dan, root, ChannelArn, watching, get } = await makeScene(world())
      const stranger = await makeScene(world())
      await messaging.createChannelMembership({ ChannelArn, MemberArn: dan, Type: 'HIDDEN', ChimeBearer: root })
      const seen = async (bearer: string) => (await get(bearer, ann, ben, dan)).map(({ AppInstanceUserArn }) => AppInstanceUserArn)
      expect([await seen(ann), await seen(dan), await seen(root)]).toEqual([[ann, ben], [dan], [ann, ben, dan]])
      const inChannel = async (ChimeBearer: string) => carillon.call('GetChannelPresence', { ChannelArn, ChimeBearer })
      const { Presences, OnlineMemberCount } = await inChannel(root)
      expect([Presences!.length, OnlineMemberCount]).toEqual([3, 0])
      expect(await refusal(inChannel(dan))).toMatchObject({ name: 'ForbiddenException' })
      const { answer } = await watching(dan, { ChannelArns: [ChannelArn], AppInstanceUserArns: [ann, dan] })
      expect(answer).toMatchObject({ ChannelArns: [], AppInstanceUserArns: [dan] })
      for (const foreign of [{ AppInstanceUserArns: [stranger.ann] }, { ChannelArns: [stranger.ChannelArn] }]) {
        expect(await refusal(watching(ann, foreign))).toMatchObject({ name: 'ForbiddenException' })
      }
    })

    test('is last sent as offline of a user who is deleted, or whom the session may not see any more', async () => {
      const { app, identity, messaging } = world()
      const { ann, ben, cid, root, ChannelArn, watching } = await makeScene(world())
      for (const user of [ann, ben, cid]) await listen(app, user)
      const whole = await open(world(), ann, { MemberArns: [cid] })
      const [ofAnn, ofBen, ofRoot] = [
        await watching(ann, { AppInstanceUserArns: [ben, cid] }),
        await watching(ben, { AppInstanceUserArns: [cid] }),
        await watching(root, { ChannelArns: [ChannelArn] }),
      ]
      const all = [[ofAnn, ben], [ofAnn, cid], [ofBen, cid], [ofRoot, ann], [ofRoot, ben], [ofRoot, cid]] as const // prettier-ignore
      for (const [session, user] of all) await isShown(session, user, true)
      await messaging.deleteChannelMembership({ ChannelArn, MemberArn: cid, ChimeBearer: root })
      for (const session of [ofBen, ...(isSpread ? [] : [ofRoot])]) await isShown(session, cid, false)
      await identity.deleteAppInstanceUser({ AppInstanceUserArn: ben })
      for (const session of [ofAnn, ofRoot]) await isShown(session, ben, false)
      // Ann and Cid have another common channel, until it is deleted.
      expect([shown(ofAnn, cid)?.['IsOnline'], shown(ofRoot, ann)?.['IsOnline']]).toEqual([true, true])
      await messaging.deleteChannel({ ChannelArn: whole, ChimeBearer: ann })
      await isShown(ofAnn, cid, false)
    })

    test('is last sent as offline of the members of a channel that the session has left, or that is deleted', async () => {
      const { app, messaging } = world()
      const { ann, ben, cid, root, ChannelArn, watching } = await makeScene(world())
      for (const user of [ann, cid]) await listen(app, user)
      const whole = await open(world(), ann, { MemberArns: [cid] })
      const [ofBen, ofCid] = [await watching(ben, { ChannelArns: [ChannelArn] }), await watching(cid, { ChannelArns: [ChannelArn, whole] })]
      for (const session of [ofBen, ofCid]) await isShown(session, ann, true)
      await messaging.deleteChannelMembership({ ChannelArn, MemberArn: ben, ChimeBearer: root })
      for (const user of [ann, cid]) await isShown(ofBen, user, false)
      // Ben is still online, as he sees when he asks.
      expect(shown(ofBen, ben)?.['IsOnline']).toBe(true)
      await messaging.deleteChannel({ ChannelArn, ChimeBearer: ann })
      await isShown(ofCid, ben, false)
      // Cid and Ann have another channel, which Cid watches too.
      expect(shown(ofCid, ann)?.['IsOnline']).toBe(true)
      await messaging.deleteChannel({ ChannelArn: whole, ChimeBearer: ann })
      await isShown(ofCid, ann, false)
    })

    test('is a number in a channel of more than 100 members, and in an elastic one', async () => {
      const { app, messaging, carillon, appInstance } = world()
      const names = Array.from({ length: 101 }, (_, index) => `user-${index}`)
      const { user } = await appInstance(names)
      const [ann, ...others] = names.map(user)
      const large = await open(world(), ann!, {})
      for (let start = 0; start < others.length; start += 50) {
        const MemberArns = others.slice(start, start + 50)
        await messaging.batchCreateChannelMembership({ ChannelArn: large, MemberArns, ChimeBearer: ann! })
      }
      const elastic = await open(world(), ann!, {
        ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 40 },
      })
      await messaging.createChannelMembership({ ChannelArn: elastic, MemberArn: others[0]!, Type: 'DEFAULT', ChimeBearer: ann! })
      const SessionId = crypto.randomUUID()
      const session = await listen(app, others[0]!, { sessionId: SessionId })
      const count = async (ChannelArn: string) => carillon.call('GetChannelPresence', { ChannelArn, ChimeBearer: ann! })
      await until(async () => (await count(large)).OnlineMemberCount === 1)
      for (const each of [large, elastic]) {
        const { ChannelArn, OnlineMemberCount, Presences } = await count(each)
        expect({ ChannelArn, OnlineMemberCount, Presences }).toEqual({ ChannelArn: each, OnlineMemberCount: 1, Presences: [] })
      }
      await carillon.call('WatchPresence', { SessionId, ChannelArns: [large, elastic], ChimeBearer: others[0]! })
      const { type, payload } = await session.next()
      const Channels = [large, elastic].map(ChannelArn => ({ ChannelArn, OnlineMemberCount: 1 }))
      expect({ type, payload }).toEqual({ type: 'UPDATE_PRESENCE', payload: { Presences: [], Channels } })
    })

    test('is first sent as no members, where all members of a channel are HIDDEN, and then as that of a DEFAULT member who joins', async () => {
      const { messaging } = world()
      const { arn, ann, ben, root, watching } = await makeScene(world())
      const ChannelArn = (
        await messaging.createChannel({ AppInstanceArn: arn, Name: 'hidden', ChimeBearer: root, ClientRequestToken: 'hidden' })
      ).ChannelArn!
      await messaging.createChannelMembership({ ChannelArn, MemberArn: ben, Type: 'HIDDEN', ChimeBearer: root })
      await messaging.deleteChannelMembership({ ChannelArn, MemberArn: root, ChimeBearer: root })
      const session = await watching(root, { ChannelArns: [ChannelArn] })
      const { type, payload } = await session.next()
      expect({ type, payload }).toEqual({
        type: 'UPDATE_PRESENCE',
        payload: { Presences: [], Channels: [{ ChannelArn, OnlineMemberCount: 0 }] },
      })
      if (!isSpread) {
        await messaging.createChannelMembership({ ChannelArn, MemberArn: ann, Type: 'DEFAULT', ChimeBearer: root })
        await isShown(session, ann, false)
      }
    })

    test('can be watched by a session that is open, and only that of users: bots have none', async () => {
      const { carillon, bot } = world()
      const { arn, ann } = await makeScene(world())
      const watch = { SessionId: 'none', ChimeBearer: ann }
      expect(await refusal(carillon.call('WatchPresence', watch))).toMatchObject({
        name: 'NotFoundException',
        reason: `${ann} has no open session none. Call WatchPresence after SESSION_ESTABLISHED.`,
      })
      const ChimeBearer = await bot(arn)
      expect(
        await refusal(carillon.call('PutPresenceStatus', { AppInstanceUserArn: ChimeBearer, Status: 'AWAY', ChimeBearer })),
      ).toMatchObject({
        name: 'BadRequestException',
        reason: `${ChimeBearer} is a bot.`,
      })
    })
  },
  { presenceGraceSeconds: '1' },
)

describe('The events of an app instance', () => {
  onBothDatabases('that an admin has chosen for all its sessions', world => {
    test('are heard without asking on the URL, by sessions that connect afterwards', async () => {
      const { app, carillon, messaging } = world()
      const { arn, ann, ben, ChannelArn } = await makeScene(world())
      const before = await listen(app, ann)
      const set = async (...Events: ('read' | 'typing')[]) =>
        (await carillon.call('PutAppInstanceEventSettings', { AppInstanceArn: arn, EventSettings: { Events } })).EventSettings
      expect(await set('typing', 'typing')).toEqual({ Events: ['typing'] })
      expect((await carillon.call('GetAppInstanceEventSettings', { AppInstanceArn: arn })).EventSettings).toEqual({ Events: ['typing'] })
      const after = await listen(app, ann)
      const asking = await listen(app, ann, { query: { 'carillon-events': 'unread, read,other' } })
      await carillon.call('SendTypingIndicator', { ChannelArn, IsTyping: true, ChimeBearer: ben })
      expect([await typeOfNext(after), await typeOfNext(asking)]).toEqual(['UPDATE_TYPING_INDICATOR', 'UPDATE_TYPING_INDICATOR'])
      await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: ben })
      expect(await typeOfNext(asking)).toBe('UPDATE_CHANNEL_READ_MARKER')
      await set()
      const last = await listen(app, ann)
      await say(world(), ben, ChannelArn, 'last')
      expect([await typeOfNext(before), await typeOfNext(last)]).toEqual(['CREATE_CHANNEL_MESSAGE', 'CREATE_CHANNEL_MESSAGE'])
    })
  })
})
