import type { Subject } from './subject.ts'
import { conditionKey, type ReadText } from './condition-keys.ts'
import { PolicyError } from './policy-error.ts'
import type { RequestContext } from './request-context.ts'

/** `?`, any one character, and `*`, any number of them. */
export const one = Symbol('?')
export const many = Symbol('*')

/** `${key}` or `${key, 'default'}`. Its value is taken literally, whatever characters it has. */
export interface Variable {
  readonly read: ReadText
  readonly default: string | undefined
  readonly usesResourceTags: boolean
}

export type Part = string | typeof one | typeof many | Variable

/** How to split a value of a policy into parts. */
export interface Grammar {
  /** Whether `*` and `?` are wildcards. */
  readonly wildcards: boolean
  /** Whether `${…}` is a variable; policies of version 2008-10-17 have none. */
  readonly variables: boolean
}

export const isVariable = (part: Part): part is Variable => typeof part === 'object'

const special = /\$\{|[*?]/g

/** The parts of a text: never two literal ones in a row, none of them empty. */
export function partsOf(text: string, { wildcards, variables }: Grammar): Part[] {
  const parts: Part[] = []
  const add = (part: Part) => {
    const last = parts.at(-1)
    if (part === '') return
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part
    else if (part !== many || last !== many) parts.push(part)
  }
  let at = 0
  while (at < text.length) {
    special.lastIndex = at
    const found = special.exec(text)
    add(text.slice(at, found?.index))
    if (!found) break
    at = found.index + found[0].length
    if (found[0] !== '${') add(!wildcards ? found[0] : found[0] === '*' ? many : one)
    else if (!variables) add('${')
    else {
      const end = text.indexOf('}', at)
      if (end === -1) throw new PolicyError(`The variable in '${text}' is not closed: write \${KEY}, or \${$} for a dollar sign.`)
      add(variableOf(text.slice(at, end)))
      at = end + 1
    }
  }
  return parts
}

function variableOf(text: string): string | Variable {
  if (text === '*' || text === '?' || text === '$') return text
  const [, name, fallback] = /^([^,']*?)(?: *, *'([^']*)')? *$/.exec(text.trimStart()) ?? []
  if (!name) throw new PolicyError(`\${${text}} is not a variable: write \${KEY} or \${KEY, 'default'}.`)
  const key = conditionKey(name)
  if (key.isList) throw new PolicyError(`${name} has many values, so it cannot be a variable.`)
  return { read: key.read, default: fallback, usesResourceTags: key.usesResourceTags }
}

/** The value of a variable, or its default. */
export const valueOf = (variable: Variable, principal: Subject, context: RequestContext) =>
  variable.read(principal, context) ?? variable.default ?? ''
