import { expect, onTestFinished, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { unavailable } from '../../src/errors.ts'
import { jobsOf } from '../../src/jobs/index.ts'
import { purgeStep } from '../../src/jobs/purge.ts'
import { findIdentity } from '../../src/store/identities.ts'
import { markRead } from '../../src/store/read-markers.ts'
import { settleCorrections } from '../../src/store/unread-corrections.ts'
import { days, open, purged, rowsIn, runJob, say } from '../api/acts.ts'
import { Seam } from '../support/seam.ts'
import { listen } from '../support/sockets.ts'
import { withTransactions } from '../support/transactions.ts'
import { onBothDatabases, startWorld, type World } from '../support/world.ts'

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

const locked = () => unavailable('The service is temporarily unavailable', 'Another transaction holds a lock for too long.')

onBothDatabases(
  'a lock that is held for ever',
  world => {
    test('makes a purge fail after twenty steps, and the purge continues once the lock is free', async () => {
      const { app, now, identity, appInstance } = world()
      const { arn } = await appInstance(['a'])
      await identity.deleteAppInstance({ AppInstanceArn: arn })
      const stuck = withTransactions(app.db, async () => {
        throw locked()
      })
      for (let step = 1; step < 20; step++) expect(await purgeStep(stuck, now())).toBe('prevented')
      await expect(purgeStep(stuck, now())).rejects.toThrow('unavailable')
      const purge = jobsOf({ db: stuck, now }).find(({ name }) => name === 'purge')!
      await expect(purge.run()).rejects.toThrow('unavailable')
      expect(await purgeStep(app.db, now())).toBe('worked')
      await purged(world())
      expect(await purgeStep(app.db, now())).toBeUndefined()
    })

    test('delays the steps of a purge, and the job counts only those that have removed something', async () => {
      const { app, now, identity, appInstance } = world()
      const { arn } = await appInstance(['a'])
      await identity.deleteAppInstance({ AppInstanceArn: arn })
      let [steps, removals, tidyings] = [0, 0, 0]
      const slow = withTransactions(app.db, async (work, to) => {
        if (++steps <= 3) throw locked()
        removals++
        return to.transaction(work)
      })
      const db = { ...slow, tidy: async () => ++tidyings < 3 }
      const purge = jobsOf({ db, now }).find(({ name }) => name === 'purge')!
      expect(await purge.run()).toBe(removals)
      expect([steps - removals, tidyings]).toEqual([3, 3])
      expect(removals).toBeGreaterThan(0)
    })

    test('in one channel does not keep the job from settling the unread counts of the others, and the job fails in the end', async () => {
      const { app, now, advance, appInstance } = world()
      const { user } = await appInstance(['a'])
      for (const ChannelId of ['first', 'second', 'third']) await open(world(), user('a'), { ChannelId })
      const channels = (await app.db.all(statement<{ id: number }>('select id from channels order by id desc limit 3'))).toReversed()
      for (const { id } of channels) await app.db.run(insertMany, id, 500, now())
      const left = async (id: number) => (await app.db.get(countGone, id))!.count
      advance(days(1))
      let transactions = 0
      const db = withTransactions(app.db, async (work, to) => {
        transactions++
        if (transactions === 1) throw locked()
        return to.transaction(work)
      })
      const job = jobsOf({ db, now }).find(({ name }) => name === 'unread-corrections')!
      await expect(job.run()).rejects.toThrow('unavailable')
      expect(await Promise.all(channels.map(({ id }) => left(id)))).toEqual([500, 0, 0])
      expect(await job.run()).toBe(500)
    })
  },
  {},
  { jobs: 'none' },
)

const insertMany = statement(`
  with recursive n(i) as (select 1 union all select i + 1 from n where i < $2)
  insert into unread_corrections (channel_id, sub_channel_id, viewer_id, arrival, created_at, sequence, unread, mentions, sender_id)
  select cast($1 as bigint), 0, 0, i, cast($3 as bigint), i, -1, 0, 0 from n`)
const countGone = statement<{ count: number }>('select count(*) as count from unread_corrections where channel_id = $1')

/** Ben has not read four messages of ann, of which the first three are deleted. Returns the ids of the channel and of ben. */
async function unreadAndDeleted(world: World) {
  const { app, messaging, carillon } = world
  const { arn, user } = await world.appInstance(['ann', 'ben'], { admins: ['root'] })
  const ChannelArn = await open(world, user('ann'), { MemberArns: [user('ben')] })
  const ids = []
  for (let index = 0; index < 4; index++) ids.push(await say(world, user('ann'), ChannelArn))
  for (const MessageId of ids.slice(0, 3)) await messaging.deleteChannelMessage({ ChannelArn, MessageId, ChimeBearer: user('root') })
  const channel = (await app.db.get(statement<{ id: number }>('select id from channels order by id desc limit 1')))!.id
  const ben = (await findIdentity(app.db, { appInstanceArn: arn, kind: 'user', id: 'ben' }))!.id
  const unread = async () => (await carillon.call('GetUnreadSummary', { ChimeBearer: user('ben') })).UnreadCount
  return { channel, ben, unread, say: async () => say(world, user('ann'), ChannelArn) }
}

const waiting = statement<{ count: number }>(`
  select count(*) as count from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`)

test('on PostgreSQL a member who marks a channel while its corrections are settled has read everything, and counts from there', async () => {
  const world = await startWorld('postgres', {}, { jobs: 'none' })
  onTestFinished(() => world.close())
  const { app, now } = world
  const { channel, ben, unread, say: sayMore } = await unreadAndDeleted(world)
  const [marked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  onTestFinished(() => released.resolve())
  // The clock of the channel is not behind, so that the marker does not lock the channel.
  const marking = app.db.transaction(async tx => {
    await markRead(tx, channel, ben, now() - 1000)
    marked.resolve()
    await released.promise
  })
  await marked.promise
  const most = { rows: 3, mostMessages: 2000, before: Number.MAX_SAFE_INTEGER }
  const settling = app.db.transaction(tx => settleCorrections(tx, { channelId: channel, subChannelId: 0 }, most))
  await expect.poll(async () => (await app.db.get(waiting))!.count).toBe(1)
  released.resolve()
  await marking
  expect(await settling).toBe(3)
  expect(await unread()).toBe(0)
  await sayMore()
  expect(await unread()).toBe(1)
})

onBothDatabases('corrections of unread counts', world => {
  test('are settled only once the last of them is older than the time that is given', async () => {
    const { app, now } = world()
    const { channel, unread } = await unreadAndDeleted(world())
    const settle = async (before: number) =>
      app.db.transaction(tx => settleCorrections(tx, { channelId: channel, subChannelId: 0 }, { rows: 3, mostMessages: 2000, before }))
    expect([await settle(now() - 60_000), await unread()]).toEqual([0, 1])
    expect([await settle(now() + 60_000), await unread()]).toEqual([3, 1])
  })
})
