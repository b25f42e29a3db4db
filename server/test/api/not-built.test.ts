import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'
import { open, say } from './acts.ts'

onBothDatabases('What is not built', world => {
  test('an operation that is not built yet says so with a 503 to whoever may call it', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['member'], { admins: ['root'] })
    const ChimeBearer = user('root')
    const ChannelArn = await open(world(), ChimeBearer, { MemberArns: [user('member')] })
    const MessageId = await say(world(), ChimeBearer, ChannelArn)
    const channel = { ChannelArn, ChimeBearer }
    const ChannelFlowArn = `${arn}/channel-flow/f`
    const flow = { ...channel, ChannelFlowArn }
    const Lambda = { ResourceArn: 'arn:aws:lambda:us-east-1:123456789012:function:f', InvocationType: 'ASYNC' } as const
    const Processors = [{ Name: 'p', Configuration: { Lambda }, ExecutionOrder: 1, FallbackAction: 'ABORT' as const }]
    const calls: Record<string, () => Promise<unknown>> = {
      ListSubChannels: () => messaging.listSubChannels(channel),
      CreateChannelFlow: () => messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'f', Processors }),
      DescribeChannelFlow: () => messaging.describeChannelFlow({ ChannelFlowArn }),
      ListChannelFlows: () => messaging.listChannelFlows({ AppInstanceArn: arn }),
      UpdateChannelFlow: () => messaging.updateChannelFlow({ ChannelFlowArn, Name: 'f', Processors }),
      DeleteChannelFlow: () => messaging.deleteChannelFlow({ ChannelFlowArn }),
      AssociateChannelFlow: () => messaging.associateChannelFlow(flow),
      DisassociateChannelFlow: () => messaging.disassociateChannelFlow(flow),
      ListChannelsAssociatedWithChannelFlow: () => messaging.listChannelsAssociatedWithChannelFlow({ ChannelFlowArn }),
      ChannelFlowCallback: () =>
        messaging.channelFlowCallback({ ChannelArn, CallbackId: 'c'.repeat(32), ChannelMessage: { MessageId, Content: 'x' } }),
    }
    expect(Object.keys(calls)).toHaveLength(10)
    for (const [operation, call] of Object.entries(calls)) {
      expect({ operation, ...(await refusal(call())) }).toMatchObject({
        operation,
        name: 'ServiceUnavailableException',
        code: 'ServiceUnavailable',
        status: 503,
        message: `${operation} is not supported yet: it comes next`,
      })
    }
  })

  test('an operation that is not built yet is refused all the same to whoever may not call it', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'outsider'])
    const ChannelArn = await open(world(), user('owner'))
    const asked = { ChannelArn, ChimeBearer: user('outsider') }
    const denied = { name: 'ForbiddenException', status: 403 }
    expect(await refusal(messaging.listSubChannels(asked))).toMatchObject(denied)
  })
})
