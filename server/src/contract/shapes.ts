import { Type, type Static, type TSchema } from 'typebox'

/**
 * The makers of the contract's schemas. They are TypeBox schemas, so JSON Schema, with four keywords of our own: `sensitive` (the value may
 * stand in no log and no error text), `writtenPattern` (the pattern as Amazon's model writes it; `pattern` is what is checked), `raisedBy`
 * (the limit that replaces `maxLength`) and `timestamp`.
 */

/** A required member; all others are optional. */
export class RequiredMember<S extends TSchema = TSchema> {
  readonly schema: S
  readonly idempotencyToken: boolean

  constructor(schema: S, idempotencyToken: boolean) {
    this.schema = schema
    this.idempotencyToken = idempotencyToken
  }
}

export const Required = <S extends TSchema>(schema: S) => new RequiredMember(schema, false)

/** A required member that SDKs fill with a UUID if the caller leaves it out, so that a retry does not repeat the work. */
export const IdempotencyToken = <S extends TSchema>(schema: S) => new RequiredMember(schema, true)

/** The members of a structure: optional unless wrapped in `Required`. */
export type Members = Readonly<Record<string, TSchema | RequiredMember>>

type Simplify<T> = { [K in keyof T]: T[K] } & {}

/** The value that members describe. An absent member is absent, never `undefined`. */
export type ValueOf<M extends Members> = Simplify<
  { [K in keyof M as M[K] extends RequiredMember ? K : never]: M[K] extends RequiredMember<infer S> ? Static<S> : never } & {
    [K in keyof M as M[K] extends RequiredMember ? never : K]?: M[K] extends TSchema ? Static<M[K]> : never
  }
>

export interface Structure<M extends Members = Members> extends Type.TUnsafe<ValueOf<M>> {
  type: 'object'
  properties: Readonly<Record<keyof M & string, TSchema>>
  required?: readonly string[]
}

export function structure<M extends Members>(members: M): Structure<M>
export function structure(members: Members): TSchema {
  const properties: Record<string, TSchema> = {}
  for (const [name, member] of Object.entries(members)) {
    properties[name] = member instanceof RequiredMember ? member.schema : Type.Optional(member)
  }
  return Type.Object(properties)
}

interface TextLimits {
  minLength?: number
  maxLength?: number
  pattern?: string
  sensitive?: true
  raisedBy?: string
}

/** A string whose lengths count code points, and whose pattern, written as in Amazon's model, must match the whole of it. */
export function text({ pattern, ...limits }: TextLimits): Type.TString {
  if (pattern === undefined) return Type.String(limits)
  const checked = checkedPattern(pattern)
  return Type.String({ ...limits, ...(checked === undefined ? {} : { pattern: checked }), writtenPattern: pattern })
}

/**
 * The pattern that is checked in place of Amazon's. `.*` and `[\s\S]*` match everything, line breaks included, and cost nothing.
 * `.*\S.*` is a search, in linear time. `\u10000-\u10FFFF` is the range U+10000–U+10FFFF (docs/service/wire.md#requests).
 */
function checkedPattern(written: string): string | undefined {
  if (written === '.*' || written === String.raw`[\s\S]*`) return undefined
  if (written === String.raw`.*\S.*`) return String.raw`\S`
  const unicode = written.replaceAll(String.raw`\u10000-\u10FFFF`, String.raw`\u{10000}-\u{10FFFF}`).replaceAll(/\\([:_@])/g, '$1')
  return `^(?:${unicode})$`
}

export const integer = (limits: { minimum?: number; maximum?: number } = {}) => Type.Integer(limits)

export const boolean = () => Type.Boolean()

/** One of these words. */
export const oneOf = <const Word extends string>(...words: Word[]): Type.TEnum<Word[]> => Type.Enum<Word[]>(words)

export const list = <S extends TSchema>(items: S, limits: { minItems?: number; maxItems?: number } = {}) => Type.Array(items, limits)

/** A dictionary whose keys have the limits of `key`. */
export const map = <S extends TSchema>(key: Type.TString, value: S) =>
  Type.Unsafe<Readonly<Record<string, Static<S>>>>({ type: 'object', propertyNames: key, additionalProperties: value })

/** A point in time: a `Date` in code, epoch seconds in a body, ISO 8601 in a query. */
export const timestamp = () =>
  Type.Refine(
    Type.Unsafe<Date>({ timestamp: true }),
    (value: unknown) => value instanceof Date,
    () => 'Member must be a timestamp in ISO 8601 format',
  )

/** The keywords of any schema of the contract, for code that walks schemas. */
export interface Shape {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly items?: Shape
  readonly propertyNames?: Shape
  readonly additionalProperties?: Shape
  readonly enum?: readonly string[]
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  readonly writtenPattern?: string
  readonly sensitive?: true
  readonly raisedBy?: string
  readonly timestamp?: true
}
