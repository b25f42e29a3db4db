import { ApiError } from '../errors.ts'
import type { Database } from '../database/database.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { issue, type Tools } from '../sts/credentials.ts'
import { takeCode } from './codes.ts'
import { answerOf, entranceEndpoint, signedInSeconds, textsIn, type tryLimit } from './entrance.ts'

const largestBody = 1024

/** The console may do everything, under a name of its own in the audit log. */
const policy = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } })

interface Wiring extends Tools {
  readonly db: Database
  readonly rootKeyId: string
  readonly countTry: ReturnType<typeof tryLimit>
}

const wrongCode = () =>
  new ApiError(
    'UnauthorizedClientException',
    401,
    'Unauthorized',
    'The code does not sign in',
    'A code works once, for ten minutes. The command carillon console prints a link with a new one.',
  )

/** POST /console/session: exchanges a code for temporary credentials. */
export function sessionEndpoint(wiring: Wiring): Endpoint {
  const { db, rootKeyId, now, countTry } = wiring
  return entranceEndpoint('/console/session', largestBody, async asked => {
    countTry(asked)
    const { Code } = textsIn(asked, ['Code'], 'Send JSON with the member Code: the code of the link that carillon console prints.')
    if (!(await takeCode(db, Code, now()))) throw wrongCode()
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
    const { Credentials } = await issue(wiring, given, signedInSeconds)
    return answerOf({ Credentials })
  })
}
