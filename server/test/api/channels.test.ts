import { expect, test } from 'vitest'
import { buryChannel } from '../../src/store/channels.ts'
import { statement } from '../../src/database/database.ts'
import { onBothDatabases, refusal } from '../support/world.ts'
import { channelsOf, open, pages, rowsIn, say, sentAt, tablesOfChannels } from './acts.ts'

const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }

onBothDatabases('Channels', world => {
  test('a channel is PUBLIC and UNRESTRICTED by default, and its creator is member and moderator', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['alice'])
    const alice = { Arn: user('alice'), Name: 'alice' }
    const ChimeBearer = user('alice')
    const { ChannelArn, $metadata } = await messaging.createChannel({ AppInstanceArn: arn, Name: 'Räume 🏠', ChimeBearer })
    expect($metadata.httpStatusCode).toBe(201)
    const { Channel } = await messaging.describeChannel({ ChannelArn, ChimeBearer })
    expect(Channel).toEqual({
      Name: 'Räume 🏠',
      ChannelArn,
      Mode: 'UNRESTRICTED',
      Privacy: 'PUBLIC',
      CreatedBy: alice,
      CreatedTimestamp: expect.any(Date),
      LastUpdatedTimestamp: Channel!.CreatedTimestamp,
    })
    const { ChannelMembership } = await messaging.describeChannelMembership({ ChannelArn, MemberArn: alice.Arn, ChimeBearer })
    expect(ChannelMembership).toMatchObject({ Type: 'DEFAULT', Member: alice, InvitedBy: alice, ChannelArn })
    const { ChannelModerator } = await messaging.describeChannelModerator({ ChannelArn, ChannelModeratorArn: alice.Arn, ChimeBearer })
    expect(ChannelModerator).toMatchObject({ Moderator: alice, CreatedBy: alice, ChannelArn })
  })

  test('MemberArns become DEFAULT members, ModeratorArns moderators and no members, and the creator may be named again', async () => {
    const { messaging, appInstance, bot } = world()
    const { arn, user } = await appInstance(['a', 'm', 'x'])
    const botArn = await bot(arn)
    const ChimeBearer = user('a')
    const ChannelArn = await open(world(), ChimeBearer, {
      MemberArns: [user('m'), botArn, user('a'), user('m')],
      ModeratorArns: [user('x'), user('a')],
    })
    const { ChannelMemberships } = await messaging.listChannelMemberships({ ChannelArn, ChimeBearer })
    expect(ChannelMemberships!.map(entry => entry.Member!.Arn!).toSorted()).toEqual([user('a'), user('m'), botArn].toSorted())
    const { ChannelModerators } = await messaging.listChannelModerators({ ChannelArn, ChimeBearer })
    expect(ChannelModerators!.map(entry => entry.Moderator!.Arn!).toSorted()).toEqual([user('a'), user('x')])
    expect(await channelsOf(world(), user('x'))).toEqual(new Map())
  })

  test('a member or moderator that does not exist prevents the creation of the channel', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['a'])
    for (const extra of [{ MemberArns: [user('nobody')] }, { ModeratorArns: [user('nobody')] }]) {
      const call = open(world(), user('a'), { ...extra, ChannelId: 'half-made' })
      expect(await refusal(call)).toMatchObject({
        ...denied,
        message: 'An invalid app instance user ARN was supplied for the input parameter.',
      })
      expect(await channelsOf(world(), user('a'))).toEqual(new Map())
    }
    expect(await open(world(), user('a'), { ChannelId: 'half-made' })).toMatch(/\/channel\/half-made$/)
  })

  test('a ChannelId becomes part of the ARN and cannot be used for a second channel', async () => {
    const { appInstance } = world()
    const { arn, user } = await appInstance(['a', 'b'])
    const other = await appInstance(['a'])
    expect(await open(world(), user('a'), { ChannelId: 'team:A_b.c@d-1' })).toBe(`${arn}/channel/team:A_b.c@d-1`)
    for (const ChimeBearer of [user('a'), user('b')]) {
      const call = open(world(), ChimeBearer, { ChannelId: 'team:A_b.c@d-1' })
      expect(await refusal(call)).toMatchObject({ name: 'ConflictException', code: 'Conflict', status: 409 })
    }
    expect(await channelsOf(world(), user('b'))).toEqual(new Map())
    expect(await open(world(), other.user('a'), { ChannelId: 'team:A_b.c@d-1' })).toBe(`${other.arn}/channel/team:A_b.c@d-1`)
  })

  test('of many concurrent calls that create a channel with one ChannelId, one succeeds and the others get a conflict', async () => {
    const { appInstance } = world()
    const { arn, user } = await appInstance(['a'])
    const calls = Array.from({ length: 8 }, async () => open(world(), user('a'), { ChannelId: 'race' }).catch((error: Error) => error.name))
    const answers = await Promise.all(calls)
    expect(answers.toSorted()).toEqual([...Array.from({ length: 7 }, () => 'ConflictException'), `${arn}/channel/race`])
  })

  test('an update changes the members that it gives, leaves the others as they are, and moves LastUpdatedTimestamp', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a'])
    const ChimeBearer = user('a')
    const ChannelArn = await open(world(), ChimeBearer, { Name: 'old', Metadata: 'old', Mode: 'RESTRICTED' })
    const describe = async () => (await messaging.describeChannel({ ChannelArn, ChimeBearer })).Channel!
    const made = await describe()
    world().advance(1000)
    expect((await messaging.updateChannel({ ChannelArn, Name: 'new', ChimeBearer })).ChannelArn).toBe(ChannelArn)
    const renamed = await describe()
    expect(renamed).toEqual({ ...made, Name: 'new', LastUpdatedTimestamp: renamed.LastUpdatedTimestamp })
    expect(renamed.LastUpdatedTimestamp!.getTime()).toBeGreaterThanOrEqual(made.LastUpdatedTimestamp!.getTime() + 1000)
    await messaging.updateChannel({ ChannelArn, Metadata: '', Mode: 'UNRESTRICTED', ChimeBearer })
    const cleared = await describe()
    expect(cleared).toMatchObject({ Name: 'new', Metadata: '', Mode: 'UNRESTRICTED', Privacy: 'PRIVATE' })
    world().advance(1000)
    expect((await messaging.updateChannel({ ChannelArn, ChimeBearer })).$metadata.httpStatusCode).toBe(200)
    expect(await describe()).toEqual(cleared)
  })

  test('Metadata of a channel has at most 1,024 bytes of UTF-8', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a'])
    const ChannelArn = await open(world(), user('a'), { Metadata: 'é'.repeat(512) })
    const tooBig = { name: 'BadRequestException', status: 400 }
    expect(await refusal(open(world(), user('a'), { Metadata: 'é'.repeat(513) }))).toMatchObject(tooBig)
    expect(await refusal(messaging.updateChannel({ ChannelArn, Metadata: 'é'.repeat(513), ChimeBearer: user('a') }))).toMatchObject(tooBig)
  })
})

onBothDatabases('ListChannels', world => {
  test('everybody lists the PUBLIC channels, and an admin the PRIVATE ones too', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner', 'other'], { admins: ['root'] })
    const shown = await open(world(), user('owner'), { Name: 'shown', Privacy: 'PUBLIC', Mode: 'RESTRICTED', Metadata: 'm' })
    const kept = await open(world(), user('owner'), { Name: 'kept' })
    const list = async (ChimeBearer: string, Privacy?: 'PUBLIC' | 'PRIVATE') =>
      (await messaging.listChannels({ AppInstanceArn: arn, Privacy, ChimeBearer })).Channels
    const summary = { Name: 'shown', ChannelArn: shown, Mode: 'RESTRICTED', Privacy: 'PUBLIC', Metadata: 'm' }
    const secret = { Name: 'kept', ChannelArn: kept, Mode: 'UNRESTRICTED', Privacy: 'PRIVATE' }
    for (const bearer of [user('other'), user('owner')]) {
      expect(await list(bearer)).toEqual([summary])
      expect(await list(bearer, 'PUBLIC')).toEqual([summary])
      expect(await refusal(messaging.listChannels({ AppInstanceArn: arn, Privacy: 'PRIVATE', ChimeBearer: bearer }))).toMatchObject(denied)
    }
    expect(await list(user('root'))).toEqual([summary, secret])
    expect(await list(user('root'), 'PUBLIC')).toEqual([summary])
    expect(await list(user('root'), 'PRIVATE')).toEqual([secret])
  })

  test('channels are listed in pages in the order of creation, without deleted ones and without those of other app instances', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner'], { admins: ['root'] })
    const other = await appInstance(['owner'])
    const made: string[] = []
    for (let index = 0; index < 7; index++) {
      made.push(await open(world(), user('owner'), { Privacy: index % 2 ? 'PUBLIC' : 'PRIVATE' }))
      await open(world(), other.user('owner'), { Privacy: 'PUBLIC' })
    }
    await messaging.deleteChannel({ ChannelArn: made[3], ChimeBearer: user('owner') })
    const walked = await pages(NextToken =>
      messaging.listChannels({ AppInstanceArn: arn, MaxResults: 2, NextToken, ChimeBearer: user('root') }),
    )
    expect(walked.every(page => page.Channels!.length <= 2)).toBe(true)
    expect(walked.flatMap(page => page.Channels!.map(channel => channel.ChannelArn))).toEqual(made.toSpliced(3, 1))
    const publicOnes = { AppInstanceArn: arn, Privacy: 'PUBLIC' as const, ChimeBearer: user('root') }
    await expect.poll(async () => (await messaging.listChannels({ ...publicOnes, MaxResults: 2 })).NextToken).toBeUndefined()
  })

  test('nobody lists the channels of another app instance, not even its own admin', async () => {
    const { messaging, appInstance } = world()
    const one = await appInstance([], { admins: ['root'] })
    const other = await appInstance(['owner'])
    await open(world(), other.user('owner'), { Privacy: 'PUBLIC' })
    expect(await refusal(messaging.listChannels({ AppInstanceArn: other.arn, ChimeBearer: one.user('root') }))).toMatchObject(denied)
  })

  test('a NextToken of one filter is refused with another', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance([], { admins: ['root'] })
    for (let made = 0; made < 2; made++) await open(world(), user('root'), { Privacy: 'PUBLIC' })
    const asked = { AppInstanceArn: arn, MaxResults: 1, ChimeBearer: user('root') }
    const { NextToken } = await messaging.listChannels({ ...asked, Privacy: 'PUBLIC' })
    expect((await messaging.listChannels({ ...asked, Privacy: 'PUBLIC', NextToken })).Channels).toHaveLength(1)
    expect(await refusal(messaging.listChannels({ ...asked, Privacy: 'PRIVATE', NextToken }))).toMatchObject({
      name: 'BadRequestException',
    })
  })

  test('LastMessageTimestamp is the time of the newest message that the bearer may see', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['a', 'b', 'c'])
    const [a, b, c] = [user('a'), user('b'), user('c')]
    const ChannelArn = await open(world(), a, { Privacy: 'PUBLIC', MemberArns: [b, c] })
    const first = await sentAt(world(), a, ChannelArn, await say(world(), a, ChannelArn))
    const second = await sentAt(world(), a, ChannelArn, await say(world(), a, ChannelArn, 'psst', { Target: [{ MemberArn: b }] }))
    expect(second.getTime()).toBeGreaterThan(first.getTime())
    const told = async (ChimeBearer: string) => {
      const { Channels } = await messaging.listChannels({ AppInstanceArn: arn, ChimeBearer })
      const { Channel } = await messaging.describeChannel({ ChannelArn, ChimeBearer })
      return [Channels![0]!.LastMessageTimestamp, Channel!.LastMessageTimestamp]
    }
    expect(await told(a)).toEqual([second, second])
    expect(await told(b)).toEqual([second, second])
    expect(await told(c)).toEqual([first, first])
  })
})

onBothDatabases('Deleted channels', world => {
  test('a deleted channel is gone at once, for its moderators and for admins', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'member'], { admins: ['root'] })
    const [owner, member, root] = [user('owner'), user('member'), user('root')]
    const ChannelArn = await open(world(), owner, { MemberArns: [member, root] })
    const MessageId = await say(world(), member, ChannelArn)
    expect((await messaging.deleteChannel({ ChannelArn, ChimeBearer: owner })).$metadata.httpStatusCode).toBe(204)
    for (const ChimeBearer of [owner, member, root]) {
      const asked = { ChannelArn, ChimeBearer }
      expect(await refusal(messaging.describeChannel(asked))).toMatchObject(denied)
      expect(await refusal(messaging.updateChannel({ ...asked, Name: 'x' }))).toMatchObject(denied)
      expect(await refusal(messaging.deleteChannel(asked))).toMatchObject(denied)
      expect(await refusal(messaging.listChannelMessages(asked))).toMatchObject(denied)
      expect(await refusal(messaging.listChannelMemberships(asked))).toMatchObject(denied)
      expect(await refusal(messaging.updateChannelReadMarker(asked))).toMatchObject(denied)
      expect(await refusal(say(world(), ChimeBearer, ChannelArn))).toMatchObject(denied)
      const membership = messaging.describeChannelMembershipForAppInstanceUser({ ...asked, AppInstanceUserArn: ChimeBearer })
      expect(await refusal(membership)).toMatchObject(denied)
      expect(await channelsOf(world(), ChimeBearer)).toEqual(new Map())
      expect((await messaging.listChannelsModeratedByAppInstanceUser({ ChimeBearer })).Channels).toEqual([])
      // Where the operation declares NotFound, an admin gets it, and everybody else gets Forbidden.
      const told = ChimeBearer === root ? { name: 'NotFoundException', code: 'NotFound', status: 404 } : denied
      expect(await refusal(messaging.getChannelMessage({ ...asked, MessageId }))).toMatchObject(told)
      expect(await refusal(messaging.describeChannelMembership({ ...asked, MemberArn: member }))).toMatchObject(told)
      expect(await refusal(messaging.describeChannelModerator({ ...asked, ChannelModeratorArn: owner }))).toMatchObject(told)
      expect(await refusal(messaging.createChannelMembership({ ...asked, MemberArn: member, Type: 'DEFAULT' }))).toMatchObject(told)
      expect(await refusal(messaging.batchCreateChannelMembership({ ...asked, MemberArns: [member] }))).toMatchObject(told)
    }
    expect(await refusal(messaging.listTagsForResource({ ResourceARN: ChannelArn }))).toMatchObject(denied)
  })

  test('a non-member gets the same answer for a private channel and for a missing one', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner', 'outsider'])
    const kept = await open(world(), user('owner'), { ChannelId: 'kept' })
    const told = async (ChannelArn: string) => {
      const asked = { ChannelArn, ChimeBearer: user('outsider') }
      const calls = [
        messaging.describeChannel(asked),
        messaging.getChannelMessage({ ...asked, MessageId: 'x' }),
        messaging.describeChannelMembership({ ...asked, MemberArn: user('owner') }),
        messaging.describeChannelModerator({ ...asked, ChannelModeratorArn: user('owner') }),
        messaging.createChannelMembership({ ...asked, MemberArn: user('outsider'), Type: 'DEFAULT' }),
      ]
      return Promise.all(calls.map(async call => JSON.stringify(await refusal(call)).replaceAll(ChannelArn, 'CHANNEL')))
    }
    const ofKept = await told(kept)
    expect(ofKept.every(text => text.includes('ForbiddenException'))).toBe(true)
    expect(ofKept).toEqual(await told(`${arn}/channel/none`))
  })

  test('a new channel with the ChannelId of a deleted one inherits nothing', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'member', 'moderator'])
    const [owner, member, moderator] = [user('owner'), user('member'), user('moderator')]
    const ChannelId = 'phoenix'
    const Tags = [{ Key: 'k', Value: 'v' }]
    const ChannelArn = await open(world(), owner, { ChannelId, MemberArns: [member], ModeratorArns: [moderator], Tags })
    const MessageId = await say(world(), owner, ChannelArn, 'old')
    await say(world(), owner, ChannelArn, 'old', { Target: [{ MemberArn: member }] })
    await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: owner })
    await messaging.deleteChannel({ ChannelArn, ChimeBearer: owner })
    expect(await open(world(), owner, { ChannelId, Name: 'new' })).toBe(ChannelArn)

    const ChimeBearer = owner
    const { ChannelMemberships } = await messaging.listChannelMemberships({ ChannelArn, ChimeBearer })
    expect(ChannelMemberships!.map(entry => entry.Member!.Arn)).toEqual([owner])
    const { ChannelModerators } = await messaging.listChannelModerators({ ChannelArn, ChimeBearer })
    expect(ChannelModerators!.map(entry => entry.Moderator!.Arn)).toEqual([owner])
    expect((await messaging.listChannelMessages({ ChannelArn, ChimeBearer })).ChannelMessages).toEqual([])
    expect(await refusal(messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer }))).toMatchObject({ status: 404 })
    expect((await messaging.listTagsForResource({ ResourceARN: ChannelArn })).Tags).toEqual([])
    expect((await messaging.describeChannel({ ChannelArn, ChimeBearer })).Channel).not.toHaveProperty('LastMessageTimestamp')
    expect([...(await channelsOf(world(), owner)).values()]).toEqual([
      {
        ChannelSummary: { Name: 'new', ChannelArn, Mode: 'UNRESTRICTED', Privacy: 'PRIVATE' },
        AppInstanceUserMembershipSummary: { Type: 'DEFAULT' },
      },
    ])
    expect(await channelsOf(world(), member)).toEqual(new Map())
    expect(await refusal(messaging.describeChannel({ ChannelArn, ChimeBearer: moderator }))).toMatchObject(denied)
  })

  test('the purge leaves no row of a deleted channel in any table', async () => {
    const { messaging, carillon, appInstance } = world()
    const { user } = await appInstance(['owner', 'member', 'banned'])
    const ChimeBearer = user('owner')
    const ChannelArn = await open(world(), ChimeBearer, { MemberArns: [user('member')], Tags: [{ Key: 'k', Value: 'v' }] })
    await messaging.createChannelBan({ ChannelArn, MemberArn: user('banned'), ChimeBearer })
    const MessageId = await say(world(), ChimeBearer, ChannelArn)
    await say(world(), ChimeBearer, ChannelArn, 'psst', { Target: [{ MemberArn: user('member') }] })
    await say(world(), ChimeBearer, ChannelArn, 're', { MessageAttributes: { 'CARILLON.thread': { StringValues: [MessageId] } } })
    await carillon.call('PinMessage', { ChannelArn, MessageId, ChimeBearer })
    await carillon.call('PutMessageReactions', { ChannelArn, MessageId, Reactions: ['👍'], ChimeBearer })
    const id = `(select id from channels where external_id = '${ChannelArn.split('/').at(-1)}')`
    // Three logs, which forget by themselves, and what only an elastic channel, a flow or the search has.
    const others = new Set([
      'channel_events',
      'departures',
      'answered_tokens',
      'flow_callbacks',
      'flow_runs',
      'sub_channels',
      'unwanted_reactions',
      'search_changes',
      'search_index',
    ])
    const tables = (await tablesOfChannels(world())).filter(table => !others.has(table))
    const rowsOf = async (where: string) =>
      Object.fromEntries(
        await Promise.all(tables.map(async table => [table, await rowsIn(world(), `${table} where channel_id ${where}`)] as const)),
      )
    expect(Object.values(await rowsOf(`= ${id}`))).not.toContain(0)
    await messaging.deleteChannel({ ChannelArn, ChimeBearer })
    await expect.poll(() => rowsIn(world(), 'channels where deleted_at is not null')).toBe(0)
    expect(new Set(Object.values(await rowsOf('not in (select id from channels)')))).toEqual(new Set([0]))
    expect(await rowsIn(world(), `tags where resource_kind = 'channel' and resource_id not in (select id from channels)`)).toBe(0)
  })

  test('the database id of a purged channel is not used again', async () => {
    const { messaging, appInstance, app } = world()
    const { user } = await appInstance(['owner'])
    const newest = async () => (await app.db.get(statement<{ id: number | null }>('select max(id) as id from channels')))!.id
    const ChannelArn = await open(world(), user('owner'))
    const first = (await newest())!
    await messaging.deleteChannel({ ChannelArn, ChimeBearer: user('owner') })
    await expect.poll(() => rowsIn(world(), `channels where id = ${first}`)).toBe(0)
    await open(world(), user('owner'))
    expect(await newest()).toBeGreaterThan(first)
  })
})

onBothDatabases('Channels that are deleted and not yet purged', world => {
  test('deleted channels are in no list before their purge, and the pages continue after them', async () => {
    const { app, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['a'], { admins: ['root'] })
    const ChimeBearer = user('a')
    const made: string[] = []
    for (let index = 0; index < 6; index++) made.push(await open(world(), ChimeBearer, { ChannelId: `c${index}` }))
    for (const index of [1, 2, 5]) {
      const { id } = (await app.db.get(statement<{ id: number }>(`select id from channels where external_id = 'c${index}'`)))!
      // The deletion that DeleteChannel makes, without the purge that follows it at once.
      await app.db.transaction(async tx => buryChannel(tx, id, Date.now()))
    }
    const living = [made[0], made[3], made[4]]
    const asked = { MaxResults: 2, ChimeBearer }
    const own = await pages(NextToken => messaging.listChannelMembershipsForAppInstanceUser({ ...asked, NextToken }))
    expect(own.flatMap(page => page.ChannelMemberships!.map(entry => entry.ChannelSummary!.ChannelArn))).toEqual(living)
    const others = await pages(NextToken =>
      messaging.listChannelMembershipsForAppInstanceUser({
        ...asked,
        AppInstanceUserArn: ChimeBearer,
        ChimeBearer: user('root'),
        NextToken,
      }),
    )
    expect(others.flatMap(page => page.ChannelMemberships!.map(entry => entry.ChannelSummary!.ChannelArn))).toEqual(living)
    const moderated = await pages(NextToken => messaging.listChannelsModeratedByAppInstanceUser({ ...asked, NextToken }))
    expect(moderated.flatMap(page => page.Channels!.map(entry => entry.ChannelSummary!.ChannelArn))).toEqual(living)
    const all = await pages(NextToken => messaging.listChannels({ ...asked, AppInstanceArn: arn, ChimeBearer: user('root'), NextToken }))
    expect(all.flatMap(page => page.Channels!.map(channel => channel.ChannelArn))).toEqual(living)
    const gone = messaging.describeChannelMembershipForAppInstanceUser({
      ChannelArn: made[1],
      AppInstanceUserArn: ChimeBearer,
      ChimeBearer,
    })
    expect(await refusal(gone)).toMatchObject(denied)
    expect(await open(world(), ChimeBearer, { ChannelId: 'c1', Name: 'again' })).toBe(made[1])
    expect((await channelsOf(world(), ChimeBearer)).get(made[1]!)!.ChannelSummary!.Name).toBe('again')
  })
})
