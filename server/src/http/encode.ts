import { JsonText } from '../contract/common.ts'
import type { Shape } from '../contract/shapes.ts'
import { isObject } from '../tools/json.ts'

type Write = (value: unknown) => string

/**
 * Makes the writer of a shape. Members leave in the order of the contract, and only members of the contract leave. Absent and null
 * members are left out, but a top-level list is always present (docs/service/wire.md#answers).
 */
export function writerOf(shape: Shape, role: 'answer' | 'part' = 'part'): Write {
  if (shape.properties !== undefined) return structureWriter(shape.properties, role)
  if (shape.items !== undefined) return listWriter(writerOf(shape.items))
  if (shape.additionalProperties !== undefined) return mapWriter(writerOf(shape.additionalProperties))
  if (shape.enum !== undefined) return wordWriter(shape.enum)
  return shape.timestamp ? writeTimestamp : writeScalar
}

function structureWriter(properties: Readonly<Record<string, Shape>>, role: 'answer' | 'part'): Write {
  const members = Object.entries(properties).map(([name, shape]) => ({
    name,
    start: `${JSON.stringify(name)}:`,
    write: writerOf(shape),
    ifAbsent: role === 'answer' && shape.items !== undefined ? `${JSON.stringify(name)}:[]` : undefined,
  }))
  return value => {
    if (value instanceof JsonText) return value.text
    if (!isObject(value)) return '{}'
    let json = ''
    for (const { name, start, write, ifAbsent } of members) {
      const member = value[name]
      if (member !== undefined && member !== null) json += (json === '' ? start : `,${start}`) + write(member)
      else if (ifAbsent !== undefined) json += json === '' ? ifAbsent : `,${ifAbsent}`
    }
    return `{${json}}`
  }
}

function listWriter(write: Write): Write {
  return value => {
    if (value instanceof JsonText) return value.text
    if (!Array.isArray(value)) return '[]'
    let json = ''
    for (const item of value) json += json === '' ? write(item) : `,${write(item)}`
    return `[${json}]`
  }
}

function mapWriter(write: Write): Write {
  return value => {
    if (value instanceof JsonText) return value.text
    if (!isObject(value)) return '{}'
    return `{${Object.keys(value)
      .map(key => `${JSON.stringify(key)}:${write(value[key])}`)
      .join(',')}}`
  }
}

/** The words are quoted once, at start. */
function wordWriter(words: readonly string[]): Write {
  const quoted = new Map<unknown, string>(words.map(word => [word, JSON.stringify(word)]))
  return value => quoted.get(value) ?? writeScalar(value)
}

const writeTimestamp: Write = value => (value instanceof Date ? epochSeconds(value.getTime()) : writeScalar(value))

/**
 * Epoch seconds as a number with milliseconds as its fraction: SDKs refuse ISO strings. Joining the two integers as text costs a
 * quarter of formatting a fraction.
 */
function epochSeconds(milliseconds: number): string {
  if (!(milliseconds >= 0)) return JSON.stringify(milliseconds / 1000)
  const seconds = Math.floor(milliseconds / 1000)
  const rest = milliseconds - seconds * 1000
  if (rest === 0) return `${seconds}`
  return rest < 10 ? `${seconds}.00${rest}` : rest < 100 ? `${seconds}.0${rest}` : `${seconds}.${rest}`
}

const writeScalar: Write = value => (value instanceof JsonText ? value.text : JSON.stringify(value))
