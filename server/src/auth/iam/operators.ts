import type { Subject } from './subject.ts'
import { rangesOf } from '../../tools/addresses.ts'
import { arnPatternOf } from './arn-pattern.ts'
import { patternOf } from './pattern.ts'
import { PolicyError } from './policy-error.ts'
import type { RequestContext } from './request-context.ts'
import { isVariable, partsOf, valueOf, type Part, type Variable } from './template.ts'

/** Whether a value of the request matches one of the values in the policy. */
export type Test = (value: string, principal: Subject, context: RequestContext) => boolean

export interface Operator {
  /** Matches if the test does not. */
  readonly isNegated: boolean
  /** Compiles the values into a test and the variables in them. Throws for a value that the operator cannot read. */
  readonly compile: (values: readonly string[], variables: boolean) => { readonly test: Test; readonly parts: readonly Part[] }
}

/** Operators whose values have neither wildcards nor variables. */
const plain = (testOf: (values: readonly string[]) => (value: string) => boolean) => (values: readonly string[], variables: boolean) => {
  const written = values.find(value => variables && value.includes('${'))
  if (written !== undefined) throw new PolicyError(`'${written}': variables are for String and Arn operators only.`)
  return { test: testOf(values), parts: [] }
}

/** Values without wildcards consist of literal text and variables. */
const textOf = (parts: readonly Part[], valueOfVariable: (variable: Variable) => string) =>
  parts.map(part => (isVariable(part) ? valueOfVariable(part) : typeof part === 'string' ? part : '')).join('')

const equal =
  (fold: (text: string) => string): Operator['compile'] =>
  (values, variables) => {
    const all = values.map(value => partsOf(value, { wildcards: false, variables }))
    const constants = new Set(all.filter(parts => !parts.some(isVariable)).map(parts => fold(textOf(parts, () => ''))))
    const open = all.filter(parts => parts.some(isVariable))
    const test: Test = (value, principal, context) =>
      constants.has(fold(value)) ||
      open.some(parts => fold(textOf(parts, variable => valueOf(variable, principal, context))) === fold(value))
    return { test, parts: all.flat() }
  }

const like: Operator['compile'] = (values, variables) => {
  const all = values.map(value => partsOf(value, { wildcards: true, variables }))
  const patterns = all.map(patternOf)
  return {
    test: (value, principal, context) => patterns.some(matches => matches(value, 0, value.length, principal, context)),
    parts: all.flat(),
  }
}

const arnLike: Operator['compile'] = (values, variables) => {
  const patterns = values.map(value => arnPatternOf(value, variables))
  return {
    test: (value, principal, context) => patterns.some(pattern => pattern.matches(value, principal, context)),
    parts: patterns.flatMap(({ parts }) => parts),
  }
}

const bool = plain(values => {
  const wrong = values.find(value => !/^(?:true|false)$/i.test(value))
  if (wrong !== undefined) throw new PolicyError(`'${wrong}' is neither true nor false.`)
  const folded = new Set(values.map(value => value.toLowerCase()))
  return value => folded.has(value.toLowerCase())
})

const numberOf = (text: string) => (/^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN)

const date = /^\d{4}-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?)?$/

/** Milliseconds of an ISO 8601 time or of seconds since 1970. */
const timeOf = (text: string) => (/^\d{1,12}$/.test(text) ? Number(text) * 1000 : date.test(text) ? Date.parse(text) : NaN)

/** The operators that compare a quantity. A value that cannot be parsed as the quantity never matches. */
const comparisons = (prefix: string, measure: (text: string) => number, what: string): Record<string, Operator> => {
  const compile = (holds: (value: number, limit: number) => boolean) =>
    plain(values => {
      const limits = values.map(measure)
      const wrong = limits.findIndex(Number.isNaN)
      if (wrong !== -1) throw new PolicyError(`'${values[wrong]}' is not ${what}.`)
      return text => {
        const value = measure(text)
        return limits.some(limit => holds(value, limit))
      }
    })
  const equals = compile((value, limit) => value === limit)
  return {
    [`${prefix}Equals`]: { isNegated: false, compile: equals },
    [`${prefix}NotEquals`]: { isNegated: true, compile: equals },
    [`${prefix}LessThan`]: { isNegated: false, compile: compile((value, limit) => value < limit) },
    [`${prefix}LessThanEquals`]: { isNegated: false, compile: compile((value, limit) => value <= limit) },
    [`${prefix}GreaterThan`]: { isNegated: false, compile: compile((value, limit) => value > limit) },
    [`${prefix}GreaterThanEquals`]: { isNegated: false, compile: compile((value, limit) => value >= limit) },
  }
}

const exactly = equal(text => text)
const ignoringCase = equal(text => text.toLowerCase())

const inRange = plain(texts => {
  try {
    return rangesOf(texts)
  } catch (error) {
    throw new PolicyError((error as Error).message, { cause: error })
  }
})

/** Every operator except Null, which tests whether there is a value. */
export const operators: Readonly<Record<string, Operator>> = {
  StringEquals: { isNegated: false, compile: exactly },
  StringNotEquals: { isNegated: true, compile: exactly },
  StringEqualsIgnoreCase: { isNegated: false, compile: ignoringCase },
  StringNotEqualsIgnoreCase: { isNegated: true, compile: ignoringCase },
  StringLike: { isNegated: false, compile: like },
  StringNotLike: { isNegated: true, compile: like },
  ArnEquals: { isNegated: false, compile: arnLike },
  ArnNotEquals: { isNegated: true, compile: arnLike },
  ArnLike: { isNegated: false, compile: arnLike },
  ArnNotLike: { isNegated: true, compile: arnLike },
  Bool: { isNegated: false, compile: bool },
  ...comparisons('Numeric', numberOf, 'a number'),
  ...comparisons('Date', timeOf, 'a date like 2026-01-31T00:00:00Z, nor seconds since 1970'),
  IpAddress: { isNegated: false, compile: inRange },
  NotIpAddress: { isNegated: true, compile: inRange },
}
