import type { Shape } from '../contract/shapes.ts'
import { badRequest } from '../errors.ts'
import { isObject } from '../tools/json.ts'

/** Converts a value into the form of its shape. A value of another type stays as it is, and the validation reports it. */
type Pick = (value: unknown) => unknown

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads a JSON body into the input, and returns the parsed body. */
type ReadBody = (body: Uint8Array, input: Record<string, unknown>) => Readonly<Record<string, unknown>>

/**
 * Returns a function that reads the members in a JSON body into the input; undefined if the operation has none. A null counts as
 * absent, unknown members are dropped, and values below the depth of the contract are not looked at.
 */
export function bodyReader(members: readonly (readonly [string, Shape])[]): ReadBody | undefined {
  if (members.length === 0) return undefined
  const copy = copierOf(members)
  return (body, input) => {
    const value = parse(body)
    if (!isObject(value))
      throw badRequest(`The body of the request must be a JSON object, not ${kindOf(value)}.`, 'Send one JSON object in UTF-8.')
    copy(value, input)
    return value
  }
}

function copierOf(members: readonly (readonly [string, Shape])[]) {
  const picks = members.map(([name, shape]) => ({ name, pick: pickOf(shape) }))
  return (from: Readonly<Record<string, unknown>>, to: Record<string, unknown>) => {
    for (const { name, pick } of picks) {
      const value = from[name]
      if (value !== undefined && value !== null) to[name] = pick === undefined ? value : pick(value)
    }
    return to
  }
}

/** The last second that a Date can hold. */
const latestSecond = 8.64e12
const timeOf: Pick = value => (typeof value === 'number' && Math.abs(value) <= latestSecond ? new Date(Math.round(value * 1000)) : value)

function pickOf(shape: Shape): Pick | undefined {
  if (shape.timestamp) return timeOf
  if (shape.properties !== undefined) {
    const copy = copierOf(Object.entries(shape.properties))
    return value => (isObject(value) ? copy(value, {}) : value)
  }
  if (shape.items !== undefined) {
    const pick = pickOf(shape.items)
    return pick === undefined ? undefined : value => (Array.isArray(value) ? value.map(item => pick(item)) : value)
  }
  if (shape.additionalProperties !== undefined) {
    const pick = pickOf(shape.additionalProperties) ?? (value => value)
    return value => (isObject(value) ? pickEntries(value, pick) : value)
  }
  return undefined
}

/**
 * The dictionary has no prototype, so `__proto__` is an ordinary key. Its keys are sorted; since structures have the order of the
 * contract, equal inputs then have equal texts.
 */
function pickEntries(value: Readonly<Record<string, unknown>>, pick: Pick): object {
  const entries: Record<string, unknown> = Object.create(null)
  for (const key of Object.keys(value).toSorted()) if (value[key] !== null) entries[key] = pick(value[key])
  return entries
}

/** The type of a JSON value, in words. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/**
 * Bodies of at least this size are checked for deep nesting, which costs the parser memory and time. For smaller ones that is less than a
 * millisecond.
 */
const sizeWorthScanning = 8192
const deepest = 32

function parse(body: Uint8Array): unknown {
  const text = textOf(body)
  if (body.length > sizeWorthScanning && isTooDeep(text)) {
    throw badRequest(`The body of the request is nested more than ${deepest} levels deep.`, 'No input of a call is nested so deeply.')
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badRequest(`The body of the request is not valid JSON: ${faultIn(text, error)}`, 'Send one JSON object in UTF-8.')
  }
}

function textOf(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    const repaired = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(body))
    const position = body.findIndex((byte, index) => byte !== repaired[index])
    throw badRequest(`The body of the request is not valid UTF-8 at byte ${position}.`, 'Send one JSON object in UTF-8.')
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x22) inString = !inString
    else if (inString) index += code === 0x5c ? 1 : 0
    else if (code === 0x7b || code === 0x5b) depth++
    else if (code === 0x7d || code === 0x5d) depth--
    if (depth > deepest) return true
  }
  return false
}

/**
 * The error of the parser and its position. The parser's message would quote the body, which may contain what must not be logged, so that
 * part is left out.
 */
function faultIn(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  const what = message.replace(/,? (?:in JSON at position|(?:\.\.\.)?"|is not valid).*$/s, '').replace(/^".*$/s, 'Unexpected text')
  const where = /at position (\d+)/.exec(message)?.[1] ?? (text.length > longestSearched ? undefined : validLength(text))
  return where === undefined ? `${what}.` : `${what} at position ${where}.`
}

const longestSearched = 65_536

/** The length of the longest prefix that could still become JSON, for errors that the parser does not locate. */
function validLength(text: string): number {
  let valid = 0
  for (let invalid = text.length + 1; invalid - valid > 1;) {
    const middle = (valid + invalid) >> 1
    if (couldBecomeJson(text.slice(0, middle))) valid = middle
    else invalid = middle
  }
  return valid
}

function couldBecomeJson(beginning: string): boolean {
  try {
    JSON.parse(beginning)
    return true
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    return message.includes('end of JSON input') || message.includes(`at position ${beginning.length} `)
  }
}
