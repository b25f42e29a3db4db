import { expect, test } from 'vitest'
import { balanceAll } from '../../src/jobs/balancing.ts'
import { statement } from '../../src/database/database.ts'
import { onBothDatabases, refusal } from '../support/world.ts'
import { open, rowsIn, say } from './acts.ts'
import { denied, full, named, openElastic } from './elastic-acts.ts'

onBothDatabases('Placement in elastic channels', world => {
  test('a hundred concurrent joins are all placed, nobody twice, and no sub-channel exceeds its target', async () => {
    const users = named(100)
    const { join, counts, membersOf, placesOf } = await openElastic(world(), { maximum: 10, target: 10, percentage: 10 }, [
      ...users,
      'late',
    ])
    await Promise.all(users.map(id => join(id)))
    const found = await counts()
    expect(found.map(([, count]) => count)).toEqual(Array.from({ length: 10 }, () => 10))
    const members = await Promise.all(found.map(([id]) => membersOf(id)))
    expect(members.flat().toSorted()).toEqual(users.toSorted())
    expect(await refusal(join('late'))).toMatchObject(full)
    expect(await placesOf('late')).toEqual([])
  })

  test('of a hundred concurrent joins exactly as many succeed as there are places', async () => {
    const users = named(100)
    const { arn, join, leave, sizes } = await openElastic(world(), { maximum: 3, target: 7, percentage: 40 }, users)
    const results = await Promise.allSettled(users.map(async id => (await join(id), id)))
    const joined = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
    expect(joined).toHaveLength(21)
    expect((await sizes()).toSorted((a, b) => a - b)).toEqual([7, 7, 7])
    // A refused join counts nowhere.
    const counted = statement<{ name: string }>(`select external_id as name from identities where membership_count > 0
      and app_instance_id = (select id from app_instances where arn = $1)`)
    const found = await world().app.db.all(counted, arn)
    expect(found.map(({ name }) => name).toSorted()).toEqual(joined.toSorted())
    await leave(joined[0]!)
    const other = users.find(id => !joined.includes(id))!
    await join(other)
    expect(await refusal(join(joined[0]!))).toMatchObject(full)
  })

  test('a hundred concurrent joins of one member create one membership', async () => {
    const { join, sizes, placesOf } = await openElastic(world(), { maximum: 3, target: 7, percentage: 40 }, ['a'])
    const ids = await Promise.all(Array.from({ length: 100 }, () => join('a')))
    expect(new Set(ids).size).toBe(1)
    expect(await sizes()).toEqual([1])
    expect(await placesOf('a')).toEqual([ids[0]])
  })

  test('a new sub-channel takes the new member and then the newest members of a full one, up to the minimum', async () => {
    const users = named(11)
    const { user, ChannelArn, join, counts, membersOf } = await openElastic(world(), { maximum: 3, target: 10, percentage: 35 }, users)
    for (const id of users.slice(0, 10)) await join(id)
    const second = await join('u10')
    const [[first]] = (await counts()) as [[string, number]]
    expect(second).not.toBe(first)
    await expect.poll(() => membersOf(second)).toEqual(['u7', 'u8', 'u9', 'u10'])
    expect(await membersOf(first)).toEqual(users.slice(0, 7))
    // A moved member belongs to the new sub-channel and no longer to the old one.
    await say(world(), user('u9'), ChannelArn, 'x', { SubChannelId: second })
    expect(await refusal(say(world(), user('u9'), ChannelArn, 'x', { SubChannelId: first }))).toMatchObject(denied)
  })

  test('a member that was moved can no longer change its old messages, and sees those of the new sub-channel', async () => {
    const { messaging } = world()
    const users = named(6)
    const { user, owner, ChannelArn, join, counts, membersOf } = await openElastic(
      world(),
      { maximum: 2, target: 5, percentage: 40 },
      users,
    )
    for (const id of users.slice(0, 5)) await join(id)
    const [[first]] = (await counts()) as [[string, number]]
    const MessageId = await say(world(), user('u4'), ChannelArn, 'old', { SubChannelId: first })
    await say(world(), user('u4'), ChannelArn, 'private', { SubChannelId: first, Target: [{ MemberArn: user('u0') }] })
    const lastOf = async (ChimeBearer: string) => {
      const { ChannelMemberships } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer })
      return ChannelMemberships![0]!.ChannelSummary!.LastMessageTimestamp
    }
    expect(await lastOf(user('u4'))).toBeInstanceOf(Date)
    const second = await join('u5')
    await expect.poll(() => membersOf(second)).toEqual(['u4', 'u5'])
    expect(await lastOf(user('u4'))).toBeUndefined()
    expect(await lastOf(user('u0'))).toBeInstanceOf(Date)
    const old = { ChannelArn, MessageId, ChimeBearer: user('u4'), SubChannelId: first }
    expect(await refusal(messaging.updateChannelMessage({ ...old, Content: 'new' }))).toMatchObject(denied)
    expect(await refusal(messaging.redactChannelMessage(old))).toMatchObject(denied)
    expect(await refusal(messaging.getChannelMessageStatus(old))).toMatchObject(denied)
    expect(await refusal(messaging.getChannelMessage(old))).toMatchObject(denied)
    expect((await messaging.getChannelMessage({ ...old, ChimeBearer: owner })).ChannelMessage).toMatchObject({ Content: 'old' })
    await say(world(), user('u5'), ChannelArn, 'here', { SubChannelId: second })
    const { ChannelMessages } = await messaging.listChannelMessages({ ChannelArn, ChimeBearer: user('u4'), SubChannelId: second })
    expect(ChannelMessages!.map(({ Content }) => Content)).toEqual(['here'])
  })

  test('a transfer between two pages of a user’s channels neither repeats nor skips a channel', async () => {
    const { messaging } = world()
    const users = named(6)
    const { user, owner, ChannelArn, join, placesOf } = await openElastic(world(), { maximum: 2, target: 5, percentage: 40 }, users)
    const ChimeBearer = user('u4')
    const before = await open(world(), owner, { MemberArns: [ChimeBearer] })
    for (const id of users.slice(0, 5)) await join(id)
    const after = await open(world(), owner, { MemberArns: [ChimeBearer] })
    const [old] = await placesOf('u4')
    const page = (NextToken?: string) => messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer, MaxResults: 1, NextToken })
    const one = await page()
    await join('u5')
    await expect.poll(() => placesOf('u4')).not.toEqual([old])
    const two = await page(one.NextToken)
    const three = await page(two.NextToken)
    const arns = [one, two, three].map(({ ChannelMemberships }) => ChannelMemberships!.map(row => row.ChannelSummary!.ChannelArn))
    expect(arns).toEqual([[before], [ChannelArn], [after]])
    expect(three.NextToken).toBeUndefined()
  })

  test('a sub-channel that gets too small is removed: its members move, and its messages and its moderators’ memberships end', async () => {
    const { app, messaging } = world()
    const users = named(10)
    const { user, owner, root, ChannelArn, join, leave, counts, membersOf, placesOf } = await openElastic(
      world(),
      { maximum: 3, target: 5, percentage: 40 },
      users,
    )
    const counted = statement<{ found: number }>(`select membership_count as found from identities where external_id = 'owner'
      and app_instance_id = (select id from app_instances where arn = $1)`)
    for (const id of users.slice(0, 6)) await join(id)
    await expect.poll(async () => (await counts()).map(([, count]) => count)).toEqual([4, 2])
    const [[first], [second]] = (await counts()) as [[string, number], [string, number]]
    for (const id of [first, second]) await join('owner', id)
    const messages = await rowsIn(world(), 'messages')
    const kept = await say(world(), user('u0'), ChannelArn, 'kept', { SubChannelId: first })
    await say(world(), user('u5'), ChannelArn, 'lost', { SubChannelId: second })
    await say(world(), user('u5'), ChannelArn, 'lost', { SubChannelId: second, Target: [{ MemberArn: owner }] })
    await leave('u4')
    await expect.poll(async () => (await counts()).map(([id]) => id)).toEqual([first])
    expect(await membersOf(first)).toEqual(['u0', 'u1', 'u2', 'u3', 'u5', 'owner'])
    expect(await placesOf('u5')).toEqual([first])
    expect(await placesOf('owner')).toEqual([first])
    expect(await app.db.get(counted, owner.replace(/\/user\/.*/, ''))).toEqual({ found: 1 })
    expect(await refusal(messaging.listChannelMessages({ ChannelArn, ChimeBearer: root, SubChannelId: second }))).toMatchObject(denied)
    expect(await refusal(say(world(), user('u5'), ChannelArn, 'x', { SubChannelId: second }))).toMatchObject(denied)
    await expect.poll(() => rowsIn(world(), 'messages')).toBe(messages + 1)
    expect(
      (await messaging.getChannelMessage({ ChannelArn, MessageId: kept, ChimeBearer: user('u5'), SubChannelId: first })).ChannelMessage,
    ).toMatchObject({
      Content: 'kept',
    })
    const row = (await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('u5') })).ChannelMemberships![0]!
    expect(row.ChannelSummary!.LastMessageTimestamp).toEqual(
      (await messaging.describeChannel({ ChannelArn, ChimeBearer: owner })).Channel!.LastMessageTimestamp,
    )
  })

  test('the last sub-channel stays, and so does one whose members fit into no other', async () => {
    const { join, leave, sizes } = await openElastic(world(), { maximum: 3, target: 3, percentage: 40 }, named(6))
    for (const id of named(6)) await join(id)
    expect((await sizes()).toSorted((a, b) => a - b)).toEqual([3, 3])
    const { app } = world()
    const settle = () => balanceAll({ db: app.db, now: Date.now, isStopping: () => false })
    await leave('u3')
    await leave('u4')
    await settle()
    // One member is left in the second, and the first is full.
    expect((await sizes()).toSorted((a, b) => a - b)).toEqual([1, 3])
    for (const id of ['u0', 'u1', 'u2', 'u5']) await leave(id)
    await settle()
    expect(await sizes()).toEqual([0])
  })

  test('a sub-channel that is to be removed stays if new members have taken the room for its members, or have joined it', async () => {
    const { app } = world()
    const { join, counts, sizes } = await openElastic(world(), { maximum: 2, target: 3, percentage: 40 }, named(6))
    for (const id of named(4)) await join(id)
    const settle = () => balanceAll({ db: app.db, now: Date.now, isStopping: () => false })
    await settle()
    expect(await sizes()).toEqual([2, 2])
    const [, [second]] = (await counts()) as [[string, number], [string, number]]
    const close = statement(`update sub_channels set is_open = 0 where external_id = $1`)
    const selectOpen = statement<{ open: number }>(`select is_open as open from sub_channels where external_id = $1`)
    await app.db.run(close, second)
    // The first has room for one of its two.
    await settle()
    expect(await sizes()).toEqual([2, 2])
    expect(await app.db.get(selectOpen, second)).toEqual({ open: 1 })
    await app.db.run(close, second)
    expect(await join('u4')).not.toBe(second)
    expect(await join('u5')).toBe(second)
    expect(await app.db.get(selectOpen, second)).toEqual({ open: 1 })
    expect(await sizes()).toEqual([3, 3])
  })

  test('the job finishes what a stopped node has begun, and does it once', async () => {
    const { app } = world()
    const users = named(4)
    const { ChannelArn, join, sizes } = await openElastic(world(), { maximum: 3, target: 3, percentage: 40 }, users)
    for (const user of users) await join(user)
    await expect.poll(sizes).toEqual([2, 2])
    // From now on one sub-channel is too small and the other has room, and nothing has woken the job.
    const id = ChannelArn.split('/').at(-1)!
    const divide = statement(`update channels set elastic = $2 where external_id = $1`)
    const widen = statement(
      `update sub_channels set capacity = 4 where channel_id = (select c.id from channels c where c.external_id = $1)`,
    )
    expect(await app.db.run(divide, id, JSON.stringify({ maximum: 3, target: 4, percentage: 75 }))).toBe(1)
    expect(await app.db.run(widen, id)).toBe(2)
    const tools = { db: app.db, now: Date.now, isStopping: () => false }
    await Promise.all([balanceAll(tools), balanceAll(tools), balanceAll(tools)])
    expect(await sizes()).toEqual([4])
  })
})
