import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'
import { open, pages, rowsIn, say } from './acts.ts'

onBothDatabases('App instances', world => {
  test('DescribeAppInstance returns what CreateAppInstance got', async () => {
    const { identity } = world()
    const before = Date.now()
    const { AppInstanceArn } = await identity.createAppInstance({ Name: 'Büro 🏢', Metadata: '{"a":1}' })
    const { AppInstance } = await identity.describeAppInstance({ AppInstanceArn })
    expect(AppInstanceArn).toMatch(/^arn:aws:chime:us-east-1:000000000000:app-instance\/[\w-]{36}$/)
    expect(AppInstance).toMatchObject({ AppInstanceArn, Name: 'Büro 🏢', Metadata: '{"a":1}' })
    expect(AppInstance!.CreatedTimestamp!.getTime()).toBeGreaterThanOrEqual(before)
    expect(AppInstance!.LastUpdatedTimestamp).toEqual(AppInstance!.CreatedTimestamp)
  })

  test('timestamps keep their milliseconds', async () => {
    const { identity } = world()
    let part = 0
    for (let tries = 0; tries < 50 && part % 10 === 0; tries++) {
      const { AppInstanceArn } = await identity.createAppInstance({ Name: 'clock' })
      const { AppInstance } = await identity.describeAppInstance({ AppInstanceArn })
      part = AppInstance!.CreatedTimestamp!.getTime() % 1000
      await identity.deleteAppInstance({ AppInstanceArn })
    }
    expect(part % 10).not.toBe(0)
  })

  test('an update replaces name and metadata and moves LastUpdatedTimestamp only', async () => {
    const { identity } = world()
    const { AppInstanceArn } = await identity.createAppInstance({ Name: 'old', Metadata: 'old' })
    const { AppInstance: before } = await identity.describeAppInstance({ AppInstanceArn })
    world().advance(1000)
    await identity.updateAppInstance({ AppInstanceArn, Name: 'new', Metadata: '' })
    const { AppInstance: after } = await identity.describeAppInstance({ AppInstanceArn })
    expect(after).toMatchObject({ Name: 'new', Metadata: '', CreatedTimestamp: before!.CreatedTimestamp })
    expect(after!.LastUpdatedTimestamp!.getTime()).toBeGreaterThanOrEqual(before!.LastUpdatedTimestamp!.getTime() + 1000)
  })

  test('Metadata of an app instance has at most 1,024 bytes of UTF-8', async () => {
    const { identity } = world()
    await identity.createAppInstance({ Name: 'fits', Metadata: 'é'.repeat(512) })
    expect(await refusal(identity.createAppInstance({ Name: 'too big', Metadata: 'é'.repeat(513) }))).toMatchObject({
      name: 'BadRequestException',
      status: 400,
    })
  })

  test('all app instances are listed once, in pages, in the order in which they were created', async () => {
    const { identity } = world()
    const made: string[] = []
    for (const Name of ['one', 'two', 'three', 'four', 'five'])
      made.push((await identity.createAppInstance({ Name, Metadata: Name })).AppInstanceArn!)
    const found = await pages(NextToken => identity.listAppInstances({ MaxResults: 2, NextToken }))
    const entries = found.flatMap(page => page.AppInstances!)
    expect(found.every(page => page.AppInstances!.length <= 2)).toBe(true)
    expect(new Set(entries.map(entry => entry.AppInstanceArn)).size).toBe(entries.length)
    expect(entries.slice(-5)).toEqual(
      ['one', 'two', 'three', 'four', 'five'].map((Name, index) => ({ AppInstanceArn: made[index], Name, Metadata: Name })),
    )
  })

  test('a missing app instance is NotFound for calls about it and Forbidden for calls that would use it', async () => {
    const { identity } = world()
    const AppInstanceArn = 'arn:aws:chime:us-east-1:000000000000:app-instance/none'
    const missing = { name: 'NotFoundException', code: 'NotFound', status: 404 }
    const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }
    expect(await refusal(identity.describeAppInstance({ AppInstanceArn }))).toMatchObject(missing)
    expect(await refusal(identity.updateAppInstance({ AppInstanceArn, Name: 'x', Metadata: '' }))).toMatchObject(missing)
    expect(await refusal(identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'a', Name: 'a' }))).toMatchObject(denied)
    expect(await refusal(identity.listAppInstanceUsers({ AppInstanceArn }))).toMatchObject(denied)
    expect(await refusal(identity.listAppInstanceBots({ AppInstanceArn }))).toMatchObject(denied)
    expect(await refusal(identity.listAppInstanceAdmins({ AppInstanceArn }))).toMatchObject(denied)
  })

  test('deleting an app instance deletes everything in it, at once and for good', async () => {
    const { identity, messaging, appInstance, bot } = world()
    const { arn, user } = await appInstance(['bob'], { admins: ['alice'] })
    const other = await appInstance([], { admins: ['carol'] })
    const botArn = await bot(arn)
    const ChannelArn = await open(world(), user('alice'), { MemberArns: [user('bob'), botArn] })
    await say(world(), user('bob'), ChannelArn)

    const gone = async () => {
      const unknown = { name: 'UnauthorizedClientException', code: 'Unauthorized', status: 401 }
      const denied = { name: 'ForbiddenException', status: 403 }
      for (const ChimeBearer of [user('alice'), user('bob'), botArn]) {
        expect(await refusal(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer }))).toMatchObject(unknown)
        expect(await refusal(messaging.describeChannel({ ChannelArn, ChimeBearer }))).toMatchObject(unknown)
      }
      const ChimeBearer = other.user('carol')
      expect(await refusal(messaging.describeChannel({ ChannelArn, ChimeBearer }))).toMatchObject(denied)
      expect(await refusal(messaging.listTagsForResource({ ResourceARN: ChannelArn }))).toMatchObject(denied)
      expect(await refusal(identity.listTagsForResource({ ResourceARN: arn }))).toMatchObject(denied)
      expect(await refusal(identity.describeAppInstance({ AppInstanceArn: arn }))).toMatchObject({ status: 404 })
      expect(await refusal(identity.describeAppInstanceUser({ AppInstanceUserArn: user('bob') }))).toMatchObject({ status: 404 })
      expect(await refusal(identity.describeAppInstanceBot({ AppInstanceBotArn: botArn }))).toMatchObject({ status: 404 })
      const again = identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'bob', Name: 'bob' })
      expect(await refusal(again)).toMatchObject(denied)
      const found = await pages(NextToken => identity.listAppInstances({ NextToken }))
      expect(found.flatMap(page => page.AppInstances!.map(entry => entry.AppInstanceArn))).not.toContain(arn)
    }
    await identity.deleteAppInstance({ AppInstanceArn: arn })
    await gone()
    await identity.deleteAppInstance({ AppInstanceArn: arn })
    await expect.poll(() => rowsIn(world(), `app_instances where arn = '${arn}'`)).toBe(0)
    await gone()
  })
})

onBothDatabases('The purge of an app instance', world => {
  test('leaves no row of a deleted app instance in any table', async () => {
    const { identity, messaging, appInstance, bot } = world()
    const { arn, user } = await appInstance(['bob'], { admins: ['alice'] })
    const botArn = await bot(arn)
    const Tags = [{ Key: 'k', Value: 'v' }]
    const ChannelArn = await open(world(), user('alice'), { MemberArns: [user('bob'), botArn], Tags })
    await open(world(), user('bob'), { Name: 'other' })
    await say(world(), user('bob'), ChannelArn)
    await say(world(), user('bob'), ChannelArn, 'psst', { Target: [{ MemberArn: user('alice') }] })
    for (const ResourceARN of [arn, user('alice'), botArn]) await identity.tagResource({ ResourceARN, Tags })
    await messaging.createChannelModerator({ ChannelArn, ChannelModeratorArn: botArn, ChimeBearer: user('alice') })
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('bob') })

    const tables = [
      'app_instances',
      'identities',
      'admins',
      'channels',
      'memberships',
      'moderators',
      'messages',
      'private_messages',
      'tags',
    ]
    const counts = async () => Object.fromEntries(await Promise.all(tables.map(async table => [table, await rowsIn(world(), table)])))
    const full: Record<string, number> = await counts()
    expect(tables.filter(table => full[table] === 0)).toEqual([])
    await identity.deleteAppInstance({ AppInstanceArn: arn })
    await expect.poll(counts).toEqual(Object.fromEntries(tables.map(table => [table, 0])))
  })
})
