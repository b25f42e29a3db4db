import { handlers } from '../api/index.ts'
import { bearerOf } from '../auth/authenticate.ts'
import { authorizerOf } from '../auth/authorize.ts'
import { permitterOf } from '../auth/permit.ts'
import type { SignedRequest } from '../auth/sigv4.ts'
import type { AccessKey } from '../auth/signing-key.ts'
import type { Call, Environment } from '../call.ts'
import type { OperationName } from '../contract/index.ts'
import type { Operation } from '../contract/operation.ts'
import type { Sender } from '../sender.ts'
import { arnsOf } from './arns.ts'
import { codecOf } from './codec.ts'

/** A request as it came, with what routing has found in its path. */
interface Received extends SignedRequest, Sender {
  readonly params: Record<string, string>
  /** The query without its question mark, untouched. */
  readonly query: string
  readonly bearer: string | undefined
  readonly host: string
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
  { verify, environment }: { verify: (request: SignedRequest) => AccessKey; environment: Environment },
): Dispatch {
  const codec = codecOf(operation)
  const namedArns = arnsOf(operation)
  const permit = permitterOf(name)
  const authorize = authorizerOf(name, operation)
  const handle = handlers[name] as unknown as AnyHandler

  return async request => {
    // 1 authenticate: the key that signed, then the user or bot that acts.
    const { principal } = verify(request)
    const bearer = operation.bearer ? bearerOf(request.bearer) : undefined
    // 2 decode and validate.
    const input: Record<string, unknown> = codec.decode(request)
    const arns = namedArns(input)
    // 3 authorize: IAM, then the role.
    if (principal.permissions)
      await permit(principal, input, { ...environment, sourceAddress: request.sourceAddress, isSecure: request.isSecure })
    const call = await authorize({ ...environment, operation: name, host: request.host, principal }, bearer, arns, input)
    // 4 handle.
    const output = await handle(input, call)
    // 5 encode.
    return codec.encode(output)
  }
}
