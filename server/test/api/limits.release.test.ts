import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { onBothDatabases } from '../support/world.ts'
import { open, purged } from './acts.ts'
import { checkCounters } from './counters.ts'

/** Rows of channels or of users and bots that are gone for good. */
const strays = statement<{ what: string }>(`
  select 'membership' as what from memberships m
    where not exists (select 1 from channels c where c.id = m.channel_id)
      or not exists (select 1 from identities i where i.id = m.member_id and i.purged_at is null)
  union all
  select 'moderator' from moderators m
    where not exists (select 1 from channels c where c.id = m.channel_id)
      or not exists (select 1 from identities i where i.id = m.identity_id and i.purged_at is null)
  union all
  select 'ban' from bans b
    where not exists (select 1 from channels c where c.id = b.channel_id)
      or not exists (select 1 from identities i where i.id = b.identity_id and i.purged_at is null)`)

/** The calls of the walk, each on one of a few users and one of a few channels. */
const deed = fc.record({
  act: fc.constantFrom('add', 'hide', 'leave', 'ban', 'unban', 'promote', 'demote', 'batch', 'channel', 'delete channel', 'delete user'),
  person: fc.nat({ max: 4 }),
  channel: fc.nat({ max: 2 }),
})
type Deed = typeof deed extends fc.Arbitrary<infer Value> ? Value : never

/** The refusals that the calls may meet; a 500 or 503 is not among them. */
const refusals = new Set(['ForbiddenException', 'ConflictException', 'NotFoundException', 'ResourceLimitExceededException'])

onBothDatabases(
  'Memberships, moderators and bans',
  world => {
    test('after any concurrent calls nobody is both banned and a member, every counter is right, no limit is exceeded and no call fails with a 5xx', async () => {
      const { app, identity, messaging, appInstance } = world()
      await fc.assert(
        fc.asyncProperty(fc.array(deed, { minLength: 20, maxLength: 60 }), async deeds => {
          const ids = ['p0', 'p1', 'p2', 'p3', 'p4']
          const { arn, user } = await appInstance(ids, { admins: ['root'] })
          const ChimeBearer = user('root')
          const channels = await Promise.all(['c0', 'c1', 'c2'].map(async ChannelId => open(world(), ChimeBearer, { ChannelId })))
          const perform = async ({ act, person, channel }: Deed): Promise<unknown> => {
            const named = user(ids[person]!)
            const asked = { ChannelArn: channels[channel]!, ChimeBearer }
            const MemberArns = [person, person + 1, person + 3].map(index => user(ids[index % ids.length]!))
            const acts: Record<Deed['act'], () => Promise<unknown>> = {
              add: () => messaging.createChannelMembership({ ...asked, MemberArn: named, Type: 'DEFAULT' }),
              hide: () => messaging.createChannelMembership({ ...asked, MemberArn: named, Type: 'HIDDEN' }),
              leave: () => messaging.deleteChannelMembership({ ...asked, MemberArn: named }),
              ban: () => messaging.createChannelBan({ ...asked, MemberArn: named }),
              unban: () => messaging.deleteChannelBan({ ...asked, MemberArn: named }),
              promote: () => messaging.createChannelModerator({ ...asked, ChannelModeratorArn: named }),
              demote: () => messaging.deleteChannelModerator({ ...asked, ChannelModeratorArn: named }),
              batch: () => messaging.batchCreateChannelMembership({ ...asked, MemberArns: MemberArns.toReversed() }),
              channel: () => open(world(), ChimeBearer, { MemberArns: MemberArns.slice(1), ModeratorArns: [named] }),
              'delete channel': async () => {
                await messaging.deleteChannel(asked)
                await open(world(), ChimeBearer, { ChannelId: `c${channel}` })
              },
              'delete user': async () => {
                await identity.deleteAppInstanceUser({ AppInstanceUserArn: named })
                const again = { AppInstanceUserId: ids[person]!, Name: ids[person]! }
                await identity.createAppInstanceUser({ AppInstanceArn: arn, ...again })
              },
            }
            return acts[act]()
          }
          const outcomes = await Promise.all(
            deeds.map(async each =>
              perform(each).then(
                () => undefined,
                (error: Error) => (refusals.has(error.name) ? undefined : `${each.act}: ${error.name} ${error.message}`),
              ),
            ),
          )
          expect(outcomes.filter(outcome => outcome !== undefined)).toEqual([])
          await purged(world())
          await checkCounters(world())
          expect(await app.db.all(strays)).toEqual([])
          expect(await app.db.all(bannedAndInside)).toEqual([])
          expect(await app.db.all(overLimit, 4, 5)).toEqual([])
        }),
        { numRuns: 12 },
      )
    })
  },
  { membershipsPerChannel: '4', membershipsPerUser: '5', moderatorsPerChannel: '4', appInstances: '1000' },
)

const bannedAndInside = statement<{ channelId: number }>(`
  select b.channel_id as "channelId" from bans b join memberships m on m.channel_id = b.channel_id and m.member_id = b.identity_id
  union all
  select b.channel_id from bans b join moderators m on m.channel_id = b.channel_id and m.identity_id = b.identity_id`)
const overLimit = statement<{ id: number }>(`
  select channel_id as id from memberships group by channel_id having count(*) > $1
  union all
  select member_id from memberships group by member_id having count(*) > $2
  union all
  select channel_id from moderators group by channel_id having count(*) > $1`)
