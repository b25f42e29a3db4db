import type { SearchField } from '@aws-sdk/client-chime-sdk-messaging'
import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'
import { open, pages, purged } from './acts.ts'

const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }
const bad = { name: 'BadRequestException', code: 'BadRequest', status: 400 }

const field = (Operator: 'EQUALS' | 'INCLUDES', ...Values: string[]): SearchField => ({ Key: 'MEMBERS', Operator, Values })

onBothDatabases('SearchChannels', world => {
  const search = async (ChimeBearer: string, ...Fields: SearchField[]) => {
    const { Channels } = await world().messaging.searchChannels({ ChimeBearer, Fields })
    return Channels!.map(channel => channel.ChannelArn)
  }

  test('EQUALS finds the channels of exactly these members, INCLUDES those of at least these', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b', 'c'])
    const [a, b, c] = [user('a'), user('b'), user('c')]
    const alone = await open(world(), a)
    const pair = await open(world(), a, { MemberArns: [b], Privacy: 'PUBLIC', Metadata: 'x' })
    const three = await open(world(), b, { MemberArns: [a, c] })
    expect(await search(a, field('EQUALS', a, b))).toEqual([pair])
    expect(await search(a, field('EQUALS', b, a, b))).toEqual([pair])
    expect(await search(a, field('EQUALS', a))).toEqual([alone])
    expect(await search(b, field('EQUALS', b))).toEqual([])
    expect(await search(a, field('INCLUDES', a, b))).toEqual([pair, three])
    expect(await search(a, field('INCLUDES', a))).toEqual([alone, pair, three])
    expect(await search(a, field('INCLUDES', a, b, c))).toEqual([three])
    const { Channels } = await messaging.searchChannels({ ChimeBearer: a, Fields: [field('EQUALS', a, b)] })
    expect(Channels).toEqual([{ Name: 'channel', ChannelArn: pair, Mode: 'UNRESTRICTED', Privacy: 'PUBLIC', Metadata: 'x' }])
  })

  test('a channel is found only if it matches every field', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['a', 'b', 'c'])
    const [a, b, c] = [user('a'), user('b'), user('c')]
    await open(world(), a, { MemberArns: [b] })
    const three = await open(world(), a, { MemberArns: [b, c] })
    expect(await search(a, field('INCLUDES', b), field('INCLUDES', a, c))).toEqual([three])
    expect(await search(a, field('INCLUDES', b), field('EQUALS', a, b, c))).toEqual([three])
    expect(await search(a, field('EQUALS', a, b), field('INCLUDES', c))).toEqual([])
  })

  test('users search their own channels only, admins all channels', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['a', 'b', 'outsider'], { admins: ['root'] })
    const own = await open(world(), user('a'), { MemberArns: [user('b')] })
    await open(world(), user('b'), { Privacy: 'PUBLIC' })
    expect(await search(user('a'), field('INCLUDES', user('a'), user('b')))).toEqual([own])
    expect(await search(user('outsider'), field('INCLUDES', user('outsider'), user('b')))).toEqual([])
    expect(await search(user('outsider'), field('INCLUDES', user('outsider')))).toEqual([])
    expect(await search(user('root'), field('INCLUDES', user('b')))).toHaveLength(2)
    expect(await search(user('root'), field('EQUALS', user('b'), user('a')))).toEqual([own])
  })

  test('HIDDEN members count for admins, for moderators of the channel and for themselves, for nobody else', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b', 'hidden'], { admins: ['root'] })
    const [a, b, hidden, root] = [user('a'), user('b'), user('hidden'), user('root')]
    const channel = await open(world(), a, { MemberArns: [b] })
    await messaging.createChannelMembership({ ChannelArn: channel, MemberArn: hidden, Type: 'HIDDEN', ChimeBearer: a })
    expect(await search(b, field('EQUALS', a, b))).toEqual([channel])
    expect(await search(b, field('INCLUDES', b, hidden))).toEqual([])
    expect(await search(b, field('EQUALS', a, b, hidden))).toEqual([])
    expect(await search(hidden, field('INCLUDES', hidden, a))).toEqual([channel])
    expect(await search(hidden, field('INCLUDES', hidden))).toEqual([channel])
    expect(await search(hidden, field('EQUALS', a, b, hidden))).toEqual([channel])
    for (const inCharge of [root, a]) {
      expect(await search(inCharge, field('EQUALS', a, b))).toEqual([])
      expect(await search(inCharge, field('EQUALS', a, b, hidden))).toEqual([channel])
      expect(await search(inCharge, field('INCLUDES', a, hidden))).toEqual([channel])
    }
  })

  test('deleted channels, former members and deleted users are not found', async () => {
    const { identity, messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b', 'c'])
    const [a, b, c] = [user('a'), user('b'), user('c')]
    const deleted = await open(world(), a, { MemberArns: [b] })
    const left = await open(world(), a, { MemberArns: [b] })
    const kept = await open(world(), a, { MemberArns: [b, c] })
    await messaging.deleteChannel({ ChannelArn: deleted, ChimeBearer: a })
    await messaging.deleteChannelMembership({ ChannelArn: left, MemberArn: b, ChimeBearer: b })
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: c })
    expect(await search(a, field('EQUALS', a, b))).toEqual([kept])
    expect(await search(a, field('INCLUDES', a, c))).toEqual([])
    await purged(world())
    expect(await search(a, field('EQUALS', a, b))).toEqual([kept])
  })

  test('values that are not users or bots, and those of another app instance, are refused; unknown ones find nothing', async () => {
    const { appInstance } = world()
    const { arn, user } = await appInstance(['a'])
    const elsewhere = await appInstance(['b'])
    const channel = await open(world(), user('a'))
    for (const value of ['a', channel, arn, `${user('a')}/x`]) {
      const found = await refusal(search(user('a'), field('INCLUDES', user('a'), value)))
      expect(found).toMatchObject({ ...bad, message: 'An invalid ARN was supplied for the input parameter.' })
      expect(found.reason).toContain(value)
    }
    expect(await refusal(search(user('a'), field('INCLUDES', elsewhere.user('b'))))).toMatchObject(denied)
    expect(await search(user('a'), field('INCLUDES', user('a'), user('nobody')))).toEqual([])
    expect(await search(user('a'), field('INCLUDES', user('a')), field('INCLUDES', user('nobody')))).toEqual([])
    const { messaging } = world()
    const noBearer = messaging.searchChannels({ Fields: [field('INCLUDES', user('a'))] })
    expect(await refusal(noBearer)).toMatchObject({ name: 'UnauthorizedClientException', status: 401 })
  })

  test('a bearer that is no admin must be among the members in the search', async () => {
    const { identity, appInstance, bot } = world()
    const { arn, user } = await appInstance(['a', 'b'], { admins: ['root'] })
    const [a, b, robot] = [user('a'), user('b'), await bot(arn)]
    const channel = await open(world(), a, { MemberArns: [b, robot] })
    const own = { ...bad, message: 'AppInstanceUser must include its own ARN for MEMBERS field' }
    for (const [bearer, ...fields] of [
      [a, field('INCLUDES', b)],
      [a, field('EQUALS', b), field('INCLUDES', robot)],
      [robot, field('INCLUDES', a, b)],
      [a, field('INCLUDES', user('nobody'))],
    ] as const) {
      const found = await refusal(search(bearer, ...fields))
      expect(found).toMatchObject(own)
      expect(found.reason).toContain(bearer)
    }
    expect(await search(a, field('INCLUDES', b), field('EQUALS', b, robot, a))).toEqual([channel])
    expect(await search(robot, field('INCLUDES', robot))).toEqual([channel])
    expect(await search(user('root'), field('INCLUDES', b))).toEqual([channel])
    await identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: robot })
    expect(await search(robot, field('INCLUDES', b))).toEqual([channel])
  })

  test('every match is listed once, page by page, and a NextToken belongs to one bearer and one set of fields', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b'], { admins: ['root'] })
    const [a, b] = [user('a'), user('b')]
    const matching: string[] = []
    for (let index = 0; index < 15; index++) {
      const made = await open(world(), a, index % 2 ? {} : { MemberArns: [b] })
      if (index % 2 === 0) matching.push(made)
    }
    for (const ChimeBearer of [a, user('root')]) {
      const Fields = [field('INCLUDES', a, b)]
      const found = await pages(NextToken => messaging.searchChannels({ ChimeBearer, Fields, MaxResults: 3, NextToken }))
      expect(found.map(page => page.Channels!.length)).toEqual([3, 3, 2])
      expect(found.flatMap(page => page.Channels!.map(channel => channel.ChannelArn))).toEqual(matching)
    }
    const { NextToken } = await messaging.searchChannels({ ChimeBearer: a, Fields: [field('INCLUDES', a, b)], MaxResults: 3 })
    const others = [
      messaging.searchChannels({ ChimeBearer: a, Fields: [field('INCLUDES', a)], NextToken }),
      messaging.searchChannels({ ChimeBearer: b, Fields: [field('INCLUDES', b)], NextToken }),
      messaging.searchChannels({ ChimeBearer: a, Fields: [field('INCLUDES', a, b)], NextToken: 'x' }),
    ]
    for (const found of await Promise.all(others.map(refusal))) expect(found).toMatchObject(bad)
  })
})

onBothDatabases(
  'SearchChannels of a user in many channels',
  world => {
    test('is refused above the limit, except for admins, until the user has left enough channels', async () => {
      const { messaging, appInstance } = world()
      const { user } = await appInstance(['a', 'b'], { admins: ['root'] })
      const [a, b] = [user('a'), user('b')]
      const made: string[] = []
      for (let index = 0; index < 3; index++)
        made.push(await open(world(), a, { MemberArns: index === 0 ? [b, user('root')] : [user('root')] }))
      const search = async (ChimeBearer: string) => {
        const { Channels } = await messaging.searchChannels({ ChimeBearer, Fields: [field('INCLUDES', a, b)] })
        return Channels!.map(channel => channel.ChannelArn)
      }
      const found = await refusal(search(a))
      expect(found).toMatchObject({ ...bad, message: `Primary search user ${a} exceeds channel membership limit to perform search.` })
      expect(found.reason).toMatch(/more than 2 channels .*--limit-memberships-of-searcher/)
      expect(await search(b)).toEqual([made[0]])
      expect(await search(user('root'))).toEqual([made[0]])
      await messaging.deleteChannelMembership({ ChannelArn: made[2], MemberArn: a, ChimeBearer: a })
      expect(await search(a)).toEqual([made[0]])
    })
  },
  { membershipsOfSearcher: '2' },
)
