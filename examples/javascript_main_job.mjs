/**
 * The main job with the AWS SDK for JavaScript: who is in which channel, page by page.
 *
 * Start the server first (npm start), then, with the export lines that it prints:
 *
 *     export AWS_SHARED_CREDENTIALS_FILE=…/credentials
 *     export AWS_ENDPOINT_URL=http://127.0.0.1:8080
 *     export AWS_REGION=us-east-1
 *     export AWS_DEFAULT_REGION=us-east-1
 *     npm install @aws-sdk/client-chime-sdk-identity @aws-sdk/client-chime-sdk-messaging
 *     node examples/javascript_main_job.mjs
 */

import { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'
import { ChimeSDKMessaging, paginateListChannelMembershipsForAppInstanceUser } from '@aws-sdk/client-chime-sdk-messaging'

const options = { endpoint: process.env.AWS_ENDPOINT_URL, region: 'us-east-1' }
const identity = new ChimeSDKIdentity(options)
const messaging = new ChimeSDKMessaging(options)

const { AppInstanceArn } = await identity.createAppInstance({ Name: 'demo' })
const newUser = async name => {
  const { AppInstanceUserArn } = await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: name.toLowerCase(), Name: name })
  return AppInstanceUserArn
}
const alice = await newUser('Alice')
const bob = await newUser('Bob')

let channel
for (const name of ['general', 'support', 'random']) {
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: name, MemberArns: [bob], ChimeBearer: alice })
  channel = ChannelArn
  await messaging.sendChannelMessage({
    ChannelArn,
    Content: `Welcome to ${name}!`,
    Type: 'STANDARD',
    Persistence: 'PERSISTENT',
    ChimeBearer: alice,
  })
}
await messaging.updateChannelReadMarker({ ChannelArn: channel, ChimeBearer: bob })

for await (const page of paginateListChannelMembershipsForAppInstanceUser({ client: messaging, pageSize: 2 }, { ChimeBearer: bob })) {
  for (const { ChannelSummary: channel, AppInstanceUserMembershipSummary: mine } of page.ChannelMemberships) {
    const isUnread = !mine.ReadMarkerTimestamp || channel.LastMessageTimestamp > mine.ReadMarkerTimestamp
    console.log(`${channel.Name}: ${mine.Type} member, ${isUnread ? 'unread' : 'read'}`)
  }
}
