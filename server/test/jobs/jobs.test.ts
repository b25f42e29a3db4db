import { expect, test } from 'vitest'
import { jobNames, jobsOf } from '../../src/jobs/index.ts'
import { buryIdentity, findIdentity } from '../../src/store/identities.ts'
import { statement } from '../../src/database/database.ts'
import { onBothDatabases, type World } from '../support/world.ts'
import { days, open, purged, rowsIn, runJob, say } from '../api/acts.ts'

test('the jobs have names that can be asked for', () => {
  expect(jobNames).toEqual(['purge', 'balancing', 'user-expiration', 'channel-expiration', 'retention', 'flow-callbacks', 'request-tokens'])
})

/** More than one step of the sweeps holds. */
async function many<Made>(count: number, make: (index: number) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = []
  while (made.length < count) {
    const from = made.length
    made.push(...(await Promise.all(Array.from({ length: Math.min(30, count - from) }, async (_, index) => make(from + index)))))
  }
  return made
}

const publicChannels = async ({ messaging }: World, AppInstanceArn: string, ChimeBearer: string) => {
  const { Channels } = await messaging.listChannels({ AppInstanceArn, ChimeBearer })
  return Channels!.length
}

onBothDatabases('Jobs', world => {
  /** The job on several nodes at once, all to their end. */
  const onNodes = async (name: string) => Promise.all(Array.from({ length: 4 }, async () => runJob(world(), name)))

  test('hundreds of channels that are over at once go in one run, on several nodes at once too, and nothing else does', async () => {
    const { appInstance } = world()
    const { arn, user } = await appInstance(['a'])
    const kept = await open(world(), user('a'), { Privacy: 'PUBLIC' })
    const ExpirationSettings = { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' as const }
    await many(230, async () => open(world(), user('a'), { Privacy: 'PUBLIC', ExpirationSettings }))
    world().advance(days(1.1))
    await onNodes('channel-expiration')
    expect(await publicChannels(world(), arn, user('a'))).toBe(1)
    await purged(world())
    expect(await say(world(), user('a'), kept)).toMatch(/^[0-9a-f]{64}$/)
  })

  test('hundreds of users whose days are over go in one run, on several nodes at once too', async () => {
    const { identity, appInstance } = world()
    const { arn } = await appInstance(['kept'])
    const ExpirationSettings = { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' as const }
    await many(230, async index =>
      identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: `u${index}`, Name: 'x', ExpirationSettings }),
    )
    world().advance(days(1.1))
    await onNodes('user-expiration')
    const { AppInstanceUsers } = await identity.listAppInstanceUsers({ AppInstanceArn: arn })
    expect(AppInstanceUsers!.map(found => found.Name)).toEqual(['kept'])
  })

  test('several nodes that purge at once leave the counts right: who was let go has room again', async () => {
    const { identity, messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b', 'c'])
    const channels = await many(60, async () => open(world(), user('a'), { MemberArns: [user('b'), user('c')] }))
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('b') })
    await Promise.all(channels.slice(0, 30).map(async ChannelArn => messaging.deleteChannel({ ChannelArn, ChimeBearer: user('a') })))
    await Promise.all(Array.from({ length: 4 }, async () => purged(world())))
    const wrong = await world().app.db.all({
      name: 'wrong-counts-of-a-test',
      text: `select c.id from channels c where c.member_count <> (select count(*) from memberships m where m.channel_id = c.id)
        union all
        select i.id from identities i
        where i.deleted_at is null and i.membership_count <> (select count(*) from memberships m where m.member_id = i.id)`,
    })
    expect(wrong).toEqual([])
  })

  test('a ClientRequestToken is forgotten after 24 hours, and not before', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['a'])
    const channel = await open(world(), user('a'))
    world().advance(days(2))
    await runJob(world(), 'request-tokens')
    expect(await rowsIn(world(), 'request_tokens')).toBe(0)
    await say(world(), user('a'), channel)
    world().advance(days(0.9))
    await runJob(world(), 'request-tokens')
    expect(await rowsIn(world(), 'request_tokens')).toBe(1)
    world().advance(days(0.2))
    await runJob(world(), 'request-tokens')
    expect(await rowsIn(world(), 'request_tokens')).toBe(0)
  })

  test('the job purge removes what a node that has died has left, and ends where the node stops', async () => {
    const { app, now, appInstance } = world()
    const { arn } = await appInstance(['bob'])
    const { id } = (await findIdentity(app.db, { appInstanceArn: arn, kind: 'user', id: 'bob' }))!
    // Buried by somebody whose purge never came.
    await app.db.transaction(tx => buryIdentity(tx, id, now()))
    const job = jobsOf({ db: app.db, now }).find(({ name }) => name === 'purge')!
    const purgedAt = async () =>
      (await app.db.get(statement<{ at: number | null }>('select purged_at as at from identities where id = $1'), id))!.at
    await job.run(AbortSignal.abort())
    expect(await purgedAt()).toBeNull()
    await job.run()
    expect(await purgedAt()).not.toBeNull()
  })
})
