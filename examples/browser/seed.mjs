/** Creates two users to sign in with and three channels, and prints the values for the form. README.md beside it says more. */

import { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'

const options = { endpoint: process.env.AWS_ENDPOINT_URL, region: 'us-east-1' }
const identity = new ChimeSDKIdentity(options)
const messaging = new ChimeSDKMessaging(options)

const { AppInstanceArn } = await identity.createAppInstance({ Name: 'browser' })
const newUser = async name => {
  const user = { AppInstanceArn, AppInstanceUserId: name.toLowerCase(), Name: name }
  return (await identity.createAppInstanceUser(user)).AppInstanceUserArn
}
const alice = await newUser('Alice')
const bob = await newUser('Bob')
// An AppInstanceAdmin may delete messages; without one the console cannot list the channels.
await identity.createAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn: alice })

for (const Name of ['general', 'support', 'random']) {
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name, Privacy: 'PRIVATE', MemberArns: [bob], ChimeBearer: alice })
  const message = { Content: `Welcome to ${Name}!`, Type: 'STANDARD', Persistence: 'PERSISTENT' }
  await messaging.sendChannelMessage({ ChannelArn, ...message, ChimeBearer: alice })
}

console.log(`Endpoint  ${process.env.AWS_ENDPOINT_URL}
Keys      the two in ${process.env.AWS_SHARED_CREDENTIALS_FILE}
Alice     ${alice}
Bob       ${bob}`)
