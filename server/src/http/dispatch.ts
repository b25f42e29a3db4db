import { handlers } from '../api/index.ts'
import { bearerOf } from '../auth/authenticate.ts'
import { authorizerOf } from '../auth/authorize.ts'
import { permitterOf } from '../auth/permit.ts'
import type { SignedRequest } from '../auth/sigv4.ts'
import type { Trail } from '../audit.ts'
import type { AccessKey } from '../auth/signing-key.ts'
import type { Call, Environment } from '../call.ts'
import type { OperationName } from '../contract/index.ts'
import type { Operation } from '../contract/operation.ts'
import type { Origin } from '../sender.ts'
import { arnsOf } from './arns.ts'
import { codecOf } from './codec.ts'
import { throttleOf, type Throttling } from './throttle.ts'

/** A request as it came, with what routing has found in its path. */
interface Received extends SignedRequest, Origin {
  readonly params: Record<string, string>
  /** The query without its question mark, untouched. */
  readonly query: string
  readonly bearer: string | undefined
  /** The host that the client has asked for. */
  readonly host: string
  /** Undefined where there is no audit log. */
  readonly trail: Trail | undefined
}

export type Dispatch = (request: Received) => Promise<string | undefined>

/** Type names of one operation do not matter here: dispatch hands on what the contract has decoded. */
type AnyHandler = (input: Record<string, unknown>, call: Call) => Promise<Record<string, unknown> | undefined>

/**
 * The way of every call, in five steps; each throws the error that ends it. Made once per operation, so that a call does what
 * differs from call to call and nothing else. Resolves to the body of the answer.
 */
export function dispatchOf(
  name: OperationName,
  operation: Operation,
  {
    verify,
    environment,
    throttling,
  }: { verify: (request: SignedRequest) => AccessKey; environment: Environment; throttling: Throttling | undefined },
): Dispatch {
  const codec = codecOf(operation)
  const namedArns = arnsOf(operation)
  const permit = permitterOf(name)
  const authorize = authorizerOf(name, operation)
  const throttle = throttling && throttleOf(name, operation, throttling)
  const handle = handlers[name] as unknown as AnyHandler

  return async request => {
    // 1 authenticate: the key that signed, then the user or bot that acts.
    const { trail } = request
    const key = verify(request)
    trail?.signed(key)
    const { principal } = key
    const bearer = operation.bearer ? bearerOf(request.bearer) : undefined
    trail?.names(bearer)
    throttle?.look(bearer)
    // 2 decode and validate.
    const input: Record<string, unknown> = codec.decode(request)
    const arns = namedArns(input)
    trail?.names(bearer, arns.values())
    // 3 authorize: IAM, then the role.
    if (principal.permissions)
      await permit(principal, input, { ...environment, sourceAddress: request.sourceAddress, isSecure: request.isSecure })
    const call = await authorize({ ...environment, operation: name, host: request.host, principal }, bearer, arns, input)
    throttle?.take({ call, bearer, arns, input })
    // 4 handle.
    const output = await handle(input, call)
    trail?.made(output)
    // 5 encode.
    return codec.encode(output)
  }
}
