import type { Processor } from '@aws-sdk/client-chime-sdk-messaging'
import { expect, test } from 'vitest'
import { processor } from '../support/processor.ts'
import { onBothDatabases, refusal } from '../support/world.ts'
import { open, pages, rowsIn } from './acts.ts'

const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }
const wrong = { name: 'BadRequestException', code: 'BadRequest', status: 400 }
const missing = { name: 'NotFoundException', code: 'NotFound', status: 404 }
const conflict = { name: 'ConflictException', code: 'Conflict', status: 409 }
const exceeded = { name: 'ResourceLimitExceededException', code: 'ResourceLimitExceeded', status: 400 }

const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:f'
const one = [processor(functionArn)]

onBothDatabases('Operations on channel flows', world => {
  const setting = async () => {
    const { arn, user } = await world().appInstance(['moderator', 'member'], { admins: ['root'] })
    const channel = await open(world(), user('moderator'), { MemberArns: [user('member')] })
    const create = async (Name = 'flow', Processors: Processor[] = one) =>
      (await world().messaging.createChannelFlow({ AppInstanceArn: arn, Name, Processors })).ChannelFlowArn!
    return { arn, user, channel, create }
  }

  test('a flow is described and listed with what CreateChannelFlow got, its processors in the order of execution', async () => {
    const { messaging } = world()
    const { arn } = await setting()
    const Processors = one
    const made = await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors, Tags: [{ Key: 'k', Value: 'v' }] })
    expect(made).toMatchObject({ $metadata: { httpStatusCode: 201 } })
    const ChannelFlowArn = made.ChannelFlowArn!
    expect(ChannelFlowArn).toMatch(new RegExp(`^${arn}/channel-flow/[^/]+$`))
    const { ChannelFlow } = await messaging.describeChannelFlow({ ChannelFlowArn })
    expect(ChannelFlow).toEqual({
      ChannelFlowArn,
      Name: 'flow',
      Processors,
      CreatedTimestamp: expect.any(Date),
      LastUpdatedTimestamp: ChannelFlow!.CreatedTimestamp,
    })
    const { ChannelFlows } = await messaging.listChannelFlows({ AppInstanceArn: arn })
    expect(ChannelFlows).toEqual([{ ChannelFlowArn, Name: 'flow', Processors }])
    expect((await messaging.listTagsForResource({ ResourceARN: ChannelFlowArn })).Tags).toEqual([{ Key: 'k', Value: 'v' }])
    await messaging.untagResource({ ResourceARN: ChannelFlowArn, TagKeys: ['k'] })
    expect((await messaging.listTagsForResource({ ResourceARN: ChannelFlowArn })).Tags).toEqual([])
  })

  test('creating a flow again with its token creates one flow', async () => {
    const { messaging } = world()
    const { arn } = await setting()
    const asked = { AppInstanceArn: arn, Name: 'flow', Processors: one, ClientRequestToken: 'token' }
    const [first, second] = [await messaging.createChannelFlow(asked), await messaging.createChannelFlow(asked)]
    expect(second.ChannelFlowArn).toBe(first.ChannelFlowArn)
    expect((await messaging.listChannelFlows({ AppInstanceArn: arn })).ChannelFlows).toHaveLength(1)
    expect(await refusal(messaging.createChannelFlow({ ...asked, Name: 'other' }))).toMatchObject(conflict)
  })

  test('an update replaces name and processors and leaves the rest as it is', async () => {
    const { messaging, advance } = world()
    const { create } = await setting()
    const ChannelFlowArn = await create()
    const before = (await messaging.describeChannelFlow({ ChannelFlowArn })).ChannelFlow!
    advance(5000)
    const Processors = [processor(`${functionArn}:alias`, { FallbackAction: 'CONTINUE', Name: 'other' })]
    expect((await messaging.updateChannelFlow({ ChannelFlowArn, Name: 'new', Processors })).ChannelFlowArn).toBe(ChannelFlowArn)
    const after = (await messaging.describeChannelFlow({ ChannelFlowArn })).ChannelFlow!
    expect(after).toEqual({ ...before, Name: 'new', Processors, LastUpdatedTimestamp: expect.any(Date) })
    expect(after.LastUpdatedTimestamp!.getTime()).toBeGreaterThanOrEqual(before.LastUpdatedTimestamp!.getTime() + 5000)
  })

  test('flows are listed page by page, without those of another app instance', async () => {
    const { messaging } = world()
    const { arn, create } = await setting()
    const other = await setting()
    await other.create()
    const made = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) made.push(await create(name))
    const found = await pages(NextToken => messaging.listChannelFlows({ AppInstanceArn: arn, MaxResults: 2, NextToken }))
    expect(found.map(page => page.ChannelFlows!.map(flow => flow.ChannelFlowArn))).toEqual([
      made.slice(0, 2),
      made.slice(2, 4),
      made.slice(4),
    ])
  })

  test('a flow has one processor by default, and no two with the same ExecutionOrder', async () => {
    const { messaging } = world()
    const { arn, create } = await setting()
    const two = [processor(functionArn), processor(functionArn, { ExecutionOrder: 2 })]
    const ChannelFlowArn = await create()
    expect(await refusal(create('flow', two))).toMatchObject(exceeded)
    expect(await refusal(messaging.updateChannelFlow({ ChannelFlowArn, Name: 'x', Processors: two }))).toMatchObject(wrong)
    const same = [processor(functionArn), processor(functionArn)]
    expect(await refusal(create('flow', same))).toMatchObject(wrong)
    expect(await refusal(messaging.updateChannelFlow({ ChannelFlowArn, Name: 'x', Processors: same }))).toMatchObject(wrong)
    expect((await messaging.listChannelFlows({ AppInstanceArn: arn })).ChannelFlows).toHaveLength(1)
  })

  test('a missing flow is Forbidden to calls about it, and NotFound to an association', async () => {
    const { messaging } = world()
    const { arn, user, channel } = await setting()
    const ChannelFlowArn = `${arn}/channel-flow/none`
    const calls = [
      messaging.describeChannelFlow({ ChannelFlowArn }),
      messaging.updateChannelFlow({ ChannelFlowArn, Name: 'x', Processors: one }),
      messaging.deleteChannelFlow({ ChannelFlowArn }),
      messaging.listChannelsAssociatedWithChannelFlow({ ChannelFlowArn }),
      messaging.listChannelFlows({ AppInstanceArn: arn.replace(/[^/]+$/, 'none') }),
    ]
    expect(await Promise.all(calls.map(refusal))).toEqual(calls.map(() => expect.objectContaining(denied)))
    const asked = { ChannelArn: channel, ChannelFlowArn, ChimeBearer: user('moderator') }
    expect(await refusal(messaging.associateChannelFlow(asked))).toMatchObject(missing)
    expect(await refusal(messaging.disassociateChannelFlow(asked))).toMatchObject(missing)
    expect(await refusal(messaging.describeChannelFlow({ ChannelFlowArn: channel }))).toMatchObject(wrong)
  })

  test('a channel shows its flow from association to disassociation, and has at most one', async () => {
    const { messaging } = world()
    const { user, channel: ChannelArn, create } = await setting()
    const [ChannelFlowArn, other] = [await create(), await create()]
    const asked = { ChannelArn, ChimeBearer: user('moderator') }
    const shown = async () => (await messaging.describeChannel(asked)).Channel!.ChannelFlowArn
    expect(await shown()).toBeUndefined()
    await messaging.associateChannelFlow({ ...asked, ChannelFlowArn })
    await messaging.associateChannelFlow({ ...asked, ChannelFlowArn, ChimeBearer: user('root') })
    expect(await shown()).toBe(ChannelFlowArn)
    expect(await refusal(messaging.disassociateChannelFlow({ ...asked, ChannelFlowArn: other }))).toMatchObject(missing)
    // Amazon's chat demo lets a moderator choose another flow, which replaces the present one.
    await messaging.associateChannelFlow({ ...asked, ChannelFlowArn: other })
    expect(await shown()).toBe(other)
    await messaging.deleteChannelFlow({ ChannelFlowArn })
    const away = await messaging.disassociateChannelFlow({ ...asked, ChannelFlowArn: other })
    expect(away).toMatchObject({ $metadata: { httpStatusCode: 204 } })
    expect(await shown()).toBeUndefined()
    expect(await refusal(messaging.disassociateChannelFlow({ ...asked, ChannelFlowArn: other }))).toMatchObject(missing)
  })

  test('a plain member cannot associate or disassociate a flow, and no flow is used in another app instance', async () => {
    const { messaging } = world()
    const { user, channel: ChannelArn, create } = await setting()
    const foreign = await (await setting()).create()
    const ChannelFlowArn = await create()
    const asked = { ChannelArn, ChannelFlowArn, ChimeBearer: user('member') }
    expect(await refusal(messaging.associateChannelFlow(asked))).toMatchObject(denied)
    await messaging.associateChannelFlow({ ...asked, ChimeBearer: user('moderator') })
    expect(await refusal(messaging.disassociateChannelFlow(asked))).toMatchObject(denied)
    const crossing = { ...asked, ChannelFlowArn: foreign, ChimeBearer: user('root') }
    expect(await refusal(messaging.associateChannelFlow(crossing))).toMatchObject(denied)
    expect(await refusal(messaging.disassociateChannelFlow(crossing))).toMatchObject(denied)
  })

  test('a flow can be deleted only if no existing channel uses it', async () => {
    const { messaging } = world()
    const { arn, user, channel: ChannelArn, create } = await setting()
    const ChannelFlowArn = await create()
    const asked = { ChannelArn, ChannelFlowArn, ChimeBearer: user('moderator') }
    await messaging.tagResource({ ResourceARN: ChannelFlowArn, Tags: [{ Key: 'k', Value: 'v' }] })
    await messaging.associateChannelFlow(asked)
    expect(await refusal(messaging.deleteChannelFlow({ ChannelFlowArn }))).toMatchObject(conflict)
    await messaging.deleteChannel({ ChannelArn, ChimeBearer: user('moderator') })
    expect(await messaging.deleteChannelFlow({ ChannelFlowArn })).toMatchObject({ $metadata: { httpStatusCode: 204 } })
    expect((await messaging.listChannelFlows({ AppInstanceArn: arn })).ChannelFlows).toEqual([])
    expect(await refusal(messaging.listTagsForResource({ ResourceARN: ChannelFlowArn }))).toMatchObject(denied)
  })

  test('of a concurrent association and deletion one wins, and no channel has a deleted flow', async () => {
    const { messaging } = world()
    const { user, channel: ChannelArn, create } = await setting()
    for (let round = 0; round < 10; round++) {
      const ChannelFlowArn = await create()
      const asked = { ChannelArn, ChannelFlowArn, ChimeBearer: user('moderator') }
      const results = await Promise.allSettled([messaging.associateChannelFlow(asked), messaging.deleteChannelFlow({ ChannelFlowArn })])
      expect(results.map(result => result.status).toSorted()).toEqual(['fulfilled', 'rejected'])
      const { Channel } = await messaging.describeChannel(asked)
      const isAssociated = results[0].status === 'fulfilled'
      expect(Channel!.ChannelFlowArn).toBe(isAssociated ? ChannelFlowArn : undefined)
      if (isAssociated) await messaging.disassociateChannelFlow(asked)
    }
  })

  test('the channels of a flow are listed page by page, without deleted ones', async () => {
    const { messaging } = world()
    const { user, create } = await setting()
    const ChannelFlowArn = await create()
    const made: string[] = []
    for (let index = 0; index < 5; index++) {
      const ChannelArn = await open(world(), user('moderator'), { Name: `c${index}`, Metadata: 'm' })
      await messaging.associateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer: user('moderator') })
      made.push(ChannelArn)
    }
    await messaging.deleteChannel({ ChannelArn: made[1], ChimeBearer: user('moderator') })
    const found = await pages(NextToken => messaging.listChannelsAssociatedWithChannelFlow({ ChannelFlowArn, MaxResults: 2, NextToken }))
    expect(found.map(page => page.Channels!.length)).toEqual([2, 2])
    const all = found.flatMap(page => page.Channels!)
    expect(all.map(channel => channel.ChannelArn)).toEqual(made.filter((_, index) => index !== 1))
    expect(all[0]).toEqual({ Name: 'c0', ChannelArn: made[0], Mode: 'UNRESTRICTED', Privacy: 'PRIVATE', Metadata: 'm' })
  })

  test('flows are deleted with their app instance, tags included', async () => {
    const { identity, messaging } = world()
    const { arn, create } = await setting()
    const [flows, tags] = [await rowsIn(world(), 'channel_flows'), await rowsIn(world(), 'tags')]
    const ChannelFlowArn = await create()
    await messaging.tagResource({ ResourceARN: ChannelFlowArn, Tags: [{ Key: 'k', Value: 'v' }] })
    await identity.deleteAppInstance({ AppInstanceArn: arn })
    expect(await refusal(messaging.describeChannelFlow({ ChannelFlowArn }))).toMatchObject(denied)
    await expect.poll(() => rowsIn(world(), 'channel_flows')).toBe(flows)
    expect(await rowsIn(world(), 'tags')).toBe(tags)
  })
})

onBothDatabases(
  'The limit of channel flows',
  world => {
    test('of fifty concurrent calls exactly as many create a flow as are allowed', async () => {
      const { messaging, appInstance } = world()
      const { arn } = await appInstance()
      const made = await Promise.allSettled(
        Array.from({ length: 50 }, () => messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'x', Processors: one })),
      )
      expect(made.filter(result => result.status === 'fulfilled')).toHaveLength(7)
      expect(await refusal(messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'x', Processors: one }))).toMatchObject(exceeded)
      const [flow] = (await messaging.listChannelFlows({ AppInstanceArn: arn })).ChannelFlows!
      await messaging.deleteChannelFlow({ ChannelFlowArn: flow!.ChannelFlowArn })
      await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'x', Processors: one })
      expect((await messaging.listChannelFlows({ AppInstanceArn: arn })).ChannelFlows).toHaveLength(7)
    })
  },
  { flowsPerAppInstance: '7' },
)
