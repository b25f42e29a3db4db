import { commonErrors, operation } from './operation.ts'
import { oneOf, structure, text } from './shapes.ts'

const NetworkType = oneOf('IPV4_ONLY', 'DUAL_STACK')
const UrlType = text({ maxLength: 4096 })
const MessagingSessionEndpoint = structure({ Url: UrlType })

export const messagingSession = {
  GetMessagingSessionEndpoint: operation(
    'GET /endpoints/messaging-session',
    200,
    { NetworkType },
    { Endpoint: MessagingSessionEndpoint },
    [],
    commonErrors,
  ),
}
