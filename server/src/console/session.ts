import { ApiError, badRequest } from '../errors.ts'
import type { Database } from '../database/database.ts'
import { strictHeaders } from '../http/response.ts'
import type { Endpoint, Received } from '../http/endpoint.ts'
import { issue, type Tools } from '../sts/credentials.ts'
import { networkOf } from '../sts/login-rate.ts'
import { isObject } from '../tools/json.ts'
import { TokenBuckets } from '../tools/token-buckets.ts'
import { takeCode } from './codes.ts'
import { mayServe, overTlsOnly } from './safe.ts'

const seconds = 4 * 3600
const largestBody = 1024
/** The tries of an address. */
const tries = { perSecond: 1, atOnce: 10 }

/** The console may do everything, under a name of its own in the audit log. */
const policy = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } })

interface Wiring extends Tools {
  readonly db: Database
  readonly rootKeyId: string
}

const json = { ...strictHeaders, 'content-type': 'application/json; charset=utf-8' }

const wrongCode = () =>
  new ApiError(
    'UnauthorizedClientException',
    401,
    'Unauthorized',
    'The code does not sign in',
    'A code works once, for ten minutes. The command carillon console prints a link with a new one.',
  )

function codeIn({ body }: Received): string {
  try {
    const content: unknown = JSON.parse(body.toString())
    if (isObject(content) && typeof content['Code'] === 'string') return content['Code']
  } catch {
    // It is refused below.
  }
  throw badRequest('The body is not a code', 'Send JSON with the member Code: the code of the link that carillon console prints.')
}

/** POST /console/session: exchanges a code for temporary credentials. */
export function sessionEndpoint(wiring: Wiring): Endpoint {
  const { db, rootKeyId, now } = wiring
  const buckets = new TokenBuckets({ shared: false })
  return {
    nameOf: () => 'POST /console/session',
    takes: () => true,
    largestBody: () => largestBody,
    async answer(asked) {
      if (!mayServe(asked)) throw overTlsOnly()
      const at = performance.now()
      buckets.forget(at)
      const address = networkOf(asked.sourceAddress)
      const wait = buckets.wait(address, tries, at)
      if (wait > 0) throw tooManyTries(Math.ceil(wait / 1000))
      buckets.take(address, tries, at)
      if (!(await takeCode(db, codeIn(asked), now()))) throw wrongCode()
      const given = {
        kind: 'federated-user',
        sourceKeyId: rootKeyId,
        roleIds: [],
        name: 'console',
        tags: [],
        transitive: [],
        policy,
        subject: undefined,
      } as const
      const { Credentials } = await issue(wiring, given, seconds)
      return { status: 200, headers: json, body: JSON.stringify({ Credentials }) }
    },
    refusal: ({ status, message, reason }) => ({ status, headers: json, body: JSON.stringify({ Message: message, Reason: reason }) }),
  }
}

const tooManyTries = (wait: number) =>
  new ApiError(
    'ThrottledClientException',
    429,
    'Throttled',
    'Too many codes were tried from this address',
    `Try again in ${wait} seconds.`,
    undefined,
    wait,
  )
