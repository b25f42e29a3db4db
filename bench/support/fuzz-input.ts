import type { Operation } from '../../server/src/contract/operation.ts'
import type { Shape } from '../../server/src/contract/shapes.ts'
import type { Chance } from './chance.ts'

/** Texts that have broken servers before. */
export const nasty: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\uD800',
  '\uFFFF',
  '😀'.repeat(50),
  'é'.repeat(300),
  "' or 1=1 --",
  '"}',
  '%00',
  '%zz',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'NaN',
  '-1',
  '1e400',
  '9007199254740993',
  '\r\nx-injected: 1',
  '{"a":'.repeat(40),
  '['.repeat(5000),
  'a'.repeat(70_000),
  '${jndi:ldap://x}',
  'arn:aws:chime:us-east-1:000000000000:app-instance/',
  'arn:aws:chime:::app-instance/x/channel/y/z',
  'arn:aws:chime:us-east-1:000000000000:app-instance/x/user/%2F',
]

/** Values from answers, so that calls name things that exist. */
export class Known {
  readonly #byMember = new Map<string, string[]>()
  readonly #chance: Chance

  constructor(chance: Chance) {
    this.#chance = chance
  }

  learn(member: string, value: string) {
    const values = this.#byMember.get(member) ?? []
    this.#byMember.set(member, values)
    if (values.includes(value)) return
    if (values.length < 30) values.push(value)
    else values[this.#chance.below(30)] = value
  }

  learnFrom(answer: unknown) {
    if (typeof answer !== 'object' || answer === null) return
    for (const [member, value] of Object.entries(answer)) {
      if (typeof value === 'string' && /(?:Arn|ARN|Id|Token)$/.test(member)) this.learn(member, value)
      else this.learnFrom(value)
    }
  }

  of(member: string): string | undefined {
    const values = this.#byMember.get(member)
    return values && this.#chance.of(values)
  }
}

const synonyms: Readonly<Record<string, readonly string[]>> = {
  ChimeBearer: ['AppInstanceUserArn', 'AppInstanceBotArn'],
  MemberArn: ['AppInstanceUserArn', 'AppInstanceBotArn'],
  MemberArns: ['AppInstanceUserArn'],
  ModeratorArns: ['AppInstanceUserArn'],
  ChannelModeratorArn: ['AppInstanceUserArn'],
  AppInstanceAdminArn: ['AppInstanceUserArn'],
  AppInstanceUserArns: ['AppInstanceUserArn'],
  ChannelArns: ['ChannelArn'],
  SenderArn: ['AppInstanceUserArn', 'AppInstanceBotArn'],
  MessageIds: ['MessageId'],
  StringValues: ['MessageId', 'AppInstanceUserArn'],
  ResourceARN: ['ChannelArn', 'AppInstanceArn', 'AppInstanceUserArn', 'ChannelFlowArn'],
}

/** Attributes that the server reads, and others. */
const attributes = ['CARILLON.thread', 'CHIME.mentions', 'key']

/** A value of a shape: mostly one that it allows, now and then one that it does not. */
export function valueOf(shape: Shape, member: string, chance: Chance, known: Known): unknown {
  if (chance.is(0.03)) return chance.of([null, 0, -1, 1.5, true, [], {}, [[]], 'x', ...nasty])
  if (shape.enum) return chance.of(shape.enum)
  if (shape.timestamp) return chance.of([new Date().toISOString(), new Date(0).toISOString(), 0, 1e12, 'yesterday'])
  if (shape.type === 'integer') return chance.of([shape.minimum ?? 1, shape.maximum ?? 5, 2, (shape.maximum ?? 5) + 1])
  if (shape.type === 'boolean') return chance.is(0.5)
  if (shape.type === 'array') return Array.from({ length: 1 + chance.below(3) }, () => valueOf(shape.items ?? {}, member, chance, known))
  if (shape.type === 'object' && shape.additionalProperties) {
    const value = shape.additionalProperties
    const key = (index: number) => (member === 'MessageAttributes' ? chance.of(attributes) : `key${index}`)
    return Object.fromEntries(Array.from({ length: chance.below(3) }, (_, index) => [key(index), valueOf(value, member, chance, known)]))
  }
  if (shape.type === 'object') return inputOf(shape, chance, known)
  if (/Lambda|ResourceArn$/.test(member)) return 'arn:aws:lambda:us-east-1:123456789012:function:f'
  const name = synonyms[member] ? chance.of(synonyms[member]) : member
  const seen = known.of(name)
  if (seen !== undefined && chance.is(0.9)) return seen
  if (chance.is(0.15)) return chance.of(nasty)
  if (member === 'FilterRule') return chance.of(['{"team":["blue"]}', '{"$or":[{"a":["b"]}]}', '{"a":[{"anything-but":["x"]}]}', '{', '[]'])
  return `x${chance.below(1e6).toString(36)}`.slice(0, shape.maxLength ?? 20)
}

function inputOf(shape: Shape, chance: Chance, known: Known): Record<string, unknown> {
  const members = Object.entries(shape.properties ?? {}).filter(([member]) => shape.required?.includes(member) === true || chance.is(0.4))
  return Object.fromEntries(members.map(([member, each]) => [member, valueOf(each, member, chance, known)]))
}

export interface Draft {
  method: string
  path: string
  query: string
  headers: Record<string, string>
  body: Buffer
}

const plainText = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
const escaped = (value: unknown) => encodeURIComponent(plainText(value).toWellFormed().slice(0, 2000))

/** A request of an operation, not yet signed. */
export function draftOf(operation: Operation, chance: Chance, known: Known): Draft {
  const input = inputOf(operation.input, chance, known)
  const query = operation.selector ? [`${operation.selector.name}=${operation.selector.value}`] : []
  const headers: Record<string, string> = {}
  const body: Record<string, unknown> = {}
  let { path } = operation
  for (const [member, place] of Object.entries(operation.bindings)) {
    const value = input[member]
    if (place.in === 'path') path = path.replace(`{${place.name}}`, escaped(value ?? ''))
    else if (value === undefined) continue
    else if (place.in === 'header') headers[place.name] = plainText(value).replaceAll(/[^!-~]/g, '')
    else if (place.in === 'body') body[member] = value
    else if (Array.isArray(value)) query.push(...value.map(each => `${place.name}=${escaped(each)}`))
    else query.push(`${place.name}=${escaped(value)}`)
  }
  const hasBody = operation.method === 'POST' || operation.method === 'PUT'
  return {
    method: operation.method,
    path,
    query: query.join('&'),
    headers,
    body: hasBody ? Buffer.from(JSON.stringify(body)) : Buffer.alloc(0),
  }
}

const junkBodies = [
  '{',
  '[]',
  'null',
  '"text"',
  '1',
  '{"a":1,"a":2}',
  '{"Name":"\\ud800"}',
  `{"a":${'['.repeat(3000)}${']'.repeat(3000)}}`,
  `{"__proto__":{"admin":true},"constructor":1}`,
  `{"Name":${'9'.repeat(5000)}}`,
  '\u{FEFF}{}',
]

/** Changes one thing of a draft, so that the signature still holds and what is signed is odd. */
export function mutated(draft: Draft, chance: Chance): Draft {
  const flipped = Buffer.from(draft.body)
  if (flipped.length > 0) flipped[chance.below(flipped.length)] = chance.below(256)
  const changes: readonly (() => Partial<Draft>)[] = [
    () => ({ method: chance.of(['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) }),
    () => ({ path: draft.path.replace(/[^/]*$/, encodeURIComponent(chance.of(nasty).toWellFormed().slice(0, 5000))) }),
    () => ({ path: `${draft.path}/${chance.of(['', '..', '%2e%2e', '%2F', 'x', '%C0%AF', '%'])}` }),
    () => ({ query: `${draft.query}&${chance.of(['', '=', '&&', 'max-results=-1', 'next-token=x', 'scope=x', 'operation=%', 'a=%FF'])}` }),
    () => ({ query: '' }),
    () => ({ body: Buffer.from(chance.of(junkBodies)) }),
    () => ({ body: flipped }),
    () => ({ body: draft.body.subarray(0, chance.below(draft.body.length + 1)) }),
    () => ({ body: Buffer.from(Array.from({ length: chance.below(200) }, () => chance.below(256))) }),
    () => ({
      headers: {
        ...draft.headers,
        'x-amz-chime-bearer': chance
          .of(nasty)
          .replaceAll(/[^ -~]/g, '')
          .slice(0, 3000),
      },
    }),
    () => ({ headers: { ...draft.headers, [`x-amz-${chance.below(9)}`]: 'x'.repeat(chance.below(3000)) } }),
  ]
  return { ...draft, ...chance.of(changes)() }
}
