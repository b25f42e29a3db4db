import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'
import { channelsOf, days, open, rowsIn, runJob, say } from './acts.ts'

const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }
const missing = { name: 'NotFoundException', code: 'NotFound', status: 404 }

onBothDatabases('Retention', world => {
  const put = async (AppInstanceArn: string, RetentionDays: number | undefined) =>
    world().identity.putAppInstanceRetentionSettings({
      AppInstanceArn,
      AppInstanceRetentionSettings: { ChannelRetentionSettings: RetentionDays === undefined ? {} : { RetentionDays } },
    })
  const get = async (AppInstanceArn: string) => world().identity.getAppInstanceRetentionSettings({ AppInstanceArn })
  const listed = async (ChannelArn: string, ChimeBearer: string) => {
    const { ChannelMessages } = await world().messaging.listChannelMessages({ ChannelArn, ChimeBearer, SortOrder: 'ASCENDING' })
    return ChannelMessages!.map(message => message.MessageId)
  }

  test('retention settings are returned as they were put, with the time from which messages are deleted for good', async () => {
    const { identity, appInstance } = world()
    const { arn } = await appInstance()
    const off = { AppInstanceRetentionSettings: { ChannelRetentionSettings: {} } }
    expect(await get(arn)).toMatchObject(off)
    expect((await get(arn)).InitiateDeletionTimestamp).toBeUndefined()

    const earliest = world().now() + days(30)
    const first = await put(arn, 7)
    expect(first).toMatchObject({ AppInstanceRetentionSettings: { ChannelRetentionSettings: { RetentionDays: 7 } } })
    const startsAt = first.InitiateDeletionTimestamp!.getTime()
    expect(startsAt).toBeGreaterThanOrEqual(earliest)
    expect(startsAt).toBeLessThanOrEqual(world().now() + days(30))

    world().advance(days(3))
    expect((await put(arn, 7)).InitiateDeletionTimestamp).toEqual(first.InitiateDeletionTimestamp)
    for (const changed of [8, 6]) {
      const { InitiateDeletionTimestamp } = await put(arn, changed)
      expect(InitiateDeletionTimestamp!.getTime()).toBeGreaterThanOrEqual(startsAt + days(3))
      const settings = { AppInstanceRetentionSettings: { ChannelRetentionSettings: { RetentionDays: changed } } }
      expect(await get(arn)).toMatchObject({ ...settings, InitiateDeletionTimestamp })
    }

    const turnedOff = await put(arn, undefined)
    expect(turnedOff).toMatchObject(off)
    expect(turnedOff.InitiateDeletionTimestamp).toBeUndefined()
    await put(arn, 7)
    await identity.putAppInstanceRetentionSettings({ AppInstanceArn: arn, AppInstanceRetentionSettings: {} })
    expect((await get(arn)).AppInstanceRetentionSettings).toEqual({ ChannelRetentionSettings: {} })
  })

  test('an app instance that does not exist has no retention settings, and days outside 1 to 5475 are refused', async () => {
    const { appInstance } = world()
    const { arn } = await appInstance()
    expect(await refusal(put(`${arn}x`, 1))).toMatchObject(missing)
    expect(await refusal(get(`${arn}x`))).toMatchObject(missing)
    for (const wrong of [0, 5476]) expect(await refusal(put(arn, wrong))).toMatchObject({ name: 'BadRequestException', status: 400 })
    expect((await put(arn, 5475)).AppInstanceRetentionSettings!.ChannelRetentionSettings).toEqual({ RetentionDays: 5475 })
  })

  test('messages past the period are hidden at once from everybody in every call, and come back within the grace period', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner', 'm'], { admins: ['root'] })
    const ChannelArn = await open(world(), user('owner'), { MemberArns: [user('m')] })
    const old = await say(world(), user('owner'), ChannelArn)
    const oldTargeted = await say(world(), user('owner'), ChannelArn, 'for m', { Target: [{ MemberArn: user('m') }] })
    world().advance(days(2))
    const recent = await say(world(), user('owner'), ChannelArn)
    const before = (await channelsOf(world(), user('m'))).get(ChannelArn)
    await put(arn, 1)
    for (const bearer of [user('owner'), user('m'), user('root')]) {
      expect(await listed(ChannelArn, bearer)).toEqual([recent])
      const call = messaging.getChannelMessage({ ChannelArn, MessageId: old, ChimeBearer: bearer })
      expect(await refusal(call)).toMatchObject(missing)
    }
    const asked = { ChannelArn, MessageId: old, ChimeBearer: user('owner') }
    expect(await refusal(messaging.updateChannelMessage({ ...asked, Content: 'x' }))).toMatchObject(denied)
    expect(await refusal(messaging.redactChannelMessage(asked))).toMatchObject(denied)
    expect(await refusal(messaging.getChannelMessageStatus(asked))).toMatchObject(denied)
    expect((await channelsOf(world(), user('m'))).get(ChannelArn)).toEqual(before)
    const { ChannelMessages } = await messaging.listChannelMessages({ ChannelArn, ChimeBearer: user('m'), NotBefore: new Date(0) })
    expect(ChannelMessages!.map(message => message.MessageId)).toEqual([recent])

    await runJob(world(), 'retention')
    world().advance(days(29))
    await runJob(world(), 'retention')
    await put(arn, 60)
    expect(await listed(ChannelArn, user('m'))).toEqual([old, oldTargeted, recent])
    await put(arn, 1)
    world().advance(days(29))
    await put(arn, undefined)
    world().advance(days(2))
    await runJob(world(), 'retention')
    expect(await listed(ChannelArn, user('m'))).toEqual([old, oldTargeted, recent])
  })

  test('after the grace period old messages are deleted for good, newer ones as they pass the limit, and only in that app instance', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner', 'm'])
    const other = await appInstance(['owner'])
    const ChannelArn = await open(world(), user('owner'), { MemberArns: [user('m')] })
    const elsewhere = await open(world(), other.user('owner'))
    const kept = await say(world(), other.user('owner'), elsewhere)
    const before = [await rowsIn(world(), 'messages'), await rowsIn(world(), 'private_messages')]
    for (let index = 0; index < 3; index++) await say(world(), user('owner'), ChannelArn)
    await say(world(), user('owner'), ChannelArn, 'x', { Target: [{ MemberArn: user('m') }] })
    await say(world(), user('owner'), ChannelArn, 'y', { Target: [{ MemberArn: user('m') }] })
    await put(arn, 1)
    world().advance(days(29.5))
    const late = await say(world(), user('m'), ChannelArn)
    world().advance(days(0.6))
    const shown = (await channelsOf(world(), user('m'))).get(ChannelArn)
    const described = (await messaging.describeChannel({ ChannelArn, ChimeBearer: user('m') })).Channel
    await runJob(world(), 'retention')
    expect(await rowsIn(world(), 'messages')).toBe(before[0]! + 1)
    await put(arn, undefined)
    expect(await listed(ChannelArn, user('m'))).toEqual([late])
    expect((await channelsOf(world(), user('m'))).get(ChannelArn)).toEqual(shown)

    await put(arn, 1)
    world().advance(days(31))
    await runJob(world(), 'retention')
    expect(await rowsIn(world(), 'messages')).toBe(before[0])
    // One row a viewer remains of the targeted messages: the time of the newest one that each has seen.
    expect(await rowsIn(world(), 'private_messages')).toBe(before[1]! + 2)
    expect(await listed(ChannelArn, user('m'))).toEqual([])
    expect(await listed(elsewhere, other.user('owner'))).toEqual([kept])
    expect((await channelsOf(world(), user('m'))).get(ChannelArn)).toEqual(shown)
    expect((await messaging.describeChannel({ ChannelArn, ChimeBearer: user('m') })).Channel).toEqual(described)
  })

  test('the LastMessageTimestamp of a channel that had only targeted messages stays when they are deleted', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner', 'm'])
    const ChannelArn = await open(world(), user('owner'), { MemberArns: [user('m')] })
    for (let index = 0; index < 3; index++) {
      await say(world(), user('owner'), ChannelArn, 'x', { Target: [{ MemberArn: user('m') }] })
      world().advance(1000)
    }
    const own = (await channelsOf(world(), user('m'))).get(ChannelArn)
    const { Channel } = await messaging.describeChannel({ ChannelArn, ChimeBearer: user('m') })
    expect(Channel!.LastMessageTimestamp).toBeInstanceOf(Date)
    await put(arn, 1)
    world().advance(days(31))
    await runJob(world(), 'retention')
    await put(arn, undefined)
    expect(await listed(ChannelArn, user('m'))).toEqual([])
    expect((await channelsOf(world(), user('m'))).get(ChannelArn)).toEqual(own)
    expect((await messaging.describeChannel({ ChannelArn, ChimeBearer: user('m') })).Channel).toEqual(Channel)
  })

  test('a backlog of more than one step is deleted in one run', async () => {
    const { appInstance } = world()
    const { arn, user } = await appInstance(['owner'])
    const before = await rowsIn(world(), 'messages')
    const channels = [await open(world(), user('owner')), await open(world(), user('owner'))]
    for (const channel of channels) {
      for (let sent = 0; sent < 210; sent += 30)
        await Promise.all(Array.from({ length: 30 }, async () => say(world(), user('owner'), channel)))
    }
    await put(arn, 1)
    world().advance(days(31))
    await runJob(world(), 'retention')
    expect(await rowsIn(world(), 'messages')).toBe(before)
  })
})
