import { handlers } from '../api/index.ts'
import { upToDate, type Access } from '../auth/access.ts'
import { bearerOf } from '../auth/roles/authenticate.ts'
import { authorizerOf } from '../auth/roles/authorize.ts'
import { permitterOf } from '../auth/iam/permit.ts'
import type { SignedRequest } from '../auth/signature/sigv4.ts'
import type { AccessKey } from '../auth/signature/signing-key.ts'
import type { Call, Environment } from '../api/call.ts'
import type { Facts } from '../store/facts.ts'
import type { OperationName } from '../contract/index.ts'
import type { Operation } from '../contract/operation.ts'
import { arnsOf } from './arns.ts'
import { codecOf, type Codec } from './codec.ts'
import type { Received } from './endpoint.ts'
import { operationRatesOf, type RateLimiting } from '../rates/operation-rates.ts'

export type Dispatch = (request: Received) => Promise<string | undefined>

/** The types of single operations do not matter here: dispatch passes on what the contract has decoded. */
type AnyHandler = (input: Record<string, unknown>, call: Call) => Promise<Record<string, unknown> | undefined>

interface Wiring {
  readonly access: Access
  readonly verify: (request: SignedRequest) => AccessKey
  readonly environment: Environment
  readonly rateLimiting: RateLimiting | undefined
}

/** The channel or app instance that the transactions of a call lock. */
const lockNameOf = ({ channel, caller }: Facts) =>
  channel ? (`channel ${channel.id}` as const) : (`app instance ${caller.appInstanceId}` as const)

/**
 * The five steps of every call; each throws the error that ends the call. Made once per operation, so that a call does only what
 * differs from call to call. Resolves to the body of the answer.
 */
export function dispatchOf(name: OperationName, operation: Operation, { access, verify, environment, rateLimiting }: Wiring): Dispatch {
  // Made by the first call of the operation: making all of them at once would take a fifth of the time of a start.
  let codec: Codec | undefined
  const namedArns = arnsOf(operation)
  const permit = permitterOf(name)
  const authorize = authorizerOf(name, operation)
  const rates = rateLimiting && operationRatesOf(name, operation, rateLimiting)
  const handle = handlers[name] as unknown as AnyHandler

  const { db, now, region, account } = environment
  const base = { ...environment, operation: name }

  const answer: Dispatch = async request => {
    const { trail, params, query, body, host, sourceAddress, isSecure, headers } = request
    // 1 authenticate: the key that signed, then the user or bot that acts.
    trail.stage = 'SIGNATURE'
    const key = verify(request)
    trail.signed(key)
    const { principal } = key
    const bearer = operation.bearer ? bearerOf(headers['x-amz-chime-bearer']) : undefined
    trail.names(bearer)
    rates?.look(bearer)
    // 2 decode and validate.
    trail.stage = 'INPUT'
    codec ??= codecOf(operation, environment.limits)
    const input = codec.decode({ params, query, body, bearer: bearer?.text })
    const arns = namedArns(input)
    trail.input = input
    trail.names(bearer, arns)
    // 3 authorize: IAM, then the role.
    trail.stage = 'IAM'
    if (principal.permissions) await permit(principal, input, { db, now, region, account, sourceAddress, isSecure, headers })
    trail.stage = 'ROLE'
    const facts = await authorize(db, bearer, arns, input)
    const call: Call = { ...base, db: facts ? db.of(lockNameOf(facts)) : db, host, principal, arns, facts }
    rates?.take({ call, bearer, arns, input })
    // 4 handle.
    trail.stage = 'OPERATION'
    const output = await handle(input, call)
    trail.stage = 'ANSWERED'
    trail.made(output)
    // 5 encode.
    return codec.encode(output)
  }
  return request => upToDate(access, () => answer(request))
}
