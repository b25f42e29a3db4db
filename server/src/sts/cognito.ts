import { ApiError } from '../errors.ts'
import { commonHeaders, reasonHeader, retryHeader } from '../http/response.ts'
import { largestUnsignedBody } from '../http/largest.ts'
import type { Endpoint, Received } from '../http/endpoint.ts'
import type { Origin } from '../auth/origin.ts'
import { identityInput, identityPoolInput, poolError } from './identity-input.ts'
import { getCredentialsForIdentity, getId, unknownPool, type IdentityPool } from './identity-pool.ts'

const service = 'AWSCognitoIdentityService'

const notConfigured = 'There is no identity pool: start the server with --identity-pool and --identity-pool-role.'

type Handle = (body: Uint8Array, pool: IdentityPool | undefined, origin: Origin) => Promise<{ readonly IdentityId: string }>

/** None of them is signed. */
const operations: Readonly<Record<string, Handle>> = {
  async GetId(body, pool, origin) {
    const input = identityPoolInput(body)
    if (!pool) throw unknownPool(`IdentityPool '${input.IdentityPoolId}'`, notConfigured)
    return getId(input, pool, origin)
  },
  async GetCredentialsForIdentity(body, pool, origin) {
    const input = identityInput(body)
    if (!pool) throw unknownPool(`Identity '${input.IdentityId}'`, notConfigured)
    return getCredentialsForIdentity(input, pool, origin)
  },
}

const targetOf = ({ headers }: Received) => {
  const target = headers['x-amz-target']
  return typeof target === 'string' ? target : undefined
}

function operationOf(received: Received): string | undefined {
  const [of, name = '', ...more] = targetOf(received)?.split('.') ?? []
  return of === service && more.length === 0 && Object.hasOwn(operations, name) ? name : undefined
}

/** The reason if a call is for a user pool: login libraries use the same protocol for it, and are often given one endpoint for both. */
const whatThereIs = (target: string) =>
  target.startsWith('AWSCognitoIdentityProviderService.')
    ? 'This is a call for a user pool: send it to the user pool itself, or to your own (cognito-local), whose tokens this server accepts.'
    : `There are ${Object.keys(operations)
        .map(name => `${service}.${name}`)
        .join(' and ')}: X-Amz-Target names one of them.`

const noSuchOperation = (target: string) =>
  poolError('UnknownOperationException', 'The requested operation is not recognized by the service.', whatThereIs(target))

/** The types of other errors in this protocol; their Reason says more. */
const renamed: Readonly<Record<string, readonly [type: string, status: number, message?: string]>> = {
  InvalidIdentityToken: ['NotAuthorizedException', 400, 'Invalid login token.'],
  ExpiredTokenException: ['NotAuthorizedException', 400, 'Invalid login token. Token expired.'],
  IDPCommunicationError: ['ExternalServiceException', 400],
  AccessDenied: [
    'InvalidIdentityPoolConfigurationException',
    400,
    'Invalid identity pool configuration. Check assigned IAM roles for this pool.',
  ],
  ValidationError: ['InvalidParameterException', 400],
  PackedPolicyTooLarge: ['InvalidParameterException', 400],
  ThrottledClientException: ['TooManyRequestsException', 400],
  ServiceFailureException: ['InternalErrorException', 500],
}

function shown({ type, status, message, reason, retryAfter }: ApiError): ApiError {
  const [name = type, ownStatus = status, text = message] = (Object.hasOwn(renamed, type) && renamed[type]) || []
  return new ApiError(name, ownStatus, text, reason, { retryAfter })
}

const jsonHeaders = (requestId: string) => ({ ...commonHeaders(requestId), 'content-type': 'application/x-amz-json-1.1' })

/**
 * Credentials of a Cognito identity pool, for the stock credential providers: JSON 1.1, on the path of STS. It answers every request with
 * an X-Amz-Target, which no other call has. `pool` is undefined if none is configured.
 */
export function cognitoEndpoint(pool: IdentityPool | undefined): Endpoint {
  return {
    nameOf: received => `cognito-identity:${operationOf(received) ?? 'Unknown'}`,
    takes: received => received.method === 'POST' && targetOf(received) !== undefined,
    largestBody: () => largestUnsignedBody,
    async answer(received) {
      const operation = operationOf(received)
      if (operation === undefined) throw noSuchOperation(targetOf(received)!)
      const output = await operations[operation]!(received.body, pool, received)
      received.trail.isAbout(output.IdentityId)
      return { status: 200, headers: jsonHeaders(received.requestId), body: JSON.stringify(output) }
    },
    refusal(error, { requestId }) {
      const { type, status, message, reason, retryAfter } = shown(error)
      const headers = {
        ...jsonHeaders(requestId),
        'x-amzn-errortype': `${type}:`,
        ...reasonHeader(reason),
        ...retryHeader(retryAfter),
      }
      return { status, headers, body: JSON.stringify({ __type: type, message, Reason: reason }) }
    },
  }
}
