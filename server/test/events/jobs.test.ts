import { expect, test } from 'vitest'
import { buryIdentity, findIdentity } from '../../src/store/identities.ts'
import { days, open, purged, runJob } from '../api/acts.ts'
import { openElastic } from '../api/elastic-acts.ts'
import { onBothDatabases } from '../support/world.ts'
import { audience, makeScene, typesOf } from './scene.ts'

const left = 'DELETE_CHANNEL_MEMBERSHIP'
const moved = 'UPDATE_CHANNEL_MEMBERSHIP'

onBothDatabases(
  'Events of jobs',
  world => {
    test('a channel that expires has a deletion event, once', async () => {
      const s = await makeScene(world())
      const ExpirationSettings = { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' } as const
      await s.messaging.putChannelExpirationSettings({ ...s.channel, ExpirationSettings })
      world().advance(days(1))
      for (const _ of [1, 2]) await runJob(world(), 'channel-expiration')
      await purged(world())
      const told = await s.heard()
      const deleted = ['DELETE_CHANNEL']
      expect(typesOf(told)).toEqual({ alice: deleted, bob: deleted, carol: deleted, tom: deleted })
      expect(told.bob![0]!.payload).toMatchObject({ ChannelArn: s.ChannelArn, ExpirationSettings })
    })

    test('a channel that a message has kept alive has no event', async () => {
      const s = await makeScene(world())
      const ExpirationSettings = { ExpirationDays: 1, ExpirationCriterion: 'LAST_MESSAGE_TIMESTAMP' } as const
      await s.messaging.putChannelExpirationSettings({ ...s.channel, ExpirationSettings })
      world().advance(days(0.6))
      await s.say()
      await s.heard()
      world().advance(days(0.6))
      await runJob(world(), 'channel-expiration')
      expect(await s.heard()).toEqual({})
    })

    test('a user that expires has the events of one that is deleted', async () => {
      const s = await makeScene(world())
      const ExpirationSettings = { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' } as const
      await s.identity.putAppInstanceUserExpirationSettings({ AppInstanceUserArn: s.bob, ExpirationSettings })
      world().advance(days(1))
      await runJob(world(), 'user-expiration')
      await purged(world())
      const told = await s.heard()
      expect(typesOf(told)).toMatchObject({ alice: [left, left], tom: [left, left], dave: [left], bob: ['closed with 4003'] })
      const ended = told.alice!.find(({ payload }) => payload?.ChannelArn === s.ChannelArn)!
      expect(ended.payload).toMatchObject({
        Member: { Arn: s.bob, Name: 'bob' },
        InvitedBy: { Arn: s.alice, Name: 'alice' },
        Type: 'DEFAULT',
      })
    })

    test('a deleted user whose id is used again, and is a member again, has no event of leaving', async () => {
      const s = await makeScene(world())
      const { app, now } = world()
      const { id } = (await findIdentity(app.db, { appInstanceArn: s.arn, kind: 'user', id: 'bob' }))!
      // Without waking the purge, which is to run after another user has the id.
      await app.db.transaction(async tx => {
        await buryIdentity(tx, id, now())
        tx.afterCommit({ type: 'user-deleted', userId: id })
      })
      await s.identity.createAppInstanceUser({ AppInstanceArn: s.arn, AppInstanceUserId: 'bob', Name: 'another' })
      await s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.bob, Type: 'DEFAULT' })
      await purged(world())
      const told = await s.heard()
      expect(typesOf(told)).toMatchObject({ alice: ['CREATE_CHANNEL_MEMBERSHIP', left], dave: [left], bob: ['closed with 4003'] })
      expect(told.alice!.map(({ payload }) => payload?.ChannelArn)).toEqual([s.ChannelArn, s.everywhere])
    })

    test('retention has no events', async () => {
      const s = await makeScene(world())
      await s.say()
      await s.heard()
      const AppInstanceRetentionSettings = { ChannelRetentionSettings: { RetentionDays: 1 } }
      await s.identity.putAppInstanceRetentionSettings({ AppInstanceArn: s.arn, AppInstanceRetentionSettings })
      world().advance(days(40))
      await runJob(world(), 'retention')
      expect(await s.heard()).toEqual({})
    })

    test('a deleted user leaves its sub-channel with an event', async () => {
      const s = await makeScene(world())
      const { ChannelArn, places } = await s.elastic(s.bob, s.dave)
      await s.heard()
      await s.identity.deleteAppInstanceUser({ AppInstanceUserArn: s.bob })
      await purged(world())
      const told = (await s.heard()).dave!.filter(({ payload }) => payload?.ChannelArn === ChannelArn)
      expect(told).toMatchObject([{ type: left, payload: { SubChannelId: places[0], Member: { Arn: s.bob, Name: 'bob' } } }])
    })

    test('SCALE_OUT sends each member that is moved its new sub-channel, and nobody else; from then on each hears its own', async () => {
      const users = ['u0', 'u1', 'u2', 'u3', 'u4']
      const elastic = await openElastic(world(), { maximum: 2, target: 4, percentage: 40 }, users)
      const { user, owner, arn, ChannelArn, join, counts } = elastic
      const people = Object.fromEntries([...users, 'owner'].map(id => [id, user(id)]))
      for (const id of users.slice(0, 4)) await join(id)
      const { heard } = await audience(world(), arn, people)
      const second = await join('u4')
      await expect.poll(async () => (await counts()).map(([, count]) => count)).toEqual([3, 2])
      const told = await heard()
      expect(typesOf(told)).toEqual({ u3: [moved], u4: ['CREATE_CHANNEL_MEMBERSHIP'] })
      const { headers, payload } = told['u3']![0]!
      expect(headers).toEqual({ 'x-amz-chime-event-type': moved, 'x-amz-chime-message-type': 'SYSTEM' })
      expect(payload).toEqual({
        InvitedBy: { Arn: owner, Name: 'owner' },
        Type: 'DEFAULT',
        Member: { Arn: user('u3'), Name: 'u3' },
        ChannelArn,
        SubChannelId: second,
        CreatedTimestamp: expect.any(String) as string,
        LastUpdatedTimestamp: expect.any(String) as string,
      })
      const message = { ChannelArn, Content: 'x', Type: 'STANDARD', Persistence: 'PERSISTENT' } as const
      await world().messaging.sendChannelMessage({ ...message, SubChannelId: second, ChimeBearer: user('u4') })
      const created = ['CREATE_CHANNEL_MESSAGE']
      expect(typesOf(await heard())).toEqual({ u3: created, u4: created })
    })

    test('SCALE_IN tells the members that are moved, and each moderator that its sub-channel is deleted', async () => {
      const users = ['u0', 'u1', 'u2', 'u3', 'u4', 'u5']
      const { user, arn, join, leave, counts } = await openElastic(world(), { maximum: 3, target: 5, percentage: 40 }, users)
      for (const id of users) await join(id)
      await expect.poll(async () => (await counts()).map(([, count]) => count)).toEqual([4, 2])
      const [[first], [second]] = (await counts()) as [[string, number], [string, number]]
      for (const id of [first, second]) await join('owner', id)
      const { heard } = await audience(world(), arn, Object.fromEntries([...users, 'owner'].map(id => [id, user(id)])))
      await leave('u4')
      await expect.poll(async () => (await counts()).map(([id]) => id)).toEqual([first])
      const told = await heard()
      expect(typesOf(told)).toEqual({
        u4: [left],
        u5: [left, moved],
        owner: [left, left],
      })
      expect(told['u5']![1]!.payload).toMatchObject({ SubChannelId: first })
      expect(told['owner']!.map(({ headers }) => headers!['x-amz-chime-event-reason'])).toEqual([undefined, 'subchannel_DELETED'])
      expect(told['owner']![1]!.payload).toMatchObject({ SubChannelId: second, Member: { Arn: user('owner'), Name: 'owner' } })
    })

    test('the purge of a deleted channel sends its members no further events', async () => {
      const s = await makeScene(world())
      const other = await open(world(), s.alice, { MemberArns: [s.dave] })
      await s.messaging.deleteChannel({ ChannelArn: other, ChimeBearer: s.alice })
      await s.heard()
      await purged(world())
      expect(await s.heard()).toEqual({})
    })
  },
  { elasticChannelsPerAppInstance: '10' },
)
