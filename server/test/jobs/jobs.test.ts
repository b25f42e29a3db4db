import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { jobNames, jobsOf } from '../../src/jobs/index.ts'
import { buryIdentity, findIdentity } from '../../src/store/identities.ts'
import { statement } from '../../src/database/database.ts'
import { deadFigures } from '../../src/store/outbox-dead.ts'
import { answeredToken, hoursToSweep, storeToken } from '../../src/store/request-tokens.ts'
import { onBothDatabases } from '../support/world.ts'
import { days, open, purged, rowsIn, runJob, say } from '../api/acts.ts'
import { many } from './many.ts'

test('the command line knows the names of the jobs', () => {
  expect(jobNames).toEqual([
    'purge',
    'balancing',
    'user-expiration',
    'channel-expiration',
    'retention',
    'flow-callbacks',
    'channel-events',
    'request-tokens',
    'unread-corrections',
    'outbox-lanes',
    'dead-pushes',
  ])
})

const buryMany = statement(`
  with recursive n(i) as (select 1 union all select i + 1 from n where i < $2)
  insert into outbox_dead (lane, payload, attempts, created_at, died_at, error)
  select cast($1 as text), '{}', 1, cast($3 as bigint), cast($3 as bigint), 'refused' from n`)

onBothDatabases('Jobs', world => {
  test('several nodes that purge at once leave the counts right: the places of former members are free', async () => {
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

  test('a ClientRequestToken is stored for 24 hours, and is deleted within another 24', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['a'])
    const channel = await open(world(), user('a'))
    const stored = async () => {
      await runJob(world(), 'request-tokens')
      return rowsIn(world(), 'answered_tokens')
    }
    world().advance(days(2))
    expect(await stored()).toBe(0)
    await say(world(), user('a'), channel)
    for (let hour = 0; hour < 23; hour++) {
      world().advance(days(1) / 24)
      expect(await stored()).toBe(1)
    }
    world().advance(days(1))
    expect(await stored()).toBe(0)
  })

  test('the tokens that have expired are deleted, however many and in whichever channel, and the others are not', async () => {
    const { app, now, advance } = world()
    await runJob(world(), 'request-tokens')
    // Those of 24 and 48 have the same turn, and are more than one transaction deletes.
    const keys = [1, 2, 24, 48].flatMap(number =>
      Array.from({ length: 301 }, (_, index) => {
        const isOld = number > 2 || (number === 1 && index % 2 === 0)
        return { channelId: 1_000_000 + number, token: randomBytes(16), previous: '', isOld }
      }),
    )
    const [before, answer] = [now(), { fingerprint: randomBytes(12), result: randomBytes(32) }]
    await app.db.transaction(async tx => {
      for (const { isOld, ...key } of keys) {
        expect(await storeToken(tx, { ...key, ...answer, now: isOld ? before : before + days(1) })).toBe(true)
      }
    })
    advance(days(1.5))
    await runJob(world(), 'request-tokens')
    expect(await rowsIn(world(), 'answered_tokens')).toBe(keys.filter(({ isOld }) => !isOld).length)
    for (const { isOld, ...key } of keys) expect((await answeredToken(app.db, key, before - 1)) === undefined).toBe(isOld)
    advance(days(2))
    await runJob(world(), 'request-tokens')
    expect(await rowsIn(world(), 'answered_tokens')).toBe(0)
  })

  test('the job looks at the tokens of each channel once a day, also after a clock was ahead', async () => {
    const { app, now, advance } = world()
    const looked = async () => (await hoursToSweep(app.db, now())).length
    await runJob(world(), 'request-tokens')
    expect(await looked()).toBe(0)
    advance(days(3) / 24)
    expect(await looked()).toBe(3)
    advance(days(30))
    expect(await looked()).toBe(24)
    await runJob(world(), 'request-tokens')
    advance(days(-7))
    expect(await looked()).toBe(24)
    await runJob(world(), 'request-tokens')
    expect(await looked()).toBe(0)
  })

  test('pushes that were given up are deleted after a week, or once 10,000 newer ones were given up; other entries stay', async () => {
    const { app, now } = world()
    const bury = async (lane: string, entries: number, diedAt: number) => app.db.run(buryMany, lane, entries, diedAt)
    const dead = async () => Object.fromEntries((await deadFigures(app.db)).map(({ lane, entries }) => [lane, entries]))
    await bury('push-fcm old', 3, now() - days(7.1))
    await bury('push-web-large new', 2, now() - days(6.9))
    await bury('stream old', 1, now() - days(400))
    await bury('event-bus old', 1, now() - days(400))
    await runJob(world(), 'dead-pushes')
    expect(await dead()).toEqual({ 'push-web-large new': 2, 'stream old': 1, 'event-bus old': 1 })
    await bury('push-apns many', 9_999, now())
    await runJob(world(), 'dead-pushes')
    expect(await dead()).toEqual({ 'push-web-large new': 1, 'push-apns many': 9_999, 'stream old': 1, 'event-bus old': 1 })
  })

  test('the job purge removes what a stopped node has left, and ends when its node stops', async () => {
    const { app, now, appInstance } = world()
    const { arn } = await appInstance(['bob'])
    const { id } = (await findIdentity(app.db, { appInstanceArn: arn, kind: 'user', id: 'bob' }))!
    // Deleted by a node whose purge never ran.
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
