import type { TLocalizedValidationError } from 'typebox/error'
import type { Operation } from '../contract/operation.ts'
import type { Shape } from '../contract/shapes.ts'
import { badRequest, type ApiError } from '../errors.ts'
import { kindOf } from './body.ts'

interface Fault {
  /** A sentence in Amazon's style. */
  readonly sentence: string
  /** The received value, or what to change. */
  readonly reason: string | undefined
}

/** One BadRequestException for all faults of an input. Values of sensitive members are left out, long ones cut. */
export function validationFailure(
  errorsOf: (input: unknown) => readonly TLocalizedValidationError[],
  input: unknown,
  expected: Expected,
): ApiError {
  const errors = errorsOf(excerptOf(input))
  if (errors.length === 0) return badRequest(`A value after the first ${longestExamined} of a list is invalid.`, 'Shorten the list.')
  const faults = errors.flatMap(error => faultsOf(error, locate(error, expected.shape, input), expected))
  const noun = faults.length === 1 ? 'error' : 'errors'
  const message = `${faults.length} validation ${noun} detected: ${faults.map(fault => fault.sentence).join('; ')}`
  const reasons = [...new Set(faults.flatMap(({ reason }) => reason ?? []))]
  return badRequest(message, reasons.length === 0 ? undefined : reasons.join(' '))
}

/** One more than the longest list in the contract, so that the examination still sees that a list is too long. */
const longestExamined = 101

/**
 * The part of an input whose faults are explained: explaining costs a thousand times as much as checking, and a hostile list may be
 * very long.
 */
function excerptOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, longestExamined).map(excerptOf)
  if (!isIndexable(value) || value instanceof Date) return value
  const excerpt: Record<string, unknown> = Object.create(null)
  for (const key of Object.keys(value).slice(0, longestExamined)) excerpt[key] = excerptOf(value[key])
  return excerpt
}

/** Where a fault is: its name in Amazon's form, such as tags.1.member.key, with its shape and value. */
interface Location {
  readonly name: string
  readonly shape: Shape
  readonly value: unknown
  readonly isKey: boolean
}

function locate({ schemaPath, instancePath }: TLocalizedValidationError, root: Shape, input: unknown): Location {
  const keywords = schemaPath.split('/').slice(1)
  const keys = instancePath.split('/').slice(1)
  const names: string[] = []
  let shape: Shape | undefined = root
  let value = input
  let isKey = false
  for (let keyword = keywords.shift(); keyword !== undefined; keyword = keywords.shift()) {
    const key = (keys.shift() ?? '').replaceAll('~1', '/').replaceAll('~0', '~')
    value = isIndexable(value) ? value[key] : undefined
    if (keyword === 'properties') {
      shape = shape?.properties?.[keywords.shift() ?? '']
      names.push(memberName(key))
    } else if (keyword === 'items') {
      shape = shape?.items
      names.push(`${Number(key) + 1}`, 'member')
    } else if (keyword === 'propertyNames') {
      shape = shape?.propertyNames
      value = key
      isKey = true
    } else {
      shape = shape?.additionalProperties
      names.push('value')
    }
  }
  return { name: names.join('.'), shape: shape ?? {}, value, isKey }
}

const isIndexable = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

const memberName = (member: string) => member.charAt(0).toLowerCase() + member.slice(1)

/** The operation's shape, and the names in the body that are not members. */
interface Expected {
  readonly shape: Shape
  readonly bindings: Operation['bindings']
  /** Names in the body that are not members. */
  readonly strangers: readonly string[]
}

function faultsOf(error: TLocalizedValidationError, location: Location, expected: Expected): Fault[] {
  if (error.keyword === 'required') {
    return error.params.requiredProperties.map(member => missing(location.name === '' ? '' : `${location.name}.`, member, expected))
  }
  // These faults of a whole dictionary repeat those of its keys and values.
  if (error.keyword === 'propertyNames' || error.keyword === 'additionalProperties') return []
  const isTimeInBody = location.shape.timestamp === true && expected.bindings[error.instancePath.slice(1)]?.in !== 'query'
  const constraint = isTimeInBody ? timeInBody : constraintOf(error, location.shape)
  const sentence = location.isKey
    ? `Value at '${location.name}' failed to satisfy constraint: Map keys must satisfy constraint: [${constraint}]`
    : `Value ${shown(location)}at '${location.name}' failed to satisfy constraint: ${constraint}`
  return [{ sentence, reason: reasonOf(error, location) }]
}

function missing(parent: string, member: string, { shape, bindings, strangers }: Expected): Fault {
  const sentence = `Value null at '${parent}${memberName(member)}' failed to satisfy constraint: Member must not be null`
  const binding = parent === '' ? bindings[member] : undefined
  if (binding === undefined) return { sentence, reason: undefined }
  const where = { header: 'as the header', path: 'in the path as', query: 'as the query parameter', body: 'in the body as' }[binding.in]
  const needed = `${member} is required and travels ${where} ${binding.name}${sketch(shape.properties?.[member])}.`
  return { sentence, reason: binding.in === 'body' && strangers.length > 0 ? `${needed} ${unknownTo(strangers)}` : needed }
}

/** How a structure or a list of them is written; empty if the name says it. */
function sketch(shape: Shape | undefined): string {
  const properties = shape?.properties ?? shape?.items?.properties
  if (properties === undefined) return ''
  const members = Object.keys(properties).join(', ')
  return shape?.items ? `: [{${members}}]` : `: {${members}}`
}

const mostStrangers = 3

/** The fault of unknown members: those of other operations or older clients, or misspelt ones. */
function unknownTo(names: readonly string[]): string {
  const shown = names.slice(0, mostStrangers).join(', ')
  return `The body has ${shown}${names.length > mostStrangers ? ' and more' : ''}, which this operation does not have.`
}

const longestShown = 64

/** The value in quotes, if it may be shown: scalars of scalar members only, never of sensitive ones. */
function shown({ shape, value }: Location): string {
  const isScalar = shape.properties === undefined && shape.items === undefined && shape.additionalProperties === undefined
  if (shape.sensitive || !isScalar || (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')) return ''
  const text = String(value).toWellFormed()
  return text.length <= longestShown ? `'${text}' ` : `'${text.slice(0, longestShown).toWellFormed()}…' `
}

function constraintOf(error: TLocalizedValidationError, shape: Shape): string {
  const comparison = comparisons[error.keyword]
  if (comparison !== undefined && 'limit' in error.params) return `Member must have ${comparison} ${error.params.limit}`
  if (error.keyword === 'enum') return `Member must satisfy enum value set: [${(shape.enum ?? []).join(', ')}]`
  if (error.keyword === 'pattern') return `Member must satisfy regular expression pattern: ${shape.writtenPattern}`
  if (error.keyword === 'type') return `Member must be ${kinds[shape.type ?? ''] ?? 'of another type'}`
  return error.message
}

const timeInBody = 'Member must be a timestamp, a number of seconds since 1970'

const comparisons: Readonly<Record<string, string>> = {
  minLength: 'length greater than or equal to',
  minItems: 'length greater than or equal to',
  minimum: 'value greater than or equal to',
  maxLength: 'length less than or equal to',
  maxItems: 'length less than or equal to',
  maximum: 'value less than or equal to',
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'an integer',
  boolean: 'a boolean',
  array: 'a list',
  object: 'a structure',
}

function reasonOf({ keyword }: TLocalizedValidationError, { name, shape, value }: Location): string | undefined {
  if (keyword === 'type') return `${name} is ${kindOf(value)}.`
  if (keyword === 'pattern') return `The pattern must match the whole of ${name}.`
  if (Array.isArray(value)) return `${name} has ${value.length} items.`
  if (typeof value !== 'string') return undefined
  if (keyword === 'enum') return shape.enum?.includes(value.toUpperCase()) ? `${name} must be in capitals.` : undefined
  return keyword === 'minLength' || keyword === 'maxLength' ? `${name} has length ${Array.from(value).length}.` : undefined
}
