import type { Shape } from '../contract/shapes.ts'
import { badRequest } from '../errors.ts'

interface QueryMember {
  readonly member: string
  readonly name: string
  readonly shape: Shape
}

/** Converts a text into the form of its shape. A text that does not fit stays a text, and the validation reports it. */
type Parse = (text: string) => unknown

/**
 * Returns a function that reads the members in the query into the input; undefined if the operation has none. Selectors and unknown
 * names are ignored. A literal plus is a plus. A member that occurs twice is refused, since proxies differ in which one counts.
 */
export function queryReader(members: readonly QueryMember[]): ((query: string, input: Record<string, unknown>) => void) | undefined {
  if (members.length === 0) return undefined
  const known = new Map(members.map(({ member, name, shape }) => [name, { member, parse: parserOf(member, shape) }]))
  return (query, input) => {
    for (let start = 0, end = 0; start < query.length; start = end + 1) {
      end = query.indexOf('&', start)
      if (end === -1) end = query.length
      const equals = query.indexOf('=', start)
      const nameEnd = equals === -1 || equals > end ? end : equals
      const name = unescape(query.slice(start, nameEnd), 'name of a parameter')
      const found = known.get(name)
      if (found === undefined) continue
      const { member, parse } = found
      if (input[member] !== undefined) throw badRequest(`The query parameter ${name} is given more than once.`, 'Send it once.')
      const value = parse(nameEnd === end ? '' : unescape(query.slice(nameEnd + 1, end), name))
      if (value !== undefined) input[member] = value
    }
  }
}

function unescape(text: string, name: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    const reason = 'Each % must begin an escape of two hexadecimal digits, and the escaped bytes must be UTF-8.'
    throw badRequest(`The query parameter ${name} is not validly percent-encoded.`, reason)
  }
}

function parserOf(member: string, shape: Shape): Parse {
  if (shape.type === 'integer') return text => (/^-?\d{1,15}$/.test(text) ? Number(text) : text)
  if (shape.type === 'boolean') return text => (text === 'true' || text === 'false' ? text === 'true' : text)
  if (shape.timestamp) return text => timestampOf(text) ?? text
  if (member === 'NextToken') return text => (text === '' ? undefined : text)
  return text => text
}

const timestampPattern = /^\d{4}-\d\d-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/** ISO 8601 with up to six decimals, of which the milliseconds count. A day that does not exist is refused. */
function timestampOf(text: string): Date | undefined {
  const day = Number(timestampPattern.exec(text)?.[1])
  if (Number.isNaN(day)) return undefined
  // Date would accept 30 February as 2 March.
  if (day > 28 && new Date(text.slice(0, 10)).getUTCDate() !== day) return undefined
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? undefined : date
}
