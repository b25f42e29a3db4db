import { Compile } from 'typebox/schema'
import type { Operation } from '../contract/operation.ts'
import type { Shape } from '../contract/shapes.ts'
import { bodyReader } from './body.ts'
import { writerOf } from './encode.ts'
import { queryReader } from './query.ts'
import { validationFailure } from './validation.ts'

/** The parts of a request that contain its input. */
export interface RequestParts {
  /** The path parameters, percent-decoded, by their name in the path template. */
  readonly params: Readonly<Record<string, string>>
  /** The raw query, without the question mark. */
  readonly query: string
  /** The value of x-amz-chime-bearer, checked by the authentication. */
  readonly bearer: string | undefined
  readonly body: Uint8Array
}

/** The types of single operations do not matter here: decode returns an Input, encode takes an Output. */
export interface Codec {
  /**
   * Returns the input of the call, which has members of the contract only and keeps all its limits; throws BadRequestException
   * otherwise.
   */
  decode(request: RequestParts): Record<string, unknown>
  /** The body of the answer; undefined if the operation has no output. */
  encode(output: object | undefined): string | undefined
}

/** Made once per operation, so everything that depends on the contract alone is computed once. */
export function codecOf(operation: Operation, limits: LengthLimits = {}): Codec {
  const membersIn = (part: string) => Object.entries(operation.bindings).filter(([, { in: where }]) => where === part)
  const shapes: Readonly<Record<string, Shape>> = operation.input.properties
  const pathMembers = membersIn('path').map(([member, { name }]) => ({ member, name }))
  const readQuery = queryReader(membersIn('query').map(([member, { name }]) => ({ member, name, shape: shapes[member] ?? {} })))
  const readBody = bodyReader(membersIn('body').map(([member]) => [member, shapes[member] ?? {}]))
  const checkedInput = withLimits(withoutBearer(operation.input), limits)
  const validator = Compile(checkedInput)

  const hasOutput = Object.keys(operation.output.properties).length > 0
  const write = writerOf(operation.output, 'answer')

  return {
    decode({ params, query, bearer, body }) {
      const input: Record<string, unknown> = {}
      for (const { member, name } of pathMembers) input[member] = params[name]
      if (operation.bearer && bearer !== undefined) input['ChimeBearer'] = bearer
      if (readQuery !== undefined && query !== '') readQuery(query, input)
      const came = readBody !== undefined && body.length > 0 ? readBody(body, input) : {}
      if (validator.Check(input)) return input
      const { bindings } = operation
      throw validationFailure(part => validator.Errors(part)[1], input, {
        shape: checkedInput,
        bindings,
        strangers: strangersIn(came, bindings),
      })
    },
    encode: output => (hasOutput ? write(output ?? {}) : undefined),
  }
}

/** Names in the body that are not members. A key that does not look like a name is ignored, since it may be anything. */
const strangersIn = (came: object, bindings: Operation['bindings']) =>
  Object.keys(came).filter(name => bindings[name]?.in !== 'body' && /^[A-Za-z]{1,64}$/.test(name))

/**
 * The limits that replace a `maxLength`, by the `raisedBy` of the shape. For texts this bounds the characters; the act checks the bytes.
 */
type LengthLimits = Readonly<Record<string, number>>

/** The same shape with the limits that hold here. */
function withLimits(shape: Shape, limits: LengthLimits): Shape {
  const { properties, raisedBy, maxLength } = shape
  const most = raisedBy === undefined ? undefined : limits[raisedBy]
  if (most !== undefined && most !== maxLength) return { ...shape, maxLength: most }
  if (!properties) return shape
  const inner = Object.entries(properties).map(([name, each]) => [name, withLimits(each, limits)] as const)
  const isSame = inner.every(([name, each]) => each === properties[name])
  return isSame ? shape : { ...shape, properties: Object.fromEntries(inner) }
}

/** The authentication has checked the bearer and answers 401, so the validation leaves it out. */
function withoutBearer(input: Shape): Shape {
  const { ChimeBearer: _, ...properties } = input.properties ?? {}
  return { type: 'object', required: (input.required ?? []).filter(member => member !== 'ChimeBearer'), properties }
}
