import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { balanceAll } from '../../src/jobs/balancing.ts'
import { onBothDatabases, refusal } from '../support/world.ts'
import { open } from './acts.ts'
import { full, named, openElastic } from './elastic-acts.ts'

onBothDatabases('Placement in elastic channels', world => {
  test('after concurrent joins and leaves everybody is in one sub-channel or in none, and no sub-channel exceeds its target', async () => {
    const { app, messaging } = world()
    const users = named(24)
    const { user, owner, channel, ChannelArn } = await openElastic(world(), { maximum: 4, target: 4, percentage: 40 }, users)
    await messaging.deleteChannel({ ChannelArn, ChimeBearer: owner })
    const rounds = fc.array(fc.uniqueArray(fc.nat(23), { minLength: 1, maxLength: 24 }), { minLength: 1, maxLength: 6 })
    const property = fc.asyncProperty(rounds, async turns => {
      const ElasticChannelConfiguration = { MaximumSubChannels: 4, TargetMembershipsPerSubChannel: 4, MinimumMembershipPercentage: 40 }
      const here = { ...channel, ChannelArn: await open(world(), owner, { ElasticChannelConfiguration }) }
      const present = new Set<number>()
      const sizes = async () => {
        const { SubChannels } = await messaging.listSubChannels(here)
        const counts = SubChannels!.map(({ MembershipCount }) => MembershipCount!)
        expect(counts.length).toBeLessThanOrEqual(4)
        expect(Math.max(...counts)).toBeLessThanOrEqual(4)
        // Leaves happen also while members are being moved.
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(present.size)
        return { counts, ids: SubChannels!.map(({ SubChannelId }) => SubChannelId) }
      }
      try {
        for (const turn of turns) {
          const before = present.size
          const joining = turn.filter(index => !present.has(index))
          const leaving = turn.filter(index => present.has(index))
          let refused = 0
          await Promise.all([
            ...joining.map(async index => {
              const joined = await messaging
                .createChannelMembership({ ...here, MemberArn: user(`u${index}`), Type: 'DEFAULT' })
                .catch((error: Error) => error)
              if (!(joined instanceof Error)) present.add(index)
              else if (joined.name === full.name) refused++
              else throw joined
            }),
            ...leaving.map(async index => {
              await messaging.deleteChannelMembership({ ...here, MemberArn: user(`u${index}`) })
              present.delete(index)
            }),
          ])
          expect(refused === 0 || before + joining.length > 16).toBe(true)
          await sizes()
        }
        await balanceAll({ db: app.db, now: Date.now, isStopping: () => false })
        const { counts, ids } = await sizes()
        const members = await Promise.all(
          ids.map(async SubChannelId => {
            const { ChannelMemberships } = await messaging.listChannelMemberships({ ...here, SubChannelId })
            return ChannelMemberships!.map(({ Member }) => Member!.Arn!)
          }),
        )
        expect(members.flat().toSorted()).toEqual([...present].map(index => user(`u${index}`)).toSorted())
        expect(members.map(list => list.length)).toEqual(counts)
        // No sub-channel that is too small would fit into another.
        const [small = 0, ...others] = counts.toSorted((a, b) => a - b)
        expect(small < 2 && others.some(other => other + small <= 4)).toBe(false)
      } finally {
        await messaging.deleteChannel(here)
      }
    })
    await fc.assert(property, { numRuns: 15, endOnFailure: true })
  })
})

onBothDatabases(
  'Large elastic channels',
  world => {
    test('have at most a million members, whatever the limits', async () => {
      const { appInstance } = world()
      const { user } = await appInstance(['owner'])
      const create = (MaximumSubChannels: number) =>
        open(world(), user('owner'), {
          ElasticChannelConfiguration: { MaximumSubChannels, TargetMembershipsPerSubChannel: 1000, MinimumMembershipPercentage: 10 },
        })
      expect(await refusal(create(1001))).toMatchObject({ name: 'BadRequestException' })
      await create(1000)
    })

    test('move many members in small steps', async () => {
      const users = named(251)
      const { user, channel, sizes, join, leave, membersOf, counts } = await openElastic(
        world(),
        { maximum: 2, target: 500, percentage: 40 },
        [...users, ...named(250, 'v')],
      )
      const { messaging } = world()
      const all = [...users, ...named(250, 'v')].map(user)
      for (let from = 0; from < 500; from += 100) {
        await messaging.batchCreateChannelMembership({ ...channel, MemberArns: all.slice(from, Math.min(from + 100, 500)) })
      }
      const second = await join('v249')
      await expect.poll(sizes).toEqual([301, 200])
      expect((await membersOf(second)).slice(-2)).toEqual(['v248', 'v249'])
      await leave('v249')
      await expect.poll(sizes).toEqual([500])
      expect((await counts())[0]![0]).not.toBe(second)
    })
  },
  { subChannelsPerChannel: '2000' },
)
