import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'
import { channelsOf, days, open, purged, runJob, say } from './acts.ts'

const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }
const bad = { name: 'BadRequestException', code: 'BadRequest', status: 400 }

type Criterion = 'CREATED_TIMESTAMP' | 'LAST_MESSAGE_TIMESTAMP'
const settings = (ExpirationDays: number, ExpirationCriterion: Criterion = 'CREATED_TIMESTAMP') => ({ ExpirationDays, ExpirationCriterion })

onBothDatabases('Channel expiration', world => {
  const put = async (ChannelArn: string, ChimeBearer: string, ExpirationSettings?: ReturnType<typeof settings>) =>
    world().messaging.putChannelExpirationSettings({ ChannelArn, ChimeBearer, ExpirationSettings })
  const describe = async (ChannelArn: string, ChimeBearer: string) =>
    (await world().messaging.describeChannel({ ChannelArn, ChimeBearer })).Channel
  /** Which of the channels are still there after the sweep. */
  const left = async (bearer: string, ...channels: string[]) => {
    await runJob(world(), 'channel-expiration')
    const own = await channelsOf(world(), bearer)
    return channels.map(channel => own.has(channel))
  }

  test('settings are set at creation, put, returned and removed', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a'])
    const ChannelArn = await open(world(), user('a'), { ExpirationSettings: settings(3, 'LAST_MESSAGE_TIMESTAMP') })
    expect((await describe(ChannelArn, user('a')))!.ExpirationSettings).toEqual(settings(3, 'LAST_MESSAGE_TIMESTAMP'))
    const answer = await put(ChannelArn, user('a'), settings(5475))
    expect(answer).toMatchObject({ ChannelArn, ExpirationSettings: settings(5475), $metadata: { httpStatusCode: 200 } })
    expect((await describe(ChannelArn, user('a')))!.ExpirationSettings).toEqual(settings(5475))
    const removed = await put(ChannelArn, user('a'))
    expect(removed.ExpirationSettings).toBeUndefined()
    expect(await describe(ChannelArn, user('a'))).not.toHaveProperty('ExpirationSettings')
    for (const wrong of [0, 5476]) expect(await refusal(put(ChannelArn, user('a'), settings(wrong)))).toMatchObject(bad)
    const noBearer = messaging.putChannelExpirationSettings({ ChannelArn })
    expect(await refusal(noBearer)).toMatchObject({ name: 'UnauthorizedClientException', status: 401 })
  })

  test('deletes a channel that many days after its creation, whatever is sent to it; the channel works until the job runs', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['a', 'b'])
    const channel = await open(world(), user('a'), { ExpirationSettings: settings(2), MemberArns: [user('b')] })
    const other = await open(world(), user('a'))
    world().advance(days(1.9))
    await say(world(), user('a'), channel)
    expect(await left(user('a'), channel, other)).toEqual([true, true])
    world().advance(days(0.2))
    expect(await say(world(), user('b'), channel)).toMatch(/^[0-9a-f]{64}$/)
    expect(await left(user('a'), channel, other)).toEqual([false, true])
    expect(await refusal(describe(channel, user('b')))).toMatchObject(denied)
    expect((await channelsOf(world(), user('b'))).size).toBe(0)
    await purged(world())
    expect(await refusal(say(world(), user('a'), channel))).toMatchObject(denied)
  })

  test('with LAST_MESSAGE_TIMESTAMP a persistent message, even a targeted one, postpones the end; a NON_PERSISTENT one does not', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['a', 'b'])
    const made = async () =>
      open(world(), user('a'), { MemberArns: [user('b')], ExpirationSettings: settings(2, 'LAST_MESSAGE_TIMESTAMP') })
    const [silent, spoken, targeted, passing] = [await made(), await made(), await made(), await made()]
    const all = [silent, spoken, targeted, passing]
    world().advance(days(1.5))
    await say(world(), user('a'), spoken)
    await say(world(), user('a'), targeted, 'x', { Target: [{ MemberArn: user('b') }] })
    await say(world(), user('a'), passing, 'x', { Persistence: 'NON_PERSISTENT' })
    expect(await left(user('a'), ...all)).toEqual([true, true, true, true])
    world().advance(days(1))
    expect(await left(user('a'), ...all)).toEqual([false, true, true, false])
    await say(world(), user('a'), spoken)
    world().advance(days(1.1))
    expect(await left(user('a'), ...all)).toEqual([false, true, false, false])
    world().advance(days(1))
    expect(await left(user('a'), ...all)).toEqual([false, false, false, false])
  })

  test('follows settings and messages that arrive before the job runs', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['a'])
    const made = async (criterion?: Criterion) => open(world(), user('a'), { ExpirationSettings: settings(1, criterion) })
    const [over, removed, extended, spoken] = [await made(), await made(), await made(), await made('LAST_MESSAGE_TIMESTAMP')]
    const late = await open(world(), user('a'))
    world().advance(days(2))
    await put(removed, user('a'))
    await put(extended, user('a'), settings(3))
    await say(world(), user('a'), spoken)
    await put(late, user('a'), settings(1))
    const all = [over, removed, extended, spoken, late]
    expect(await left(user('a'), ...all)).toEqual([false, true, true, true, false])
    world().advance(days(1.5))
    expect(await left(user('a'), ...all)).toEqual([false, true, false, false, false])
  })

  test('frees the ChannelId of the channel', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['a'])
    const channel = await open(world(), user('a'), { ChannelId: 'id', ExpirationSettings: settings(1) })
    await say(world(), user('a'), channel)
    world().advance(days(1.1))
    await runJob(world(), 'channel-expiration')
    expect(await open(world(), user('a'), { ChannelId: 'id' })).toBe(channel)
    expect((await describe(channel, user('a')))!.LastMessageTimestamp).toBeUndefined()
    expect(await left(user('a'), channel)).toEqual([true])
  })
})

onBothDatabases('User expiration', world => {
  test('deletes a user that many days after its creation: the user works until the job runs, and is then gone with its memberships', async () => {
    const { identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner'])
    const make = (AppInstanceUserId: string, ExpirationDays?: number) =>
      identity.createAppInstanceUser({
        AppInstanceArn: arn,
        AppInstanceUserId,
        Name: AppInstanceUserId,
        ...(ExpirationDays ? { ExpirationSettings: { ExpirationDays, ExpirationCriterion: 'CREATED_TIMESTAMP' as const } } : {}),
      })
    for (const id of ['short', 'removed', 'extended']) await make(id, 1)
    await make('put')
    const MemberArns = ['short', 'removed', 'extended', 'put'].map(user)
    const ChannelArn = await open(world(), user('owner'), { MemberArns })
    world().advance(days(2))
    await say(world(), user('short'), ChannelArn)
    const put = (id: string, ExpirationDays?: number) =>
      identity.putAppInstanceUserExpirationSettings({
        AppInstanceUserArn: user(id),
        ExpirationSettings: ExpirationDays ? { ExpirationDays, ExpirationCriterion: 'CREATED_TIMESTAMP' } : undefined,
      })
    await put('removed')
    await put('extended', 3)
    await put('put', 1)
    const members = async () => {
      await runJob(world(), 'user-expiration')
      const { ChannelMemberships } = await messaging.listChannelMemberships({ ChannelArn, ChimeBearer: user('owner') })
      return ChannelMemberships!.map(entry => entry.Member!.Name)
    }
    expect(await members()).toEqual(['owner', 'removed', 'extended'])
    expect(await refusal(say(world(), user('short'), ChannelArn))).toMatchObject({ name: 'UnauthorizedClientException', status: 401 })
    world().advance(days(1.5))
    expect(await members()).toEqual(['owner', 'removed'])
    await make('short')
    expect((await channelsOf(world(), user('short'))).size).toBe(0)
    expect(await members()).toEqual(['owner', 'removed'])
  })
})
