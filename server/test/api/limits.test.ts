import { expect, test } from 'vitest'
import { countLimits } from '../../src/settings/limits.ts'
import { onBothDatabases, refusal } from '../support/world.ts'
import { open, purged, say } from './acts.ts'
import { checkCounters } from './counters.ts'

const exceeded = { name: 'ResourceLimitExceededException', code: 'ResourceLimitExceeded', status: 400 }

const most = 3
/** More than a node has connections to PostgreSQL. */
const crowd = 20
const limited = Object.fromEntries(Object.keys(countLimits).map(name => [name, String(most)]))

/** How many of a crowd of concurrent calls succeed; all others must be refused by the limit. */
async function letThrough(act: (index: number) => Promise<unknown>): Promise<number> {
  const outcomes = await Promise.all(
    Array.from({ length: crowd }, async (_, index) =>
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

onBothDatabases(
  'Limits of counts',
  world => {
    test('of 20 concurrent calls exactly as many create an app instance as are allowed, and a deleted one makes room', async () => {
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

    test('of 20 concurrent calls exactly as many create a user as are allowed; an existing user is returned, and a deleted one makes room', async () => {
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

    test('of 20 concurrent calls exactly as many create a bot as are allowed, and a deleted one makes room', async () => {
      const { identity, appInstance, bot } = world()
      const { arn } = await appInstance()
      expect(await letThrough(async () => bot(arn))).toBe(most)
      const { AppInstanceBots } = await identity.listAppInstanceBots({ AppInstanceArn: arn })
      expect(AppInstanceBots).toHaveLength(most)
      await identity.deleteAppInstanceBot({ AppInstanceBotArn: AppInstanceBots![0]!.AppInstanceBotArn })
      expect(await letThrough(async () => bot(arn))).toBe(1)
      await identity.deleteAppInstance({ AppInstanceArn: arn })
    })

    test('of six concurrent calls exactly as many make an admin as are allowed, and a deleted one makes room', async () => {
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
      // A deleted user makes room at once, before the purge.
      const [gone] = next
      await (gone!.includes('/bot/')
        ? identity.deleteAppInstanceBot({ AppInstanceBotArn: gone })
        : identity.deleteAppInstanceUser({ AppInstanceUserArn: gone }))
      const free = people.findIndex(person => !next.includes(person))
      expect((await make(free)).$metadata.httpStatusCode).toBe(201)
      await identity.deleteAppInstance({ AppInstanceArn: arn })
    })

    test('of 20 concurrent calls exactly as many create a channel as are allowed, and a deleted one makes room', async () => {
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

    test('of 20 concurrent joins of a channel exactly as many succeed as are allowed, and a member who leaves makes room', async () => {
      const { messaging } = world()
      const { root, users } = await people(crowd)
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

    test('of 20 channels that add a user at once exactly as many succeed as are allowed, and one that the user leaves makes room', async () => {
      const { messaging } = world()
      const { arn, root, users } = await people(8)
      const named = users.at(-1)!
      const channels: string[] = []
      for (const owner of users.slice(0, 7)) {
        for (let index = 0; index < most; index++) channels.push(await open(world(), owner, { AppInstanceArn: arn }))
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

    test('of 20 concurrent calls exactly as many make a moderator as are allowed, and a deleted one makes room', async () => {
      const { identity, messaging } = world()
      const { root, users } = await people(crowd)
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

    test('a channel that would start with too many members or moderators is not created', async () => {
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

onBothDatabases(
  'Limits of reactions and pins',
  world => {
    const scene = async () => {
      const ids = Array.from({ length: crowd }, (_, index) => `u${index}`)
      const { user } = await world().appInstance(ids, { admins: ['root'] })
      const [users, root] = [ids.map(user), user('root')]
      const ChannelArn = await open(world(), root)
      await world().messaging.batchCreateChannelMembership({ ChannelArn, MemberArns: users, ChimeBearer: root })
      return { users, root, ChannelArn }
    }

    test('of 20 users who add a reaction each at once exactly as many succeed as are allowed, and one that is removed makes room', async () => {
      const { carillon } = world()
      const { users, root, ChannelArn } = await scene()
      const MessageId = await say(world(), root, ChannelArn)
      const put = async (index: number, ...Reactions: string[]) =>
        carillon.call('PutMessageReactions', { ChannelArn, MessageId, Reactions, ChimeBearer: users[index]! })
      expect(await letThrough(index => put(index, `r${index}`))).toBe(most)
      const { MessageReactions } = await carillon.call('BatchGetMessageReactions', {
        ChannelArn,
        MessageIds: [MessageId],
        ChimeBearer: root,
      })
      const present = MessageReactions![0]!.Reactions!
      expect(present.map(({ Count }) => Count)).toEqual(Array.from({ length: most }, () => 1))
      await put(Number(present[0]!.Reaction!.slice(1)))
      expect(await letThrough(index => put(index, 'same'))).toBe(crowd)
    })

    test('of 20 concurrent calls exactly as many pin a message as are allowed, and one that is unpinned makes room', async () => {
      const { carillon } = world()
      const { root, ChannelArn } = await scene()
      const ids = await Promise.all(Array.from({ length: crowd }, async () => say(world(), root, ChannelArn)))
      const pin = async (MessageId: string) => carillon.call('PinMessage', { ChannelArn, MessageId, ChimeBearer: root })
      expect(await letThrough(index => pin(ids[index]!))).toBe(most)
      const { PinnedMessages } = await carillon.call('ListPinnedMessages', { ChannelArn, ChimeBearer: root })
      const pinned = PinnedMessages!.map(({ Message }) => Message!.MessageId!)
      expect(pinned).toHaveLength(most)
      await carillon.call('UnpinMessage', { ChannelArn, MessageId: pinned[0]!, ChimeBearer: root })
      const others = ids.filter(id => !pinned.includes(id))
      await pin(others[0]!)
      expect(await refusal(pin(others[1]!))).toMatchObject({ name: exceeded.name })
    })
  },
  { reactionsPerMessage: String(most), pinsPerChannel: String(most) },
)
