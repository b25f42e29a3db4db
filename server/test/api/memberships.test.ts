import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'
import { channelsOf, open, pages, say, sentAt } from './acts.ts'

const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }
const wrong = { name: 'BadRequestException', code: 'BadRequest', status: 400 }
const invalidUser = { ...denied, message: 'An invalid app instance user ARN was supplied for the input parameter.' }
const noBearer = {
  name: 'UnauthorizedClientException',
  code: 'Unauthorized',
  status: 401,
  message: 'An invalid app instance user ARN was supplied for the x-amz-chime-bearer HTTP header.',
}

onBothDatabases('ListChannelMembershipsForAppInstanceUser', world => {
  test('a user lists its own channels without naming itself', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['alice', 'bob'])
    const { ChannelArn } = await messaging.createChannel({
      AppInstanceArn: arn,
      Name: 'one',
      MemberArns: [user('bob')],
      ChimeBearer: user('alice'),
    })
    const page = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('bob') })
    expect(page.NextToken).toBeUndefined()
    expect(page.ChannelMemberships).toEqual([
      {
        ChannelSummary: { Name: 'one', ChannelArn, Mode: 'UNRESTRICTED', Privacy: 'PUBLIC' },
        AppInstanceUserMembershipSummary: { Type: 'DEFAULT' },
      },
    ])
  })

  test('a user lists its own channels when it names itself, too', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['alice'])
    const ChannelArn = await open(world(), user('alice'), { Mode: 'RESTRICTED', Metadata: '{"a":"\u0000"}', Name: 'Tür "1" \\ 🚪' })
    const named = await messaging.listChannelMembershipsForAppInstanceUser({
      ChimeBearer: user('alice'),
      AppInstanceUserArn: user('alice'),
    })
    expect(named.$metadata.httpStatusCode).toBe(200)
    expect(named.ChannelMemberships).toEqual([
      {
        ChannelSummary: { Name: 'Tür "1" \\ 🚪', ChannelArn, Mode: 'RESTRICTED', Privacy: 'PRIVATE', Metadata: '{"a":"\u0000"}' },
        AppInstanceUserMembershipSummary: { Type: 'DEFAULT' },
      },
    ])
  })

  test('a user who is a member of no channel gets an empty list', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['alice'])
    const page = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('alice') })
    expect(page.ChannelMemberships).toEqual([])
    expect(page.NextToken).toBeUndefined()
  })

  test('only an AppInstanceAdmin lists the channels of another user', async () => {
    const { messaging, appInstance, bot } = world()
    const { arn, user } = await appInstance(['alice', 'bob'])
    const botArn = await bot(arn)
    // A moderator of a common channel is not enough.
    await open(world(), user('bob'), { MemberArns: [user('alice'), botArn] })
    for (const named of [user('alice'), botArn, user('nobody')]) {
      const call = messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('bob'), AppInstanceUserArn: named })
      expect(await refusal(call)).toMatchObject({ ...denied, message: 'You do not have sufficient access to perform this action' })
    }
    const byBot = messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: botArn, AppInstanceUserArn: user('alice') })
    expect(await refusal(byBot)).toMatchObject(denied)
  })

  test('an AppInstanceAdmin, user or bot, lists the channels of any user or bot', async () => {
    const { identity, appInstance, bot } = world()
    const { arn, user } = await appInstance(['alice', 'bob'], { admins: ['root'] })
    const [botArn, botAdmin] = [await bot(arn), await bot(arn)]
    await identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: botAdmin })
    const both = await open(world(), user('alice'), { MemberArns: [user('bob'), botArn] })
    const hers = await open(world(), user('alice'))
    for (const admin of [user('root'), botAdmin]) {
      expect([...(await channelsOf(world(), admin, user('alice'))).keys()]).toEqual([both, hers])
      expect([...(await channelsOf(world(), admin, user('bob'))).keys()]).toEqual([both])
      expect([...(await channelsOf(world(), admin, botArn)).keys()]).toEqual([both])
      expect([...(await channelsOf(world(), admin)).keys()]).toEqual([])
    }
  })

  test('an AppInstanceAdmin who names a missing user or bot gets a 403', async () => {
    const { identity, messaging, appInstance, bot } = world()
    const { arn, user } = await appInstance(['gone'], { admins: ['root'] })
    const botArn = await bot(arn)
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('gone') })
    await identity.deleteAppInstanceBot({ AppInstanceBotArn: botArn })
    for (const AppInstanceUserArn of [user('nobody'), user('gone'), botArn]) {
      const call = messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('root'), AppInstanceUserArn })
      expect(await refusal(call)).toMatchObject(invalidUser)
    }
  })

  test('without a bearer, or with a missing one, the answer is 401', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance()
    for (const ChimeBearer of [user('nobody'), `${arn}/channel/x`, arn, 'not an arn']) {
      expect(await refusal(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer }))).toMatchObject(noBearer)
    }
    const nameless = messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: undefined })
    expect(await refusal(nameless)).toMatchObject(noBearer)
  })

  test('an ARN that is not that of a user or bot is a bad request', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance([], { admins: ['root'] })
    for (const AppInstanceUserArn of [`${arn}/channel/x`, arn, 'not an arn']) {
      const call = messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('root'), AppInstanceUserArn })
      expect(await refusal(call)).toMatchObject(wrong)
    }
  })

  test('PUBLIC and PRIVATE channels and DEFAULT and HIDDEN memberships are listed; channels that the user only moderates are not', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['alice', 'bob'], { admins: ['root'] })
    const [alice, bob] = [user('alice'), user('bob')]
    const shown = await open(world(), alice, { Privacy: 'PUBLIC', MemberArns: [bob] })
    const hidden = await open(world(), alice)
    await messaging.createChannelMembership({ ChannelArn: hidden, MemberArn: bob, Type: 'HIDDEN', ChimeBearer: alice })
    await open(world(), alice, { ModeratorArns: [bob] })
    await open(world(), alice, { Privacy: 'PUBLIC' })
    for (const listed of [await channelsOf(world(), bob), await channelsOf(world(), user('root'), bob)]) {
      expect([...listed.keys()]).toEqual([shown, hidden])
      expect(listed.get(shown)!.AppInstanceUserMembershipSummary).toEqual({ Type: 'DEFAULT' })
      expect(listed.get(hidden)!.AppInstanceUserMembershipSummary).toEqual({ Type: 'HIDDEN' })
    }
    expect(await channelsOf(world(), user('root'))).toEqual(new Map())
  })

  test('a change, a leave and a deletion are visible at once', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['alice', 'bob'])
    const [alice, bob] = [user('alice'), user('bob')]
    const [one, two, three] = [
      await open(world(), alice, { MemberArns: [bob] }),
      await open(world(), alice, { MemberArns: [bob] }),
      await open(world(), alice, { MemberArns: [bob] }),
    ]
    await messaging.updateChannel({ ChannelArn: one, Name: 'renamed', Metadata: 'm', Mode: 'RESTRICTED', ChimeBearer: alice })
    await messaging.deleteChannelMembership({ ChannelArn: two, MemberArn: bob, ChimeBearer: bob })
    await messaging.deleteChannel({ ChannelArn: three, ChimeBearer: alice })
    const listed = await channelsOf(world(), bob)
    expect([...listed.keys()]).toEqual([one])
    expect(listed.get(one)!.ChannelSummary).toMatchObject({ Name: 'renamed', Metadata: 'm', Mode: 'RESTRICTED' })
  })

  test('only the six declared errors are returned, whatever is wrong', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['alice'], { admins: ['root'] })
    const other = await appInstance(['carol'])
    const declared = [
      'BadRequestException',
      'ForbiddenException',
      'UnauthorizedClientException',
      'ThrottledClientException',
      'ServiceUnavailableException',
      'ServiceFailureException',
    ]
    const bearers = [user('alice'), user('root'), user('nobody'), other.user('carol'), `${arn}/bot/none`, arn, 'x', undefined]
    const named = [undefined, user('alice'), user('nobody'), other.user('carol'), `${arn}/bot/none`, arn, 'x', '']
    const seen = new Set<string>()
    for (const ChimeBearer of bearers) {
      for (const AppInstanceUserArn of named) {
        for (const extra of [{}, { NextToken: 'x' }, { MaxResults: 0 }]) {
          const call = messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer, AppInstanceUserArn, ...extra })
          const outcome = await call.then(
            () => 'fine',
            (error: Error) => error.name,
          )
          seen.add(outcome)
        }
      }
    }
    expect(declared).toEqual(expect.arrayContaining([...seen].filter(outcome => outcome !== 'fine')))
    expect([...seen].toSorted()).toEqual(['BadRequestException', 'ForbiddenException', 'UnauthorizedClientException', 'fine'])
  })
})

onBothDatabases('The wall between app instances', world => {
  test('a call with anything of another app instance is refused, whether its bearer is an admin or not', async () => {
    const { messaging, appInstance, bot } = world()
    const here = await appInstance(['alice'], { admins: ['root'] })
    const there = await appInstance(['carol'], { admins: ['root'] })
    const theirs = await open(world(), there.user('carol'), { Privacy: 'PUBLIC' })
    const MessageId = await say(world(), there.user('carol'), theirs)
    const carol = there.user('carol')
    const theirBot = await bot(there.arn)
    for (const ChimeBearer of [here.user('root'), here.user('alice')]) {
      const ours = await open(world(), ChimeBearer)
      const them = { ChannelArn: theirs, ChimeBearer }
      const us = { ChannelArn: ours, ChimeBearer }
      const calls: Record<string, () => Promise<unknown>> = {
        'list their user': () => messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer, AppInstanceUserArn: carol }),
        'list their bot': () => messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer, AppInstanceUserArn: theirBot }),
        'list their moderator': () => messaging.listChannelsModeratedByAppInstanceUser({ ChimeBearer, AppInstanceUserArn: carol }),
        'their user in our channel': () => messaging.describeChannelMembershipForAppInstanceUser({ ...us, AppInstanceUserArn: carol }),
        'our user in their channel': () =>
          messaging.describeChannelMembershipForAppInstanceUser({ ...them, AppInstanceUserArn: ChimeBearer }),
        'their moderator in our channel': () => messaging.describeChannelModeratedByAppInstanceUser({ ...us, AppInstanceUserArn: carol }),
        'our moderator in their channel': () =>
          messaging.describeChannelModeratedByAppInstanceUser({ ...them, AppInstanceUserArn: ChimeBearer }),
        'create there': () => messaging.createChannel({ AppInstanceArn: there.arn, Name: 'x', ChimeBearer }),
        'their member at creation': () => open(world(), ChimeBearer, { MemberArns: [carol] }),
        'their moderator at creation': () => open(world(), ChimeBearer, { ModeratorArns: [here.user('alice'), carol] }),
        'list there': () => messaging.listChannels({ AppInstanceArn: there.arn, ChimeBearer }),
        describe: () => messaging.describeChannel(them),
        update: () => messaging.updateChannel({ ...them, Name: 'x' }),
        delete: () => messaging.deleteChannel(them),
        read: () => messaging.updateChannelReadMarker(them),
        'join them': () => messaging.createChannelMembership({ ...them, MemberArn: ChimeBearer, Type: 'DEFAULT' }),
        'add theirs to ours': () => messaging.createChannelMembership({ ...us, MemberArn: carol, Type: 'DEFAULT' }),
        'batch to them': () => messaging.batchCreateChannelMembership({ ...them, MemberArns: [ChimeBearer] }),
        'batch theirs to ours': () => messaging.batchCreateChannelMembership({ ...us, MemberArns: [here.user('alice'), carol] }),
        'describe their member': () => messaging.describeChannelMembership({ ...them, MemberArn: carol }),
        'describe their user in ours': () => messaging.describeChannelMembership({ ...us, MemberArn: carol }),
        members: () => messaging.listChannelMemberships(them),
        'remove theirs from ours': () => messaging.deleteChannelMembership({ ...us, MemberArn: carol }),
        'remove from theirs': () => messaging.deleteChannelMembership({ ...them, MemberArn: carol }),
        'moderate theirs': () => messaging.createChannelModerator({ ...them, ChannelModeratorArn: ChimeBearer }),
        'their moderator of ours': () => messaging.createChannelModerator({ ...us, ChannelModeratorArn: carol }),
        'describe their moderator': () => messaging.describeChannelModerator({ ...us, ChannelModeratorArn: carol }),
        'remove their moderator': () => messaging.deleteChannelModerator({ ...them, ChannelModeratorArn: carol }),
        moderators: () => messaging.listChannelModerators(them),
        send: () => say(world(), ChimeBearer, theirs),
        'target theirs': () => say(world(), ChimeBearer, ours, 'x', { Target: [{ MemberArn: carol }] }),
        get: () => messaging.getChannelMessage({ ...them, MessageId }),
        messages: () => messaging.listChannelMessages(them),
        edit: () => messaging.updateChannelMessage({ ...them, MessageId, Content: 'x' }),
        redact: () => messaging.redactChannelMessage({ ...them, MessageId }),
        'delete message': () => messaging.deleteChannelMessage({ ...them, MessageId }),
      }
      for (const [what, call] of Object.entries(calls)) expect({ what, ...(await refusal(call())) }).toMatchObject({ what, ...denied })
    }
    expect((await messaging.listChannelMessages({ ChannelArn: theirs, ChimeBearer: carol })).ChannelMessages![0]).toMatchObject({
      MessageId,
      Content: 'hello',
      Redacted: false,
    })
    const { ChannelMemberships } = await messaging.listChannelMemberships({ ChannelArn: theirs, ChimeBearer: carol })
    expect(ChannelMemberships!.map(entry => entry.Member!.Arn)).toEqual([carol])
  })
})

onBothDatabases('LastMessageTimestamp', world => {
  const setting = async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['a', 'b', 'c'], { admins: ['root'] })
    const [a, b, c, root] = [user('a'), user('b'), user('c'), user('root')]
    const ChannelArn = await open(world(), a, { MemberArns: [b, c] })
    /** The channel in the bearer's own list, or in that of another user. */
    const last = async (bearer: string, named?: string) =>
      (await channelsOf(world(), bearer, named)).get(ChannelArn)?.ChannelSummary?.LastMessageTimestamp
    const at = async (id: string, bearer = a) => sentAt(world(), bearer, ChannelArn, id)
    /** Makes the times before and after it differ. */
    const tick = () => world().advance(5)
    return { a, b, c, root, ChannelArn, last, at, tick }
  }

  test('is absent before the first message, and is then the time of the newest persistent one', async () => {
    const { a, b, ChannelArn, last, at, tick } = await setting()
    expect(await last(b)).toBeUndefined()
    const first = await at(await say(world(), a, ChannelArn))
    expect(await last(b)).toEqual(first)
    tick()
    const second = await at(await say(world(), b, ChannelArn))
    expect(second.getTime()).toBeGreaterThan(first.getTime())
    expect([await last(a), await last(b)]).toEqual([second, second])
  })

  test('is not moved by a NON_PERSISTENT message', async () => {
    const { a, b, ChannelArn, last, at, tick } = await setting()
    await say(world(), a, ChannelArn, 'x', { Persistence: 'NON_PERSISTENT' })
    expect(await last(b)).toBeUndefined()
    const kept = await at(await say(world(), a, ChannelArn))
    tick()
    await say(world(), a, ChannelArn, 'x', { Persistence: 'NON_PERSISTENT', Type: 'CONTROL' })
    await say(world(), a, ChannelArn, 'x', { Persistence: 'NON_PERSISTENT', Target: [{ MemberArn: b }] })
    expect([await last(a), await last(b)]).toEqual([kept, kept])
  })

  test('is moved by a persistent CONTROL message', async () => {
    const { a, b, ChannelArn, last, at } = await setting()
    const id = await say(world(), a, ChannelArn, 'x', { Type: 'CONTROL' })
    expect(await last(b)).toEqual(await at(id))
  })

  test('is moved by a targeted message for its sender and its target and for nobody else', async () => {
    const { a, b, c, root, ChannelArn, last, at, tick } = await setting()
    const shown = await at(await say(world(), a, ChannelArn))
    tick()
    const whispered = await at(await say(world(), b, ChannelArn, 'psst', { Target: [{ MemberArn: a }] }))
    expect([await last(a), await last(b), await last(c)]).toEqual([whispered, whispered, shown])
    // An admin that lists another user sees the time of what the admin itself may see.
    expect([await last(root, a), await last(root, b), await last(root, c)]).toEqual([shown, shown, shown])
    tick()
    const newer = await at(await say(world(), c, ChannelArn))
    expect([await last(a), await last(b), await last(c)]).toEqual([newer, newer, newer])
  })

  test('is moved by messages that were targeted to an admin, where that admin lists the channels of another user', async () => {
    const { messaging } = world()
    const { a, b, root, ChannelArn, last, at, tick } = await setting()
    await messaging.createChannelMembership({ ChannelArn, MemberArn: root, Type: 'DEFAULT', ChimeBearer: a })
    const shown = await at(await say(world(), a, ChannelArn))
    tick()
    const whispered = await at(await say(world(), a, ChannelArn, 'psst', { Target: [{ MemberArn: root }] }))
    expect(await last(b)).toEqual(shown)
    expect(await last(root, b)).toEqual(whispered)
    const one = await messaging.describeChannelMembershipForAppInstanceUser({ ChannelArn, AppInstanceUserArn: b, ChimeBearer: root })
    expect(one.ChannelMembership!.ChannelSummary!.LastMessageTimestamp).toEqual(whispered)
  })

  test('moves back when the newest message is deleted, and is absent again when the only one is', async () => {
    const { messaging } = world()
    const { a, b, root, ChannelArn, last, at, tick } = await setting()
    const first = await say(world(), a, ChannelArn)
    const firstAt = await at(first)
    tick()
    const second = await say(world(), a, ChannelArn)
    const secondAt = await at(second)
    tick()
    const third = await say(world(), a, ChannelArn)
    await messaging.deleteChannelMessage({ ChannelArn, MessageId: third, ChimeBearer: root })
    expect([await last(a), await last(b)]).toEqual([secondAt, secondAt])
    await messaging.deleteChannelMessage({ ChannelArn, MessageId: first, ChimeBearer: root })
    expect(await last(b)).toEqual(secondAt)
    expect(secondAt).not.toEqual(firstAt)
    await messaging.deleteChannelMessage({ ChannelArn, MessageId: second, ChimeBearer: root })
    expect([await last(a), await last(b)]).toEqual([undefined, undefined])
  })

  test('moves back for those who saw a targeted message when that is deleted', async () => {
    const { messaging } = world()
    const { a, b, c, root, ChannelArn, last, at, tick } = await setting()
    const early = await say(world(), a, ChannelArn, 'psst', { Target: [{ MemberArn: b }] })
    const earlyAt = await at(early)
    tick()
    const late = await say(world(), b, ChannelArn, 'psst', { Target: [{ MemberArn: a }] })
    expect(await last(c)).toBeUndefined()
    await messaging.deleteChannelMessage({ ChannelArn, MessageId: late, ChimeBearer: root })
    expect([await last(a), await last(b), await last(c)]).toEqual([earlyAt, earlyAt, undefined])
    tick()
    const shown = await at(await say(world(), c, ChannelArn))
    await messaging.deleteChannelMessage({ ChannelArn, MessageId: early, ChimeBearer: root })
    expect([await last(a), await last(b), await last(c)]).toEqual([shown, shown, shown])
  })

  test('is not moved by redacting and updating', async () => {
    const { messaging } = world()
    const { a, b, ChannelArn, last, at, tick } = await setting()
    const id = await say(world(), a, ChannelArn)
    const kept = await at(id)
    tick()
    await messaging.updateChannelMessage({ ChannelArn, MessageId: id, Content: 'new', ChimeBearer: a })
    expect(await last(b)).toEqual(kept)
    tick()
    await messaging.redactChannelMessage({ ChannelArn, MessageId: id, ChimeBearer: a })
    expect([await last(a), await last(b)]).toEqual([kept, kept])
  })

  test('is moved by its targeted messages again for a member who leaves and joins again', async () => {
    const { messaging } = world()
    const { a, b, ChannelArn, last, at, tick } = await setting()
    await say(world(), a, ChannelArn)
    tick()
    const whispered = await at(await say(world(), a, ChannelArn, 'psst', { Target: [{ MemberArn: b }] }))
    await messaging.deleteChannelMembership({ ChannelArn, MemberArn: b, ChimeBearer: b })
    expect(await last(b)).toBeUndefined()
    await messaging.createChannelMembership({ ChannelArn, MemberArn: b, Type: 'HIDDEN', ChimeBearer: a })
    expect(await last(b)).toEqual(whispered)
  })

  test('shows a member who joins later what was sent before', async () => {
    const { messaging } = world()
    const { a, root, ChannelArn, last, at } = await setting()
    const shown = await at(await say(world(), a, ChannelArn))
    await messaging.createChannelMembership({ ChannelArn, MemberArn: root, Type: 'DEFAULT', ChimeBearer: a })
    expect(await last(root)).toEqual(shown)
  })
})

onBothDatabases('Read markers', world => {
  test('are absent until the member reads, and are then the time of reading', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b'], { admins: ['root'] })
    const [a, b, root] = [user('a'), user('b'), user('root')]
    const ChannelArn = await open(world(), a, { MemberArns: [b] })
    const other = await open(world(), a, { MemberArns: [b] })
    const marker = async (bearer: string, named?: string, arn = ChannelArn) =>
      (await channelsOf(world(), bearer, named)).get(arn)!.AppInstanceUserMembershipSummary!.ReadMarkerTimestamp
    const sent = await sentAt(world(), a, ChannelArn, await say(world(), a, ChannelArn))
    expect([await marker(a), await marker(b)]).toEqual([undefined, undefined])
    const answer = await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: b })
    expect(answer).toMatchObject({ ChannelArn, $metadata: { httpStatusCode: 200 } })
    const first = (await marker(b))!
    expect(first.getTime()).toBeGreaterThanOrEqual(sent.getTime())
    expect([await marker(a), await marker(b, undefined, other)]).toEqual([undefined, undefined])
    expect(await marker(root, b)).toEqual(first)
    const one = await messaging.describeChannelMembershipForAppInstanceUser({ ChannelArn, AppInstanceUserArn: b, ChimeBearer: b })
    expect(one.ChannelMembership!.AppInstanceUserMembershipSummary).toEqual({ Type: 'DEFAULT', ReadMarkerTimestamp: first })
    world().advance(1000)
    await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: b })
    expect((await marker(b))!.getTime()).toBeGreaterThanOrEqual(first.getTime() + 1000)
  })

  test('are never older than the messages before them, even if the clock goes back', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a'])
    const ChannelArn = await open(world(), user('a'))
    world().advance(60_000)
    const sent = await sentAt(world(), user('a'), ChannelArn, await say(world(), user('a'), ChannelArn))
    world().advance(-60_000)
    await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: user('a') })
    const { ReadMarkerTimestamp } = (await channelsOf(world(), user('a'))).get(ChannelArn)!.AppInstanceUserMembershipSummary!
    expect(ReadMarkerTimestamp!.getTime()).toBeGreaterThanOrEqual(sent.getTime())
  })

  test('belong to HIDDEN members too, not to non-members, and are removed when the member leaves', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'h', 'out'], { admins: ['root'] })
    const ChannelArn = await open(world(), user('a'), { Privacy: 'PUBLIC', ModeratorArns: [user('out')] })
    const hide = () => messaging.createChannelMembership({ ChannelArn, MemberArn: user('h'), Type: 'HIDDEN', ChimeBearer: user('a') })
    const summary = async () => (await channelsOf(world(), user('h'))).get(ChannelArn)!.AppInstanceUserMembershipSummary
    await hide()
    await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: user('h') })
    expect(await summary()).toEqual({ Type: 'HIDDEN', ReadMarkerTimestamp: expect.any(Date) })
    for (const ChimeBearer of [user('out'), user('root')]) {
      expect(await refusal(messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer }))).toMatchObject(denied)
    }
    await messaging.deleteChannelMembership({ ChannelArn, MemberArn: user('h'), ChimeBearer: user('a') })
    await hide()
    expect(await summary()).toEqual({ Type: 'HIDDEN' })
  })
})

onBothDatabases('Pages of memberships', world => {
  const member = async (channels: number) => {
    const { user } = await world().appInstance(['owner', 'm'], { admins: ['root'] })
    const made: string[] = []
    for (let index = 0; index < channels; index++) made.push(await open(world(), user('owner'), { MemberArns: [user('m')] }))
    return { user, made, m: user('m'), root: user('root'), owner: user('owner') }
  }

  test('a page has MaxResults entries, 50 by default, and the last page has no NextToken', async () => {
    const { messaging } = world()
    const { m, made } = await member(52)
    const list = async (MaxResults?: number, NextToken?: string) => {
      const page = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: m, MaxResults, NextToken })
      return { arns: page.ChannelMemberships!.map(entry => entry.ChannelSummary!.ChannelArn!), NextToken: page.NextToken }
    }
    const first = await list()
    expect(first.arns).toEqual(made.slice(0, 50))
    const rest = await list(undefined, first.NextToken)
    expect(rest).toEqual({ arns: made.slice(50), NextToken: undefined })
    for (const size of [1, 26, 50]) {
      const page = await list(size)
      expect(page.arns).toEqual(made.slice(0, size))
      expect(page.NextToken).toBeDefined()
    }
    // 26 and 26 are all: an exact fit has nothing after it.
    expect(await list(26, (await list(26)).NextToken)).toEqual({ arns: made.slice(26), NextToken: undefined })
    expect(await list(2, (await list(50)).NextToken)).toEqual({ arns: made.slice(50), NextToken: undefined })
  })

  test('MaxResults outside 1 to 50 is a bad request', async () => {
    const { messaging } = world()
    const { m } = await member(0)
    for (const MaxResults of [0, -1, 51, 1000, 1.5]) {
      expect(await refusal(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: m, MaxResults }))).toMatchObject(wrong)
    }
  })

  test('an empty NextToken counts as none', async () => {
    const { messaging } = world()
    const { m, made } = await member(2)
    const page = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: m, NextToken: '' })
    expect(page.ChannelMemberships!.map(entry => entry.ChannelSummary!.ChannelArn)).toEqual(made)
  })

  test('a NextToken is valid only for its own list, and only unchanged', async () => {
    const { messaging } = world()
    const { m, owner, root, made } = await member(3)
    const list = (extra: object) => messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: m, MaxResults: 1, ...extra })
    const NextToken = (await list({})).NextToken!
    expect(NextToken.length).toBeLessThanOrEqual(2048)
    const flipped = `${NextToken.slice(0, -2)}${NextToken.at(-2) === 'A' ? 'B' : 'A'}${NextToken.at(-1)}`
    const ofMembers = (await messaging.listChannelMemberships({ ChannelArn: made[0], MaxResults: 1, ChimeBearer: m })).NextToken
    const ofAdmin = (await list({ ChimeBearer: root, AppInstanceUserArn: m })).NextToken
    expect([typeof ofMembers, typeof ofAdmin]).toEqual(['string', 'string'])
    const bad: Record<string, object> = {
      'no token at all': { NextToken: 'x' },
      'a token of letters': { NextToken: 'A'.repeat(NextToken.length) },
      'half a token': { NextToken: NextToken.slice(0, NextToken.length / 2) },
      'a token cut by one': { NextToken: NextToken.slice(0, -1) },
      'a token with more behind it': { NextToken: `${NextToken}A` },
      'a token with a changed bit': { NextToken: flipped },
      'a token with padding': { NextToken: `${NextToken}=` },
      'one of another operation': { NextToken: ofMembers },
      'one of an admin that listed the user': { NextToken: ofAdmin },
      'one of another bearer': { ChimeBearer: owner, NextToken },
      'the token of the user, by an admin': { ChimeBearer: root, AppInstanceUserArn: m, NextToken },
      'the token of one listed user for another': { ChimeBearer: root, AppInstanceUserArn: owner, NextToken: ofAdmin },
    }
    for (const [what, extra] of Object.entries(bad)) expect({ what, ...(await refusal(list(extra))) }).toMatchObject({ what, ...wrong })
    const named = await list({ NextToken, AppInstanceUserArn: m })
    expect(named.ChannelMemberships!.map(entry => entry.ChannelSummary!.ChannelArn)).toEqual([made[1]])
    const again = await list({ NextToken, MaxResults: 50 })
    expect(again.ChannelMemberships!.map(entry => entry.ChannelSummary!.ChannelArn)).toEqual(made.slice(1))
  })

  test("a caller's right to list another user’s channels is checked for every page", async () => {
    const { identity, messaging } = world()
    const { m, root } = await member(2)
    const asked = { ChimeBearer: root, AppInstanceUserArn: m, MaxResults: 1 }
    const { NextToken } = await messaging.listChannelMembershipsForAppInstanceUser(asked)
    const AppInstanceArn = root.slice(0, root.indexOf('/user/'))
    await identity.deleteAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn: root })
    expect(await refusal(messaging.listChannelMembershipsForAppInstanceUser({ ...asked, NextToken }))).toMatchObject(denied)
  })

  test('a channel that exists throughout is listed exactly once, whatever the page sizes and whichever channels the user joins and leaves meanwhile', async () => {
    const { messaging } = world()
    const { m, owner } = await member(0)
    const staying: string[] = []
    const moving: string[] = []
    for (let index = 0; index < 18; index++) {
      if (index % 3 === 0) moving.push(await open(world(), owner))
      else staying.push(await open(world(), owner, { MemberArns: [m] }))
    }
    const step = fc.record({ channel: fc.integer({ min: 0, max: moving.length - 1 }), join: fc.boolean() })
    const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.array(step, { maxLength: 12 }), async (sizes, steps) => {
        const move = async () => {
          for (const { channel, join } of steps) {
            const named = { ChannelArn: moving[channel], MemberArn: m, ChimeBearer: owner }
            if (join) await messaging.createChannelMembership({ ...named, Type: 'DEFAULT' })
            else await messaging.deleteChannelMembership(named)
          }
        }
        const walk = pages((NextToken, index) =>
          messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: m, MaxResults: sizes[index % sizes.length], NextToken }),
        )
        const [found] = await Promise.all([walk, move()])
        const arns = found.flatMap(page => page.ChannelMemberships!.map(entry => entry.ChannelSummary!.ChannelArn!))
        expect(arns.filter(arn => staying.includes(arn))).toEqual(staying)
        expect(found.every((page, index) => page.ChannelMemberships!.length <= sizes[index % sizes.length]!)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  test('channels that are deleted between pages do not affect the others', async () => {
    const { messaging } = world()
    const { m, owner, made } = await member(9)
    const [doomed, staying] = [made.filter((_, index) => index % 3 === 1), made.filter((_, index) => index % 3 !== 1)]
    const found: string[] = []
    let token: string | undefined
    do {
      const page = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: m, MaxResults: 2, NextToken: token })
      found.push(...page.ChannelMemberships!.map(entry => entry.ChannelSummary!.ChannelArn!))
      token = page.NextToken
      const next = doomed.pop()
      if (next !== undefined) await messaging.deleteChannel({ ChannelArn: next, ChimeBearer: owner })
    } while (token !== undefined)
    expect(found.filter(arn => staying.includes(arn))).toEqual(staying)
  })
})

onBothDatabases('Memberships', world => {
  test('a membership is described with its member, its inviter and its time', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b'])
    const ChannelArn = await open(world(), user('a'))
    const ChimeBearer = user('a')
    const named = { ChannelArn, MemberArn: user('b'), ChimeBearer }
    const made = await messaging.createChannelMembership({ ...named, Type: 'DEFAULT' })
    expect(made).toMatchObject({ ChannelArn, Member: { Arn: user('b'), Name: 'b' }, $metadata: { httpStatusCode: 201 } })
    expect(made).not.toHaveProperty('SubChannelId')
    const { ChannelMembership } = await messaging.describeChannelMembership(named)
    expect(ChannelMembership).toEqual({
      InvitedBy: { Arn: user('a'), Name: 'a' },
      Type: 'DEFAULT',
      Member: { Arn: user('b'), Name: 'b' },
      ChannelArn,
      CreatedTimestamp: expect.any(Date),
      LastUpdatedTimestamp: ChannelMembership!.CreatedTimestamp,
    })
  })

  test('creating a membership of the same Type again is allowed; one of the other Type is a conflict', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b', 'c'])
    const ChannelArn = await open(world(), user('a'), { ModeratorArns: [user('c')] })
    const named = { ChannelArn, MemberArn: user('b') }
    for (const [Type, other] of [
      ['DEFAULT', 'HIDDEN'],
      ['HIDDEN', 'DEFAULT'],
    ] as const) {
      await messaging.createChannelMembership({ ...named, Type, ChimeBearer: user('a') })
      const before = await messaging.describeChannelMembership({ ...named, ChimeBearer: user('a') })
      world().advance(1000)
      expect((await messaging.createChannelMembership({ ...named, Type, ChimeBearer: user('c') })).$metadata.httpStatusCode).toBe(201)
      const clash = messaging.createChannelMembership({ ...named, Type: other, ChimeBearer: user('a') })
      expect(await refusal(clash)).toMatchObject({ name: 'ConflictException', code: 'Conflict', status: 409 })
      const after = await messaging.describeChannelMembership({ ...named, ChimeBearer: user('a') })
      expect(after.ChannelMembership).toEqual(before.ChannelMembership)
      await messaging.deleteChannelMembership({ ...named, ChimeBearer: user('a') })
    }
  })

  test('a user that does not exist cannot become a member', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a'])
    const ChannelArn = await open(world(), user('a'))
    const call = messaging.createChannelMembership({ ChannelArn, MemberArn: user('nobody'), Type: 'DEFAULT', ChimeBearer: user('a') })
    expect(await refusal(call)).toMatchObject(invalidUser)
  })

  test('HIDDEN members are listed to moderators and admins only, and see themselves', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'm', 'h', 'h2', 'out'], { admins: ['root'] })
    const ChannelArn = await open(world(), user('a'), { Privacy: 'PUBLIC', MemberArns: [user('m')] })
    const hide = (MemberArn: string) => messaging.createChannelMembership({ ChannelArn, MemberArn, Type: 'HIDDEN', ChimeBearer: user('a') })
    await hide(user('h'))
    await hide(user('h2'))
    const list = async (ChimeBearer: string, Type?: 'DEFAULT' | 'HIDDEN') =>
      (await messaging.listChannelMemberships({ ChannelArn, Type, ChimeBearer })).ChannelMemberships!.map(entry => entry.Member!.Arn)
    for (const bearer of [user('a'), user('root'), user('m'), user('out')]) {
      expect(await list(bearer)).toEqual([user('a'), user('m')])
      expect(await list(bearer, 'DEFAULT')).toEqual([user('a'), user('m')])
    }
    expect(await list(user('a'), 'HIDDEN')).toEqual([user('h'), user('h2')])
    expect(await list(user('root'), 'HIDDEN')).toEqual([user('h'), user('h2')])
    for (const bearer of [user('m'), user('h'), user('out')]) expect(await refusal(list(bearer, 'HIDDEN'))).toMatchObject(denied)

    const describe = (ChimeBearer: string) => messaging.describeChannelMembership({ ChannelArn, MemberArn: user('h'), ChimeBearer })
    for (const bearer of [user('a'), user('root'), user('h')]) expect((await describe(bearer)).ChannelMembership!.Type).toBe('HIDDEN')
    const missing = { name: 'NotFoundException', code: 'NotFound', status: 404 }
    for (const bearer of [user('m'), user('out')]) {
      const told = await refusal(describe(bearer))
      expect(told).toMatchObject(missing)
      const none = await refusal(messaging.describeChannelMembership({ ChannelArn, MemberArn: user('nobody'), ChimeBearer: bearer }))
      expect(JSON.stringify(told)).toBe(JSON.stringify(none).replaceAll(user('nobody'), user('h')))
    }
    expect(await refusal(describe(user('h2')))).toMatchObject(denied)
  })

  test('members are listed in pages in the order of joining, and a NextToken belongs to one channel and one Type', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b', 'c', 'd'])
    const ChimeBearer = user('a')
    const ChannelArn = await open(world(), ChimeBearer, { MemberArns: [user('b'), user('c')] })
    const other = await open(world(), ChimeBearer, { MemberArns: [user('b')] })
    await messaging.createChannelMembership({ ChannelArn, MemberArn: user('d'), Type: 'HIDDEN', ChimeBearer })
    const asked = { ChannelArn, MaxResults: 2, ChimeBearer }
    const found = await pages(NextToken => messaging.listChannelMemberships({ ...asked, NextToken }))
    expect(found.map(page => page.ChannelMemberships!.map(entry => entry.Member))).toEqual([
      [
        { Arn: user('a'), Name: 'a' },
        { Arn: user('b'), Name: 'b' },
      ],
      [{ Arn: user('c'), Name: 'c' }],
    ])
    expect(found.every(page => page.ChannelArn === ChannelArn)).toBe(true)
    expect((await messaging.listChannelMemberships({ ...asked, MaxResults: 3 })).NextToken).toBeUndefined()
    const NextToken = found[0]!.NextToken
    expect(await refusal(messaging.listChannelMemberships({ ...asked, Type: 'HIDDEN', NextToken }))).toMatchObject(wrong)
    expect(await refusal(messaging.listChannelMemberships({ ...asked, ChannelArn: other, NextToken }))).toMatchObject(wrong)
  })

  test('a member who leaves is gone at once, and leaving twice is no error', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b'])
    const ChannelArn = await open(world(), user('a'), { MemberArns: [user('b')] })
    const leave = (ChimeBearer: string) => messaging.deleteChannelMembership({ ChannelArn, MemberArn: user('b'), ChimeBearer })
    expect((await leave(user('b'))).$metadata.httpStatusCode).toBe(204)
    expect(await refusal(messaging.describeChannel({ ChannelArn, ChimeBearer: user('b') }))).toMatchObject(denied)
    expect((await leave(user('a'))).$metadata.httpStatusCode).toBe(204)
    const named = { ChannelArn, MemberArn: user('b'), ChimeBearer: user('a') }
    expect(await refusal(messaging.describeChannelMembership(named))).toMatchObject({ name: 'NotFoundException', status: 404 })
    expect((await messaging.deleteChannelMembership({ ...named, MemberArn: user('nobody') })).$metadata.httpStatusCode).toBe(204)
  })

  test('a moderator that leaves still moderates, and the creator may be removed', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b'])
    const ChannelArn = await open(world(), user('a'), { ModeratorArns: [user('b')] })
    await messaging.deleteChannelMembership({ ChannelArn, MemberArn: user('a'), ChimeBearer: user('b') })
    expect((await messaging.describeChannel({ ChannelArn, ChimeBearer: user('a') })).Channel!.CreatedBy!.Arn).toBe(user('a'))
    expect(await refusal(say(world(), user('a'), ChannelArn))).toMatchObject(denied)
    expect(await channelsOf(world(), user('a'))).toEqual(new Map())
  })

  test('concurrent joins and leaves of one member end in one state, and no call fails', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b'])
    const named = { ChannelArn: await open(world(), user('a')), MemberArn: user('b'), ChimeBearer: user('a') }
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) =>
        index % 2 ? messaging.deleteChannelMembership(named) : messaging.createChannelMembership({ ...named, Type: 'DEFAULT' }),
      ),
    )
    await messaging.createChannelMembership({ ...named, Type: 'DEFAULT' })
    expect((await channelsOf(world(), user('b'))).size).toBe(1)
  })

  test('a batch adds the members that it can, and says for each of the others why not', async () => {
    const { messaging, appInstance, bot } = world()
    const { arn, user } = await appInstance(['a', 'old', 'new', 'hidden'])
    const botArn = await bot(arn)
    const ChannelArn = await open(world(), user('a'), { MemberArns: [user('old')] })
    await messaging.createChannelMembership({ ChannelArn, MemberArn: user('hidden'), Type: 'HIDDEN', ChimeBearer: user('a') })
    const MemberArns = [user('a'), user('old'), user('nobody'), user('new'), user('hidden'), botArn, user('new')]
    const answer = await messaging.batchCreateChannelMembership({ ChannelArn, MemberArns, ChimeBearer: user('a') })
    expect(answer.$metadata.httpStatusCode).toBe(200)
    expect(answer.BatchChannelMemberships).toEqual({
      InvitedBy: { Arn: user('a'), Name: 'a' },
      Type: 'DEFAULT',
      Members: [
        { Arn: user('a'), Name: 'a' },
        { Arn: user('old'), Name: 'old' },
        { Arn: user('new'), Name: 'new' },
        { Arn: botArn, Name: 'bot' },
      ],
      ChannelArn,
    })
    expect(answer.Errors).toEqual([
      { MemberArn: user('nobody'), ErrorCode: 'Forbidden', ErrorMessage: expect.any(String) },
      { MemberArn: user('hidden'), ErrorCode: 'Conflict', ErrorMessage: expect.any(String) },
    ])
    const { ChannelMemberships } = await messaging.listChannelMemberships({ ChannelArn, ChimeBearer: user('a') })
    expect(ChannelMemberships!.map(entry => entry.Member!.Arn)).toEqual([user('a'), user('old'), user('new'), botArn])
  })

  test('a batch in which nobody can be added is answered with 200 and no members', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a'])
    const ChannelArn = await open(world(), user('a'))
    const named = { ChannelArn, MemberArns: [user('x'), user('y')], Type: 'HIDDEN' as const, ChimeBearer: user('a') }
    const answer = await messaging.batchCreateChannelMembership(named)
    expect(answer.$metadata.httpStatusCode).toBe(200)
    expect(answer.BatchChannelMemberships).toMatchObject({ Type: 'HIDDEN', Members: [] })
    expect(answer.Errors!.map(error => [error.MemberArn, error.ErrorCode])).toEqual([
      [user('x'), 'Forbidden'],
      [user('y'), 'Forbidden'],
    ])
  })

  test('any user who is not banned joins a PUBLIC channel by itself, whatever its Mode, again without a change; it cannot add others', async () => {
    const { messaging, appInstance, bot } = world()
    const { arn, user } = await appInstance(['owner', 'joiner', 'batch', 'hidden', 'banned', 'other'])
    const robot = await bot(arn)
    const ChannelArn = await open(world(), user('owner'), { Privacy: 'PUBLIC', Mode: 'RESTRICTED' })
    const asOwner = { ChannelArn, ChimeBearer: user('owner') }
    await messaging.createChannelMembership({ ...asOwner, MemberArn: user('hidden'), Type: 'HIDDEN' })
    await messaging.createChannelBan({ ...asOwner, MemberArn: user('banned') })
    const join = async (ChimeBearer: string, MemberArn = ChimeBearer, Type: 'DEFAULT' | 'HIDDEN' = 'DEFAULT') =>
      messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn, Type })
    const batch = async (ChimeBearer: string, MemberArns = [ChimeBearer]) =>
      messaging.batchCreateChannelMembership({ ChannelArn, ChimeBearer, MemberArns })

    for (const joiner of [user('joiner'), robot, user('joiner')]) expect((await join(joiner)).Member!.Arn).toBe(joiner)
    for (let twice = 0; twice < 2; twice++) expect((await batch(user('batch'))).Errors).toEqual([])
    const refused = [
      join(user('other'), user('other'), 'HIDDEN'),
      join(user('joiner'), user('other')),
      batch(user('joiner'), [user('joiner'), user('other')]),
      join(user('hidden')),
      join(user('banned')),
      batch(user('banned')),
    ]
    for (const found of await Promise.all(refused.map(refusal))) expect(found).toMatchObject(denied)
    const { ChannelMemberships } = await messaging.listChannelMemberships(asOwner)
    expect(ChannelMemberships!.map(entry => entry.Member!.Arn)).toEqual([user('owner'), user('joiner'), robot, user('batch')])

    // Where the channel is PRIVATE, or the user is banned, the answer is Forbidden.
    const secret = await open(world(), user('owner'), { Mode: 'UNRESTRICTED' })
    const found = await refusal(
      messaging.createChannelMembership({
        ChannelArn: secret,
        ChimeBearer: user('other'),
        MemberArn: user('other'),
        Type: 'DEFAULT',
      }),
    )
    expect(found).toMatchObject(denied)
  })

  test('a hundred members join in one batch', async () => {
    const { identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['a'])
    const ids = Array.from({ length: 100 }, (_, index) => `u${index}`)
    await Promise.all(ids.map(async id => identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: id, Name: id })))
    const ChannelArn = await open(world(), user('a'))
    const named = { ChannelArn, MemberArns: ids.map(id => user(id)), ChimeBearer: user('a') }
    const answer = await messaging.batchCreateChannelMembership(named)
    expect(answer.BatchChannelMemberships!.Members).toHaveLength(100)
    expect(answer.Errors).toEqual([])
    const found = await pages(NextToken => messaging.listChannelMemberships({ ChannelArn, ChimeBearer: user('a'), NextToken }))
    expect(found.flatMap(page => page.ChannelMemberships!.map(entry => entry.Member!.Arn))).toEqual([user('a'), ...named.MemberArns])
  })

  test('a SubChannelId is refused if the channel is not elastic', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b'])
    const ChannelArn = await open(world(), user('a'), { MemberArns: [user('b')] })
    const named = { ChannelArn, ChimeBearer: user('a'), SubChannelId: 's' }
    const MemberArn = user('b')
    expect(await refusal(messaging.createChannelMembership({ ...named, MemberArn, Type: 'DEFAULT' }))).toMatchObject(wrong)
    expect(await refusal(messaging.batchCreateChannelMembership({ ...named, MemberArns: [MemberArn] }))).toMatchObject(wrong)
    expect(await refusal(messaging.describeChannelMembership({ ...named, MemberArn }))).toMatchObject(wrong)
    expect(await refusal(messaging.listChannelMemberships(named))).toMatchObject(wrong)
    expect(await refusal(messaging.deleteChannelMembership({ ...named, MemberArn }))).toMatchObject(wrong)
    expect(await refusal(say(world(), user('a'), ChannelArn, 'x', { SubChannelId: 's' }))).toMatchObject(wrong)
    expect(await refusal(messaging.listChannelMessages(named))).toMatchObject(wrong)
  })

  test('a membership is described to its user and to admins, in the shape of the list', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b', 'h'], { admins: ['root'] })
    const ChannelArn = await open(world(), user('a'), { MemberArns: [user('b')] })
    await messaging.createChannelMembership({ ChannelArn, MemberArn: user('h'), Type: 'HIDDEN', ChimeBearer: user('a') })
    await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: user('b') })
    const describe = async (ChimeBearer: string, AppInstanceUserArn: string) =>
      (await messaging.describeChannelMembershipForAppInstanceUser({ ChannelArn, AppInstanceUserArn, ChimeBearer })).ChannelMembership
    const listed = (await channelsOf(world(), user('b'))).get(ChannelArn)
    expect(listed!.AppInstanceUserMembershipSummary!.ReadMarkerTimestamp).toBeInstanceOf(Date)
    expect(await describe(user('b'), user('b'))).toEqual(listed)
    expect(await describe(user('root'), user('b'))).toEqual(listed)
    expect((await describe(user('root'), user('h')))!.AppInstanceUserMembershipSummary).toEqual({ Type: 'HIDDEN' })
    expect(await refusal(describe(user('a'), user('b')))).toMatchObject(denied)
    expect(await refusal(describe(user('root'), user('root')))).toMatchObject(denied)
    expect(await refusal(describe(user('root'), user('nobody')))).toMatchObject(invalidUser)
  })
})
