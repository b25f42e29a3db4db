import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { shareableAs, type Database, type Transaction } from '../../src/database/database.ts'
import { withTransactions } from '../support/transactions.ts'
import { onBothDatabases, startWorld, type World } from '../support/world.ts'
import { days, open, purged, rowsIn, runJob, say } from '../api/acts.ts'
import { many } from './many.ts'

/** More than one step of the sweeps takes. */
const crowd = 230

const publicChannels = async ({ messaging }: World, AppInstanceArn: string, ChimeBearer: string) => {
  const { Channels } = await messaging.listChannels({ AppInstanceArn, ChimeBearer })
  return Channels!.length
}

onBothDatabases('Jobs with a crowd', world => {
  /** The job on several nodes at once, all to their end. */
  const onNodes = async (name: string) => Promise.all(Array.from({ length: 4 }, async () => runJob(world(), name)))

  test('hundreds of expired channels are deleted in one run, even by several nodes at once, and nothing else is', async () => {
    const { appInstance } = world()
    const { arn, user } = await appInstance(['a'])
    const kept = await open(world(), user('a'), { Privacy: 'PUBLIC' })
    const ExpirationSettings = { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' as const }
    await many(crowd, async () => open(world(), user('a'), { Privacy: 'PUBLIC', ExpirationSettings }))
    world().advance(days(1.1))
    await onNodes('channel-expiration')
    expect(await publicChannels(world(), arn, user('a'))).toBe(1)
    await purged(world())
    expect(await say(world(), user('a'), kept)).toMatch(/^[0-9a-f]{64}$/)
  })

  test('deleted messages leave a bounded number of corrections although a member never reads, and its count stays exact', async () => {
    const { messaging, carillon, appInstance } = world()
    const { user } = await appInstance(['ann', 'ben'], { admins: ['root'] })
    const ChannelArn = await open(world(), user('ann'), { MemberArns: [user('ben')] })
    const first = await say(world(), user('ann'), ChannelArn)
    const ids = await many(1210, async index => say(world(), user(index % 2 === 0 ? 'ann' : 'ben'), ChannelArn))
    // Ben has not read since the first message, and has sent half of the others.
    await carillon.call('PutChannelReadMarker', { ChannelArn, MessageId: first, ChimeBearer: user('ben') })
    await many(1200, async index => messaging.deleteChannelMessage({ ChannelArn, MessageId: ids[index]!, ChimeBearer: user('root') }))
    const unread = async () => (await carillon.call('GetUnreadSummary', { ChimeBearer: user('ben') })).UnreadCount
    const corrections = async () => rowsIn(world(), `unread_corrections`)
    expect([await unread(), await corrections()]).toEqual([5, 1200])
    world().advance(days(1))
    await onNodes('unread-corrections')
    expect([await unread(), await corrections()]).toEqual([5, 200])
    await carillon.call('PutChannelReadMarker', { ChannelArn, MessageId: first, ChimeBearer: user('ben') })
    await say(world(), user('ann'), ChannelArn)
    expect(await unread()).toBe(6)
  })

  test('hundreds of expired users are deleted in one run, even by several nodes at once', async () => {
    const { identity, appInstance } = world()
    const { arn } = await appInstance(['kept'])
    const ExpirationSettings = { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' as const }
    await many(crowd, async index =>
      identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: `u${index}`, Name: 'x', ExpirationSettings }),
    )
    world().advance(days(1.1))
    await onNodes('user-expiration')
    const { AppInstanceUsers } = await identity.listAppInstanceUsers({ AppInstanceArn: arn })
    expect(AppInstanceUsers!.map(found => found.Name)).toEqual(['kept'])
  })
})

/** A database whose transactions take so many milliseconds longer for each statement. */
function slowed(db: Database, delay: () => number): Database {
  const slowly = (tx: Transaction): Transaction => ({
    storesEvents: tx.storesEvents,
    feedsSearch: tx.feedsSearch,
    afterCommit: (what, channelId) => tx.afterCommit(what, channelId),
    all: async (...asked) => setTimeout(delay()).then(() => tx.all(...asked)),
    get: async (...asked) => setTimeout(delay()).then(() => tx.get(...asked)),
    run: async (...asked) => setTimeout(delay()).then(() => tx.run(...asked)),
  })
  return withTransactions(db, (work, to) => to.transaction(shareableAs(work, tx => work(delay() === 0 ? tx : slowly(tx)))))
}

test('on a slow PostgreSQL a purge of a user in many channels refuses nobody, and several nodes that purge at once do not fail', async () => {
  let delay = 0
  const world = await startWorld('postgres', {}, { through: db => slowed(db, () => delay) })
  onTestFinished(() => world.close())
  const { identity, messaging, appInstance } = world
  const { user } = await appInstance(['a', 'b'])
  const channels = await many(60, async () => open(world, user('a'), { MemberArns: [user('b')] }))
  delay = 15
  await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('b') })
  await many(30, async index => messaging.deleteChannel({ ChannelArn: channels[index]!, ChimeBearer: user('a') }))
  await Promise.all(Array.from({ length: 4 }, async () => purged(world)))
  expect(await rowsIn(world, 'memberships')).toBe(30)
  expect(await rowsIn(world, 'channels')).toBe(30)
})
