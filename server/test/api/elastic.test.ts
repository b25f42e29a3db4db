import { expect, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { onBothDatabases, refusal } from '../support/world.ts'
import { open, rowsIn, say } from './acts.ts'
import { denied, full, missing, named, openElastic, wrong } from './elastic-acts.ts'

const division = { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 40 }
const subChannelId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

onBothDatabases('Elastic channels', world => {
  test('are RESTRICTED, have their creator as moderator only, and one empty sub-channel from the start', async () => {
    const { messaging } = world()
    const { user, owner, ChannelArn, channel, counts, placesOf } = await openElastic(world(), { maximum: 3, target: 7, percentage: 40 }, [
      'm',
    ])
    const { Channel } = await messaging.describeChannel(channel)
    expect(Channel).toMatchObject({
      Mode: 'RESTRICTED',
      ElasticChannelConfiguration: { MaximumSubChannels: 3, TargetMembershipsPerSubChannel: 7, MinimumMembershipPercentage: 40 },
    })
    expect(await counts()).toEqual([[expect.stringMatching(subChannelId), 0]])
    expect(await placesOf('owner')).toEqual([])
    const { ChannelModerators } = await messaging.listChannelModerators(channel)
    expect(ChannelModerators!.map(({ Moderator }) => Moderator!.Arn)).toEqual([owner])
    await messaging.deleteChannel(channel)
    const again = await open(world(), owner, { ElasticChannelConfiguration: division, ModeratorArns: [user('m')], Mode: 'RESTRICTED' })
    expect(again).not.toBe(ChannelArn)
    expect((await messaging.listSubChannels({ ChannelArn: again, ChimeBearer: user('m') })).SubChannels).toHaveLength(1)
  })

  test('are not created with settings that are not allowed, and nothing of them remains', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner', 'm'])
    const attempt = async (changed: Partial<typeof division>, extra = {}) =>
      refusal(open(world(), user('owner'), { ElasticChannelConfiguration: { ...division, ...changed }, Privacy: 'PUBLIC', ...extra }))
    expect(await attempt({}, { Mode: 'UNRESTRICTED' })).toMatchObject(wrong)
    expect(await attempt({}, { MemberArns: [user('m')] })).toMatchObject(wrong)
    expect(await attempt({ MaximumSubChannels: 1 })).toMatchObject(wrong)
    expect(await attempt({ TargetMembershipsPerSubChannel: 1 })).toMatchObject(wrong)
    expect(await attempt({ MinimumMembershipPercentage: 41 })).toMatchObject(wrong)
    expect(await attempt({ MaximumSubChannels: 101 })).toMatchObject(full)
    expect(await attempt({ TargetMembershipsPerSubChannel: 1001 })).toMatchObject(full)
    expect((await messaging.listChannels({ AppInstanceArn: arn, ChimeBearer: user('owner') })).Channels).toEqual([])
    await open(world(), user('owner'), {
      ElasticChannelConfiguration: { ...division, MaximumSubChannels: 100, TargetMembershipsPerSubChannel: 1000 },
    })
  })

  test('are limited in each app instance, even when twenty are created at once, and a deleted one makes room', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner'])
    const create = () => open(world(), user('owner'), { ElasticChannelConfiguration: division })
    const made = await Promise.allSettled(Array.from({ length: 20 }, create))
    const arns = made.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
    expect(arns).toHaveLength(1)
    expect(await refusal(create())).toMatchObject(full)
    await messaging.deleteChannel({ ChannelArn: arns[0]!, ChimeBearer: user('owner') })
    await create()
  })

  test('stay RESTRICTED, but can change their name', async () => {
    const { messaging } = world()
    const { channel } = await openElastic(world(), { maximum: 2, target: 2, percentage: 40 })
    expect(await refusal(messaging.updateChannel({ ...channel, Mode: 'UNRESTRICTED' }))).toMatchObject(wrong)
    await messaging.updateChannel({ ...channel, Mode: 'RESTRICTED', Name: 'renamed' })
    expect((await messaging.describeChannel(channel)).Channel).toMatchObject({ Mode: 'RESTRICTED', Name: 'renamed' })
  })

  test('sub-channels are listed in pages to admins and moderators only, and ordinary channels have none', async () => {
    const { messaging } = world()
    const { user, owner, root, ChannelArn, channel, join } = await openElastic(
      world(),
      { maximum: 3, target: 2, percentage: 10 },
      [...named(5), 'out'],
      { Privacy: 'PUBLIC' },
    )
    for (const id of named(5)) await join(id)
    const first = await messaging.listSubChannels({ ...channel, MaxResults: 2 })
    const second = await messaging.listSubChannels({ ...channel, MaxResults: 2, NextToken: first.NextToken })
    expect(first.SubChannels!.map(entry => entry.MembershipCount)).toEqual([2, 2])
    expect(second).toMatchObject({ ChannelArn, SubChannels: [{ MembershipCount: 1 }] })
    expect(second.NextToken).toBeUndefined()
    expect((await messaging.listSubChannels({ ChannelArn, ChimeBearer: root })).SubChannels).toHaveLength(3)
    for (const id of ['u0', 'out'])
      expect(await refusal(messaging.listSubChannels({ ChannelArn, ChimeBearer: user(id) }))).toMatchObject(denied)
    const ordinary = await open(world(), owner)
    expect(await refusal(messaging.listSubChannels({ ChannelArn: ordinary, ChimeBearer: owner }))).toMatchObject(wrong)
  })

  test('have no read markers, preferences, hidden members or moderated-channel description, and are not found by a search', async () => {
    const { messaging } = world()
    const { user, owner, root, ChannelArn, channel, join } = await openElastic(world(), { maximum: 2, target: 5, percentage: 40 }, [
      'a',
      'b',
    ])
    await join('a')
    const own = { ChannelArn, ChimeBearer: user('a'), MemberArn: user('a') }
    const hidden = { ...channel, Type: 'HIDDEN' } as const
    expect(await refusal(messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: user('a') }))).toMatchObject(wrong)
    expect(await refusal(messaging.getChannelMembershipPreferences(own))).toMatchObject(wrong)
    const Preferences = { PushNotifications: { AllowNotifications: 'ALL' as const } }
    expect(await refusal(messaging.putChannelMembershipPreferences({ ...own, Preferences }))).toMatchObject(wrong)
    expect(await refusal(messaging.createChannelMembership({ ...hidden, MemberArn: user('b') }))).toMatchObject(wrong)
    expect(await refusal(messaging.batchCreateChannelMembership({ ...hidden, MemberArns: [user('b')] }))).toMatchObject(wrong)
    for (const ChimeBearer of [owner, root]) {
      const described = messaging.describeChannelModeratedByAppInstanceUser({ ChannelArn, ChimeBearer, AppInstanceUserArn: owner })
      expect(await refusal(described)).toMatchObject(denied)
    }
    const ordinary = await open(world(), owner, { MemberArns: [user('a')] })
    for (const ChimeBearer of [user('a'), root]) {
      const { Channels } = await messaging.searchChannels({
        ChimeBearer,
        Fields: [{ Key: 'MEMBERS', Operator: 'INCLUDES', Values: [user('a')] }],
      })
      expect(Channels!.map(found => found.ChannelArn)).toEqual([ordinary])
    }
  })

  test('disappear with everything in their sub-channels when they are deleted', async () => {
    const { app, messaging } = world()
    const { user, ChannelArn, channel, join, placesOf } = await openElastic(world(), { maximum: 4, target: 2, percentage: 10 }, named(6))
    for (const id of named(6)) {
      const SubChannelId = await join(id)
      await say(world(), user(id), ChannelArn, 'x', { SubChannelId, Target: [{ MemberArn: user(id) }] })
      await say(world(), user(id), ChannelArn, 'x', { SubChannelId })
    }
    const left = statement<{ left: number }>(`
      select (select count(*) from memberships where sub_channel_id in (select id from sub_channels where channel_id = $1))
        + (select count(*) from messages where channel_id = $1) + (select count(*) from private_messages where channel_id = $1)
        + (select count(*) from sub_channels where channel_id = $1) as left`)
    const found = statement<{ id: number }>(`select id from channels where external_id = $1`)
    const { id } = (await app.db.get(found, ChannelArn.split('/').at(-1)!))!
    expect((await app.db.get(left, id))!.left).toBe(6 + 12 + 6 + 3)
    await messaging.deleteChannel(channel)
    expect(await placesOf('u0')).toEqual([])
    await expect.poll(async () => (await app.db.get(left, id))!.left).toBe(0)
  })

  test('have room for another member once a user is deleted', async () => {
    const { identity } = world()
    const { user, join, sizes } = await openElastic(world(), { maximum: 2, target: 2, percentage: 40 }, named(5))
    for (const id of named(4)) await join(id)
    expect(await refusal(join('u4'))).toMatchObject(full)
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('u0') })
    await expect.poll(sizes).toEqual([1, 2])
    expect(await join('u4')).toMatch(subChannelId)
    expect(await sizes()).toEqual([2, 2])
  })
})

onBothDatabases('Members of elastic channels', world => {
  test('are placed by the service in one sub-channel, and all answers name it', async () => {
    const { messaging } = world()
    const { user, channel, join, membersOf, placesOf } = await openElastic(world(), { maximum: 2, target: 5, percentage: 40 }, ['a', 'b'])
    const SubChannelId = await join('a')
    expect(SubChannelId).toMatch(subChannelId)
    expect(await join('a')).toBe(SubChannelId)
    expect(await join('b')).toBe(SubChannelId)
    expect(await membersOf(SubChannelId)).toEqual(['a', 'b'])
    expect(await placesOf('a')).toEqual([SubChannelId])
    const { ChannelMembership } = await messaging.describeChannelMembership({ ...channel, MemberArn: user('a'), SubChannelId })
    expect(ChannelMembership).toMatchObject({ SubChannelId, Type: 'DEFAULT', Member: { Arn: user('a') } })
    const { ChannelMembership: own } = await messaging.describeChannelMembershipForAppInstanceUser({
      ...channel,
      ChimeBearer: user('a'),
      AppInstanceUserArn: user('a'),
    })
    expect(own!.AppInstanceUserMembershipSummary).toEqual({ Type: 'DEFAULT', SubChannelId })
  })

  test('must not be given a SubChannelId, neither when they join nor when they leave', async () => {
    const { messaging } = world()
    const { user, channel, join, leave, counts, placesOf } = await openElastic(world(), { maximum: 2, target: 5, percentage: 40 }, [
      'a',
      'b',
    ])
    const [[SubChannelId]] = (await counts()) as [[string, number]]
    expect(await refusal(join('a', SubChannelId))).toMatchObject(wrong)
    await join('a')
    expect(await refusal(leave('a', SubChannelId))).toMatchObject(wrong)
    const named = { ...channel, ChimeBearer: user('a'), MemberArn: user('a') }
    expect(await refusal(messaging.deleteChannelMembership({ ...named, SubChannelId }))).toMatchObject(wrong)
    expect(await placesOf('a')).toEqual([SubChannelId])
    await messaging.deleteChannelMembership(named)
    expect(await placesOf('a')).toEqual([])
    expect((await leave('a')).$metadata.httpStatusCode).toBe(204)
  })

  test('that are moderators must name a sub-channel, may be in many, and leave one or all', async () => {
    const { messaging } = world()
    const { owner, channel, join, leave, counts, sizes, placesOf } = await openElastic(
      world(),
      { maximum: 3, target: 2, percentage: 10 },
      named(5),
    )
    for (const id of named(5)) await join(id)
    const ids = (await counts()).map(([id]) => id)
    expect(await refusal(join('owner'))).toMatchObject(wrong)
    expect(await refusal(join('owner', 'no-such'))).toMatchObject(denied)
    for (const id of ids) expect(await join('owner', id)).toBe(id)
    expect(await join('owner', ids[1])).toBe(ids[1])
    // Moderators are counted and take no member's place.
    expect(await sizes()).toEqual([3, 3, 2])
    expect(await placesOf('owner')).toEqual(ids)
    const described = await messaging.describeChannelMembershipForAppInstanceUser({ ...channel, AppInstanceUserArn: owner })
    expect(described.ChannelMembership!.AppInstanceUserMembershipSummary!.SubChannelId).toBe(ids[0])
    await leave('owner', ids[1])
    expect(await placesOf('owner')).toEqual([ids[0], ids[2]])
    await leave('owner')
    expect(await placesOf('owner')).toEqual([])
    expect(await sizes()).toEqual([2, 2, 1])
  })

  test('lose their memberships when they become moderators, stop being moderators, or are banned', async () => {
    const { messaging } = world()
    const { user, channel, join, counts, sizes, placesOf } = await openElastic(world(), { maximum: 3, target: 2, percentage: 10 }, named(3))
    for (const id of named(3)) await join(id)
    const [[first], [second]] = (await counts()) as [[string, number], [string, number]]
    const ChannelModeratorArn = user('u0')
    await messaging.createChannelModerator({ ...channel, ChannelModeratorArn })
    expect(await placesOf('u0')).toEqual([])
    await join('u0', first)
    await join('u0', second)
    // The same call again changes nothing.
    await messaging.createChannelModerator({ ...channel, ChannelModeratorArn })
    expect(await placesOf('u0')).toEqual([first, second])
    await messaging.deleteChannelModerator({ ...channel, ChannelModeratorArn })
    expect(await placesOf('u0')).toEqual([])
    expect(await sizes()).toEqual([1, 1])
    await join('u0')
    await messaging.createChannelBan({ ...channel, MemberArn: user('u0') })
    expect(await placesOf('u0')).toEqual([])
    expect(await refusal(join('u0'))).toMatchObject(denied)
    await messaging.deleteChannelBan({ ...channel, MemberArn: user('u0') })
    expect(await placesOf('u0')).toEqual([])
    expect(await join('u0')).toMatch(subChannelId)
  })

  test('are added in a batch, which says for each failed one why', async () => {
    const { app, messaging } = world()
    const { arn, user, owner, channel, counts, membersOf } = await openElastic(world(), { maximum: 2, target: 2, percentage: 10 }, named(6))
    const MemberArns = [owner, ...named(6).map(user)]
    const { BatchChannelMemberships, Errors } = await messaging.batchCreateChannelMembership({ ...channel, MemberArns })
    expect(BatchChannelMemberships!.Members!.map(({ Arn }) => Arn)).toEqual(named(4).map(user))
    expect(BatchChannelMemberships).not.toHaveProperty('SubChannelId')
    expect(Errors!.map(({ MemberArn, ErrorCode }) => [MemberArn, ErrorCode])).toEqual([
      [owner, 'BadRequest'],
      [user('u4'), 'ResourceLimitExceeded'],
      [user('u5'), 'ResourceLimitExceeded'],
    ])
    const counted = statement<{ name: string }>(`select external_id as name from identities where membership_count > 0
      and app_instance_id = (select id from app_instances where arn = $1) order by id`)
    expect((await app.db.all(counted, arn)).map(({ name }) => name)).toEqual(named(4))
    const [[first], [second]] = (await counts()) as [[string, number], [string, number]]
    expect(await membersOf(first)).toEqual(['u0', 'u1'])
    expect(await membersOf(second)).toEqual(['u2', 'u3'])
    const again = await messaging.batchCreateChannelMembership({ ...channel, MemberArns: [owner, user('u0')], SubChannelId: second })
    expect(again.BatchChannelMemberships).toMatchObject({ SubChannelId: second, Members: [{ Arn: owner }] })
    expect(again.Errors).toMatchObject([{ MemberArn: user('u0'), ErrorCode: 'BadRequest' }])
  })

  test('are listed by sub-channel: all for moderators and admins, its own for a member, none for non-members', async () => {
    const { messaging } = world()
    const { user, owner, root, ChannelArn, join, counts } = await openElastic(
      world(),
      { maximum: 2, target: 2, percentage: 10 },
      [...named(3), 'out'],
      { Privacy: 'PUBLIC' },
    )
    for (const id of named(3)) await join(id)
    const [[first], [second]] = (await counts()) as [[string, number], [string, number]]
    const list = (ChimeBearer: string, SubChannelId?: string) => messaging.listChannelMemberships({ ChannelArn, ChimeBearer, SubChannelId })
    const describe = (ChimeBearer: string, id: string, SubChannelId?: string) =>
      messaging.describeChannelMembership({ ChannelArn, ChimeBearer, MemberArn: user(id), SubChannelId })
    for (const bearer of [owner, root]) {
      expect((await list(bearer, second)).ChannelMemberships).toHaveLength(1)
      expect((await describe(bearer, 'u2', second)).ChannelMembership).toMatchObject({ SubChannelId: second })
      expect(await refusal(describe(bearer, 'u2', first))).toMatchObject(missing)
      expect(await refusal(list(bearer, 'no-such'))).toMatchObject(denied)
      expect(await refusal(list(bearer))).toMatchObject(wrong)
      expect(await refusal(describe(bearer, 'u2'))).toMatchObject(wrong)
    }
    expect((await list(user('u0'), first)).ChannelMemberships).toHaveLength(2)
    expect((await describe(user('u0'), 'u1', first)).ChannelMembership).toMatchObject({ SubChannelId: first })
    expect(await refusal(list(user('u0')))).toMatchObject(wrong)
    expect(await refusal(list(user('u0'), second))).toMatchObject(denied)
    expect(await refusal(describe(user('u0'), 'u2', second))).toMatchObject(denied)
    for (const SubChannelId of [undefined, first]) {
      expect(await refusal(list(user('out'), SubChannelId))).toMatchObject(denied)
      expect(await refusal(describe(user('out'), 'u0', SubChannelId))).toMatchObject(denied)
    }
    expect((await messaging.describeChannel({ ChannelArn, ChimeBearer: user('out') })).Channel).toMatchObject({ ChannelArn })
  })

  test('that were in all sub-channels leave no rows behind when they are deleted', async () => {
    const { identity } = world()
    const before = await rowsIn(world(), 'memberships')
    const { user, join, counts, sizes } = await openElastic(world(), { maximum: 3, target: 2, percentage: 10 }, named(3))
    for (const id of named(3)) await join(id)
    for (const [id] of await counts()) await join('owner', id)
    expect(await sizes()).toEqual([3, 2])
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('u0') })
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('owner') })
    await expect.poll(() => rowsIn(world(), 'memberships')).toBe(before + 2)
  })
})
