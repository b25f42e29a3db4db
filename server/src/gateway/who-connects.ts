import type { Arn } from '../arn.ts'
import { permitConnect } from '../auth/iam/permit.ts'
import type { Presigned, PresignedRequest } from '../auth/signature/presigned-url.ts'
import type { Principal } from '../auth/principal.ts'
import type { Owner } from '../auth/iam/resources.ts'
import { ApiError } from '../errors.ts'
import type { Origin } from '../auth/origin.ts'
import type { Queries } from '../database/database.ts'
import { findFacts, type Facts } from '../store/facts.ts'
import { closeCodes } from './close-codes.ts'

/** What is needed to decide which user connects, and whether it may. */
export interface Circumstances extends Owner {
  readonly db: Queries
  readonly verify: (request: PresignedRequest) => Presigned
  /** The clock of stored times; sockets and signatures use the real time. */
  readonly now: () => number
}

/** A connection that is refused for good, with a close code after which the client does not reconnect. */
export class Refusal extends Error {
  readonly code: number

  constructor(code: number, reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.code = code
  }
}

export const unauthorized = (reason: string, options?: ErrorOptions) =>
  new Refusal(closeCodes.unauthorized, `Unauthorized: ${reason}`, options)

/** The principal that signed, and the parameters of the URL. */
export function verified({ verify }: Circumstances, request: PresignedRequest): Presigned {
  try {
    return verify(request)
  } catch (error) {
    if (error instanceof ApiError) throw unauthorized(error.reason ?? error.message, { cause: error })
    throw error
  }
}

/** Decided before the user is looked up, so a caller that may not connect does not learn whether the user exists. */
export async function requirePermitted(asking: Circumstances, principal: Principal, arn: string, origin: Origin) {
  const { db, now, region, account } = asking
  const { sourceAddress, isSecure, headers } = origin
  try {
    await permitConnect(principal, arn, { db, now, region, account, sourceAddress, isSecure, headers })
  } catch (error) {
    if (error instanceof ApiError) throw unauthorized('the credentials may not perform chime:Connect on this userArn', { cause: error })
    throw error
  }
}

/** An existing user; a bot has no socket. */
export async function livingUser({ db }: Circumstances, user: Arn | undefined): Promise<Facts> {
  if (user?.kind !== 'user') throw unauthorized('userArn is not the ARN of an AppInstanceUser')
  const facts = await findFacts(db, user)
  if (!facts) throw unauthorized('userArn is not the ARN of an existing user')
  return facts
}
