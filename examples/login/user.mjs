/** Makes the AppInstanceUser of the id that is given, and at the first time its app instance; prints a line for the shell. */

import { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'

const identity = new ChimeSDKIdentity({ endpoint: process.env.AWS_ENDPOINT_URL, region: 'us-east-1' })
const AppInstanceUserId = process.argv[2] ?? 'alice'

const AppInstanceArn = process.env.VITE_APP_INSTANCE ?? (await identity.createAppInstance({ Name: 'login' })).AppInstanceArn
await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId, Name: AppInstanceUserId })
console.log(`export VITE_APP_INSTANCE=${AppInstanceArn}`)
