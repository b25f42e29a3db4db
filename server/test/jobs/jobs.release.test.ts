import { expect, test } from 'vitest'
import { onBothDatabases, type World } from '../support/world.ts'
import { days, open, purged, runJob, say } from '../api/acts.ts'
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
