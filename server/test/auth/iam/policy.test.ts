import { describe, expect, test } from 'vitest'
import { parsePolicy } from '../../../src/auth/iam/policy.ts'
import { PolicyError } from '../../../src/auth/iam/policy-error.ts'
import type { Principal } from '../../../src/auth/principal.ts'
import { alice, app, ask, noon, type Asked } from './asking.ts'

const allow = (more: object = {}) => ({ Effect: 'Allow', Action: '*', Resource: '*', ...more })
const deny = (more: object = {}) => ({ Effect: 'Deny', Action: '*', Resource: '*', ...more })
const asks = (more: object) => parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: allow(more) })).usesResourceTags
const parsed = (...statements: object[]) => parsePolicy(JSON.stringify({ Statement: statements }))
const askedFor = (resource: string, principal: Partial<Principal> = {}) => ask(allow({ Resource: resource }), { principal })
const tags = (given: Record<string, string>) => new Map(Object.entries(given))

describe('the logic of statements', () => {
  test('nothing is allowed unless a statement allows it', () => {
    expect(ask(allow())).toBe('allowed')
    expect(ask([allow({ Action: 's3:*' })])).toBe('not allowed')
    expect(ask(deny({ Action: 's3:*' }))).toBe('not allowed')
  })

  test('an explicit deny wins, wherever it is in the policy', () => {
    expect(ask([allow(), deny()])).toBe('explicitly denied')
    expect(ask([deny(), allow()])).toBe('explicitly denied')
    expect(ask([allow(), deny({ Resource: `${app}/channel/*` })])).toBe('allowed')
  })

  const policies = { all: [allow()], none: [], send: [allow({ Action: 'chime:Send*' })], denies: [deny()] }
  const group = (name: keyof typeof policies) =>
    policies[name].length === 0 ? [] : [parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: policies[name] }))]

  test.each([
    [['all'], 'allowed'],
    [['all', 'all'], 'allowed'],
    [['all', 'send'], 'allowed'],
    [['send', 'all'], 'allowed'],
    [['all', 'none'], 'not allowed'],
    [['none', 'all'], 'not allowed'],
    [['none'], 'not allowed'],
    [[], 'not allowed'],
    [['none', 'denies'], 'explicitly denied'],
    [['all', 'denies'], 'explicitly denied'],
    [['denies', 'all'], 'explicitly denied'],
  ] as const)('groups of policies %j together decide: %s', (names, decision) => {
    expect(ask(allow(), { principal: { permissions: names.map(group) } })).toBe(decision)
  })

  test('policies of one group add up, and a single one that denies is enough', () => {
    const [send, get, no] = [
      parsed(allow({ Action: 'chime:Send*' })),
      parsed(allow({ Action: 'chime:Get*' })),
      parsed(deny({ Action: 'chime:Get*' })),
    ]
    const both = { principal: { permissions: [[send, get]] } }
    expect([ask(allow(), both), ask(allow(), { ...both, action: 'chime:GetChannelMessage' })]).toEqual(['allowed', 'allowed'])
    expect(ask(allow(), { principal: { permissions: [[send, get, no]] }, action: 'chime:GetChannelMessage' })).toBe('explicitly denied')
  })

  test('the root key may do everything', () => {
    expect(ask(deny(), { principal: { permissions: undefined } })).toBe('allowed')
  })
})

describe('actions and resources', () => {
  test.each([
    ['*', true],
    ['*:*', true],
    ['chime:*', true],
    ['CHIME:sendchannelMESSAGE', true],
    ['chime:Send*', true],
    ['chime:*Message', true],
    ['chime:*nnel*', true],
    ['chime:SendChannelMessag?', true],
    ['chime:SendChannelMessage?', false],
    ['chime:SendChannelMessages', false],
    ['chime:Send', false],
    ['s3:*', false],
  ])('the action %s matches the call: %s', (Action, matches) => {
    expect(ask(allow({ Action }))).toBe(matches ? 'allowed' : 'not allowed')
    expect(ask(allow({ Action: ['s3:GetObject', Action] }))).toBe(matches ? 'allowed' : 'not allowed')
    expect(ask({ Effect: 'Allow', NotAction: Action, Resource: '*' })).toBe(matches ? 'not allowed' : 'allowed')
    expect(ask([allow(), { Effect: 'Deny', NotAction: ['s3:GetObject', Action], Resource: '*' }])).toBe(
      matches ? 'allowed' : 'explicitly denied',
    )
  })

  test.each([
    ['*', true],
    [alice, true],
    [alice.toUpperCase().replace('ARN:', 'arn:'), false],
    [`${app}/user/*`, true],
    [`${app}/*`, true],
    [`${app}*`, true],
    [`${app}/user/al?ce`, true],
    [`${app}/user/????`, false],
    [`${app}/user/*ice`, true],
    [`${app}/user/alice*`, true],
    [`${app}/user/alice?`, false],
    [`${app}/user/bob`, false],
    [app, false],
    ['arn:*:chime:*:*:app-instance/*/user/alice', true],
    ['arn:aws:chime:*:*:*', true],
    ['arn:aws:chime:us-east-?:000000000000:app-instance/*', true],
    ['arn:aws:chime:eu-*:*:app-instance/*', false],
    ['arn:aws:chime', true],
    ['arn:aws:chime:us-east-1', true],
    ['arn:aws:s3', false],
    // A wildcard does not reach over a colon.
    ['arn:aws:chime:*:app-instance/*', false],
    ['arn:*:app-instance/*', false],
    ['arn:aws:*:user/alice', false],
  ])('the resource %s matches the user: %s', (Resource, matches) => {
    expect(ask(allow({ Resource }))).toBe(matches ? 'allowed' : 'not allowed')
    expect(ask(allow({ Resource: ['arn:aws:s3:::bucket', Resource] }))).toBe(matches ? 'allowed' : 'not allowed')
    expect(ask({ Effect: 'Allow', Action: '*', NotResource: Resource })).toBe(matches ? 'not allowed' : 'allowed')
  })

  test('only * matches everything', () => {
    expect(ask(allow(), { resource: '*' })).toBe('allowed')
    expect(ask(allow({ Resource: 'arn:aws:chime:*:*:*' }), { resource: '*' })).toBe('not allowed')
  })
})

describe('variables', () => {
  test.each([
    ['${aws:PrincipalTag/sub}', { tags: tags({ sub: 'alice' }) }],
    ['${aws:principaltag/SUB}', { tags: tags({ sub: 'alice' }) }],
    ['${ aws:PrincipalTag/sub }', { tags: tags({ sub: 'alice' }) }],
    ['${aws:PrincipalTag/first}${aws:PrincipalTag/last}', { tags: tags({ first: 'al', last: 'ice' }) }],
    ['*${aws:PrincipalTag/last}', { tags: tags({ last: 'ice' }) }],
    ['${aws:userid}', { userId: 'alice' }],
    ['${aws:username}', { arn: 'arn:aws:iam::000000000000:user/staff/alice' }],
    ["${aws:PrincipalTag/sub, 'alice'}", {}],
    ["${aws:PrincipalTag/sub,'alice'}", {}],
    ["${aws:PrincipalTag/sub, 'bob'}", { tags: tags({ sub: 'alice' }) }],
  ])("%s stands for the principal's value", (text, principal) => {
    expect(askedFor(`${app}/user/${text}`, principal)).toBe('allowed')
    expect(
      ask(allow({ Condition: { StringEquals: { 'aws:PrincipalTag/x': text.replace('*', 'al') } } }), {
        principal: { ...principal, tags: new Map([...('tags' in principal ? principal.tags : []), ['x', 'alice']]) },
      }),
    ).toBe('allowed')
  })

  test.each(['*', '?????', 'al*', 'alic?', 'alice/../bob', '${aws:userid}', 'alice:x', ''])(
    'a value %j is taken literally, whatever characters it has',
    sub => {
      const principal = { userId: 'alice', tags: tags({ sub }) }
      expect(askedFor(`${app}/user/\${aws:PrincipalTag/sub}`, principal)).toBe('not allowed')
      expect(ask(allow({ Resource: `${app}/user/\${aws:PrincipalTag/sub}` }), { principal, resource: `${app}/user/${sub}` })).toBe(
        'allowed',
      )
    },
  )

  test('a value never matches beyond its component of an ARN', () => {
    const principal = { tags: tags({ region: 'us-east-1:000000000000', sub: 'us-east-1:0b7a' }) }
    expect(askedFor('arn:aws:chime:${aws:PrincipalTag/region}:app-instance/*', principal)).toBe('not allowed')
    expect(askedFor('arn:aws:chime:${aws:PrincipalTag/region}:*:*', principal)).toBe('not allowed')
    expect(ask(allow({ Resource: `${app}/user/\${aws:PrincipalTag/sub}` }), { principal, resource: `${app}/user/us-east-1:0b7a` })).toBe(
      'allowed',
    )
  })

  test.each([
    ['Resource', { Resource: [alice, `${app}/user/\${aws:PrincipalTag/none}`] }],
    ['NotResource', { Resource: undefined, NotResource: `${app}/user/\${aws:PrincipalTag/none}` }],
    ['StringEquals', { Condition: { StringEquals: { 'aws:userid': ['AIDATESTER', '${aws:PrincipalTag/none}'] } } }],
    ['StringNotEquals', { Condition: { StringNotEquals: { 'aws:userid': '${aws:PrincipalTag/none}' } } }],
    ['StringNotLikeIfExists', { Condition: { StringNotLikeIfExists: { 'aws:PrincipalTag/other': '${aws:username}' } } }],
  ])('a statement whose variable has no value in %s does not apply', (_, more) => {
    const role = { arn: 'arn:aws:sts::000000000000:assumed-role/Chat/s' }
    expect(ask(allow(more), { principal: role })).toBe('not allowed')
    expect(ask([allow(), deny(more)], { principal: role })).toBe('allowed')
  })

  test('${*}, ${?} and ${$} are those characters', () => {
    expect(askedFor(`${app}/user/\${*}`)).toBe('not allowed')
    for (const [text, id] of [
      ['${*}', '*'],
      ['${?}', '?'],
      ['${$}', '$'],
      ['${$}{x}', '${x}'],
      ['$x}', '$x}'],
    ]) {
      expect(ask(allow({ Resource: `${app}/user/${text}` }), { resource: `${app}/user/${id}` })).toBe('allowed')
    }
    const Condition = { StringLike: { 'aws:PrincipalTag/x': 'a${*}b' } }
    expect(ask(allow({ Condition }), { principal: { tags: tags({ x: 'a*b' }) } })).toBe('allowed')
    expect(ask(allow({ Condition }), { principal: { tags: tags({ x: 'axb' }) } })).toBe('not allowed')
  })

  test('policies of 2008-10-17 have no variables', () => {
    const Statement = allow({ Resource: `${app}/user/\${aws:userid}` })
    for (const Version of ['2008-10-17', undefined]) {
      const permissions = [[parsePolicy(JSON.stringify({ Version, Statement }))]]
      expect(ask(allow(), { principal: { permissions, userId: 'alice' } })).toBe('not allowed')
      expect(ask(allow(), { principal: { permissions, userId: 'alice' }, resource: `${app}/user/\${aws:userid}` })).toBe('allowed')
    }
  })
})

/** operator, key, values of the policy, values of the request, whether the condition holds */
type Row = readonly [string, string, unknown, Asked, boolean]

const has = (value: string): Asked => ({ principal: { tags: tags({ k: value }) } })
const k = 'aws:PrincipalTag/k'
const from = (sourceAddress: string): Asked => ({ sourceAddress })
const keys = (...given: string[]): Asked => ({ requestTags: new Map(given.map(key => [key, 'v'])) })

const rows: readonly Row[] = [
  ['StringEquals', k, 'a', has('a'), true],
  ['StringEquals', k, 'a', has('A'), false],
  ['StringEquals', k, ['x', 'a'], has('a'), true],
  ['StringEquals', k, 'a', {}, false],
  ['StringEquals', k, 'a*', has('ab'), false],
  ['StringEquals', k, 'a*', has('a*'), true],
  ['StringEquals', k, 7, has('7'), true],
  ['StringEquals', k, true, has('true'), true],
  ['StringEquals', k, '', has(''), true],
  ['StringNotEquals', k, 'a', has('b'), true],
  ['StringNotEquals', k, 'a', has('a'), false],
  ['StringNotEquals', k, ['a', 'b'], has('b'), false],
  ['StringNotEquals', k, ['a', 'b'], has('c'), true],
  ['StringNotEquals', k, 'a', {}, true],
  ['StringEqualsIgnoreCase', k, 'aB', has('Ab'), true],
  ['StringEqualsIgnoreCase', k, 'aB', has('b'), false],
  ['StringEqualsIgnoreCase', k, '${aws:userid}', has('aidatester'), true],
  ['StringNotEqualsIgnoreCase', k, 'aB', has('Ab'), false],
  ['StringNotEqualsIgnoreCase', k, 'aB', has('b'), true],
  ['StringLike', k, 'a*', has('abc'), true],
  ['StringLike', k, 'a?c', has('abc'), true],
  ['StringLike', k, 'a?', has('abc'), false],
  ['StringLike', k, 'A*', has('abc'), false],
  ['StringLike', k, '*', {}, false],
  ['StringLike', k, '*', has(''), true],
  ['StringNotLike', k, 'a*', has('abc'), false],
  ['StringNotLike', k, 'a*', has('b'), true],
  ['StringNotLike', k, 'a*', {}, true],
  ['ArnEquals', 'aws:PrincipalArn', 'arn:aws:iam::*:user/*', {}, true],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::000000000000:user/staff/tester', {}, true],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/*', {}, false],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:*:user/*', {}, false],
  [
    'ArnLike',
    'aws:PrincipalArn',
    'arn:aws:iam::*:role/Chat',
    { principal: { arn: 'arn:aws:sts::000000000000:assumed-role/Chat/s' } },
    true,
  ],
  ['ArnNotEquals', 'aws:PrincipalArn', 'arn:aws:iam::*:user/*', {}, false],
  ['ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/*', {}, true],
  ['ArnLike', k, 'arn:aws:chime:*:*:*', has(alice), true],
  ['ArnLike', k, 'arn:aws:chime:*:*:*', has('no arn'), false],
  ['Bool', 'aws:SecureTransport', 'true', {}, true],
  ['Bool', 'aws:SecureTransport', true, { isSecure: false }, false],
  ['Bool', 'aws:SecureTransport', 'False', { isSecure: false }, true],
  ['Bool', k, 'true', has('maybe'), false],
  ['NumericEquals', k, '7', has('7.0'), true],
  ['NumericNotEquals', k, 7, has('8'), true],
  ['NumericLessThan', k, '10', has('9'), true],
  ['NumericLessThan', k, '10', has('10'), false],
  ['NumericLessThanEquals', k, '10', has('10'), true],
  ['NumericGreaterThan', k, '-1.5', has('-1'), true],
  ['NumericGreaterThanEquals', k, '10', has('9'), false],
  ['NumericLessThan', k, '10', has('nine'), false],
  ['NumericLessThan', k, '10', has(''), false],
  ['NumericGreaterThan', 'aws:EpochTime', String(noon / 1000 - 1), {}, true],
  ['DateEquals', 'aws:CurrentTime', '2026-06-01T12:00:00Z', {}, true],
  ['DateNotEquals', 'aws:CurrentTime', '2026-06-01T14:00:00+02:00', {}, false],
  ['DateLessThan', 'aws:CurrentTime', '2026-06-01T12:00:01Z', {}, true],
  ['DateLessThan', 'aws:CurrentTime', '2026-06-01', {}, false],
  ['DateLessThanEquals', 'aws:CurrentTime', String(noon / 1000), {}, true],
  ['DateGreaterThan', 'aws:CurrentTime', '2026-05-31', {}, true],
  ['DateGreaterThanEquals', 'aws:EpochTime', '2026-06-01T12:00:00Z', {}, true],
  ['DateGreaterThan', 'aws:EpochTime', 0, {}, true],
  ['StringLike', 'aws:CurrentTime', '2026-06-01T12:00:00Z', {}, true],
  ['IpAddress', 'aws:SourceIp', '192.0.2.0/24', {}, true],
  ['IpAddress', 'aws:SourceIp', '192.0.2.7', {}, true],
  ['IpAddress', 'aws:SourceIp', '192.0.2.8', {}, false],
  ['IpAddress', 'aws:SourceIp', ['198.51.100.0/24', '192.0.2.0/29'], {}, true],
  ['IpAddress', 'aws:SourceIp', '0.0.0.0/0', {}, true],
  ['IpAddress', 'aws:SourceIp', '0.0.0.0/0', from('2001:db8::1'), false],
  ['IpAddress', 'aws:SourceIp', '::/0', {}, false],
  ['IpAddress', 'aws:SourceIp', '192.0.2.0/24', from('::ffff:192.0.2.9'), true],
  ['IpAddress', 'aws:SourceIp', '192.0.2.0/24', from('::FFFF:198.51.100.9'), false],
  ['IpAddress', 'aws:SourceIp', '2001:db8::/32', from('2001:db8:1::1'), true],
  ['IpAddress', 'aws:SourceIp', '2001:DB8:0::1', from('2001:db8::1'), true],
  ['IpAddress', 'aws:SourceIp', 'fe80::/10', from('fe80::1%eth0'), true],
  ['IpAddress', 'aws:SourceIp', '0.0.0.0/0', { sourceAddress: undefined }, false],
  ['NotIpAddress', 'aws:SourceIp', '192.0.2.0/24', {}, false],
  ['NotIpAddress', 'aws:SourceIp', '198.51.100.0/24', {}, true],
  ['IpAddress', k, '0.0.0.0/0', has('no address'), false],
  ['Null', k, 'true', {}, true],
  ['Null', k, true, has(''), false],
  ['Null', k, 'false', has('a'), true],
  ['Null', k, false, {}, false],
  ['Null', 'aws:TagKeys', 'true', {}, true],
  ['Null', 'aws:TagKeys', 'false', keys('a'), true],
  ['StringEqualsIfExists', k, 'a', {}, true],
  ['StringEqualsIfExists', k, 'a', has('b'), false],
  ['StringNotEqualsIfExists', k, 'a', has('a'), false],
  ['StringNotEqualsIfExists', k, 'a', {}, true],
  ['NumericLessThanIfExists', k, '1', {}, true],
  ['BoolIfExists', k, 'true', {}, true],
  ['IpAddressIfExists', 'aws:SourceIp', '198.51.100.0/24', { sourceAddress: undefined }, true],
  ['ForAnyValue:StringEquals', 'aws:TagKeys', ['a', 'b'], keys('b', 'c'), true],
  ['ForAnyValue:StringEquals', 'aws:TagKeys', ['a', 'b'], keys('c'), false],
  ['ForAnyValue:StringEquals', 'aws:TagKeys', ['a', 'b'], {}, false],
  ['ForAnyValue:StringNotEquals', 'aws:TagKeys', ['a', 'b'], keys('a', 'c'), true],
  ['ForAnyValue:StringNotEquals', 'aws:TagKeys', ['a', 'b'], keys('a', 'b'), false],
  ['ForAnyValue:StringNotEquals', 'aws:TagKeys', 'a', {}, false],
  ['ForAnyValue:StringLike', 'aws:TagKeys', 'team-*', keys('x', 'team-a'), true],
  ['ForAllValues:StringEquals', 'aws:TagKeys', ['a', 'b'], keys('a'), true],
  ['ForAllValues:StringEquals', 'aws:TagKeys', ['a', 'b'], keys('a', 'b'), true],
  ['ForAllValues:StringEquals', 'aws:TagKeys', ['a', 'b'], keys('a', 'c'), false],
  ['ForAllValues:StringEquals', 'aws:TagKeys', ['a', 'b'], {}, true],
  ['ForAllValues:StringNotEquals', 'aws:TagKeys', ['a', 'b'], keys('c'), true],
  ['ForAllValues:StringNotEquals', 'aws:TagKeys', ['a', 'b'], keys('a', 'c'), false],
  ['ForAllValues:StringNotLike', 'aws:TagKeys', 'team-*', {}, true],
  ['ForAllValues:StringEqualsIfExists', 'aws:TagKeys', 'a', {}, true],
  ['ForAnyValue:StringEquals', k, 'a', has('a'), true],
  ['StringEquals', 'aws:RequestTag/a', 'v', keys('a'), true],
  ['StringEquals', 'aws:RequestTag/a', 'v', {}, false],
  ['StringEquals', 'aws:RequestTag/a', 'v', { requestTags: new Map([['a', undefined]]) }, false],
  ['StringEquals', 'aws:ResourceTag/Team', 'blue', { resourceTags: tags({ Team: 'blue' }) }, true],
  ['StringEquals', 'aws:ResourceTag/team', 'blue', { resourceTags: tags({ Team: 'blue' }) }, true],
  ['StringEquals', 'aws:ResourceTag/team', 'blue', { resourceTags: tags({ Team: 'blue', team: 'red' }) }, false],
  ['StringEquals', 'aws:ResourceTag/Team', 'blue', {}, false],
  ['StringEquals', 'AWS:ResourceTAG/Team', '${aws:PrincipalTag/k}', { ...has('blue'), resourceTags: tags({ Team: 'blue' }) }, true],
  ['StringEquals', 'aws:PrincipalAccount', '000000000000', {}, true],
  ['StringEquals', 'aws:PrincipalType', 'User', {}, true],
  ['StringEquals', 'aws:PrincipalType', 'AssumedRole', { principal: { arn: 'arn:aws:sts::000000000000:assumed-role/a/b' } }, true],
  ['StringEquals', 'aws:PrincipalType', 'FederatedUser', { principal: { arn: 'arn:aws:sts::000000000000:federated-user/a' } }, true],
  ['StringEquals', 'aws:PrincipalType', 'Account', { principal: { arn: 'arn:aws:iam::000000000000:root' } }, true],
  ['StringEquals', 'aws:username', 'tester', {}, true],
  ['Null', 'aws:username', 'true', { principal: { arn: 'arn:aws:sts::000000000000:assumed-role/a/b' } }, true],
  ['StringEquals', 'aws:userid', 'AIDATESTER', {}, true],
]

describe('conditions', () => {
  test.each(rows)('the operator %s of the key %s with %j, where the call has %j, holds: %s', (operator, key, values, asked, holds) => {
    const Condition = { [operator]: { [key]: values } }
    expect(ask(allow({ Condition }), asked)).toBe(holds ? 'allowed' : 'not allowed')
    expect(ask([allow(), deny({ Condition })], asked)).toBe(holds ? 'explicitly denied' : 'allowed')
  })

  test('all operators and all keys of a statement must match', () => {
    const both = { StringEquals: { [k]: 'a', 'aws:userid': 'AIDATESTER' }, Bool: { 'aws:SecureTransport': 'true' } }
    expect(ask(allow({ Condition: both }), has('a'))).toBe('allowed')
    expect(ask(allow({ Condition: both }), has('b'))).toBe('not allowed')
    expect(ask(allow({ Condition: both }), { ...has('a'), isSecure: false })).toBe('not allowed')
    expect(ask(allow({ Condition: {} }))).toBe('allowed')
  })

  test('resource tags are read only if a policy uses them', () => {
    expect(asks({})).toBe(false)
    expect(asks({ Condition: { StringEquals: { 'aws:PrincipalTag/team': 'x' } } })).toBe(false)
    expect(asks({ Condition: { Null: { 'AWS:resourcetag/team': 'true' } } })).toBe(true)
    expect(asks({ Condition: { StringEquals: { 'aws:userid': "${aws:ResourceTag/owner, 'x'}" } } })).toBe(true)
    expect(asks({ Resource: `${app}/user/\${aws:ResourceTag/owner}` })).toBe(true)
  })
})

test('white space does not count in the length of a policy', () => {
  expect(() => parsePolicy(`{ "Statement": ${' '.repeat(20_000)} ${JSON.stringify(allow())} }`)).not.toThrow()
})

describe('a policy that is not understood is refused, with what is wrong and where', () => {
  const one = (more: object) => JSON.stringify({ Version: '2012-10-17', Statement: [allow(), allow(more)] })
  const conditional = (Condition: unknown) => one({ Condition })

  test.each<[string, RegExp]>([
    ['', /^It is not valid JSON: /],
    ['{"Version":"2012-10-17",', /^It is not valid JSON: /],
    ['[]', /^It must be a JSON object/],
    ['"*"', /^It must be a JSON object/],
    ['null', /^It must be a JSON object/],
    ['{}', /^Statement is missing/],
    [JSON.stringify({ Version: '2012-10-17', Statement: [] }), /^Statement is an empty list/],
    [JSON.stringify({ Version: '2012-10-17', Statement: 'Allow' }), /^Statement 1: It must be an object/],
    [JSON.stringify({ Version: '2012-10-17', Statement: [[allow()]] }), /^Statement 1: It must be an object/],
    [JSON.stringify({ Version: '2020-01-01', Statement: allow() }), /^Version must be/],
    [JSON.stringify({ Version: 2012, Statement: allow() }), /^Version must be/],
    [JSON.stringify({ Statement: allow(), Comment: 'x' }), /^Comment is not an element of a policy/],
    [JSON.stringify({ statement: allow() }), /^statement is not an element of a policy/],
    [JSON.stringify({ Id: 7, Statement: allow() }), /^Id must be a string/],
    ['{"Version":"2012-10-17","Version":"2008-10-17","Statement":{}}', /^The key "Version" occurs twice/],
    ['{"Statement":{"Effect":"Deny","\\u0045ffect":"Allow","Action":"*","Resource":"*"}}', /^The key "\\u0045ffect" occurs twice/],
    [`{"Statement":${'['.repeat(50)}${']'.repeat(50)}}`, /^It is nested more than 8 levels deep/],
    [JSON.stringify({ Statement: allow({ Action: 'chime:*'.padEnd(11_000, 'x') }) }), /^It has \d+ characters; at most 10240/],
    [JSON.stringify({ Statement: [allow({ Sid: 'a' }), allow({ Sid: 'a' })] }), /^The Sid a occurs twice/],
    [one({ Sid: 'a b' }), /^Statement 2: Sid must consist of letters and digits/],
    [one({ Sid: 7 }), /^Statement 2: Sid must consist/],
    [one({ Effect: 'allow' }), /^Statement 2: Effect must be "Allow" or "Deny"/],
    [one({ Effect: undefined }), /^Statement 2: Effect must be/],
    [one({ Principal: '*' }), /^Statement 2: Principal must not be in the policy of a key or role/],
    [one({ NotPrincipal: '*' }), /^Statement 2: NotPrincipal must not be/],
    [one({ Actions: 'x' }), /^Statement 2: Actions is not an element of a statement/],
    [one({ action: 'x' }), /^Statement 2: action is not an element/],
    [one({ Action: undefined }), /^Statement 2: It must have Action or NotAction, and has neither/],
    [one({ NotAction: 'chime:*' }), /^Statement 2: It must have Action or NotAction, not both/],
    [one({ Resource: undefined }), /^Statement 2: It must have Resource or NotResource, and has neither/],
    [one({ NotResource: '*' }), /^Statement 2: It must have Resource or NotResource, not both/],
    [one({ Action: [] }), /^Statement 2: Action: It must be an action/],
    [one({ Action: null }), /^Statement 2: Action: It must be an action/],
    [one({ Action: [['*']] }), /^Statement 2: Action: It must be an action/],
    [one({ Action: 'SendChannelMessage' }), /^Statement 2: Action: 'SendChannelMessage' is not an action like/],
    [one({ Action: 'chime:' }), /^Statement 2: Action: 'chime:' is not an action/],
    [one({ Action: 'chime:${aws:userid}' }), /^Statement 2: Action: /],
    [one({ Action: 'chime:Send ChannelMessage' }), /^Statement 2: Action: /],
    [one({ Resource: [] }), /^Statement 2: Resource: It must be an ARN/],
    [one({ Resource: 'app-instance/*' }), /^Statement 2: Resource: 'app-instance\/\*' is neither an ARN/],
    [one({ Resource: '*:app-instance/*' }), /^Statement 2: Resource: .* is neither an ARN/],
    [one({ Resource: '' }), /^Statement 2: Resource: '' is neither an ARN/],
    [one({ Resource: `${app}/user/\${aws:userid` }), /^Statement 2: Resource: The variable in .* is not closed/],
    [one({ Resource: `${app}/user/\${}` }), /^Statement 2: Resource: .* is not a variable/],
    [one({ Resource: `${app}/user/\${aws:userid, default}` }), /^Statement 2: Resource: .* is not a variable/],
    [one({ Resource: `${app}/user/\${aws:TagKeys}` }), /^Statement 2: Resource: aws:TagKeys has many values/],
    [one({ Resource: `${app}/user/\${aws:Unknown}` }), /^Statement 2: Resource: aws:Unknown is not a condition key/],
    [one({ Resource: `${app}/user/\${aws:PrincipalTag}` }), /^Statement 2: Resource: aws:PrincipalTag is not a condition key/],
    [one({ Resource: `${app}/user/\${login.example.com:sub}` }), /session tags here: write aws:PrincipalTag\/CLAIM/],
    [conditional([]), /^Statement 2: Condition: It must be an object of operators/],
    [conditional(null), /^Statement 2: Condition: It must be an object/],
    [conditional({ StringEquals: {} }), /^Statement 2: Condition: StringEquals: It must be an object of condition keys/],
    [conditional({ StringEquals: 'x' }), /^Statement 2: Condition: StringEquals: It must be an object/],
    [conditional({ StringEqual: { 'aws:userid': 'x' } }), /StringEqual is not a condition operator/],
    [conditional({ stringEquals: { 'aws:userid': 'x' } }), /is not a condition operator/],
    [conditional({ constructor: { 'aws:userid': 'x' } }), /is not a condition operator/],
    [conditional({ BinaryEquals: { 'aws:userid': 'x' } }), /is not a condition operator/],
    [conditional({ 'ForSomeValue:StringEquals': { 'aws:TagKeys': 'x' } }), /is not a condition operator/],
    [conditional({ NullIfExists: { 'aws:TagKeys': 'true' } }), /is not a condition operator/],
    [conditional({ 'ForAnyValue:StringEqualsIfExists': { 'aws:TagKeys': 'x' } }), /is ambiguous/],
    [conditional({ StringEquals: { 'aws:TagKeys': 'x' } }), /aws:TagKeys has many values: write ForAnyValue:StringEquals or/],
    [conditional({ StringEquals: { 'chime:ResourceTag/x': 'x' } }), /chime:ResourceTag\/x is not a condition key/],
    [conditional({ StringEquals: { 'aws:PrincipalTag/': 'x' } }), /is not a condition key/],
    [conditional({ StringEquals: { 'aws:userid': 'x', 'AWS:UserId': 'y' } }), /The same condition key occurs twice/],
    [conditional({ StringEquals: { 'aws:userid': [] } }), /aws:userid: It must be a string/],
    [conditional({ StringEquals: { 'aws:userid': null } }), /aws:userid: It must be a string/],
    [conditional({ StringEquals: { 'aws:userid': { a: 1 } } }), /aws:userid: It must be a string/],
    [conditional({ ArnLike: { 'aws:PrincipalArn': 'user/*' } }), /'user\/\*' is neither an ARN/],
    [conditional({ Bool: { 'aws:SecureTransport': 'yes' } }), /'yes' is neither true nor false/],
    [conditional({ Bool: { 'aws:SecureTransport': '${aws:userid}' } }), /variables are for String and Arn operators only/],
    [conditional({ NumericLessThan: { 'aws:EpochTime': 'soon' } }), /'soon' is not a number/],
    [conditional({ NumericLessThan: { 'aws:EpochTime': '0x10' } }), /'0x10' is not a number/],
    [conditional({ DateLessThan: { 'aws:CurrentTime': 'tomorrow' } }), /'tomorrow' is not a date/],
    [conditional({ DateLessThan: { 'aws:CurrentTime': '2026-13-01' } }), /'2026-13-01' is not a date/],
    [conditional({ DateLessThan: { 'aws:CurrentTime': '2026-06-01T12:00:00' } }), /is not a date/],
    [conditional({ IpAddress: { 'aws:SourceIp': '192.0.2' } }), /'192.0.2' is neither an IP address nor a CIDR block/],
    [conditional({ IpAddress: { 'aws:SourceIp': '192.0.2.0/33' } }), /is neither an IP address/],
    [conditional({ IpAddress: { 'aws:SourceIp': '::ffff:192.0.2.0/120' } }), /write the IPv4 address without the prefix/],
    [conditional({ IpAddress: { 'aws:SourceIp': 'localhost' } }), /is neither an IP address/],
    [conditional({ Null: { 'aws:userid': 'maybe' } }), /The value of Null must be true or false/],
    [conditional({ Null: { 'aws:userid': ['true', 'false'] } }), /The value of Null must be true or false/],
  ])('%s', (text, sentence) => {
    expect(() => parsePolicy(text)).toThrow(PolicyError)
    expect(() => parsePolicy(text)).toThrow(sentence)
  })
})
