import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'
import { open, pages, say, sentAt } from './acts.ts'

const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }

onBothDatabases('Moderators', world => {
  test('a moderator is created without becoming a member, and is described and listed', async () => {
    const { messaging, appInstance, bot } = world()
    const { arn, user } = await appInstance(['owner', 'm'])
    const ChimeBearer = user('owner')
    const ChannelArn = await open(world(), ChimeBearer)
    const m = { Arn: user('m'), Name: 'm' }
    const made = await messaging.createChannelModerator({ ChannelArn, ChannelModeratorArn: m.Arn, ChimeBearer })
    expect(made).toMatchObject({ ChannelArn, ChannelModerator: m, $metadata: { httpStatusCode: 201 } })
    const botArn = await bot(arn)
    await messaging.createChannelModerator({ ChannelArn, ChannelModeratorArn: botArn, ChimeBearer: m.Arn })
    const { ChannelModerator } = await messaging.describeChannelModerator({ ChannelArn, ChannelModeratorArn: botArn, ChimeBearer })
    expect(ChannelModerator).toEqual({
      Moderator: { Arn: botArn, Name: 'bot' },
      ChannelArn,
      CreatedTimestamp: expect.any(Date),
      CreatedBy: m,
    })
    const found = await pages(NextToken => messaging.listChannelModerators({ ChannelArn, MaxResults: 2, NextToken, ChimeBearer }))
    expect(found.map(page => page.ChannelModerators!.length)).toEqual([2, 1])
    expect(found.flatMap(page => page.ChannelModerators!.map(entry => entry.Moderator!.Arn!)).toSorted()).toEqual(
      [ChimeBearer, m.Arn, botArn].toSorted(),
    )
    const membership = messaging.describeChannelMembership({ ChannelArn, MemberArn: m.Arn, ChimeBearer })
    expect(await refusal(membership)).toMatchObject({ name: 'NotFoundException', status: 404 })
    expect(await refusal(say(world(), m.Arn, ChannelArn))).toMatchObject(denied)
  })

  test('making an existing moderator a moderator again changes nothing', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'm'])
    const ChannelArn = await open(world(), user('owner'), { ModeratorArns: [user('m')] })
    const named = { ChannelArn, ChannelModeratorArn: user('m') }
    const before = await messaging.describeChannelModerator({ ...named, ChimeBearer: user('owner') })
    world().advance(1000)
    expect((await messaging.createChannelModerator({ ...named, ChimeBearer: user('m') })).$metadata.httpStatusCode).toBe(201)
    const after = await messaging.describeChannelModerator({ ...named, ChimeBearer: user('owner') })
    expect(after.ChannelModerator).toEqual(before.ChannelModerator)
    const { ChannelModerators } = await messaging.listChannelModerators({ ChannelArn, ChimeBearer: user('owner') })
    expect(ChannelModerators).toHaveLength(2)
  })

  test('a user that does not exist cannot become a moderator', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner'])
    const ChannelArn = await open(world(), user('owner'))
    const named = { ChannelArn, ChannelModeratorArn: user('nobody'), ChimeBearer: user('owner') }
    const message = 'An invalid app instance user ARN was supplied for the input parameter.'
    expect(await refusal(messaging.createChannelModerator(named))).toMatchObject({ ...denied, message })
    expect(await refusal(messaging.describeChannelModerator(named))).toMatchObject({ name: 'NotFoundException', status: 404 })
  })

  test('a former moderator has lost its rights at once and keeps its membership', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'm'])
    const ChannelArn = await open(world(), user('owner'), { MemberArns: [user('m')], ModeratorArns: [user('m')] })
    const rename = () => messaging.updateChannel({ ChannelArn, Name: 'x', ChimeBearer: user('m') })
    await rename()
    const named = { ChannelArn, ChannelModeratorArn: user('m'), ChimeBearer: user('owner') }
    expect((await messaging.deleteChannelModerator(named)).$metadata.httpStatusCode).toBe(204)
    expect(await refusal(rename())).toMatchObject(denied)
    expect(await refusal(messaging.describeChannelModerator(named))).toMatchObject({ name: 'NotFoundException', status: 404 })
    expect((await messaging.deleteChannelModerator(named)).$metadata.httpStatusCode).toBe(204)
    expect(await say(world(), user('m'), ChannelArn)).toMatch(/^[0-9a-f]{64}$/)
  })

  test('the last moderator can be removed', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner'])
    const ChannelArn = await open(world(), user('owner'))
    await messaging.deleteChannelModerator({ ChannelArn, ChannelModeratorArn: user('owner'), ChimeBearer: user('owner') })
    expect(await refusal(messaging.listChannelModerators({ ChannelArn, ChimeBearer: user('owner') }))).toMatchObject(denied)
    expect((await messaging.listChannelsModeratedByAppInstanceUser({ ChimeBearer: user('owner') })).Channels).toEqual([])
  })
})

onBothDatabases('Moderated channels', world => {
  test('a user lists the channels that it moderates, member or not, and an admin lists those of anybody', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'm'], { admins: ['root'] })
    const made = [await open(world(), user('owner'), { ModeratorArns: [user('m')], Metadata: 'x' }), await open(world(), user('m'))]
    await open(world(), user('owner'), { MemberArns: [user('m')] })
    const list = async (ChimeBearer: string, AppInstanceUserArn?: string) =>
      (await messaging.listChannelsModeratedByAppInstanceUser({ ChimeBearer, AppInstanceUserArn })).Channels
    const expected = [
      { ChannelSummary: { Name: 'channel', ChannelArn: made[0], Mode: 'UNRESTRICTED', Privacy: 'PRIVATE', Metadata: 'x' } },
      { ChannelSummary: { Name: 'channel', ChannelArn: made[1], Mode: 'UNRESTRICTED', Privacy: 'PRIVATE' } },
    ]
    expect(await list(user('m'))).toEqual(expected)
    expect(await list(user('m'), user('m'))).toEqual(expected)
    expect(await list(user('root'), user('m'))).toEqual(expected)
    expect(await list(user('root'))).toEqual([])
    const others = messaging.listChannelsModeratedByAppInstanceUser({ ChimeBearer: user('owner'), AppInstanceUserArn: user('m') })
    expect(await refusal(others)).toMatchObject(denied)
  })

  test('moderated channels are listed in pages whose tokens belong to one bearer and one listed user', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['m'], { admins: ['root'] })
    const made = [await open(world(), user('m')), await open(world(), user('m')), await open(world(), user('m'))]
    const asked = { AppInstanceUserArn: user('m'), MaxResults: 2 }
    const found = await pages(NextToken =>
      messaging.listChannelsModeratedByAppInstanceUser({ ...asked, ChimeBearer: user('m'), NextToken }),
    )
    expect(found.map(page => page.Channels!.map(entry => entry.ChannelSummary!.ChannelArn))).toEqual([made.slice(0, 2), made.slice(2)])
    const NextToken = found[0]!.NextToken
    const call = messaging.listChannelsModeratedByAppInstanceUser({ ...asked, ChimeBearer: user('root'), NextToken })
    expect(await refusal(call)).toMatchObject({ name: 'BadRequestException', status: 400 })
    const otherList = messaging.listChannelMembershipsForAppInstanceUser({ ...asked, ChimeBearer: user('m'), NextToken })
    expect(await refusal(otherList)).toMatchObject({ name: 'BadRequestException', status: 400 })
  })

  test('one moderated channel is described to its moderator and to admins', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'm'], { admins: ['root'] })
    const ChannelArn = await open(world(), user('owner'), { ModeratorArns: [user('m')] })
    const at = await sentAt(world(), user('owner'), ChannelArn, await say(world(), user('owner'), ChannelArn))
    const describe = (ChimeBearer: string, AppInstanceUserArn: string) =>
      messaging.describeChannelModeratedByAppInstanceUser({ ChannelArn, AppInstanceUserArn, ChimeBearer })
    const ChannelSummary = { Name: 'channel', ChannelArn, Mode: 'UNRESTRICTED', Privacy: 'PRIVATE', LastMessageTimestamp: at }
    expect((await describe(user('m'), user('m'))).Channel).toEqual({ ChannelSummary })
    expect((await describe(user('root'), user('m'))).Channel).toEqual({ ChannelSummary })
    expect(await refusal(describe(user('root'), user('root')))).toMatchObject(denied)
    expect(await refusal(describe(user('owner'), user('m')))).toMatchObject(denied)
  })
})
