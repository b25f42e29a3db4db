import { expect, test } from 'vitest'
import { purgeStep } from '../../src/jobs/purge.ts'
import { days, open, purged, rowsIn, runJob, say } from '../api/acts.ts'
import { Seam } from '../support/seam.ts'
import { listen } from '../support/sockets.ts'
import { onBothDatabases } from '../support/world.ts'

const seam = new Seam()

onBothDatabases(
  'what changes after a job has looked',
  world => {
    /** Runs the job, and does something else once the job has read what is due. */
    async function meanwhile(job: string, due: RegExp, act: () => Promise<unknown>) {
      const held = seam.hold({ text: due })
      const ran = runJob(world(), job)
      await held.reached
      await act()
      held.release()
      await ran
    }

    const dueUsers = /from identities\s+where expires_at <= \$1/
    const dueChannels = /from channels where expires_at <= \$1/
    const retained = /case when exists \(select 1 from messages m/
    const settings = { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' as const }

    test('a user whose days are extended stays', async () => {
      const { identity } = world()
      const { arn, user } = await world().appInstance()
      const named = { AppInstanceArn: arn, AppInstanceUserId: 'short', Name: 'short' }
      await identity.createAppInstanceUser({ ...named, ExpirationSettings: settings })
      world().advance(days(1.1))
      const AppInstanceUserArn = user('short')
      await meanwhile('user-expiration', dueUsers, () =>
        identity.putAppInstanceUserExpirationSettings({ AppInstanceUserArn, ExpirationSettings: { ...settings, ExpirationDays: 5 } }),
      )
      expect((await identity.describeAppInstanceUser({ AppInstanceUserArn })).AppInstanceUser!.ExpirationSettings!.ExpirationDays).toBe(5)
    })

    test('a user and a channel whose expiration is removed stay', async () => {
      const { identity, messaging } = world()
      const { arn, user } = await world().appInstance(['a'])
      const named = { AppInstanceArn: arn, AppInstanceUserId: 'short', Name: 'short' }
      await identity.createAppInstanceUser({ ...named, ExpirationSettings: settings })
      const ChannelArn = await open(world(), user('a'), { ExpirationSettings: settings })
      const asA = { ChannelArn, ChimeBearer: user('a') }
      world().advance(days(1.1))
      await meanwhile('channel-expiration', dueChannels, () => messaging.putChannelExpirationSettings(asA))
      await meanwhile('user-expiration', dueUsers, () =>
        identity.putAppInstanceUserExpirationSettings({ AppInstanceUserArn: user('short') }),
      )
      expect((await messaging.describeChannel(asA)).Channel!.ExpirationSettings).toBeUndefined()
      const { AppInstanceUser } = await identity.describeAppInstanceUser({ AppInstanceUserArn: user('short') })
      expect(AppInstanceUser!.ExpirationSettings).toBeUndefined()
    })

    test('a channel whose days are extended stays', async () => {
      const { messaging } = world()
      const { user } = await world().appInstance(['a'])
      const ChannelArn = await open(world(), user('a'), { ExpirationSettings: settings })
      const asA = { ChannelArn, ChimeBearer: user('a') }
      world().advance(days(1.1))
      await meanwhile('channel-expiration', dueChannels, () =>
        messaging.putChannelExpirationSettings({ ...asA, ExpirationSettings: { ...settings, ExpirationDays: 5 } }),
      )
      expect((await messaging.describeChannel(asA)).Channel!.ExpirationSettings!.ExpirationDays).toBe(5)
    })

    test('a channel that gets a message stays for its days after that', async () => {
      const { messaging } = world()
      const { user } = await world().appInstance(['a'])
      const ExpirationSettings = { ExpirationDays: 1, ExpirationCriterion: 'LAST_MESSAGE_TIMESTAMP' as const }
      const ChannelArn = await open(world(), user('a'), { ExpirationSettings })
      world().advance(days(1.1))
      await meanwhile('channel-expiration', dueChannels, () => say(world(), user('a'), ChannelArn))
      await runJob(world(), 'channel-expiration')
      expect((await messaging.describeChannel({ ChannelArn, ChimeBearer: user('a') })).Channel!.ChannelArn).toBe(ChannelArn)
      world().advance(days(1.1))
      await runJob(world(), 'channel-expiration')
      await expect(messaging.describeChannel({ ChannelArn, ChimeBearer: user('a') })).rejects.toThrow('sufficient access')
    })

    test.each([
      ['that has been removed', undefined],
      ['that has become longer', 100],
      ['that has been changed, which starts the grace period of thirty days again', 2],
    ])('messages are not deleted by a retention %s', async (_, RetentionDays) => {
      const { identity, messaging } = world()
      const { arn: AppInstanceArn, user } = await world().appInstance(['a'])
      const retain = (given: object) =>
        identity.putAppInstanceRetentionSettings({
          AppInstanceArn,
          AppInstanceRetentionSettings: { ChannelRetentionSettings: given },
        })
      const ChannelArn = await open(world(), user('a'))
      const MessageId = await say(world(), user('a'), ChannelArn)
      await retain({ RetentionDays: 1 })
      world().advance(days(31))
      await meanwhile('retention', retained, () => retain(RetentionDays === undefined ? {} : { RetentionDays }))
      if (RetentionDays !== 100) await retain({})
      const { ChannelMessage } = await messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer: user('a') })
      expect(ChannelMessage!.Content).toBe('hello')
    })
  },
  {},
  { through: seam.through, jobs: 'none' },
)

onBothDatabases(
  'a purge',
  world => {
    /** Another node reads what is next, and continues once this one has acted. */
    async function afterLooking(next: RegExp, act: () => Promise<unknown>) {
      const held = seam.hold({ text: next })
      const other = purgeStep(world().app.db, world().now())
      await held.reached
      await act()
      held.release()
      await other
    }

    test('by two nodes at once leaves nothing of an app instance: no device, no tag, no role of those in it', async () => {
      const { identity } = world()
      const { arn, user } = await world().appInstance(['a'], { admins: ['b'] })
      await identity.registerAppInstanceUserEndpoint({
        AppInstanceUserArn: user('a'),
        Type: 'GCM',
        ResourceArn: 'arn:aws:mobiletargeting:us-east-1:123456789012:apps/x',
        EndpointAttributes: { DeviceToken: 'token' },
      })
      await identity.tagResource({ ResourceARN: user('a'), Tags: [{ Key: 'k', Value: 'v' }] })
      await open(world(), user('a'), { MemberArns: [user('b')] })
      await identity.deleteAppInstance({ AppInstanceArn: arn })
      await afterLooking(/from app_instances where deleted_at is not null/, () => purgeStep(world().app.db, world().now()))
      await purged(world())
      const tables = ['app_instances', 'channels', 'identities', 'memberships', 'moderators', 'admins', 'endpoints', 'tags']
      for (const table of tables) expect({ table, rows: await rowsIn(world(), table) }).toEqual({ table, rows: 0 })
    })

    test('of a user does not affect a new one with its ARN: its memberships, its sockets, and what others hear', async () => {
      const { identity, messaging } = world()
      const { arn, user } = await world().appInstance(['a', 'b'])
      const ChannelArn = await open(world(), user('a'), { MemberArns: [user('b')] })
      const hearing = await listen(world().app, user('a'))
      await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('b') })
      let again: Awaited<ReturnType<typeof listen>> | undefined
      await afterLooking(/from identities where deleted_at is not null and purged_at is null/, async () => {
        await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'b', Name: 'another' })
        await messaging.createChannelMembership({ ChannelArn, MemberArn: user('b'), Type: 'DEFAULT', ChimeBearer: user('a') })
        again = await listen(world().app, user('b'))
      })
      await purged(world())
      await say(world(), user('a'), ChannelArn, 'end')
      expect((await again!.next()).payload).toMatchObject({ Content: 'end' })
      const heard = await hearing.until(({ payload }) => payload?.['Content'] === 'end')
      expect(heard.map(({ type }) => type)).toEqual(['CREATE_CHANNEL_MEMBERSHIP'])
      const { ChannelMemberships } = await messaging.listChannelMemberships({ ChannelArn, ChimeBearer: user('a') })
      expect(ChannelMemberships!.map(({ Member }) => Member!.Name)).toEqual(['a', 'another'])
    })

    test('of a channel does not affect a new one with its id', async () => {
      const { messaging } = world()
      const { user } = await world().appInstance(['a', 'b'])
      const asked = { ChannelId: 'again', MemberArns: [user('b')] }
      const ChannelArn = await open(world(), user('a'), asked)
      await say(world(), user('a'), ChannelArn, 'old')
      await messaging.deleteChannel({ ChannelArn, ChimeBearer: user('a') })
      await afterLooking(/from channels where deleted_at is not null/, async () => {
        await open(world(), user('a'), asked)
        await say(world(), user('a'), ChannelArn, 'new')
      })
      await purged(world())
      const { ChannelMessages } = await messaging.listChannelMessages({ ChannelArn, ChimeBearer: user('b') })
      expect(ChannelMessages!.map(({ Content }) => Content)).toEqual(['new'])
      expect((await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('b') })).ChannelMemberships).toHaveLength(1)
    })
  },
  {},
  { through: seam.through, jobs: 'none' },
)
