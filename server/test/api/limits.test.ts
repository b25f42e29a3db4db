import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { countLimits } from '../../src/settings/limits.ts'
import { statement } from '../../src/database/database.ts'
import { onBothDatabases, refusal, type World } from '../support/world.ts'
import { open, purged } from './acts.ts'

const exceeded = { name: 'ResourceLimitExceededException', code: 'ResourceLimitExceeded', status: 400 }

const most = 3
const limited = Object.fromEntries(Object.keys(countLimits).map(name => [name, String(most)]))

/** How many of 100 calls at once succeed; all others must be refused as one too many. */
async function letThrough(act: (index: number) => Promise<unknown>): Promise<number> {
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, async (_, index) =>
      act(index).then(
        () => 'made',
        (error: Error) => error.name,
      ),
    ),
  )
  const refused = outcomes.filter(outcome => outcome === exceeded.name)
  const made = outcomes.filter(outcome => outcome === 'made')
  expect(outcomes).toHaveLength(made.length + refused.length)
  return made.length
}

/** Counters that do not say what count(*) says. */
const wrongCounters = statement<{ what: string; id: number; kept: number; real: number }>(`
  select * from (
    select 'members of channel' as what, c.id, c.member_count as kept,
      (select count(*) from memberships m where m.channel_id = c.id) as real
    from channels c where c.deleted_at is null
    union all
    select 'memberships of identity', i.id, i.membership_count, (select count(*) from memberships m where m.member_id = i.id)
    from identities i where i.deleted_at is null
    union all
    select 'users of app instance', a.id, a.user_count,
      (select count(*) from identities i where i.app_instance_id = a.id and i.kind = 'user' and i.deleted_at is null)
    from app_instances a where a.deleted_at is null
    union all
    select 'channels of app instance', a.id, a.channel_count,
      (select count(*) from channels c where c.app_instance_id = a.id and c.deleted_at is null)
    from app_instances a where a.deleted_at is null
  ) counted where kept <> real`)

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

async function checkCounters({ app }: World) {
  expect(await app.db.all(wrongCounters)).toEqual([])
}

onBothDatabases(
  'Limits of counts',
  world => {
    test('of 100 app instances at once exactly as many are made as may be, and a deleted one makes room', async () => {
      const { identity } = world()
      const present = (await identity.listAppInstances({})).AppInstances!
      expect(await letThrough(async index => identity.createAppInstance({ Name: `i${index}` }))).toBe(most - present.length)
      const { AppInstances } = await identity.listAppInstances({})
      expect(AppInstances).toHaveLength(most)
      for (const { AppInstanceArn } of AppInstances!) await identity.deleteAppInstance({ AppInstanceArn })
      expect(await refusal(identity.createAppInstance({ Name: '' }))).toMatchObject({ name: 'BadRequestException' })
      const { AppInstanceArn } = await identity.createAppInstance({ Name: 'room' })
      await identity.deleteAppInstance({ AppInstanceArn })
    })

    test('of 100 users at once exactly as many are made as may be; who is there already is answered, and a deleted one makes room', async () => {
      const { identity, appInstance } = world()
      const { arn, user } = await appInstance()
      const make = (id: string, Name = id) => identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: id, Name })
      expect(await letThrough(index => make(`u${index}`))).toBe(most)
      const { AppInstanceUsers } = await identity.listAppInstanceUsers({ AppInstanceArn: arn })
      expect(AppInstanceUsers).toHaveLength(most)
      const present = AppInstanceUsers![0]!.Name!
      expect((await make(present)).AppInstanceUserArn).toBe(user(present))
      expect(await refusal(make(present, 'another'))).toMatchObject({ name: 'ConflictException', status: 409 })
      const refused = await refusal(make('one-more'))
      expect(refused).toMatchObject({ ...exceeded, reason: `At most ${most} users of an app instance are allowed.` })
      await identity.deleteAppInstanceUser({ AppInstanceUserArn: user(present) })
      await identity.deleteAppInstanceUser({ AppInstanceUserArn: user(present) })
      expect(await letThrough(index => make(`v${index}`))).toBe(1)
      await checkCounters(world())
      await identity.deleteAppInstance({ AppInstanceArn: arn })
    })

    test('of 100 bots at once exactly as many are made as may be, and a deleted one makes room', async () => {
      const { identity, appInstance, bot } = world()
      const { arn } = await appInstance()
      expect(await letThrough(async () => bot(arn))).toBe(most)
      const { AppInstanceBots } = await identity.listAppInstanceBots({ AppInstanceArn: arn })
      expect(AppInstanceBots).toHaveLength(most)
      await identity.deleteAppInstanceBot({ AppInstanceBotArn: AppInstanceBots![0]!.AppInstanceBotArn })
      expect(await letThrough(async () => bot(arn))).toBe(1)
      await identity.deleteAppInstance({ AppInstanceArn: arn })
    })

    test('of six who become admins at once exactly as many do as may, and a deleted one makes room', async () => {
      const { identity, appInstance, bot } = world()
      const { arn, user } = await appInstance(['u0', 'u1', 'u2'])
      const people = [user('u0'), user('u1'), user('u2'), await bot(arn), await bot(arn), await bot(arn)]
      const make = (index: number) =>
        identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: people[index % people.length] })
      const made = async () => {
        await letThrough(make)
        return (await identity.listAppInstanceAdmins({ AppInstanceArn: arn })).AppInstanceAdmins!.map(({ Admin }) => Admin!.Arn!)
      }
      const admins = await made()
      expect(admins).toHaveLength(most)
      await identity.deleteAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: admins[0] })
      const next = await made()
      expect(next).toHaveLength(most)
      // Who is deleted makes room at once, before the purge.
      const [gone] = next
      await (gone!.includes('/bot/')
        ? identity.deleteAppInstanceBot({ AppInstanceBotArn: gone })
        : identity.deleteAppInstanceUser({ AppInstanceUserArn: gone }))
      const free = people.findIndex(person => !next.includes(person))
      expect((await make(free)).$metadata.httpStatusCode).toBe(201)
      await identity.deleteAppInstance({ AppInstanceArn: arn })
    })

    test('of 100 channels at once exactly as many are made as may be, and a deleted one makes room', async () => {
      const { identity, messaging, appInstance } = world()
      const { arn, user } = await appInstance(['u0', 'u1', 'u2'])
      const make = async (index: number) => open(world(), user(`u${index % 3}`), { Privacy: 'PUBLIC' })
      expect(await letThrough(make)).toBe(most)
      const { Channels } = await messaging.listChannels({ AppInstanceArn: arn, ChimeBearer: user('u0') })
      expect(Channels).toHaveLength(most)
      const { ChannelArn } = Channels![0]!
      const { Channel } = await messaging.describeChannel({ ChannelArn, ChimeBearer: user('u0') })
      await messaging.deleteChannel({ ChannelArn, ChimeBearer: Channel!.CreatedBy!.Arn! })
      expect(await letThrough(make)).toBe(1)
      await checkCounters(world())
      await identity.deleteAppInstance({ AppInstanceArn: arn })
    })
  },
  limited,
)

onBothDatabases(
  'Limits of memberships and moderators',
  world => {
    const people = async (count: number) => {
      const ids = Array.from({ length: count }, (_, index) => `u${index}`)
      const { arn, user } = await world().appInstance(ids, { admins: ['root'] })
      return { arn, root: user('root'), users: ids.map(user) }
    }

    test('of 100 who join a channel at once exactly as many get in as may, and one who leaves makes room', async () => {
      const { messaging } = world()
      const { root, users } = await people(100)
      const ChannelArn = await open(world(), root, { Privacy: 'PUBLIC' })
      const join = (MemberArn: string) =>
        messaging.createChannelMembership({ ChannelArn, MemberArn, Type: 'DEFAULT', ChimeBearer: MemberArn })
      expect(await letThrough(async index => join(users[index]!))).toBe(most - 1)
      const { ChannelMemberships } = await messaging.listChannelMemberships({ ChannelArn, ChimeBearer: root })
      expect(ChannelMemberships).toHaveLength(most)
      const inside = ChannelMemberships!.map(entry => entry.Member!.Arn!)
      const member = inside.find(arn => arn !== root)!
      expect((await join(member)).$metadata.httpStatusCode).toBe(201)
      await messaging.createChannelBan({ ChannelArn, MemberArn: member, ChimeBearer: root })
      const outside = users.filter(arn => !inside.includes(arn))
      const { BatchChannelMemberships, Errors } = await messaging.batchCreateChannelMembership({
        ChannelArn,
        MemberArns: outside.slice(0, 3),
        ChimeBearer: root,
      })
      expect(BatchChannelMemberships!.Members).toHaveLength(1)
      expect(Errors!.map(error => error.ErrorCode)).toEqual(['ResourceLimitExceeded', 'ResourceLimitExceeded'])
      await checkCounters(world())
    })

    test('of 100 channels that take a user at once exactly as many get it as may, and one that it leaves makes room', async () => {
      const { messaging } = world()
      const { arn, root, users } = await people(41)
      const named = users.at(-1)!
      const channels: string[] = []
      for (const owner of users.slice(0, 34)) {
        for (let index = 0; index < 3; index++) channels.push(await open(world(), owner, { AppInstanceArn: arn }))
      }
      const add = (ChannelArn: string) =>
        messaging.createChannelMembership({ ChannelArn, MemberArn: named, Type: 'DEFAULT', ChimeBearer: root })
      expect(await letThrough(async index => add(channels[index]!))).toBe(most)
      const { ChannelMemberships } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: named })
      expect(ChannelMemberships).toHaveLength(most)
      const ChannelArn = ChannelMemberships![0]!.ChannelSummary!.ChannelArn!
      const refused = await refusal(open(world(), named))
      expect(refused).toMatchObject({ ...exceeded, reason: `At most ${most} channels that a user or bot is in are allowed.` })
      await messaging.deleteChannel({ ChannelArn, ChimeBearer: root })
      await purged(world())
      await open(world(), named)
      await checkCounters(world())
    })

    test('of 100 who become moderators of a channel at once exactly as many do as may, and one who is deleted makes room', async () => {
      const { identity, messaging } = world()
      const { root, users } = await people(100)
      const ChannelArn = await open(world(), root)
      const make = (ChannelModeratorArn: string) => messaging.createChannelModerator({ ChannelArn, ChannelModeratorArn, ChimeBearer: root })
      expect(await letThrough(async index => make(users[index]!))).toBe(most - 1)
      const { ChannelModerators } = await messaging.listChannelModerators({ ChannelArn, ChimeBearer: root })
      const inside = ChannelModerators!.map(entry => entry.Moderator!.Arn!)
      expect(inside).toHaveLength(most)
      const one = inside.find(arn => arn !== root)!
      expect((await make(one)).$metadata.httpStatusCode).toBe(201)
      await identity.deleteAppInstanceUser({ AppInstanceUserArn: one })
      const outside = users.filter(arn => !inside.includes(arn))
      await make(outside[0]!)
      expect(await refusal(make(outside[1]!))).toMatchObject(exceeded)
    })

    test('a channel that would begin with too many members or moderators is not made', async () => {
      const { messaging } = world()
      const { arn, users } = await people(4)
      const others = users.slice(1)
      expect(await refusal(open(world(), users[0]!, { MemberArns: others }))).toMatchObject(exceeded)
      expect(await refusal(open(world(), users[0]!, { ModeratorArns: others }))).toMatchObject(exceeded)
      const full = { MemberArns: others.slice(1), ModeratorArns: others.slice(1), Privacy: 'PUBLIC' as const }
      const made = await open(world(), users[0]!, full)
      const { Channels } = await messaging.listChannels({ AppInstanceArn: arn, ChimeBearer: users[0]! })
      expect(Channels!.map(channel => channel.ChannelArn)).toEqual([made])
      await checkCounters(world())
    })
  },
  { membershipsPerChannel: String(most), membershipsPerUser: String(most), moderatorsPerChannel: String(most) },
)

/** What is tried, on one of a few people and one of a few channels. */
const deed = fc.record({
  act: fc.constantFrom('add', 'hide', 'leave', 'ban', 'unban', 'promote', 'demote', 'batch', 'channel', 'delete channel', 'delete user'),
  person: fc.nat({ max: 4 }),
  channel: fc.nat({ max: 2 }),
})
type Deed = typeof deed extends fc.Arbitrary<infer Value> ? Value : never

/** The refusals that the deeds may meet: a 500 or 503 is none. */
const refusals = new Set(['ForbiddenException', 'ConflictException', 'NotFoundException', 'ResourceLimitExceededException'])

onBothDatabases(
  'Memberships, moderators and bans',
  world => {
    test(
      'whatever happens at once, nobody is banned and inside, no counter is wrong, no limit is passed and no call fails with a 5xx',
      { timeout: 60_000 },
      async () => {
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
      },
    )
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
