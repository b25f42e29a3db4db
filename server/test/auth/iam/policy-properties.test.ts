import {
  anything,
  array,
  assert,
  boolean,
  constant,
  constantFrom,
  dictionary,
  integer,
  json,
  option,
  property,
  record,
  string,
  type Arbitrary,
} from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arnPatternOf } from '../../../src/auth/iam/arn-pattern.ts'
import { decide } from '../../../src/auth/iam/decide.ts'
import { wildcardsOf } from '../../../src/auth/iam/pattern.ts'
import { parsePolicy } from '../../../src/auth/iam/policy.ts'
import { PolicyError } from '../../../src/auth/iam/policy-error.ts'
import type { RequestContext } from '../../../src/auth/iam/request-context.ts'
import type { Principal } from '../../../src/auth/principal.ts'
import { cpuTime } from '../../support/cpu-time.ts'

const app = 'arn:aws:chime:us-east-1:000000000000:app-instance/1'
const users = ['alice', 'bob']

type Statement = Readonly<Record<string, unknown>> & { readonly Effect: 'Allow' | 'Deny' }

const oneOrTwo = (...values: string[]) => array(constantFrom(...values), { minLength: 1, maxLength: 2 })
const actions = oneOrTwo('*', 'chime:*', 'chime:Send*', 'chime:GetChannelMessage', 'chime:*Message', 's3:*')
const resources = oneOrTwo(
  '*',
  `${app}/*`,
  `${app}/user/\${aws:PrincipalTag/sub}`,
  `${app}/user/al?ce`,
  `${app}/channel/*`,
  `${app}/channel/\${aws:ResourceTag/none}`,
  'arn:aws:s3:::x',
)
const conditions = constantFrom(
  undefined,
  { StringEquals: { 'aws:PrincipalTag/sub': 'alice' } },
  { StringNotEquals: { 'aws:PrincipalTag/sub': ['alice', 'carol'] } },
  { StringLikeIfExists: { 'aws:ResourceTag/team': '${aws:PrincipalTag/team}*' } },
  { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'team' }, Bool: { 'aws:SecureTransport': 'true' } },
  { Null: { 'aws:RequestTag/team': 'true' } },
)

const statement = (effect: Arbitrary<'Allow' | 'Deny'>): Arbitrary<Statement> =>
  record({ Effect: effect, isNotAction: boolean(), actions, isNotResource: boolean(), resources, conditions }).map(
    ({ Effect, isNotAction, actions: Action, isNotResource, resources: Resource, conditions: Condition }) => ({
      Effect,
      [isNotAction ? 'NotAction' : 'Action']: Action,
      [isNotResource ? 'NotResource' : 'Resource']: Resource,
      ...(Condition && { Condition }),
    }),
  )
const anyStatement = statement(constantFrom('Allow', 'Deny'))
const policies = array(anyStatement, { minLength: 1, maxLength: 4 })

const parsed = (statements: readonly object[]) => parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }))

const tags = dictionary(constantFrom('sub', 'team'), constantFrom('alice', 'bob', 'blue', '*'), { maxKeys: 2 }).map(
  given => new Map(Object.entries(given)),
)
const requests = record({
  action: constantFrom('chime:SendChannelMessage', 'chime:GetChannelMessage', 'chime:DeleteChannel'),
  resource: constantFrom('*', `${app}/channel/1`, ...users.map(user => `${app}/user/${user}`)),
  principalTags: tags,
  resourceTags: tags,
  requestTags: option(tags, { nil: undefined }),
  isSecure: boolean(),
})
type Request = typeof requests extends Arbitrary<infer Value> ? Value : never

const nothing: RequestContext = {
  now: 0,
  sourceAddress: undefined,
  isSecure: false,
  headers: {},
  region: 'us-east-1',
  account: '000000000000',
  resource: '*',
  requestTags: undefined,
  resourceTags: undefined,
}

function decided(groups: readonly (readonly (readonly object[])[])[], { action, principalTags, ...rest }: Request) {
  const permissions: Principal['permissions'] = groups.map(group => group.map(parsed))
  const context: RequestContext = { ...nothing, ...rest }
  return decide({ arn: 'arn:aws:iam::0:user/x', userId: 'x', tags: principalTags, permissions }, action, context)
}

describe('a decision', () => {
  test('is a denial if any statement denies, whatever the other statements and their order', () => {
    assert(
      property(policies, policies, policies, integer({ min: 0, max: 4 }), requests, (first, second, third, at, request) => {
        if (decided([[first]], request) !== 'explicitly denied') return
        const mixed = [...second.slice(0, at), ...first, ...second.slice(at)]
        expect(decided([[mixed]], request)).toBe('explicitly denied')
        expect(decided([[second, first, third]], request)).toBe('explicitly denied')
        expect(decided([[third], [second, first]], request)).toBe('explicitly denied')
      }),
      { numRuns: 1000 },
    )
  })

  test('is never narrowed by a wider policy: one more statement that allows, or * instead of a resource', () => {
    assert(
      property(policies, statement(constant('Allow')), integer({ min: 0, max: 3 }), requests, (statements, added, at, request) => {
        if (decided([[statements]], request) !== 'allowed') return
        expect(decided([[[...statements, added]]], request)).toBe('allowed')
        expect(decided([[statements, [added]]], request)).toBe('allowed')
        const wider = statements.map((each, index) =>
          each.Effect === 'Allow' && index === at ? { Effect: 'Allow', Action: '*', Resource: '*' } : each,
        )
        expect(decided([[wider]], request)).toBe('allowed')
      }),
      { numRuns: 1000 },
    )
  })

  test('is to allow only if the policies and the session policy each allow', () => {
    assert(
      property(policies, policies, requests, (own, session, request) => {
        const both = decided([[own], [session]], request)
        const each = [decided([[own]], request), decided([[session]], request)]
        expect(both === 'allowed').toBe(each.every(decision => decision === 'allowed'))
        expect(both === 'explicitly denied').toBe(each.includes('explicitly denied'))
      }),
      { numRuns: 1000 },
    )
  })

  test('about several statements follows from the decisions about each, in any order', () => {
    assert(
      property(policies, requests, (statements, request) => {
        const alone = new Set(statements.map(each => decided([[[each]]], request)))
        const together = alone.has('explicitly denied') ? 'explicitly denied' : alone.has('allowed') ? 'allowed' : 'not allowed'
        expect(decided([[statements]], request)).toBe(together)
        expect(decided([[statements.toReversed()]], request)).toBe(together)
      }),
      { numRuns: 1000 },
    )
  })
})

/** A matcher that is slow, and simple enough to be seen to be right. */
function reference(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  const [first, rest] = [pattern.slice(0, 1), pattern.slice(1)]
  if (first === '*') return reference(rest, text) || (text !== '' && reference(pattern, text.slice(1)))
  return text !== '' && (first === '?' || first === text.slice(0, 1)) && reference(rest, text.slice(1))
}

const componentsOf = (arn: string) => {
  const all = arn.split(':')
  return all.length > 6 ? [...all.slice(0, 5), all.slice(5).join(':')] : all
}

function arnReference(pattern: string, text: string): boolean {
  const [wanted, given] = [componentsOf(pattern), componentsOf(text)]
  return pattern === '*' || (given.length === 6 && given.every((part, index) => reference(wanted[index] ?? '*', part)))
}

const principal: Principal = { arn: '', userId: '', tags: new Map(), permissions: [] }
/** The same with characters in place of the special ones that occur in no text. */
const plain = (special: string) => special.replaceAll('*', 'S').replaceAll('?', 'Q')
const few = (letters: string, maxLength: number) => string({ unit: constantFrom(...letters.split('')), maxLength })

describe('a pattern', () => {
  test('matches what a slow reference implementation matches', () => {
    assert(
      property(few('ab*?', 9), few('ab', 10), (pattern, text) => {
        expect(wildcardsOf(pattern)(text)).toBe(reference(pattern, text))
      }),
      { numRuns: 5000 },
    )
  })

  test('of ARNs matches each component of them', () => {
    assert(
      property(few('a:*?', 12), few('a:', 12), (pattern, text) => {
        expect(arnPatternOf(`arn:${pattern}`, true).matches(`arn:${text}`, principal, nothing)).toBe(
          arnReference(`arn:${pattern}`, `arn:${text}`),
        )
      }),
      { numRuns: 5000 },
    )
  })

  test('takes the value of a variable literally', () => {
    assert(
      property(few('a*?', 4), few('a*?:$', 5), few('a*?', 4), few('a*?:$', 12), (before, value, after, text) => {
        const pattern = arnPatternOf(`arn:aws:x:::${before}\${aws:PrincipalTag/v}${after}`, true)
        const who = { ...principal, tags: new Map([['v', value]]) }
        expect(pattern.matches(`arn:aws:x:::${text}`, who, nothing)).toBe(reference(`${before}${plain(value)}${after}`, plain(text)))
      }),
      { numRuns: 5000 },
    )
  })

  test.each([
    ['many stars', '*a'.repeat(2500), 'a'.repeat(2000)],
    ['many stars and an end that the text lacks', `${'*a'.repeat(2500)}b`, 'a'.repeat(2000)],
    ['stars and question marks', '*?'.repeat(2500), 'a'.repeat(2000)],
    ['a long run behind a star', `*${'a'.repeat(1000)}b*`, 'a'.repeat(2000)],
    ['a long run whose beginning differs', `*b${'a'.repeat(1000)}*`, 'a'.repeat(2000)],
    ['a run with a question mark', `*${'a'.repeat(500)}?${'a'.repeat(500)}b*`, 'a'.repeat(2000)],
    ['nested repetition', '(a+)+$'.repeat(800), 'a'.repeat(2000)],
  ])('is matched in little time, however it is written: %s', (_, pattern, text) => {
    const start = cpuTime()
    for (let round = 0; round < 20; round++) wildcardsOf(pattern)(text)
    // This takes milliseconds; a matcher that backtracks would take practically for ever.
    expect(cpuTime() - start).toBeLessThan(2000)
  })
})

/** The text is parsed, or refused with a sentence. */
const survives = (text: string) => {
  try {
    decide({ ...principal, permissions: [[parsePolicy(text)]] }, 'chime:SendChannelMessage', { ...nothing, resource: `${app}/user/alice` })
  } catch (error) {
    expect(error).toBeInstanceOf(PolicyError)
    expect((error as Error).message).toMatch(/^\P{Cc}+\.$/u)
  }
}

describe('parsing', () => {
  test('returns a usable policy or throws a PolicyError, for any text', () => {
    assert(property(string(), survives), { numRuns: 2000 })
    assert(property(json(), survives), { numRuns: 2000 })
    assert(property(few('{}[]":,\\aE', 30), survives), { numRuns: 5000 })
  })

  test('returns or throws likewise if one part of a policy is arbitrary', () => {
    const element = constantFrom(
      'Version',
      'Statement',
      'Effect',
      'Action',
      'NotAction',
      'Resource',
      'NotResource',
      'Condition',
      'Sid',
      '__proto__',
    )
    assert(
      property(policies, element, anything(), boolean(), (statements, name, value, isInside) => {
        const changed = isInside ? [{ ...statements[0], [name]: value }, ...statements.slice(1)] : statements
        const document = { Version: '2012-10-17', Statement: changed, ...(isInside ? {} : { [name]: value }) }
        let text: string
        try {
          text = JSON.stringify(document)
        } catch {
          return
        }
        survives(text)
      }),
      { numRuns: 5000 },
    )
  })

  test('returns or throws likewise for any condition', () => {
    const operator = constantFrom(
      'StringEquals',
      'StringLike',
      'ArnLike',
      'Bool',
      'NumericLessThan',
      'DateEquals',
      'IpAddress',
      'Null',
      'ForAnyValue:StringLike',
    )
    const key = constantFrom('aws:PrincipalTag/x', 'aws:TagKeys', 'aws:SourceIp', 'aws:CurrentTime')
    const values = array(string({ unit: constantFrom(..."${}*?,'/:.0a-TZ ".split('')), maxLength: 12 }), { maxLength: 3 })
    assert(
      property(operator, key, values, (name, keyName, given) =>
        survives(
          JSON.stringify({
            Version: '2012-10-17',
            Statement: { Effect: 'Allow', Action: '*', Resource: '*', Condition: { [name]: { [keyName]: given } } },
          }),
        ),
      ),
      { numRuns: 5000 },
    )
  })
})
