import type { ApiError } from '../../errors.ts'
import { unrecognizedClient } from './signature-errors.ts'
import type { FindKey, SigningSecret } from './signing-key.ts'

/** Why there is no key of that id with that session token. Every sentence fits into the close frame of a socket. */
export function unknownKey(findKey: FindKey<SigningSecret>, accessKeyId: string, sessionToken: string | undefined): ApiError {
  if (sessionToken === undefined) {
    return accessKeyId.startsWith('ASIA')
      ? unrecognizedClient('The access key id is temporary: its session token (X-Amz-Security-Token) is missing.')
      : unrecognizedClient('This server has no such access key id.')
  }
  if (!/^[A-Za-z0-9+/=]*$/.test(sessionToken))
    return unrecognizedClient('The session token is garbled: escaped twice, or sent with + as a space.')
  if (findKey(accessKeyId, undefined) !== undefined)
    return unrecognizedClient('The access key id is a long-lived one: send no X-Amz-Security-Token with it.')
  return unrecognizedClient('The session token does not belong to this access key id and server, or its role or key has been deleted.')
}
