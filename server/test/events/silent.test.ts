import { expect, test } from 'vitest'
import { open } from '../api/acts.ts'
import { followEverything } from '../support/domain-events.ts'
import { processor } from '../support/processor.ts'
import { onBothDatabases, refusal } from '../support/world.ts'

const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:f'
const ResourceArn = 'arn:aws:kinesis:us-east-1:123456789012:stream/chime-messaging-a'

onBothDatabases('Events that no socket hears', world => {
  test('are emitted when channel flows are created, changed and deleted', async () => {
    const { messaging } = world()
    const { arn } = await world().appInstance()
    const heard = followEverything()
    const flow = { Name: 'flow', Processors: [processor(functionArn)] }
    const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn: arn, ...flow })
    await messaging.updateChannelFlow({ ChannelFlowArn, ...flow, Name: 'new' })
    await messaging.deleteChannelFlow({ ChannelFlowArn })
    expect(heard.map(({ kind }) => kind)).toEqual(['FlowCreated', 'FlowUpdated', 'FlowDeleted'])
    expect(new Set(heard.map(event => 'flowId' in event && event.flowId)).size).toBe(1)
  })

  test('are emitted when tags are put and removed', async () => {
    const { messaging } = world()
    const { arn: ResourceARN } = await world().appInstance()
    const heard = followEverything()
    await messaging.tagResource({ ResourceARN, Tags: [{ Key: 'a', Value: 'b' }] })
    await messaging.untagResource({ ResourceARN, TagKeys: ['a'] })
    const resource = { kind: 'app-instance', id: expect.any(Number) as number }
    expect(heard).toEqual([
      { kind: 'ResourceTagged', resource },
      { kind: 'ResourceUntagged', resource },
    ])
  })

  test('are emitted when a member puts its preferences for pushes', async () => {
    const { messaging } = world()
    const { user } = await world().appInstance(['ann', 'eve'])
    const ChannelArn = await open(world(), user('ann'))
    const heard = followEverything()
    const Preferences = { PushNotifications: { AllowNotifications: 'NONE' } } as const
    await messaging.putChannelMembershipPreferences({ ChannelArn, MemberArn: user('ann'), ChimeBearer: user('ann'), Preferences })
    await refusal(messaging.putChannelMembershipPreferences({ ChannelArn, MemberArn: user('eve'), ChimeBearer: user('eve'), Preferences }))
    expect(heard).toEqual([{ kind: 'PreferencesSet', channelId: expect.any(Number) as number, memberId: expect.any(Number) as number }])
  })

  test('are emitted when streaming configurations are set and removed, but not when there are none to remove', async () => {
    const { messaging } = world()
    const { arn: AppInstanceArn } = await world().appInstance()
    const heard = followEverything()
    const StreamingConfigurations = [{ DataType: 'Channel', ResourceArn }] as const
    await messaging.putMessagingStreamingConfigurations({ AppInstanceArn, StreamingConfigurations: [...StreamingConfigurations] })
    for (let times = 0; times < 2; times++) await messaging.deleteMessagingStreamingConfigurations({ AppInstanceArn })
    const appInstanceId = expect.any(Number) as number
    expect(heard).toEqual([
      { kind: 'StreamingSet', appInstanceId },
      { kind: 'StreamingRemoved', appInstanceId },
    ])
  })
})
