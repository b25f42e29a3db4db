import type { World } from '../support/world.ts'
import { processor, type LambdaFunction } from '../support/processor.ts'
import { open } from '../api/acts.ts'

/** A channel of a user's whose messages go through a flow with this function. */
export async function flowOf({ identity, messaging }: Pick<World, 'identity' | 'messaging'>, called: LambdaFunction) {
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'test' })
  await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'ann', Name: 'ann' })
  const ann = `${AppInstanceArn}/user/ann`
  const channel = await open({ messaging }, ann)
  const Processors = [processor(called.arn)]
  const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn, Name: 'flow', Processors })
  await messaging.associateChannelFlow({ ChannelArn: channel, ChannelFlowArn, ChimeBearer: ann })
  const status = async ({ messaging }: Pick<World, 'messaging'>, MessageId: string) =>
    (await messaging.getChannelMessageStatus({ ChannelArn: channel, MessageId, ChimeBearer: ann })).Status!.Value
  return { ann, channel, status }
}
