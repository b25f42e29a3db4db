import type { ErrorName } from '../errors.ts'
import { bindingOf, methods, type Binding, type Method } from './binding.ts'
import { RequiredMember, structure, type Members, type Structure } from './shapes.ts'

/** What an operation is: its route, input, output, and declared errors. */
export interface Operation<I extends Members = Members, O extends Members = Members> {
  readonly method: Method
  /** The path template, with `{channelArn}` and the like as segments. */
  readonly path: string
  /** The query parameter that distinguishes the operations of one path; never an input. */
  readonly selector: { readonly name: 'operation' | 'scope'; readonly value: string } | undefined
  /** The status of a success. */
  readonly status: 200 | 201 | 204
  /** Whether a user or bot acts, named in the header x-amz-chime-bearer; if false, a service key acts. */
  readonly bearer: boolean
  readonly input: Structure<I>
  readonly output: Structure<O>
  readonly errors: readonly ErrorName[]
  /** The place of each input member. */
  readonly bindings: Readonly<Record<string, Binding>>
  /** The member that makes a retry safe. */
  readonly idempotencyToken: string | undefined
}

/** The errors that every operation of both services declares. */
export const commonErrors: readonly ErrorName[] = [
  'ForbiddenException',
  'UnauthorizedClientException',
  'ThrottledClientException',
  'ServiceUnavailableException',
  'ServiceFailureException',
]

/** The errors that most operations declare that create something, in addition to the usual ones. */
export const conflictOrLimit = ['ConflictException', 'ResourceLimitExceededException'] as const

const usualErrors: readonly ErrorName[] = [...commonErrors, 'BadRequestException']

/**
 * An entry of the contract. `route` is `METHOD /path?selector=value`; `extraErrors` are declared in addition to the five common
 * ones and BadRequestException.
 */
export function operation<const I extends Members, const O extends Members>(
  route: `${Method} /${string}`,
  status: 200 | 201 | 204,
  input: I,
  output: O,
  extraErrors: readonly ErrorName[] = [],
  declaredErrors: readonly ErrorName[] = usualErrors,
): Operation<I, O> {
  const { method, path, selector } = parseRoute(route)
  return {
    method,
    path,
    selector,
    status,
    bearer: 'ChimeBearer' in input,
    input: structure(input),
    output: structure(output),
    errors: [...declaredErrors, ...extraErrors],
    bindings: Object.fromEntries(Object.keys(input).map(member => [member, bindingOf(member, method, path)])),
    idempotencyToken: Object.keys(input).find(member => isIdempotencyToken(input[member])),
  }
}

const isIdempotencyToken = (member: unknown) => member instanceof RequiredMember && member.idempotencyToken

function parseRoute(route: string): Pick<Operation, 'method' | 'path' | 'selector'> {
  const [, verb, path, name, value] = /^([A-Z]+) ([^?]+)(?:\?(operation|scope)=(.+))?$/.exec(route) ?? []
  const method = methods.find(known => known === verb)
  if (method === undefined || path === undefined) throw new Error(`not a route: ${route}`)
  const selector: Operation['selector'] = (name === 'operation' || name === 'scope') && value !== undefined ? { name, value } : undefined
  return { method, path, selector }
}
