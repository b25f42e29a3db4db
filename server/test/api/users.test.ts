import { expect, test } from 'vitest'
import { jobsOf } from '../../src/jobs/index.ts'
import { statement } from '../../src/database/database.ts'
import { buryIdentity } from '../../src/store/identities.ts'
import { onBothDatabases, refusal } from '../support/world.ts'
import { channelsOf, open, pages, rowsIn, say } from './acts.ts'

const day = 24 * 60 * 60 * 1000

const settings = (ExpirationDays: number) => ({ ExpirationDays, ExpirationCriterion: 'CREATED_TIMESTAMP' as const })

onBothDatabases('Users', world => {
  test('DescribeAppInstanceUser returns what CreateAppInstanceUser got', async () => {
    const { identity, appInstance } = world()
    const { arn, user } = await appInstance()
    const AppInstanceUserId = 'us-east-1:Ab.c_d-e@f0'
    const made = await identity.createAppInstanceUser({
      AppInstanceArn: arn,
      AppInstanceUserId,
      Name: 'Zoë 🦊',
      Metadata: '{"x":"\u0000"}',
    })
    expect(made.AppInstanceUserArn).toBe(user(AppInstanceUserId))
    const { AppInstanceUser } = await identity.describeAppInstanceUser({ AppInstanceUserArn: user(AppInstanceUserId) })
    expect(AppInstanceUser).toEqual({
      AppInstanceUserArn: user(AppInstanceUserId),
      Name: 'Zoë 🦊',
      Metadata: '{"x":"\u0000"}',
      CreatedTimestamp: expect.any(Date),
      LastUpdatedTimestamp: AppInstanceUser!.CreatedTimestamp,
    })
  })

  test('a missing user is NotFound when it is read or changed, and deleting it succeeds', async () => {
    const { identity, appInstance } = world()
    const { user } = await appInstance()
    const AppInstanceUserArn = user('nobody')
    const missing = { name: 'NotFoundException', code: 'NotFound', status: 404 }
    expect(await refusal(identity.describeAppInstanceUser({ AppInstanceUserArn }))).toMatchObject(missing)
    expect(await refusal(identity.updateAppInstanceUser({ AppInstanceUserArn, Name: 'x', Metadata: '' }))).toMatchObject(missing)
    expect(await refusal(identity.putAppInstanceUserExpirationSettings({ AppInstanceUserArn }))).toMatchObject(missing)
    expect((await identity.deleteAppInstanceUser({ AppInstanceUserArn })).$metadata.httpStatusCode).toBe(204)
  })

  test('creating a user with the same data again is allowed; one with other data is a conflict', async () => {
    const { identity, appInstance } = world()
    const { arn, user } = await appInstance()
    const same = { AppInstanceArn: arn, AppInstanceUserId: 'ann', Name: 'Ann', Metadata: 'm' }
    await identity.createAppInstanceUser(same)
    const { AppInstanceUser: before } = await identity.describeAppInstanceUser({ AppInstanceUserArn: user('ann') })
    world().advance(1000)
    expect(await identity.createAppInstanceUser(same)).toMatchObject({
      AppInstanceUserArn: user('ann'),
      $metadata: { httpStatusCode: 201 },
    })
    const conflict = { name: 'ConflictException', code: 'Conflict', status: 409 }
    expect(await refusal(identity.createAppInstanceUser({ ...same, Name: 'Anna' }))).toMatchObject(conflict)
    expect(await refusal(identity.createAppInstanceUser({ ...same, Metadata: 'other' }))).toMatchObject(conflict)
    expect((await identity.describeAppInstanceUser({ AppInstanceUserArn: user('ann') })).AppInstanceUser).toEqual(before)
  })

  test('no Metadata and empty Metadata are the same data', async () => {
    const { identity, appInstance } = world()
    const { arn, user } = await appInstance()
    const same = { AppInstanceArn: arn, AppInstanceUserId: 'ann', Name: 'Ann' }
    await identity.createAppInstanceUser(same)
    await identity.updateAppInstanceUser({ AppInstanceUserArn: user('ann'), Name: 'Ann', Metadata: '' })
    expect((await identity.createAppInstanceUser(same)).AppInstanceUserArn).toBe(user('ann'))
  })

  test('the users of an app instance are listed in pages in the order of creation, without bots and without users of others', async () => {
    const { identity, appInstance, bot } = world()
    const ids = ['e', 'd', 'c', 'b', 'a']
    const { arn, user } = await appInstance(ids)
    await bot(arn)
    await appInstance(['stranger'])
    const found = await pages(NextToken => identity.listAppInstanceUsers({ AppInstanceArn: arn, MaxResults: 2, NextToken }))
    expect(found.map(page => page.AppInstanceUsers!.length)).toEqual([2, 2, 1])
    expect(found.every(page => page.AppInstanceArn === arn)).toBe(true)
    expect((await identity.listAppInstanceUsers({ AppInstanceArn: arn, MaxResults: 5 })).NextToken).toBeUndefined()
    expect(found.flatMap(page => page.AppInstanceUsers)).toEqual(ids.map(id => ({ AppInstanceUserArn: user(id), Name: id })))
  })

  test('a NextToken of one app instance is refused for the users of another', async () => {
    const { identity, appInstance } = world()
    const [one, other] = [await appInstance(['a', 'b']), await appInstance(['a', 'b'])]
    const { NextToken } = await identity.listAppInstanceUsers({ AppInstanceArn: one.arn, MaxResults: 1 })
    expect(NextToken).toBeDefined()
    const call = identity.listAppInstanceUsers({ AppInstanceArn: other.arn, NextToken })
    expect(await refusal(call)).toMatchObject({ name: 'BadRequestException', status: 400 })
  })

  test('a new name is shown wherever the user is named, in older items too', async () => {
    const { identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['bob'], { admins: ['alice'] })
    const [alice, bob] = [user('alice'), user('bob')]
    const ChannelArn = await open(world(), alice, { MemberArns: [bob] })
    const MessageId = await say(world(), alice, ChannelArn)
    await identity.updateAppInstanceUser({ AppInstanceUserArn: alice, Name: 'Alice II', Metadata: '' })

    const named = { Arn: alice, Name: 'Alice II' }
    const ChimeBearer = alice
    expect((await messaging.describeChannel({ ChannelArn, ChimeBearer })).Channel!.CreatedBy).toEqual(named)
    const membership = await messaging.describeChannelMembership({ ChannelArn, MemberArn: bob, ChimeBearer })
    expect(membership.ChannelMembership).toMatchObject({ InvitedBy: named, Member: { Arn: bob, Name: 'bob' } })
    const listed = await messaging.listChannelMemberships({ ChannelArn, ChimeBearer })
    expect(listed.ChannelMemberships).toContainEqual({ Member: named })
    const moderator = await messaging.describeChannelModerator({ ChannelArn, ChannelModeratorArn: alice, ChimeBearer })
    expect(moderator.ChannelModerator).toMatchObject({ Moderator: named, CreatedBy: named })
    expect((await messaging.listChannelModerators({ ChannelArn, ChimeBearer })).ChannelModerators).toEqual([{ Moderator: named }])
    expect((await messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer })).ChannelMessage!.Sender).toEqual(named)
    expect((await messaging.listChannelMessages({ ChannelArn, ChimeBearer })).ChannelMessages![0]!.Sender).toEqual(named)
    expect((await identity.listAppInstanceAdmins({ AppInstanceArn: arn })).AppInstanceAdmins).toEqual([{ Admin: named }])
  })

  test('an update replaces name and metadata and keeps the expiration', async () => {
    const { identity, appInstance } = world()
    const { arn, user } = await appInstance()
    const ExpirationSettings = { ExpirationDays: 5, ExpirationCriterion: 'CREATED_TIMESTAMP' as const }
    await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'a', Name: 'a', Metadata: 'old', ExpirationSettings })
    world().advance(10)
    await identity.updateAppInstanceUser({ AppInstanceUserArn: user('a'), Name: 'b', Metadata: '' })
    const { AppInstanceUser } = await identity.describeAppInstanceUser({ AppInstanceUserArn: user('a') })
    expect(AppInstanceUser).toMatchObject({ Name: 'b', Metadata: '', ExpirationSettings })
    expect(AppInstanceUser!.LastUpdatedTimestamp!.getTime()).toBeGreaterThan(AppInstanceUser!.CreatedTimestamp!.getTime())
  })

  test('Metadata of a user has at most 1,024 bytes of UTF-8', async () => {
    const { identity, appInstance } = world()
    const { arn, user } = await appInstance(['a'])
    const tooBig = { name: 'BadRequestException', status: 400 }
    const Metadata = '🦊'.repeat(257)
    expect(
      await refusal(identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'b', Name: 'b', Metadata })),
    ).toMatchObject(tooBig)
    expect(await refusal(identity.updateAppInstanceUser({ AppInstanceUserArn: user('a'), Name: 'a', Metadata }))).toMatchObject(tooBig)
    await identity.updateAppInstanceUser({ AppInstanceUserArn: user('a'), Name: 'a', Metadata: '🦊'.repeat(256) })
  })
})

onBothDatabases('Deleted users', world => {
  test('a deleted user can no longer be a bearer, member, moderator, admin or target', async () => {
    const { identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner', 'root'], { admins: ['gone', 'root'] })
    const [owner, gone, root] = [user('owner'), user('gone'), user('root')]
    const ChannelArn = await open(world(), owner, { MemberArns: [gone, root], ModeratorArns: [gone] })
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: gone })

    const unknown = {
      name: 'UnauthorizedClientException',
      code: 'Unauthorized',
      status: 401,
      message: 'An invalid app instance user ARN was supplied for the x-amz-chime-bearer HTTP header.',
    }
    expect(await refusal(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: gone }))).toMatchObject(unknown)
    expect(await refusal(messaging.describeChannel({ ChannelArn, ChimeBearer: gone }))).toMatchObject(unknown)
    const members = await messaging.listChannelMemberships({ ChannelArn, ChimeBearer: owner })
    expect(members.ChannelMemberships!.map(entry => entry.Member!.Arn)).toEqual([owner, root])
    const moderators = await messaging.listChannelModerators({ ChannelArn, ChimeBearer: owner })
    expect(moderators.ChannelModerators!.map(entry => entry.Moderator!.Arn)).toEqual([owner])
    const admins = await identity.listAppInstanceAdmins({ AppInstanceArn: arn })
    expect(admins.AppInstanceAdmins!.map(entry => entry.Admin!.Arn)).toEqual([root])
    expect(
      (await identity.listAppInstanceUsers({ AppInstanceArn: arn })).AppInstanceUsers!.map(entry => entry.AppInstanceUserArn),
    ).not.toContain(gone)

    const missing = { name: 'NotFoundException', status: 404 }
    expect(await refusal(messaging.describeChannelMembership({ ChannelArn, MemberArn: gone, ChimeBearer: owner }))).toMatchObject(missing)
    expect(await refusal(messaging.describeChannelModerator({ ChannelArn, ChannelModeratorArn: gone, ChimeBearer: owner }))).toMatchObject(
      missing,
    )
    const input = {
      name: 'ForbiddenException',
      status: 403,
      message: 'An invalid app instance user ARN was supplied for the input parameter.',
    }
    const listing = messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: root, AppInstanceUserArn: gone })
    expect(await refusal(listing)).toMatchObject(input)
    const adding = messaging.createChannelMembership({ ChannelArn, MemberArn: gone, Type: 'DEFAULT', ChimeBearer: owner })
    expect(await refusal(adding)).toMatchObject(input)
    expect(await refusal(say(world(), owner, ChannelArn, 'x', { Target: [{ MemberArn: gone }] }))).toMatchObject(input)
    expect((await identity.deleteAppInstanceUser({ AppInstanceUserArn: gone })).$metadata.httpStatusCode).toBe(204)
  })

  test('a new user with the id of a deleted one inherits nothing', async () => {
    const { identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner'], { admins: ['twin'] })
    const [owner, twin] = [user('owner'), user('twin')]
    const ChannelArn = await open(world(), owner, { MemberArns: [twin], ModeratorArns: [twin] })
    await identity.tagResource({ ResourceARN: twin, Tags: [{ Key: 'k', Value: 'v' }] })
    const MessageId = await say(world(), twin, ChannelArn)
    await say(world(), owner, ChannelArn, 'secret', { Target: [{ MemberArn: twin }] })
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: twin })
    await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'twin', Name: 'Second' })

    expect(await channelsOf(world(), twin)).toEqual(new Map())
    expect((await messaging.listChannelsModeratedByAppInstanceUser({ ChimeBearer: twin })).Channels).toEqual([])
    expect(await refusal(messaging.describeChannel({ ChannelArn, ChimeBearer: twin }))).toMatchObject({ status: 403 })
    expect((await identity.listAppInstanceAdmins({ AppInstanceArn: arn })).AppInstanceAdmins).toEqual([])
    expect((await identity.listTagsForResource({ ResourceARN: twin })).Tags).toEqual([])
    await messaging.createChannelMembership({ ChannelArn, MemberArn: twin, Type: 'DEFAULT', ChimeBearer: owner })
    const { ChannelMessages } = await messaging.listChannelMessages({ ChannelArn, ChimeBearer: twin })
    expect(ChannelMessages!.map(message => message.MessageId)).toEqual([MessageId])
    const mine = messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'x', ChimeBearer: twin })
    expect(await refusal(mine)).toMatchObject({ name: 'ForbiddenException' })
  })

  test('messages of a deleted user stay, under its last name', async () => {
    const { identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner', 'gone'])
    const [owner, gone] = [user('owner'), user('gone')]
    const ChannelArn = await open(world(), owner, { MemberArns: [gone] })
    const MessageId = await say(world(), gone, ChannelArn, 'last words')
    await identity.updateAppInstanceUser({ AppInstanceUserArn: gone, Name: 'Last Name', Metadata: '' })
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: gone })
    await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'gone', Name: 'Somebody Else' })
    const { ChannelMessage } = await messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer: owner })
    expect(ChannelMessage).toMatchObject({ Content: 'last words', Sender: { Arn: gone, Name: 'Last Name' } })
  })

  test('the purge removes the memberships, roles and tags of a deleted user', async () => {
    const { identity, appInstance } = world()
    const { user } = await appInstance(['owner'], { admins: ['purged'] })
    await identity.tagResource({ ResourceARN: user('purged'), Tags: [{ Key: 'k', Value: 'v' }] })
    await open(world(), user('owner'), { MemberArns: [user('purged')], ModeratorArns: [user('purged')] })
    const id = `in (select id from identities where external_id = 'purged')`
    const rows = async () => [
      await rowsIn(world(), `memberships where member_id ${id}`),
      await rowsIn(world(), `moderators where identity_id ${id}`),
      await rowsIn(world(), `admins where identity_id ${id}`),
      await rowsIn(world(), `tags where resource_kind = 'identity' and resource_id ${id}`),
    ]
    expect(await rows()).toEqual([1, 1, 1, 1])
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('purged') })
    await expect.poll(rows).toEqual([0, 0, 0, 0])
  })
})

onBothDatabases('Users that are deleted and not yet purged', world => {
  test('a deleted user is in no list before its purge', async () => {
    const { app, identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner', 'last'], { admins: ['gone', 'root'] })
    const ChimeBearer = user('owner')
    const both = [user('gone'), user('last')]
    const ChannelArn = await open(world(), ChimeBearer, { MemberArns: both, ModeratorArns: both })
    const gone = statement<{ id: number }>(`select id from identities where external_id = 'gone'`)
    // The deletion that DeleteAppInstanceUser makes, without the purge that follows it at once.
    const { id } = (await app.db.get(gone))!
    await app.db.transaction(async tx => buryIdentity(tx, id, Date.now()))
    expect(await rowsIn(world(), `memberships where member_id = ${id}`)).toBe(1)

    const members = await pages(NextToken => messaging.listChannelMemberships({ ChannelArn, MaxResults: 1, NextToken, ChimeBearer }))
    expect(members.flatMap(page => page.ChannelMemberships!.map(entry => entry.Member!.Arn))).toEqual([ChimeBearer, user('last')])
    const moderators = await pages(NextToken => messaging.listChannelModerators({ ChannelArn, MaxResults: 1, NextToken, ChimeBearer }))
    expect(moderators.flatMap(page => page.ChannelModerators!.map(entry => entry.Moderator!.Arn))).toEqual([ChimeBearer, user('last')])
    const admins = await identity.listAppInstanceAdmins({ AppInstanceArn: arn })
    expect(admins.AppInstanceAdmins!.map(entry => entry.Admin!.Arn)).toEqual([user('root')])
    const missing = { name: 'NotFoundException', status: 404 }
    const named = { ChannelArn, ChimeBearer }
    expect(await refusal(messaging.describeChannelMembership({ ...named, MemberArn: user('gone') }))).toMatchObject(missing)
    expect(await refusal(messaging.describeChannelModerator({ ...named, ChannelModeratorArn: user('gone') }))).toMatchObject(missing)
    await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'gone', Name: 'new' })
    expect(await channelsOf(world(), user('gone'))).toEqual(new Map())
    expect(await refusal(messaging.describeChannel({ ChannelArn, ChimeBearer: user('gone') }))).toMatchObject({ status: 403 })
  })
})

onBothDatabases('Expiring users', world => {
  /** Runs now what the server runs by the clock. */
  const expire = async () => {
    const { now } = Date
    const { db } = world().app
    const job = jobsOf({ db, now: () => now() + ahead }).find(({ name }) => name === 'user-expiration')
    await job!.run()
  }
  let ahead = 0
  const pass = (milliseconds: number) => {
    ahead += milliseconds
    world().advance(milliseconds)
  }

  test('a user exists until its days have passed, and is then deleted by the job', async () => {
    ahead = 0
    const { identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['stays'])
    const ExpirationSettings = { ExpirationDays: 2, ExpirationCriterion: 'CREATED_TIMESTAMP' as const }
    await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'goes', Name: 'goes', ExpirationSettings })
    await open(world(), user('stays'), { MemberArns: [user('goes')] })
    pass(2 * day - 60_000)
    await expire()
    expect((await channelsOf(world(), user('goes'))).size).toBe(1)
    pass(61_000)
    expect((await channelsOf(world(), user('goes'))).size).toBe(1)
    await expire()
    expect(await refusal(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('goes') }))).toMatchObject({ status: 401 })
    expect(await refusal(identity.describeAppInstanceUser({ AppInstanceUserArn: user('goes') }))).toMatchObject({ status: 404 })
    expect((await identity.describeAppInstanceUser({ AppInstanceUserArn: user('stays') })).AppInstanceUser!.Name).toBe('stays')
  })

  test('expiration may be set, changed and removed until the job has deleted the user', async () => {
    const { identity, appInstance } = world()
    const { user } = await appInstance(['a'])
    const AppInstanceUserArn = user('a')
    const put = await identity.putAppInstanceUserExpirationSettings({ AppInstanceUserArn, ExpirationSettings: settings(1) })
    expect(put).toMatchObject({ AppInstanceUserArn, ExpirationSettings: settings(1) })
    pass(3 * day)
    await identity.putAppInstanceUserExpirationSettings({ AppInstanceUserArn, ExpirationSettings: settings(5) })
    await expire()
    const described = await identity.describeAppInstanceUser({ AppInstanceUserArn })
    expect(described.AppInstanceUser!.ExpirationSettings).toEqual(settings(5))
    const removed = await identity.putAppInstanceUserExpirationSettings({ AppInstanceUserArn })
    expect(removed.ExpirationSettings).toBeUndefined()
    pass(3 * day)
    await expire()
    const kept = await identity.describeAppInstanceUser({ AppInstanceUserArn })
    expect(kept.AppInstanceUser).not.toHaveProperty('ExpirationSettings')
  })
})
