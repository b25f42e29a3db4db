import { Compile } from 'typebox/schema'
import { describe, expect, test } from 'vitest'
import { NonEmptyResourceName, Metadata } from '../../src/contract/common.ts'
import { operations, services, type Input, type OperationName, type Output } from '../../src/contract/index.ts'
import type { Shape } from '../../src/contract/shapes.ts'
import { contractFacts, differences, modelFacts, type Model } from './facts.ts'
import identity from './model/chime-sdk-identity.json' with { type: 'json' }
import messaging from './model/chime-sdk-messaging.json' with { type: 'json' }
import { mutationsOf } from './mutations.ts'
import { cpuTime } from '../support/cpu-time.ts'

interface Service {
  readonly service: string
  readonly model: Model
  readonly names: readonly OperationName[]
}

const entries: readonly Service[] = [
  { service: 'messaging', model: messaging, names: services.messaging },
  { service: 'identity', model: identity, names: services.identity },
]

describe.each(entries)('the contract of $service', ({ model, names }) => {
  test('has exactly the operations of the model', () => {
    expect(new Set<string>(names)).toEqual(new Set(Object.keys(model.operations)))
  })

  test.each(names)('%s agrees in every fact with the model', name => {
    expect(differences(modelFacts(model, name), contractFacts(operations[name]))).toEqual([])
  })

  test.each(names)('one wrong fact anywhere in %s is noticed', name => {
    const mutations = mutationsOf(model, name)
    expect(mutations.length).toBeGreaterThan(10)
    const unnoticed = mutations.filter(({ make }) => {
      const unmake = make()
      const found = differences(modelFacts(model, name), contractFacts(operations[name]))
      unmake()
      return found.length === 0
    })
    expect(unnoticed.map(({ what }) => what)).toEqual([])
    expect(differences(modelFacts(model, name), contractFacts(operations[name]))).toEqual([])
  })
})

describe('the contract as a whole', () => {
  const all = Object.values(operations)
  const ours: ReadonlySet<string> = new Set(services.carillon)

  test("has Amazon's 81 operations under 78 names, and ours, each with a route of its own", () => {
    expect([services.messaging.length, services.identity.length]).toEqual([51, 30])
    expect(Object.keys(operations)).toHaveLength(78 + services.carillon.length)
    const routes = all.map(({ method, path, selector }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')} ${selector?.value}`)
    expect(new Set(routes).size).toBe(routes.length)
  })

  test("has Amazon's operations outside /carillon/, and ours in it, under names that Amazon does not have", () => {
    for (const [name, { path }] of Object.entries(operations)) expect([name, path.startsWith('/carillon/')]).toEqual([name, ours.has(name)])
    expect(services.carillon.filter(name => name in messaging.operations || name in identity.operations)).toEqual([])
  })

  test('has 37 operations of Amazon in which a user or bot acts, for two of which the model does not require a bearer', () => {
    const bearers = Object.entries(operations).filter(([name, { bearer }]) => bearer && !ours.has(name))
    expect(bearers).toHaveLength(37)
    const optional = Object.entries(operations).filter(([, { bearer, input }]) => bearer && !input.required?.includes('ChimeBearer'))
    expect(optional.map(([name]) => name).toSorted()).toEqual(['PutChannelExpirationSettings', 'SearchChannels'])
  })

  test('has no two members of one operation in one place', () => {
    for (const { bindings } of all) {
      const taken = Object.values(bindings).map(place => `${place.in} ${place.name}`)
      expect(new Set(taken).size).toBe(taken.length)
    }
  })
})

describe('a pattern', () => {
  const shapes = Object.values(operations).flatMap(({ input, output }) => [...shapesWithin(input), ...shapesWithin(output)])
  const patterns = new Map(shapes.flatMap(shape => (shape.writtenPattern === undefined ? [] : [[shape.writtenPattern, shape] as const])))

  /** Texts near the edges of all patterns. */
  const samples = [
    '',
    ' ',
    '\n',
    'a',
    'A-_9',
    '-',
    '\u0000',
    '\u00A0',
    '\u{1F600}',
    '\uD83D',
    'a\nb',
    'a'.repeat(40),
    'a b',
    'a_',
    '_a',
    'a__b',
    '9a',
    'arn:aws:chime:us-east-1:000000000000:app-instance/x',
    ' arn:aws:chime:us-east-1:0:x',
    'arn:aws:chime:us-east-1:0:/x',
    'arn:aws:chime:us-east-1:0:x/us-east-1:a-b',
    'arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST',
    'a@b.c:d_e',
    'a.',
    '.a',
    'arn:aws:lambda:us-east-1:000000000000:function:f ',
    'arn:aws:lex:us-east-1:000000000000:bot-alias/ABCDEFGHIJ/0123456789',
  ]

  test("is checked as an anchored full match of Amazon's pattern", () => {
    for (const [written, { pattern }] of patterns) {
      const dotted = written.startsWith('.*') ? 'su' : 'u'
      const unicode = written.replaceAll(String.raw`\u10000-\u10FFFF`, String.raw`\u{10000}-\u{10FFFF}`).replaceAll(/\\(?=[:_@])/g, '')
      const full = new RegExp(`^(?:${unicode})$`, dotted)
      const checked = pattern === undefined ? /(?:)/ : new RegExp(pattern, 'u')
      for (const sample of samples) expect([written, sample, checked.test(sample)]).toEqual([written, sample, full.test(sample)])
    }
  })

  test('that matches everything is declared and costs nothing', () => {
    for (const written of ['.*', String.raw`[\s\S]*`]) expect(patterns.get(written)?.pattern).toBeUndefined()
    expect(patterns.size).toBeGreaterThan(8)
  })

  test('takes time in proportion to the text', () => {
    const hostile = [
      ' '.repeat(200_000),
      'a'.repeat(200_000),
      'a_'.repeat(100_000) + '!',
      `arn:${'a'.repeat(200_000)}`,
      '-'.repeat(200_000),
    ]
    const start = cpuTime()
    for (const { pattern } of patterns.values()) for (const text of hostile) new RegExp(pattern ?? '', 'u').test(text)
    expect(cpuTime() - start).toBeLessThan(5000)
  })

  test('of a name allows emoji and refuses control characters and lone surrogates', () => {
    const name = Compile(NonEmptyResourceName)
    expect(['Ünïcode \u{1F600}', '\u{10FFFF}'].map(text => name.Check(text))).toEqual([true, true])
    expect(['\u0000', '\u007F', '\uD83D', ''].map(text => name.Check(text))).toEqual([false, false, false, false])
  })

  test('of metadata includes line breaks', () => {
    expect(Compile(Metadata).Check('a\r\nb\u2028')).toBe(true)
  })
})

function shapesWithin(shape: Shape): Shape[] {
  const inner = [...Object.values(shape.properties ?? {}), shape.items, shape.propertyNames, shape.additionalProperties]
  return [shape, ...inner.flatMap(found => (found === undefined ? [] : shapesWithin(found)))]
}

describe('the inferred types', () => {
  test('distinguish required from optional members, and words, dates and dictionaries', () => {
    const list: Input<'ListChannelMessages'> = { ChannelArn: 'arn', ChimeBearer: 'arn', SortOrder: 'ASCENDING', NotBefore: new Date(0) }
    const send: Pick<Input<'SendChannelMessage'>, 'MessageAttributes'> = { MessageAttributes: { key: { StringValues: ['value'] } } }
    // @ts-expect-error a word that is none of the enum
    const word: Input<'ListChannelMessages'> = { ChannelArn: 'arn', ChimeBearer: 'arn', SortOrder: 'ascending' }
    // @ts-expect-error a required member is missing
    const missing: Input<'ListChannelMessages'> = { ChimeBearer: 'arn' }
    // @ts-expect-error an absent member is absent, not undefined
    const absent: Input<'ListChannelMessages'> = { ChannelArn: 'arn', ChimeBearer: 'arn', NextToken: undefined }
    const answer: Output<'ListChannels'> = { Channels: [{ Name: 'a', Metadata: null }], NextToken: undefined }
    // @ts-expect-error a member that the contract does not know
    const unknown: Output<'ListChannels'> = { Channels: [], Total: 1 }
    expect([list, send, word, missing, absent, answer, unknown]).toHaveLength(7)
  })
})
