import { PolicyError } from './policy-error.ts'

/** More levels than the deepest policy has: policy, statements, statement, condition, operator, values. */
const deepest = 8

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g

/**
 * Parses JSON. Throws a PolicyError for an object that has the same key twice: JSON.parse would silently use the last one, so the policy
 * could mean something else to the server than to its reader.
 */
export function parseStrictJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new PolicyError(`It is not valid JSON: ${(error as Error).message}.`, { cause: error })
  }
  refuseDuplicates(text)
  return value
}

/** The text is valid JSON, so a string before a colon is a key. */
function refuseDuplicates(text: string) {
  const open: Set<string>[] = []
  let last = ''
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') {
      if (open.push(new Set()) > deepest) throw new PolicyError(`It is nested more than ${deepest} levels deep.`)
    } else if (token === '}' || token === ']') open.pop()
    else if (token === ':') {
      const key = JSON.parse(last) as string
      const keys = open.at(-1)!
      if (keys.has(key)) throw new PolicyError(`The key ${last} occurs twice in one object.`)
      keys.add(key)
    }
    last = token
  }
}

/** Returns the strings of a member that IAM allows to be one string or a list. */
export function textsOf(value: unknown, what: string): readonly string[] {
  const texts: unknown[] = Array.isArray(value) ? value : [value]
  if (texts.length > 0 && texts.every(text => typeof text === 'string')) return texts
  throw new PolicyError(`It must be ${what}, or a list of such.`)
}
