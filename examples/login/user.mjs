/** Creates a user: of an ARN, or of an id in a new app instance. Prints a line for the shell. */

import { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'

const identity = new ChimeSDKIdentity({ endpoint: process.env.AWS_ENDPOINT_URL, region: 'us-east-1' })
const [, named, AppInstanceUserId] = /^(?:(arn:.+:app-instance\/[^/]+)\/user\/)?(.+)$/.exec(process.argv[2] ?? 'alice')

const AppInstanceArn = named ?? (await identity.createAppInstance({ Name: 'login' })).AppInstanceArn
await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId, Name: AppInstanceUserId })
console.log(`export VITE_APP_INSTANCE=${AppInstanceArn}`)
