import { expect, test } from 'vitest'
import { jobsOf } from '../../src/jobs/index.ts'
import { onBothDatabases, refusal, type World } from '../support/world.ts'
import { rowsIn, say } from './acts.ts'
import { denied, named, openElastic, wrong } from './elastic-acts.ts'

/** A PUBLIC elastic channel of two full sub-channels: u0 and u1 in the first, u2 and u3 in the second, and the owner in both. */
async function twoOfTwo(world: World) {
  const scene = await openElastic(world, { maximum: 2, target: 2, percentage: 10 }, [...named(4), 'out'], { Privacy: 'PUBLIC' })
  for (const id of named(4)) await scene.join(id)
  const [first, second] = (await scene.counts()).map(([id]) => id) as [string, string]
  for (const id of [first, second]) await scene.join('owner', id)
  return { ...scene, first, second }
}

const afterTheGrace = () => Date.now() + 40 * 24 * 60 * 60 * 1000

onBothDatabases('Messages of elastic channels', world => {
  test('belong to one sub-channel: its members read and write there, moderators and admins read everywhere, nobody else reads anything', async () => {
    const { messaging } = world()
    const { user, owner, root, ChannelArn, first, second } = await twoOfTwo(world())
    const sent = await messaging.sendChannelMessage({
      ChannelArn,
      ChimeBearer: user('u0'),
      Content: 'hello',
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      SubChannelId: first,
    })
    expect(sent.SubChannelId).toBe(first)
    const MessageId = sent.MessageId!
    await say(world(), owner, ChannelArn, 'to the second', { SubChannelId: second })
    const list = (ChimeBearer: string, SubChannelId?: string) => messaging.listChannelMessages({ ChannelArn, ChimeBearer, SubChannelId })
    const get = (ChimeBearer: string, SubChannelId?: string) =>
      messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer, SubChannelId })
    for (const bearer of [user('u0'), user('u1'), owner, root]) {
      const listed = await list(bearer, first)
      expect(listed).toMatchObject({ SubChannelId: first, ChannelMessages: [{ Content: 'hello' }] })
      expect((await get(bearer, first)).ChannelMessage).toMatchObject({ Content: 'hello', SubChannelId: first })
      expect(await refusal(list(bearer))).toMatchObject(wrong)
      expect(await refusal(get(bearer))).toMatchObject(wrong)
      expect(await refusal(list(bearer, 'no-such'))).toMatchObject(denied)
    }
    expect(await refusal(get(owner, second))).toMatchObject({ name: 'NotFoundException' })
    for (const bearer of [user('u2'), user('out')]) {
      expect(await refusal(list(bearer, first))).toMatchObject(denied)
      expect(await refusal(get(bearer, first))).toMatchObject(denied)
      expect(await refusal(say(world(), bearer, ChannelArn, 'x', { SubChannelId: first }))).toMatchObject(denied)
    }
    expect(await refusal(list(user('out')))).toMatchObject(denied)
    expect(await refusal(say(world(), root, ChannelArn, 'x', { SubChannelId: first }))).toMatchObject(denied)
    expect(await refusal(say(world(), user('u0'), ChannelArn, 'x'))).toMatchObject(wrong)
    const passing = { SubChannelId: first, Persistence: 'NON_PERSISTENT' as const }
    expect(await say(world(), user('u0'), ChannelArn, 'x', passing)).toMatch(/^[0-9a-f]{64}$/)
    expect(await refusal(say(world(), user('u2'), ChannelArn, 'x', passing))).toMatchObject(denied)
  })

  test('are updated, redacted, deleted and queried by those who may, in their own sub-channel only', async () => {
    const { messaging } = world()
    const { user, owner, root, ChannelArn, first, second } = await twoOfTwo(world())
    const MessageId = await say(world(), user('u0'), ChannelArn, 'hello', { SubChannelId: first })
    const on = (ChimeBearer: string, SubChannelId?: string) => ({ ChannelArn, MessageId, ChimeBearer, SubChannelId })
    const acts = {
      update: (bearer: string, id?: string) => messaging.updateChannelMessage({ ...on(bearer, id), Content: 'changed' }),
      status: (bearer: string, id?: string) => messaging.getChannelMessageStatus(on(bearer, id)),
      redact: (bearer: string, id?: string) => messaging.redactChannelMessage(on(bearer, id)),
    }
    for (const act of Object.values(acts)) {
      expect(await refusal(act(user('u0')))).toMatchObject(wrong)
      expect(await refusal(act(user('u0'), second))).toMatchObject(denied)
      expect(await refusal(act(user('u2'), first))).toMatchObject(denied)
      expect(await refusal(act(user('out'), first))).toMatchObject(denied)
      expect(await refusal(act(owner, second))).toMatchObject(denied)
    }
    expect(await acts.update(user('u0'), first)).toMatchObject({ MessageId, SubChannelId: first, Status: { Value: 'SENT' } })
    expect((await acts.status(user('u0'), first)).Status).toEqual({ Value: 'SENT' })
    expect(await acts.redact(owner, first)).toMatchObject({ MessageId, SubChannelId: first })
    expect((await messaging.getChannelMessage(on(root, first))).ChannelMessage).toMatchObject({ Redacted: true })
    expect(await refusal(messaging.deleteChannelMessage(on(root)))).toMatchObject(wrong)
    expect(await refusal(messaging.deleteChannelMessage(on(owner, first)))).toMatchObject(denied)
    // No message has that id, so the deletion succeeds and changes nothing.
    expect((await messaging.deleteChannelMessage(on(root, second))).$metadata.httpStatusCode).toBe(204)
    expect((await messaging.listChannelMessages({ ChannelArn, ChimeBearer: root, SubChannelId: first })).ChannelMessages).toHaveLength(1)
    await messaging.deleteChannelMessage(on(root, first))
    expect((await messaging.listChannelMessages({ ChannelArn, ChimeBearer: root, SubChannelId: first })).ChannelMessages).toEqual([])
  })

  test('move the LastMessageTimestamp of their sub-channel: a row of the list has the time of its own sub-channel, private messages included', async () => {
    const { messaging } = world()
    const { user, owner, root, ChannelArn, channel, first, second } = await twoOfTwo(world())
    const rows = async (ChimeBearer: string, AppInstanceUserArn = ChimeBearer) => {
      const { ChannelMemberships } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer, AppInstanceUserArn })
      for (const row of ChannelMemberships!) expect(row.AppInstanceUserMembershipSummary).not.toHaveProperty('ReadMarkerTimestamp')
      return ChannelMemberships!.map(row => [
        row.AppInstanceUserMembershipSummary!.SubChannelId,
        row.ChannelSummary!.LastMessageTimestamp?.getTime(),
      ])
    }
    const at = async (MessageId: string, SubChannelId: string) => {
      const { ChannelMessage } = await messaging.getChannelMessage({ ChannelArn, MessageId, SubChannelId, ChimeBearer: owner })
      return ChannelMessage!.CreatedTimestamp!.getTime()
    }
    const tell = async (id: string, SubChannelId: string, extra = {}) => {
      world().advance(1000)
      return say(world(), user(id), ChannelArn, 'x', { SubChannelId, ...extra })
    }
    expect(await rows(owner)).toEqual([
      [first, undefined],
      [second, undefined],
    ])
    const one = await at(await tell('u0', first), first)
    const newest = await tell('u2', second)
    const two = await at(newest, second)
    const both = [
      [first, one],
      [second, two],
    ]
    expect(await rows(owner)).toEqual(both)
    expect(await rows(root, owner)).toEqual(both)
    expect(await rows(user('u1'))).toEqual([[first, one]])
    expect((await messaging.describeChannel(channel)).Channel!.LastMessageTimestamp!.getTime()).toBe(two)
    const own = await tell('u1', first, { Target: [{ MemberArn: owner }] })
    const three = await at(own, first)
    expect(await rows(owner)).toEqual([
      [first, three],
      [second, two],
    ])
    expect(await rows(user('u1'))).toEqual([[first, three]])
    expect(await rows(user('u0'))).toEqual([[first, one]])
    expect(await rows(root, owner)).toEqual(both)
    await messaging.deleteChannelMessage({ ChannelArn, ChimeBearer: root, MessageId: own, SubChannelId: first })
    await messaging.deleteChannelMessage({ ChannelArn, ChimeBearer: root, MessageId: newest, SubChannelId: second })
    expect(await rows(owner)).toEqual([
      [first, one],
      [second, undefined],
    ])
    expect((await messaging.describeChannel(channel)).Channel!.LastMessageTimestamp!.getTime()).toBe(one)
  })

  test('can target only a member of the same sub-channel', async () => {
    const { user, owner, ChannelArn, first } = await twoOfTwo(world())
    const target = (MemberArn: string) => say(world(), user('u0'), ChannelArn, 'x', { SubChannelId: first, Target: [{ MemberArn }] })
    expect(await refusal(target(user('u2')))).toMatchObject(wrong)
    expect(await target(user('u1'))).toMatch(/^[0-9a-f]{64}$/)
    expect(await target(owner)).toMatch(/^[0-9a-f]{64}$/)
  })

  test('are stored once in the sub-channel if they are sent twice with one token', async () => {
    const { messaging } = world()
    const { owner, ChannelArn, first, second } = await twoOfTwo(world())
    const again = { ClientRequestToken: 'token', SubChannelId: first }
    expect(await say(world(), owner, ChannelArn, 'x', again)).toBe(await say(world(), owner, ChannelArn, 'x', again))
    const other = say(world(), owner, ChannelArn, 'x', { ...again, SubChannelId: second })
    expect(await refusal(other)).toMatchObject({ name: 'ConflictException' })
    expect((await messaging.listChannelMessages({ ChannelArn, ChimeBearer: owner, SubChannelId: first })).ChannelMessages).toHaveLength(1)
  })

  test('are deleted for good in every sub-channel once retention hides them', async () => {
    const { app, identity } = world()
    const { arn, user, ChannelArn, first, second } = await twoOfTwo(world())
    const [messages, viewers] = [await rowsIn(world(), 'messages'), await rowsIn(world(), 'private_messages')]
    for (const [id, SubChannelId] of [
      ['u0', first],
      ['u2', second],
    ] as const) {
      await say(world(), user(id), ChannelArn, 'x', { SubChannelId })
      await say(world(), user(id), ChannelArn, 'x', { SubChannelId, Target: [{ MemberArn: user(id) }] })
    }
    await identity.putAppInstanceRetentionSettings({
      AppInstanceArn: arn,
      AppInstanceRetentionSettings: { ChannelRetentionSettings: { RetentionDays: 1 } },
    })
    await jobsOf({ db: app.db, now: afterTheGrace })
      .find(({ name }) => name === 'retention')!
      .run()
    // The newest message that a viewer has seen stays recorded: LastMessageTimestamp stays.
    expect([await rowsIn(world(), 'messages'), await rowsIn(world(), 'private_messages')]).toEqual([messages, viewers + 2])
  })
})
