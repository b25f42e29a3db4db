import { expect, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { until } from '../support/processor.ts'
import { listen } from '../support/sockets.ts'
import { onBothDatabases, refusal } from '../support/world.ts'
import { isShown, makeScene, shown } from './watching.ts'

onBothDatabases(
  'Presence',
  world => {
    test('has a status with a text, and shows an INVISIBLE user as offline to everybody else', async () => {
      const { app, carillon } = world()
      const { ann, ben, watching, get, isOnline } = await makeScene(world())
      await listen(app, ben)
      await until(async () => isOnline(ann, ben))
      const ofAnn = await watching(ann, { AppInstanceUserArns: [ben] })
      expect(ofAnn.answer).toMatchObject({ AppInstanceUserArns: [ben], ChannelArns: [] })
      await isShown(ofAnn, ben, true)
      const put = async (Status: 'BUSY' | 'INVISIBLE', StatusText?: string) =>
        carillon.call('PutPresenceStatus', {
          AppInstanceUserArn: ben,
          Status,
          ...(StatusText !== undefined && { StatusText }),
          ChimeBearer: ben,
        })
      await put('BUSY', 'at lunch')
      const busy = { AppInstanceUserArn: ben, IsOnline: true, Status: 'BUSY', StatusText: 'at lunch' }
      await until(() => shown(ofAnn, ben)?.['Status'] === 'BUSY')
      expect([shown(ofAnn, ben), await get(ann, ben)]).toEqual([busy, [busy]])
      await put('INVISIBLE')
      const hidden = { AppInstanceUserArn: ben, IsOnline: false }
      // The user sees itself as the others do from this moment on, and its status besides.
      const own = [{ ...hidden, Status: 'INVISIBLE' }]
      expect(await get(ben, ben)).toEqual(own)
      await isShown(ofAnn, ben, false)
      expect([shown(ofAnn, ben), await get(ann, ben)]).toEqual([hidden, [hidden]])
      expect(await get(ben, ben)).toEqual(own)
      await put('BUSY')
      await isShown(ofAnn, ben, true)
    })

    test('is not sent once either user has left the channel that both were in', async () => {
      const { app, messaging } = world()
      const { ann, ben, cid, ChannelArn, watching, isOnline, root } = await makeScene(world())
      const [ofAnn, ofCid] = [await watching(ann, { AppInstanceUserArns: [ben, cid] }), await watching(cid, { ChannelArns: [ChannelArn] })]
      await until(() => shown(ofAnn, ben) !== undefined && shown(ofCid, ben) !== undefined)
      await messaging.deleteChannelMembership({ ChannelArn, MemberArn: ben, ChimeBearer: ann })
      await messaging.deleteChannelMembership({ ChannelArn, MemberArn: cid, ChimeBearer: cid })
      const elsewhere = await open(world(), ann, { MemberArns: [cid] })
      const told = async () => ofAnn.events.some(({ payload }) => payload?.['ChannelArn'] === elsewhere)
      await until(told)
      // The common channel of Ann and Cid is new, and Ben is in none.
      await ofAnn.watch({ AppInstanceUserArns: [ben, cid] })
      await listen(app, ben)
      await until(async () => isOnline(root, ben))
      await say(world(), ann, elsewhere, 'last')
      await until(() => shown(ofAnn, cid)?.['IsOnline'] === true)
      expect([shown(ofAnn, ben)?.['IsOnline'], shown(ofCid, ben)?.['IsOnline']]).toEqual([false, false])
    })

    test('is not sent if it changes right after a user has left the channel', async () => {
      const { carillon, messaging } = world()
      const { ann, ben, cid, ChannelArn, watching } = await makeScene(world())
      const [ofAnn, ofCid] = [await watching(ann, { AppInstanceUserArns: [ben, cid] }), await watching(cid, { ChannelArns: [ChannelArn] })]
      await until(() => shown(ofAnn, ben) !== undefined && shown(ofCid, ben) !== undefined)
      const put = async (AppInstanceUserArn: string) =>
        carillon.call('PutPresenceStatus', { AppInstanceUserArn, Status: 'BUSY', ChimeBearer: AppInstanceUserArn })
      // Mostly within the same second's frame.
      await messaging.deleteChannelMembership({ ChannelArn, MemberArn: ben, ChimeBearer: ann })
      await Promise.all([put(ben), put(cid)])
      await until(() => shown(ofAnn, cid)?.['Status'] === 'BUSY' && shown(ofCid, cid)?.['Status'] === 'BUSY')
      expect([shown(ofAnn, ben)?.['Status'], shown(ofCid, ben)?.['Status']]).toEqual([undefined, undefined])
    })

    test('is sent to a session at most once in two seconds, however often it changes', async () => {
      const { carillon } = world()
      const { ann, ben, cid, ChannelArn, watching } = await makeScene(world())
      const ofAnn = await watching(ann, { ChannelArns: [ChannelArn] })
      await ofAnn.next()
      const [start, seconds] = [Date.now(), 8]
      let StatusText = ''
      for (let count = 0; Date.now() - start < seconds * 1000; count++) {
        StatusText = String(count)
        const status = { Status: 'BUSY', StatusText } as const
        for (const user of [ben, cid]) await carillon.call('PutPresenceStatus', { AppInstanceUserArn: user, ...status, ChimeBearer: user })
      }
      await until(() => [ben, cid].every(user => shown(ofAnn, user)?.['StatusText'] === StatusText))
      const frames = ofAnn.events.filter(({ type }) => type === 'UPDATE_PRESENCE').length
      // The first one came before this time.
      expect(frames).toBeLessThanOrEqual((Date.now() - start) / 2000 + 2)
      expect(frames).toBeGreaterThan(2)
    })

    test('in an elastic channel is a number without names, which follows those who come', async () => {
      const { app, messaging } = world()
      const { ann, ben, root, watching } = await makeScene(world())
      const elastic = await open(world(), root, {
        ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 1 },
      })
      for (const MemberArn of [ann, ben])
        await messaging.createChannelMembership({ ChannelArn: elastic, MemberArn, Type: 'DEFAULT', ChimeBearer: root })
      const ofAnn = await watching(ann, { ChannelArns: [elastic] })
      const frames = () => ofAnn.events.flatMap(({ type, payload }) => (type === 'UPDATE_PRESENCE' ? [payload!] : []))
      const isLast = (OnlineMemberCount: number) =>
        JSON.stringify(frames().at(-1)?.['Channels']) === JSON.stringify([{ ChannelArn: elastic, OnlineMemberCount }])
      await until(() => isLast(1))
      await listen(app, ben)
      await until(() => isLast(2))
      expect(frames().flatMap(({ Presences }) => Presences)).toEqual([])
    })

    test('is not sent any more to a session that watches nothing from then on, or something else', async () => {
      const { app } = world()
      const { ann, ben, cid, ChannelArn, watching } = await makeScene(world())
      const sessions = await Promise.all([ann, ann, cid].map(async user => watching(user, { ChannelArns: [ChannelArn] })))
      const [ended, replaced, staying] = sessions as [(typeof sessions)[0], (typeof sessions)[0], (typeof sessions)[0]]
      for (const session of sessions) await isShown(session, ben, false)
      await ended.watch({})
      await replaced.watch({ AppInstanceUserArns: [cid] })
      await isShown(replaced, cid, true)
      await listen(app, ben)
      // A round tells all sessions, this one last.
      await isShown(staying, ben, true)
      expect([shown(ended, ben)?.['IsOnline'], shown(replaced, ben)?.['IsOnline']]).toEqual([false, false])
    })

    test('is not shown while the app instance has switched it off', async () => {
      const { app, carillon } = world()
      const { arn, ann, ben, ChannelArn, watching, isOnline, get } = await makeScene(world())
      await listen(app, ben)
      await until(async () => isOnline(ann, ben))
      const ofAnn = await watching(ann, { ChannelArns: [ChannelArn] })
      await isShown(ofAnn, ben, true)
      const enable = async (Enabled: boolean) =>
        carillon.call('PutAppInstancePresenceSettings', { AppInstanceArn: arn, PresenceSettings: { Enabled } })
      await enable(false)
      expect((await carillon.call('GetAppInstancePresenceSettings', { AppInstanceArn: arn })).PresenceSettings).toEqual({ Enabled: false })
      await isShown(ofAnn, ben, false)
      expect(await refusal(get(ann, ben))).toMatchObject({
        name: 'BadRequestException',
        reason: `PutAppInstancePresenceSettings switches it on for ${arn}.`,
      })
      await enable(true)
      await isShown(ofAnn, ben, true)
    })
  },
  { presenceGraceSeconds: '1' },
)
