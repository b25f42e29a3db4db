import type { World } from '../support/world.ts'

/** Bob moderates channels, some of which alice is a member of. */
export async function channelsOfBob(world: World, channels: number, members: readonly string[] = []) {
  const { messaging } = world
  const { arn, user } = await world.appInstance(['alice', 'bob'])
  const made: string[] = []
  for (let number = 0; number < channels; number++) {
    const { ChannelArn } = await messaging.createChannel({
      AppInstanceArn: arn,
      Name: 'channel',
      ...(members.length > 0 ? { MemberArns: members.map(user) } : {}),
      ClientRequestToken: crypto.randomUUID(),
      ChimeBearer: user('bob'),
    })
    made.push(ChannelArn!)
  }
  const send = (channel: string, content: string) =>
    messaging.sendChannelMessage({
      ChannelArn: channel,
      Content: content,
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      ClientRequestToken: crypto.randomUUID(),
      ChimeBearer: user('bob'),
    })
  const membership = (channel: string) => ({ ChannelArn: channel, MemberArn: user('alice'), ChimeBearer: user('bob') })
  const join = (channel: string) => messaging.createChannelMembership({ ...membership(channel), Type: 'DEFAULT' })
  const leave = (channel: string) => messaging.deleteChannelMembership(membership(channel))
  return { user, channels: made, send, join, leave }
}
