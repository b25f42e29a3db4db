// What the credentials that the JavaScript SDK finds by itself may do: as a user, and as another one.
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'

const messaging = new ChimeSDKMessaging({})
const outcomes = []
for (const ChimeBearer of process.env.USERS.split(',')) {
  outcomes.push(
    await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer }).then(
      () => 'allowed',
      error => [error.$metadata?.httpStatusCode, error.name],
    ),
  )
}
console.log(JSON.stringify(outcomes))
