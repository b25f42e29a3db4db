import type { Principal } from '../principal.ts'
import { conditionKey, type ConditionKey } from './keys.ts'
import { operators, type Operator, type Test } from './operators.ts'
import { PolicyError } from './policy-error.ts'
import type { RequestContext } from './request-context.ts'
import type { Part } from './template.ts'

export interface Condition {
  readonly key: ConditionKey
  /** What its values are made of. */
  readonly parts: readonly Part[]
  readonly holds: (principal: Principal, context: RequestContext) => boolean
}

type Quantifier = 'ForAnyValue' | 'ForAllValues' | undefined

/** One operator on one key of a Condition element; all of them must hold. */
export function conditionOf(operatorName: string, keyName: string, values: readonly string[], variables: boolean): Condition {
  const [, set, plainName = '', suffix] = /^(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?$/.exec(operatorName) ?? []
  const quantifier = set as Quantifier
  const ifExists = suffix !== undefined
  if (plainName === 'Null' && !quantifier && !ifExists) return nullCondition(keyName, values)
  const operator = Object.hasOwn(operators, plainName) ? operators[plainName] : undefined
  if (!operator) throw new PolicyError(`${operatorName} is not a condition operator that is known here.`)
  if (quantifier === 'ForAnyValue' && ifExists) {
    throw new PolicyError(`${operatorName} can be read in two ways: leave out IfExists, which ForAnyValue has no use for.`)
  }
  const key = conditionKey(keyName)
  if (key.isList && !quantifier)
    throw new PolicyError(`${keyName} has many values: write ForAnyValue:${plainName} or ForAllValues:${plainName}.`)
  const { test, parts } = operator.compile(values, variables)
  return { key, parts, holds: quantifier ? quantified(quantifier, key, operator, test) : single(key, operator, test, ifExists) }
}

function single(key: ConditionKey, { isNegated }: Operator, test: Test, ifExists: boolean): Condition['holds'] {
  const read = (key as Extract<ConditionKey, { isList: false }>).read
  return (principal, context) => {
    const value = read(principal, context)
    // What is not there is not what the policy names.
    if (value === undefined) return isNegated || ifExists
    return test(value, principal, context) !== isNegated
  }
}

/** Where the request has no value at all, ForAllValues holds and ForAnyValue does not. */
function quantified(
  quantifier: 'ForAnyValue' | 'ForAllValues',
  key: ConditionKey,
  { isNegated }: Operator,
  test: Test,
): Condition['holds'] {
  return (principal, context) => {
    const read = key.read(principal, context)
    const values = read === undefined ? [] : typeof read === 'string' ? [read] : read
    const holds = (value: string) => test(value, principal, context) !== isNegated
    return quantifier === 'ForAnyValue' ? values.some(holds) : values.every(holds)
  }
}

/** `true` where the request must have no value, `false` where it must have one. */
function nullCondition(keyName: string, values: readonly string[]): Condition {
  const [value] = values
  if (values.length !== 1 || (value !== 'true' && value !== 'false')) throw new PolicyError(`Null takes true or false for ${keyName}.`)
  const key = conditionKey(keyName)
  const absent = value === 'true'
  return { key, parts: [], holds: (principal, context) => (key.read(principal, context) === undefined) === absent }
}
