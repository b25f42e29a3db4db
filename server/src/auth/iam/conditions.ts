import type { Subject } from './subject.ts'
import type { ConditionKey } from './condition-keys.ts'
import { isObject } from '../../tools/json.ts'
import { textsOf } from './json.ts'
import { operators, type Operator, type Test } from './operators.ts'
import { PolicyError, within } from './policy-error.ts'
import type { RequestContext } from './request-context.ts'
import type { Part } from './template.ts'

export interface Condition {
  readonly key: ConditionKey
  /** The literal texts, wildcards and variables of each value. */
  readonly parts: readonly Part[]
  readonly holds: (principal: Subject, context: RequestContext) => boolean
}

type Quantifier = 'ForAnyValue' | 'ForAllValues'

/** The condition keys that a Condition element may use. */
export interface Vocabulary {
  /** Returns the condition key of that name; throws if there is none. */
  readonly keyOf: (name: string) => ConditionKey
  /** Whether the values may contain variables. */
  readonly variables: boolean
}

/** Compiles the conditions of a Condition element; all of them must match. */
export function conditionsOf(element: unknown, vocabulary: Vocabulary): Condition[] {
  if (!isObject(element)) throw new PolicyError('It must be an object of operators.')
  return Object.entries(element).flatMap(([operator, keys]) =>
    within(operator, () => {
      if (!isObject(keys) || Object.keys(keys).length === 0)
        throw new PolicyError('It must be an object of condition keys and their values.')
      const folded = Object.keys(keys).map(key => key.toLowerCase())
      if (new Set(folded).size < folded.length) throw new PolicyError('The same condition key occurs twice.')
      return Object.entries(keys).map(([key, values]) => conditionOf(operator, key, values, vocabulary))
    }),
  )
}

/** Numbers and booleans may be written without quotes. */
function conditionValues(value: unknown): readonly string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  const texts = values.map(each => (typeof each === 'number' || typeof each === 'boolean' ? String(each) : each))
  return textsOf(texts, 'a string, a number, true or false')
}

/** Compiles one operator on one key. */
function conditionOf(operatorName: string, keyName: string, given: unknown, { keyOf, variables }: Vocabulary): Condition {
  const values = within(keyName, () => conditionValues(given))
  const [, set, plainName = '', suffix] = /^(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?$/.exec(operatorName) ?? []
  const quantifier = set as Quantifier | undefined
  const ifExists = suffix !== undefined
  if (plainName === 'Null' && !quantifier && !ifExists) return nullCondition(keyOf(keyName), values)
  const operator = Object.hasOwn(operators, plainName) ? operators[plainName] : undefined
  if (!operator) throw new PolicyError(`${operatorName} is not a condition operator that this server knows.`)
  if (quantifier === 'ForAnyValue' && ifExists) {
    throw new PolicyError(`${operatorName} is ambiguous: leave out IfExists, which has no effect with ForAnyValue.`)
  }
  const key = keyOf(keyName)
  if (key.isList && !quantifier)
    throw new PolicyError(`${keyName} has many values: write ForAnyValue:${plainName} or ForAllValues:${plainName}.`)
  const { test, parts } = operator.compile(values, variables)
  return { key, parts, holds: quantifier ? quantified(quantifier, key, operator, test) : single(key, operator, test, ifExists) }
}

function single(key: ConditionKey, { isNegated }: Operator, test: Test, ifExists: boolean): Condition['holds'] {
  return (principal, context) => {
    const value = key.read(principal, context)
    // Without a value only a negated operator matches.
    if (value === undefined) return isNegated || ifExists
    const isNamed = typeof value === 'string' ? test(value, principal, context) : value.some(each => test(each, principal, context))
    return isNamed !== isNegated
  }
}

/** If the request has no value at all, ForAllValues matches and ForAnyValue does not. */
function quantified(quantifier: Quantifier, key: ConditionKey, { isNegated }: Operator, test: Test): Condition['holds'] {
  return (principal, context) => {
    const read = key.read(principal, context)
    const values = read === undefined ? [] : typeof read === 'string' ? [read] : read
    const holds = (value: string) => test(value, principal, context) !== isNegated
    return quantifier === 'ForAnyValue' ? values.some(holds) : values.every(holds)
  }
}

/** `true`: the request must have no value; `false`: it must have one. */
function nullCondition(key: ConditionKey, values: readonly string[]): Condition {
  const [value] = values
  if (values.length !== 1 || (value !== 'true' && value !== 'false'))
    throw new PolicyError(`The value of Null must be true or false for ${key.name}.`)
  const absent = value === 'true'
  return { key, parts: [], holds: (principal, context) => (key.read(principal, context) === undefined) === absent }
}
