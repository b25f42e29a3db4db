import { paginateListChannelMembershipsForAppInstanceUser, type ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import type { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'

interface Clients {
  readonly identity: ChimeSDKIdentity
  readonly messaging: ChimeSDKMessaging
}

/** The ARNs of its users. */
export interface World {
  readonly alice: string
  readonly bob: string
}

const name = 'demo'

/** Alice and Bob in three channels with a message each, of which Bob has read one. The app instance gets its name last. */
async function made({ identity, messaging }: Clients): Promise<World> {
  const { AppInstanceArn } = await identity.createAppInstance({ Name: `${name}, not complete` })
  const newUser = async (Name: string) => {
    const user = { AppInstanceArn, AppInstanceUserId: Name.toLowerCase(), Name }
    return (await identity.createAppInstanceUser(user)).AppInstanceUserArn!
  }
  const alice = await newUser('Alice')
  const bob = await newUser('Bob')
  let ChannelArn: string | undefined
  for (const Name of ['general', 'support', 'random']) {
    const channel = { AppInstanceArn, Name, MemberArns: [bob], ChimeBearer: alice }
    ChannelArn = (await messaging.createChannel(channel)).ChannelArn
    const message = { Content: `Welcome to ${Name}!`, Type: 'STANDARD', Persistence: 'PERSISTENT' } as const
    await messaging.sendChannelMessage({ ChannelArn, ...message, ChimeBearer: alice })
  }
  await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: bob })
  await identity.updateAppInstance({ AppInstanceArn, Name: name, Metadata: '' })
  return { alice, bob }
}

/** The world of an earlier demo on the same data, or a new one. */
export async function demoWorld(clients: Clients): Promise<World> {
  const { AppInstances = [] } = await clients.identity.listAppInstances({ MaxResults: 50 })
  const known = AppInstances.find(({ Name }) => Name === name)
  if (!known) return made(clients)
  return { alice: `${known.AppInstanceArn}/user/alice`, bob: `${known.AppInstanceArn}/user/bob` }
}

export interface Listed {
  readonly arn: string
  readonly name: string
  readonly isUnread: boolean
}

/** A user's channels, page by page. A channel with a message newer than the user's read marker is unread. */
export async function channelsOf(messaging: ChimeSDKMessaging, user: string): Promise<Listed[][]> {
  const pages: Listed[][] = []
  for await (const page of paginateListChannelMembershipsForAppInstanceUser({ client: messaging, pageSize: 2 }, { ChimeBearer: user })) {
    const listed = page.ChannelMemberships!.map(({ ChannelSummary: channel, AppInstanceUserMembershipSummary: mine }) => {
      const read = mine!.ReadMarkerTimestamp?.getTime() ?? 0
      return { arn: channel!.ChannelArn!, name: channel!.Name!, isUnread: (channel!.LastMessageTimestamp?.getTime() ?? 0) > read }
    })
    pages.push(listed)
  }
  return pages
}
