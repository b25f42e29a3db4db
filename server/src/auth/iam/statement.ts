import type { Principal } from '../principal.ts'
import { namesOfAction } from './actions.ts'
import { arnPatternOf } from './arn-pattern.ts'
import { conditionOf, type Condition } from './conditions.ts'
import { wildcardsOf } from './pattern.ts'
import { PolicyError } from './policy-error.ts'
import type { RequestContext } from './request-context.ts'
import { isVariable } from './template.ts'

export interface Statement {
  readonly sid: string | undefined
  readonly denies: boolean
  /** Whether it speaks of an action, in whatever case. */
  readonly isAboutAction: (action: string) => boolean
  /** Whether it speaks of a resource, under its conditions. */
  readonly applies: (resource: string, principal: Principal, context: RequestContext) => boolean
  readonly asksResourceTags: boolean
}

type Element = Readonly<Record<string, unknown>>

const elements = new Set(['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'])

/** Adds the place to the sentence of what is wrong there. */
export function within<Value>(place: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof PolicyError) throw new PolicyError(`${place}: ${error.message}`, { cause: error })
    throw error
  }
}

export const isObject = (value: unknown): value is Element => typeof value === 'object' && value !== null && !Array.isArray(value)

/** One text or a list of them, as IAM writes it. */
function textsOf(value: unknown, what: string): readonly string[] {
  const texts: unknown[] = Array.isArray(value) ? value : [value]
  if (texts.length > 0 && texts.every(text => typeof text === 'string')) return texts
  throw new PolicyError(`It must be ${what}, or a list of such.`)
}

/** Exactly one of the two. */
function either(statement: Element, name: string): { readonly name: string; readonly not: boolean; readonly value: unknown } {
  const present = [name, `Not${name}`].filter(each => each in statement)
  if (present.length !== 1) throw new PolicyError(`It must have ${name} or Not${name}, ${present.length ? 'not both' : 'and has neither'}.`)
  const [found = name] = present
  return { name: found, not: found !== name, value: statement[found] }
}

function actionsOf(statement: Element): Statement['isAboutAction'] {
  const { name, not, value } = either(statement, 'Action')
  const patterns = within(name, () =>
    textsOf(value, 'an action like chime:SendChannelMessage').map(text => {
      if (text !== '*' && !/^[a-z0-9*?-]+:[a-z0-9*?]+$/i.test(text)) {
        throw new PolicyError(`'${text}' is not an action like chime:SendChannelMessage, chime:Describe* or *.`)
      }
      return wildcardsOf(text.toLowerCase())
    }),
  )
  return action => {
    const names = namesOfAction(action)
    return patterns.some(matches => names.some(matches)) !== not
  }
}

function conditionsOf(value: unknown, variables: boolean): Condition[] {
  if (!isObject(value)) throw new PolicyError('It must be an object of operators.')
  return Object.entries(value).flatMap(([operator, keys]) =>
    within(operator, () => {
      if (!isObject(keys) || Object.keys(keys).length === 0)
        throw new PolicyError('It must be an object of condition keys and their values.')
      const folded = Object.keys(keys).map(key => key.toLowerCase())
      if (new Set(folded).size < folded.length) throw new PolicyError('The same condition key is there twice.')
      return Object.entries(keys).map(([key, values]) =>
        conditionOf(
          operator,
          key,
          within(key, () => conditionValues(values)),
          variables,
        ),
      )
    }),
  )
}

/** Numbers and booleans may stand without quotes. */
function conditionValues(value: unknown): readonly string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  const texts = values.map(each => (typeof each === 'number' || typeof each === 'boolean' ? String(each) : each))
  return textsOf(texts, 'a string, a number, true or false')
}

export function statementOf(statement: unknown, variables: boolean): Statement {
  if (!isObject(statement)) throw new PolicyError('It must be an object.')
  for (const name of Object.keys(statement)) {
    if (name === 'Principal' || name === 'NotPrincipal') {
      throw new PolicyError(`${name} has no place in the policy of a key or role: it holds for whom it is given to.`)
    }
    if (!elements.has(name)) throw new PolicyError(`${name} is not an element of a statement; there are ${[...elements].join(', ')}.`)
  }
  const { Sid, Effect } = statement
  if (Sid !== undefined && (typeof Sid !== 'string' || !/^[A-Za-z0-9]*$/.test(Sid))) {
    throw new PolicyError('Sid must consist of letters and digits.')
  }
  if (Effect !== 'Allow' && Effect !== 'Deny') throw new PolicyError('Effect must be "Allow" or "Deny".')
  const isAboutAction = actionsOf(statement)
  const { name, not, value } = either(statement, 'Resource')
  const resources = within(name, () => textsOf(value, 'an ARN or *').map(text => arnPatternOf(text, variables)))
  const conditions = 'Condition' in statement ? within('Condition', () => conditionsOf(statement['Condition'], variables)) : []

  const used = [...resources, ...conditions].flatMap(({ parts }) => parts.filter(isVariable))
  const needed = used.filter(variable => variable.default === undefined)
  return {
    sid: Sid,
    denies: Effect === 'Deny',
    isAboutAction,
    asksResourceTags: used.some(variable => variable.asksResourceTags) || conditions.some(({ key }) => key.asksResourceTags),
    applies(resource, principal, context) {
      // A statement with a variable that has no value says nothing.
      for (const variable of needed) if (variable.read(principal, context) === undefined) return false
      if (resources.some(pattern => pattern.matches(resource, principal, context)) === not) return false
      return conditions.every(condition => condition.holds(principal, context))
    },
  }
}
