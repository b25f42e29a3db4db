import { upToDate } from '../auth/access.ts'
import type { SignedRequest } from '../auth/signature/sigv4.ts'
import type { AccessKey } from '../auth/signature/signing-key.ts'
import { ApiError } from '../errors.ts'
import { commonHeaders, reasonHeader, retryHeader } from '../http/response.ts'
import type { Received, Endpoint } from '../http/endpoint.ts'
import { parameterIn } from '../http/selector.ts'
import { largestUnsignedBody } from '../http/largest.ts'
import { largestOnceChecked } from '../http/request-body.ts'
import type { TemporaryCredentials } from '../keys/session-token.ts'
import type { Origin } from '../auth/origin.ts'
import { assumeRole } from './assume-role.ts'
import type { Tools } from './credentials.ts'
import { getCallerIdentity, getFederationToken, getSessionToken } from './own-credentials.ts'
import { checkKnown, parametersOf, type Parameters } from './parameters.ts'
import { assumeRoleWithWebIdentity, type TakesLogins } from './web-identity.ts'
import { xml, type Elements } from './xml.ts'

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/'
const version = '2011-06-15'

interface Action {
  /** The parameters beside Action and Version. */
  readonly parameters: readonly string[]
  /**
   * The kinds of temporary credentials that may make the call. Others could renew themselves for ever, or gain rights. Undefined for the call
   * that is not signed, which has no caller.
   */
  readonly temporaryKinds: readonly TemporaryCredentials['kind'][] | undefined
  readonly answer: (parameters: Parameters, caller: AccessKey, tools: Wiring, sender: Origin) => Promise<object>
}

const actions: Readonly<Record<string, Action>> = {
  AssumeRole: {
    parameters: ['RoleArn', 'RoleSessionName', 'Policy', 'Tags', 'TransitiveTagKeys', 'DurationSeconds', 'ExternalId'],
    temporaryKinds: ['role', 'session'],
    answer: assumeRole,
  },
  GetFederationToken: { parameters: ['Name', 'Policy', 'Tags', 'DurationSeconds'], temporaryKinds: [], answer: getFederationToken },
  GetSessionToken: { parameters: ['DurationSeconds'], temporaryKinds: [], answer: getSessionToken },
  GetCallerIdentity: { parameters: [], temporaryKinds: ['role', 'session', 'federated-user'], answer: getCallerIdentity },
  AssumeRoleWithWebIdentity: {
    parameters: ['RoleArn', 'RoleSessionName', 'WebIdentityToken', 'Policy', 'DurationSeconds'],
    temporaryKinds: undefined,
    answer: async (parameters, _, tools, sender) => assumeRoleWithWebIdentity(parameters, tools, sender),
  },
}

/** The types of signature errors in this protocol. */
const names: Readonly<Record<string, string>> = {
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  IncompleteSignatureException: 'IncompleteSignature',
  UnrecognizedClientException: 'InvalidClientTokenId',
  ExpiredTokenException: 'ExpiredToken',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  RequestEntityTooLargeException: 'RequestEntityTooLarge',
  ServiceUnavailableException: 'ServiceUnavailable',
  ServiceFailureException: 'InternalFailure',
  ThrottledClientException: 'Throttling',
}

function knownAction({ body, query }: Received): string {
  try {
    const action = parametersOf(body, query).get('Action') ?? ''
    return Object.hasOwn(actions, action) ? action : 'Unknown'
  } catch {
    return 'Unknown'
  }
}

const notWithTemporary = (action: string) =>
  new ApiError(
    'AccessDenied',
    403,
    `Cannot call ${action} with session credentials`,
    'Sign with the access key from which these credentials come.',
  )

const xmlHeaders = (requestId: string) => ({ ...commonHeaders(requestId), 'content-type': 'text/xml' })

interface Wiring extends Tools, TakesLogins {
  readonly verify: (request: SignedRequest) => AccessKey
  /** Refuses a request with an unknown key by its headers. */
  readonly checkKey: (received: Received) => void | Promise<void>
}

/** The calls for temporary credentials (STS 2011-06-15): form in, XML out, as every SDK speaks it. */
export function stsEndpoint(tools: Wiring): Endpoint {
  const { verify, checkKey } = tools

  async function resultOf(received: Received): Promise<{ action: string; result: object }> {
    const parameters = parametersOf(received.body, received.query)
    const action = parameters.get('Action') ?? ''
    if (!Object.hasOwn(actions, action))
      throw new ApiError(
        'InvalidAction',
        400,
        `Could not find operation ${action.slice(0, 64)} for version ${version}`,
        `There are ${new Intl.ListFormat('en-GB').format(Object.keys(actions))}.`,
      )
    const { parameters: known, temporaryKinds, answer } = actions[action]!
    // The signature is verified before anything else.
    const caller = temporaryKinds && verify(received)
    if (caller) received.trail.signed(caller)
    const temporary = caller && tools.ring.temporaryCredentialsOf(caller)
    if (temporary && !temporaryKinds.includes(temporary.kind)) throw notWithTemporary(action)
    checkKnown(parameters, ['Action', 'Version', ...known])
    return { action, result: await answer(parameters, caller!, tools, received) }
  }

  return {
    nameOf: received => `sts:${knownAction(received)}`,
    takes: ({ method, query }) => method === 'POST' || parameterIn(query, 'Action') !== undefined,
    largestBody(received) {
      if (!received.headers.authorization?.startsWith('AWS4-')) return largestUnsignedBody
      return largestOnceChecked(checkKey(received))
    },
    async answer(received) {
      const { action, result } = await upToDate(tools.ring, () => resultOf(received))
      const response = { [`${action}Result`]: result as Elements, ResponseMetadata: { RequestId: received.requestId } }
      return {
        status: 200,
        headers: xmlHeaders(received.requestId),
        body: `<${action}Response xmlns="${namespace}">${xml(response)}</${action}Response>`,
      }
    },
    refusal(error, { requestId }) {
      const { type, message, reason, retryAfter } = error
      // The status of the query protocol, as on Amazon.
      const status = error.status === 429 ? 400 : error.status
      const Type = status < 500 ? 'Sender' : 'Receiver'
      // An expired JSON Web Token keeps the type of its error.
      const Code = type === 'ExpiredTokenException' && status === 400 ? type : (names[type] ?? type)
      const body = xml({ Error: { Type, Code, Message: message, Reason: reason }, RequestId: requestId })
      const headers = { ...xmlHeaders(requestId), ...reasonHeader(reason), ...retryHeader(retryAfter) }
      return { status, headers, body: `<ErrorResponse xmlns="${namespace}">${body}</ErrorResponse>` }
    },
  }
}
