import type { Subject } from './subject.ts'
import { isUnknownAction, namesOfAction } from './actions.ts'
import { arnPatternOf } from './arn-pattern.ts'
import { conditionsOf } from './conditions.ts'
import { isForeign } from './foreign.ts'
import { isObject, type JsonObject } from '../../tools/json.ts'
import { textsOf } from './json.ts'
import { conditionKey } from './condition-keys.ts'
import { wildcardsOf } from './pattern.ts'
import { PolicyError, within } from './policy-error.ts'
import type { RequestContext } from './request-context.ts'
import { isVariable } from './template.ts'

/** Why a statement does not apply: a variable without a value, the resource, or a condition. */
export type Miss = 'variable' | 'resource' | 'condition'

export interface Statement {
  /** Its number in the policy, from 1. */
  readonly number: number
  readonly sid: string | undefined
  readonly denies: boolean
  /** Whether the statement covers an action, whatever its case. */
  readonly isAboutAction: (action: string) => boolean
  /** The first reason why the statement does not apply to a request; undefined if it covers the resource, under its conditions. */
  readonly whyNot: (principal: Subject, context: RequestContext) => Miss | undefined
  readonly usesResourceTags: boolean
  /** Its actions that look like those of this server and are none, as they are written. */
  readonly unknownActions: readonly string[]
}

const elements = new Set(['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'])

interface Either {
  readonly name: string
  readonly not: boolean
  readonly value: unknown
}

/** Returns the one of two elements that the statement has; throws unless it has exactly one. */
function either(statement: JsonObject, name: string): Either {
  const present = [name, `Not${name}`].filter(each => each in statement)
  if (present.length !== 1) throw new PolicyError(`It must have ${name} or Not${name}, ${present.length ? 'not both' : 'and has neither'}.`)
  const [found = name] = present
  return { name: found, not: found !== name, value: statement[found] }
}

function actionsIn({ name, value }: Either): readonly string[] {
  return within(name, () => {
    const texts = textsOf(value, 'an action like chime:SendChannelMessage')
    const wrong = texts.find(text => text !== '*' && !/^[a-z0-9*?-]+:[a-z0-9*?]+$/i.test(text))
    if (wrong !== undefined) throw new PolicyError(`'${wrong}' is not an action like chime:SendChannelMessage, chime:Describe* or *.`)
    return texts
  })
}

function aboutActions(actions: readonly string[], not: boolean): Statement['isAboutAction'] {
  const patterns = actions.map(wildcardsOf)
  return action => {
    const names = namesOfAction(action)
    return patterns.some(matches => names.some(matches)) !== not
  }
}

export function statementOf(statement: unknown, { number, variables }: { number: number; variables: boolean }): Statement {
  if (!isObject(statement)) throw new PolicyError('It must be an object.')
  for (const name of Object.keys(statement)) {
    if (name === 'Principal' || name === 'NotPrincipal') {
      throw new PolicyError(`${name} must not be in the policy of a key or role: the policy applies to that key or role.`)
    }
    if (!elements.has(name))
      throw new PolicyError(`${name} is not an element of a statement: its elements are ${[...elements].join(', ')}.`)
  }
  const { Sid, Effect } = statement
  if (Sid !== undefined && (typeof Sid !== 'string' || !/^[A-Za-z0-9]*$/.test(Sid))) {
    throw new PolicyError('Sid must consist of letters and digits.')
  }
  if (Effect !== 'Allow' && Effect !== 'Deny') throw new PolicyError('Effect must be "Allow" or "Deny".')
  const action = either(statement, 'Action')
  const written = actionsIn(action)
  const actions = written.map(text => text.toLowerCase())
  const common = { number, sid: Sid, denies: Effect === 'Deny', unknownActions: written.filter(isUnknownAction) }
  const resource = either(statement, 'Resource')
  const resources = within(resource.name, () => textsOf(resource.value, 'an ARN or *'))
  if (isForeign({ actions: action.not ? undefined : actions, resources: resource.not ? undefined : resources }))
    return { ...common, isAboutAction: () => false, whyNot: () => 'resource', usesResourceTags: false }

  const patterns = within(resource.name, () => resources.map(text => arnPatternOf(text, variables)))
  const vocabulary = { keyOf: conditionKey, variables }
  const conditions = 'Condition' in statement ? within('Condition', () => conditionsOf(statement['Condition'], vocabulary)) : []
  const used = [...patterns, ...conditions].flatMap(({ parts }) => parts.filter(isVariable))
  const needed = used.filter(variable => variable.default === undefined)
  const whyNot: Statement['whyNot'] = (principal, context) => {
    // A statement with a variable that has no value does not apply.
    for (const variable of needed) if (variable.read(principal, context) === undefined) return 'variable'
    if (patterns.some(pattern => pattern.matches(context.resource, principal, context)) === resource.not) return 'resource'
    return conditions.every(condition => condition.holds(principal, context)) ? undefined : 'condition'
  }
  return {
    ...common,
    isAboutAction: aboutActions(actions, action.not),
    usesResourceTags: used.some(variable => variable.usesResourceTags) || conditions.some(({ key }) => key.usesResourceTags),
    whyNot,
  }
}
