import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'
import { channelsOf, open, pages, purged, rowsIn, say } from './acts.ts'

const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }
const missing = { name: 'NotFoundException', code: 'NotFound', status: 404 }

onBothDatabases('Bans', world => {
  test('a ban is returned, described and listed, for a member or a non-member, and ends the membership', async () => {
    const { messaging, appInstance, bot } = world()
    const { arn, user } = await appInstance(['owner', 'm', 'stranger'])
    const ChimeBearer = user('owner')
    const ChannelArn = await open(world(), ChimeBearer, { MemberArns: [user('m')] })
    const m = { Arn: user('m'), Name: 'm' }
    const made = await messaging.createChannelBan({ ChannelArn, MemberArn: m.Arn, ChimeBearer })
    expect(made).toMatchObject({ ChannelArn, Member: m, $metadata: { httpStatusCode: 201 } })
    const botArn = await bot(arn)
    for (const MemberArn of [user('stranger'), botArn]) await messaging.createChannelBan({ ChannelArn, MemberArn, ChimeBearer })
    const { ChannelBan } = await messaging.describeChannelBan({ ChannelArn, MemberArn: m.Arn, ChimeBearer })
    expect(ChannelBan).toEqual({
      Member: m,
      ChannelArn,
      CreatedTimestamp: expect.any(Date),
      CreatedBy: { Arn: ChimeBearer, Name: 'owner' },
    })
    const found = await pages(NextToken => messaging.listChannelBans({ ChannelArn, ChimeBearer, MaxResults: 2, NextToken }))
    expect(found.map(page => page.ChannelBans!.length)).toEqual([2, 1])
    expect(new Set(found.flatMap(page => page.ChannelBans!.map(ban => ban.Member!.Arn)))).toEqual(
      new Set([m.Arn, user('stranger'), botArn]),
    )
    const { ChannelMemberships } = await messaging.listChannelMemberships({ ChannelArn, ChimeBearer })
    expect(ChannelMemberships!.map(entry => entry.Member!.Arn)).toEqual([ChimeBearer])
    expect((await channelsOf(world(), m.Arn)).size).toBe(0)
  })

  test('banning a user again is answered with 201 and changes nothing', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'm'], { admins: ['root'] })
    const ChannelArn = await open(world(), user('owner'))
    const named = { ChannelArn, MemberArn: user('m') }
    await messaging.createChannelBan({ ...named, ChimeBearer: user('owner') })
    const before = await messaging.describeChannelBan({ ...named, ChimeBearer: user('owner') })
    world().advance(1000)
    expect((await messaging.createChannelBan({ ...named, ChimeBearer: user('root') })).$metadata.httpStatusCode).toBe(201)
    const after = await messaging.describeChannelBan({ ...named, ChimeBearer: user('owner') })
    expect(after.ChannelBan).toEqual(before.ChannelBan)
    expect((await messaging.listChannelBans({ ChannelArn, ChimeBearer: user('owner') })).ChannelBans).toHaveLength(1)
  })

  test('nobody can add a banned user, neither a moderator nor an admin, neither alone nor in a batch', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'm', 'other'], { admins: ['root'] })
    const ChannelArn = await open(world(), user('owner'))
    await messaging.createChannelBan({ ChannelArn, MemberArn: user('m'), ChimeBearer: user('owner') })
    for (const ChimeBearer of [user('owner'), user('root')]) {
      for (const Type of ['DEFAULT', 'HIDDEN'] as const) {
        const call = messaging.createChannelMembership({ ChannelArn, MemberArn: user('m'), Type, ChimeBearer })
        expect(await refusal(call)).toMatchObject({ ...denied, reason: expect.stringContaining('is banned from the channel') })
      }
      const { BatchChannelMemberships, Errors } = await messaging.batchCreateChannelMembership({
        ChannelArn,
        MemberArns: [user('m'), user('other')],
        ChimeBearer,
      })
      expect(BatchChannelMemberships!.Members!.map(member => member.Arn)).toEqual([user('other')])
      expect(Errors).toEqual([{ MemberArn: user('m'), ErrorCode: 'Forbidden', ErrorMessage: expect.stringContaining('banned') }])
    }
    const { ChannelMemberships } = await messaging.listChannelMemberships({ ChannelArn, ChimeBearer: user('owner') })
    expect(ChannelMemberships!.map(entry => entry.Member!.Arn)).toEqual([user('owner'), user('other')])
  })

  test('a banned user can no longer see, read, write or join a PUBLIC channel, although other non-members can', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'm', 'outsider'])
    const ChannelArn = await open(world(), user('owner'), { Privacy: 'PUBLIC', MemberArns: [user('m')] })
    const MessageId = await say(world(), user('m'), ChannelArn)
    await messaging.createChannelBan({ ChannelArn, MemberArn: user('m'), ChimeBearer: user('owner') })
    const asked = { ChannelArn, ChimeBearer: user('m') }
    const calls = [
      messaging.describeChannel(asked),
      messaging.listChannelMessages(asked),
      messaging.getChannelMessage({ ...asked, MessageId }),
      messaging.getChannelMessageStatus({ ...asked, MessageId }),
      messaging.redactChannelMessage({ ...asked, MessageId }),
      messaging.listChannelMemberships(asked),
      messaging.createChannelMembership({ ...asked, MemberArn: user('m'), Type: 'DEFAULT' }),
      messaging.deleteChannelBan({ ...asked, MemberArn: user('m') }),
      say(world(), user('m'), ChannelArn),
    ]
    for (const found of await Promise.all(calls.map(refusal))) expect(found).toMatchObject(denied)
    const { ChannelMessages } = await messaging.listChannelMessages({ ChannelArn, ChimeBearer: user('outsider') })
    expect(ChannelMessages!.map(message => message.MessageId)).toEqual([MessageId])
  })

  test('a banned user that becomes an admin later has its rights in the channel again, for as long as it is an admin', async () => {
    const { identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner', 'm'])
    const ChannelArn = await open(world(), user('owner'), { MemberArns: [user('m')] })
    const asM = { ChannelArn, ChimeBearer: user('m') }
    await messaging.createChannelBan({ ChannelArn, MemberArn: user('m'), ChimeBearer: user('owner') })
    const acts = [
      () => messaging.describeChannel(asM),
      () => messaging.listChannelMessages(asM),
      () => messaging.updateChannel({ ...asM, Name: 'new' }),
      () => messaging.describeChannelBan({ ...asM, MemberArn: user('m') }),
    ]
    for (const act of acts) expect(await refusal(act())).toMatchObject(denied)
    await identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: user('m') })
    for (const act of acts) expect((await act()).$metadata.httpStatusCode).toBe(200)
    await identity.deleteAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: user('m') })
    for (const act of acts) expect(await refusal(act())).toMatchObject(denied)
  })

  test('admins and moderators of the channel cannot be banned, and a moderator of another channel can', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'moderator', 'elsewhere'], { admins: ['root'] })
    const ChannelArn = await open(world(), user('owner'), { ModeratorArns: [user('moderator')] })
    await open(world(), user('elsewhere'))
    for (const MemberArn of [user('root'), user('moderator'), user('owner')]) {
      for (const ChimeBearer of [user('owner'), user('root')]) {
        expect(await refusal(messaging.createChannelBan({ ChannelArn, MemberArn, ChimeBearer }))).toMatchObject(denied)
      }
    }
    expect((await messaging.listChannelBans({ ChannelArn, ChimeBearer: user('root') })).ChannelBans).toEqual([])
    await messaging.createChannelBan({ ChannelArn, MemberArn: user('elsewhere'), ChimeBearer: user('owner') })
    expect((await messaging.listChannelBans({ ChannelArn, ChimeBearer: user('root') })).ChannelBans).toHaveLength(1)
  })

  test('a banned user becomes a moderator only after the ban is deleted', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'm'])
    const ChannelArn = await open(world(), user('owner'))
    const ChimeBearer = user('owner')
    await messaging.createChannelBan({ ChannelArn, MemberArn: user('m'), ChimeBearer })
    const make = () => messaging.createChannelModerator({ ChannelArn, ChannelModeratorArn: user('m'), ChimeBearer })
    expect(await refusal(make())).toMatchObject({ name: 'ConflictException', code: 'Conflict', status: 409 })
    await messaging.deleteChannelBan({ ChannelArn, MemberArn: user('m'), ChimeBearer })
    expect((await make()).$metadata.httpStatusCode).toBe(201)
  })

  test('deleting a ban does not restore the membership; the user can be added again, and deleting the ban again changes nothing', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'm'])
    const ChannelArn = await open(world(), user('owner'), { MemberArns: [user('m')] })
    const named = { ChannelArn, MemberArn: user('m'), ChimeBearer: user('owner') }
    await messaging.createChannelBan(named)
    for (let times = 0; times < 2; times++) expect((await messaging.deleteChannelBan(named)).$metadata.httpStatusCode).toBe(204)
    expect(await refusal(messaging.describeChannelBan(named))).toMatchObject(missing)
    expect(await refusal(messaging.describeChannelMembership(named))).toMatchObject(missing)
    await messaging.createChannelMembership({ ...named, Type: 'DEFAULT' })
    expect(await say(world(), user('m'), ChannelArn)).toMatch(/^[0-9a-f]{64}$/)
  })

  test('a user that does not exist cannot be banned, has no ban, and deleting its ban is answered with 204', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner'])
    const elsewhere = await appInstance(['m'])
    const ChannelArn = await open(world(), user('owner'))
    const named = { ChannelArn, MemberArn: user('nobody'), ChimeBearer: user('owner') }
    const message = 'An invalid app instance user ARN was supplied for the input parameter.'
    expect(await refusal(messaging.createChannelBan(named))).toMatchObject({ ...denied, message })
    expect(await refusal(messaging.describeChannelBan(named))).toMatchObject(missing)
    expect((await messaging.deleteChannelBan(named)).$metadata.httpStatusCode).toBe(204)
    expect(await refusal(messaging.createChannelBan({ ...named, MemberArn: elsewhere.user('m') }))).toMatchObject(denied)
    const malformed = await refusal(messaging.createChannelBan({ ...named, MemberArn: ChannelArn }))
    expect(malformed).toMatchObject({ name: 'BadRequestException', status: 400 })
  })

  test('a ban ends with the user and with the channel, and a new user or channel with the same id has none', async () => {
    const { identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner', 'm', 'n'])
    const ChannelArn = await open(world(), user('owner'))
    const gone = await open(world(), user('owner'))
    await purged(world())
    const before = await rowsIn(world(), 'bans')
    const ban = (channel: string, MemberArn: string) =>
      messaging.createChannelBan({ ChannelArn: channel, MemberArn, ChimeBearer: user('owner') })
    await Promise.all([ban(ChannelArn, user('m')), ban(ChannelArn, user('n')), ban(gone, user('n'))])
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('m') })
    await messaging.deleteChannel({ ChannelArn: gone, ChimeBearer: user('owner') })
    const { ChannelBans } = await messaging.listChannelBans({ ChannelArn, ChimeBearer: user('owner') })
    expect(ChannelBans!.map(entry => entry.Member!.Arn)).toEqual([user('n')])
    await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'm', Name: 'another' })
    await messaging.createChannelMembership({ ChannelArn, MemberArn: user('m'), Type: 'DEFAULT', ChimeBearer: user('owner') })
    await purged(world())
    expect(await rowsIn(world(), 'bans')).toBe(before + 1)
  })
})
