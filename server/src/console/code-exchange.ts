import { failure } from '../errors.ts'
import type { Database } from '../database/database.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { issue, type Tools } from '../sts/credentials.ts'
import { takeCode } from './codes.ts'
import { jsonResponse, entranceEndpoint, signedInSeconds, textsIn, type tryLimit } from './entrance.ts'

const largestBody = 1024

/** The console's credentials allow everything. The audit log shows them under this name. */
const policy = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } })

interface Wiring extends Tools {
  readonly db: Database
  readonly rootKeyId: string
  readonly countTry: ReturnType<typeof tryLimit>
}

const wrongCode = () =>
  failure(
    'UnauthorizedClientException',
    'The code is not valid',
    'A code works once, for ten minutes. The command carillon console prints a link with a new one.',
  )

/** POST /console/session: exchanges a code for temporary credentials. */
export function codeExchange(wiring: Wiring): Endpoint {
  const { db, rootKeyId, now, countTry } = wiring
  return entranceEndpoint('/console/session', largestBody, async received => {
    countTry(received)
    const { Code } = textsIn(received, ['Code'], 'Send JSON with the member Code: the code of the link that carillon console prints.')
    if (!(await takeCode(db, Code, now()))) throw wrongCode()
    const { Credentials } = await issue(
      wiring,
      { kind: 'federated-user', sourceKeyId: rootKeyId, name: 'console', policy },
      signedInSeconds,
    )
    return jsonResponse({ Credentials })
  })
}
