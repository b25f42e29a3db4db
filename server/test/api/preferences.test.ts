import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkFilterRule, passesFilter } from '../../src/domain/filter-rules.ts'
import { ApiError } from '../../src/errors.ts'
import { onBothDatabases, refusal } from '../support/world.ts'
import { open, say } from './acts.ts'

const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }
const bad = { name: 'BadRequestException', code: 'BadRequest', status: 400 }

interface Rule {
  [key: string]: unknown
}

const ruleText = (rule: unknown) => JSON.stringify(rule)

onBothDatabases('Membership preferences', world => {
  type Allow = 'ALL' | 'NONE' | 'FILTERED'
  const put = async (ChannelArn: string, ChimeBearer: string, AllowNotifications: Allow, FilterRule?: string, MemberArn = ChimeBearer) =>
    world().messaging.putChannelMembershipPreferences({
      ChannelArn,
      MemberArn,
      ChimeBearer,
      Preferences: { PushNotifications: { AllowNotifications, FilterRule } },
    })
  const get = async (ChannelArn: string, ChimeBearer: string, MemberArn = ChimeBearer) =>
    world().messaging.getChannelMembershipPreferences({ ChannelArn, MemberArn, ChimeBearer })

  test('the default preference is ALL, and a put replaces the previous preferences', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['owner'])
    const channel = await open(world(), user('owner'))
    const Member = { Arn: user('owner'), Name: 'owner' }
    const standard = { ChannelArn: channel, Member, Preferences: { PushNotifications: { AllowNotifications: 'ALL' } } }
    expect(await get(channel, user('owner'))).toMatchObject(standard)
    const FilterRule = ruleText({ k: ['a', '\u0000😀'] })
    const filtered = { ChannelArn: channel, Member, Preferences: { PushNotifications: { AllowNotifications: 'FILTERED', FilterRule } } }
    expect(await put(channel, user('owner'), 'FILTERED', FilterRule)).toMatchObject(filtered)
    expect(await get(channel, user('owner'))).toMatchObject(filtered)
    await put(channel, user('owner'), 'NONE')
    expect((await get(channel, user('owner'))).Preferences).toEqual({ PushNotifications: { AllowNotifications: 'NONE' } })
    const asked = { ChannelArn: channel, MemberArn: user('owner'), ChimeBearer: user('owner'), Preferences: {} }
    await world().messaging.putChannelMembershipPreferences(asked)
    expect(await get(channel, user('owner'))).toMatchObject(standard)
  })

  test('only the member, HIDDEN or not, reads and puts its preferences; no admin, moderator, non-member or banned user does', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'm', 'hidden', 'outsider', 'banned'], { admins: ['root'] })
    const channel = await open(world(), user('owner'), { Privacy: 'PUBLIC', MemberArns: [user('m'), user('banned')] })
    const asked = { ChannelArn: channel, ChimeBearer: user('owner') }
    await messaging.createChannelMembership({ ...asked, MemberArn: user('hidden'), Type: 'HIDDEN' })
    await messaging.createChannelBan({ ...asked, MemberArn: user('banned') })
    await put(channel, user('hidden'), 'NONE')
    expect((await get(channel, user('hidden'))).Preferences!.PushNotifications!.AllowNotifications).toBe('NONE')
    for (const bearer of [user('owner'), user('root'), user('hidden')]) {
      expect(await refusal(put(channel, bearer, 'NONE', undefined, user('m')))).toMatchObject(denied)
      expect(await refusal(get(channel, bearer, user('m')))).toMatchObject(denied)
    }
    for (const bearer of [user('root'), user('outsider'), user('banned')]) {
      expect(await refusal(put(channel, bearer, 'NONE'))).toMatchObject(denied)
      expect(await refusal(get(channel, bearer))).toMatchObject(denied)
    }
    expect((await get(channel, user('m'))).Preferences).toEqual({ PushNotifications: { AllowNotifications: 'ALL' } })
  })

  test('preferences belong to one channel, and are deleted with the membership', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'm'])
    const channel = await open(world(), user('owner'), { MemberArns: [user('m')] })
    const other = await open(world(), user('owner'), { MemberArns: [user('m')] })
    await put(channel, user('m'), 'NONE')
    const standard = { PushNotifications: { AllowNotifications: 'ALL' } }
    expect((await get(other, user('m'))).Preferences).toEqual(standard)
    const named = { ChannelArn: channel, MemberArn: user('m'), ChimeBearer: user('owner') }
    await messaging.deleteChannelMembership(named)
    await messaging.createChannelMembership({ ...named, Type: 'DEFAULT' })
    expect((await get(channel, user('m'))).Preferences).toEqual(standard)
  })

  test('FILTERED without a rule and an invalid rule are refused, whatever AllowNotifications says, and nothing changes', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['owner'])
    const channel = await open(world(), user('owner'))
    expect(await refusal(put(channel, user('owner'), 'FILTERED'))).toMatchObject(bad)
    for (const rule of ['nonsense', '[]', '{}', '{"k":"a"}', '']) {
      expect(await refusal(put(channel, user('owner'), 'FILTERED', rule))).toMatchObject(bad)
      expect(await refusal(put(channel, user('owner'), 'NONE', rule))).toMatchObject(bad)
    }
    expect((await get(channel, user('owner'))).Preferences).toEqual({ PushNotifications: { AllowNotifications: 'ALL' } })
  })
})

onBothDatabases('GetChannelMessageStatus', world => {
  test('only the sender gets the status of a stored message, whatever its role, and nobody gets that of another sender’s', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['owner', 'm'], { admins: ['root'] })
    const ChannelArn = await open(world(), user('owner'), { MemberArns: [user('m')] })
    const status = async (ChimeBearer: string, MessageId: string) =>
      (await messaging.getChannelMessageStatus({ ChannelArn, MessageId, ChimeBearer })).Status
    const kept = await say(world(), user('m'), ChannelArn)
    const passing = await say(world(), user('m'), ChannelArn, 'x', { Persistence: 'NON_PERSISTENT' })
    expect(await status(user('m'), kept)).toEqual({ Value: 'SENT' })
    for (const bearer of [user('owner'), user('root')]) expect(await refusal(status(bearer, kept))).toMatchObject(denied)
    expect(await refusal(status(user('m'), passing))).toMatchObject(denied)
    expect(await refusal(status(user('m'), 'unknown'))).toMatchObject(denied)
    await messaging.deleteChannelMembership({ ChannelArn, MemberArn: user('m'), ChimeBearer: user('m') })
    expect(await status(user('m'), kept)).toEqual({ Value: 'SENT' })
    await messaging.deleteChannelMessage({ ChannelArn, MessageId: kept, ChimeBearer: user('root') })
    expect(await refusal(status(user('m'), kept))).toMatchObject(denied)
    const call = messaging.getChannelMessageStatus({ ChannelArn, MessageId: kept, SubChannelId: 'x', ChimeBearer: user('m') })
    expect((await refusal(call)).status).toBeGreaterThanOrEqual(400)
  })
})

/** Whether the text is accepted; an error other than a BadRequestException with a Reason is thrown again. */
function isTaken(text: string): boolean {
  try {
    checkFilterRule(text)
    return true
  } catch (error) {
    if (error instanceof ApiError && error.type === 'BadRequestException' && error.reason) return false
    throw error
  }
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`)

test('the rules of the documentation are accepted', () => {
  const rules = [
    { mentions: ['Bob', 'Alice'] },
    { type: [{ 'anything-but': ['Room'] }] },
    { type: [{ 'anything-but': ['Room'] }], mentions: ['Bob'] },
    { $or: [{ mentions: ['Bob'] }, { type: [{ 'anything-but': ['Room'] }] }] },
    { priority: ['High'], $or: [{ mentions: ['Bob'] }, { mentions: ['all'] }] },
    { k: ['a', { 'anything-but': ['b'] }] },
    { $or: [{ $or: [{ a: ['1'] }] }] },
  ]
  for (const rule of rules) expect({ rule, isTaken: isTaken(ruleText(rule)) }).toEqual({ rule, isTaken: true })
})

test('a rule is accepted up to each limit, and refused beyond it', () => {
  const pairs: [taken: unknown, refused: unknown][] = [
    [{ k: names(19) }, { k: names(20) }],
    [{ k: [{ 'anything-but': names(19) }] }, { k: [{ 'anything-but': names(20) }] }],
    [{ $or: [{ a: names(9) }, { b: names(9) }] }, { $or: [{ a: names(9) }, { b: names(10) }] }],
    [{ $or: names(5).map(name => ({ [name]: ['x'] })) }, { $or: names(6).map(name => ({ [name]: ['x'] })) }],
    [{ k: ['😀'.repeat(400)] }, { k: ['😀'.repeat(513)] }],
    [{ k: ['x'.repeat(512)] }, { k: ['x'.repeat(513)] }],
    [{ ['😀'.repeat(64)]: ['x'] }, { ['😀'.repeat(65)]: ['x'] }],
    [{ k: ['x'] }, { k: [''] }],
    [{ k: ['x'] }, { '': ['x'] }],
  ]
  for (const [taken, refused] of pairs) {
    expect({ rule: taken, isTaken: isTaken(ruleText(taken)) }).toMatchObject({ isTaken: true })
    expect({ rule: refused, isTaken: isTaken(ruleText(refused)) }).toMatchObject({ isTaken: false })
  }
  const text = ruleText({ k: ['x'] })
  expect(isTaken(text + ' '.repeat(2048 - text.length))).toBe(true)
  expect(isTaken(text + ' '.repeat(2049 - text.length))).toBe(false)
})

test('a rule outside the language is refused', () => {
  const rules = [
    null,
    'x',
    1,
    [],
    [{ k: ['a'] }],
    {},
    { k: [] },
    { k: 'a' },
    { k: [1] },
    { k: [null] },
    { k: [['a']] },
    { k: { 'anything-but': ['a'] } },
    { k: [{ 'anything-but': 'a' }] },
    { k: [{ 'anything-but': [] }] },
    { k: [{ 'anything-but': [1] }] },
    { k: [{ prefix: 'a' }] },
    { k: [{ 'anything-but': ['a'], exists: true }] },
    { $or: [] },
    { $or: {} },
    { $or: [{}] },
    { $or: ['x'] },
  ]
  for (const rule of rules) expect({ rule, isTaken: isTaken(ruleText(rule)) }).toEqual({ rule, isTaken: false })
})

const word = fc.string({ minLength: 1, maxLength: 12, unit: 'binary' })
const attributeTest = fc.array(
  fc.oneof(
    word,
    fc.array(word, { minLength: 1, maxLength: 4 }).map(list => ({ 'anything-but': list })),
  ),
  { minLength: 1, maxLength: 4 },
)
const flat = fc.dictionary(
  word.filter(name => name !== '$or'),
  attributeTest,
  { minKeys: 1, maxKeys: 4 },
)
const nested: fc.Arbitrary<Rule> = fc.oneof(
  flat,
  fc.tuple(flat, fc.array(flat, { minLength: 1, maxLength: 7 })).map(([rule, branches]) => ({ ...rule, $or: branches })),
)

/** Keys and values, counted from the text without parsing the language. */
function weightOf(value: unknown): number {
  if (typeof value === 'string') return 1
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + weightOf(item), 0)
  const entries = Object.entries(Object(value))
  return entries.reduce((sum, [key, item]) => sum + weightOf(item) + (key === '$or' || key === 'anything-but' ? 0 : 1), 0)
}

test('a well-formed rule is accepted exactly if its size, complexity and branches are within the limits', () => {
  fc.assert(
    fc.property(nested, rule => {
      const text = ruleText(rule)
      const branches = Array.isArray(rule['$or']) ? rule['$or'].length : 0
      expect(isTaken(text)).toBe(Buffer.byteLength(text) <= 2048 && weightOf(rule) <= 20 && branches <= 5)
    }),
    { numRuns: 500 },
  )
})

test('every text is accepted or refused with what is wrong', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.json({ maxDepth: 8 }), fc.constant('['.repeat(2000)))
  fc.assert(
    fc.property(texts, text => {
      expect(typeof isTaken(text)).toBe('boolean')
    }),
    { numRuns: 500 },
  )
})

const attributesOf = (given: Readonly<Record<string, readonly string[]>>) =>
  Object.fromEntries(Object.entries(given).map(([name, values]) => [name, { StringValues: [...values] }]))

test.each([
  ['a value of the list', { mentions: ['Bob', 'Alice'] }, { mentions: ['Eve', 'Alice'] }, true],
  ['no value of the list', { mentions: ['Bob', 'Alice'] }, { mentions: ['Eve'] }, false],
  ['a value in another case', { mentions: ['Bob'] }, { mentions: ['bob'] }, false],
  ['a part of a value', { mentions: ['Bob'] }, { mentions: ['Bobby'] }, false],
  ['a missing attribute', { mentions: ['Bob'] }, {}, false],
  ['an attribute without values', { mentions: ['Bob'] }, { mentions: [] }, false],
  ['a value that anything-but names', { type: [{ 'anything-but': ['Room'] }] }, { type: ['Room'] }, false],
  ['a value that anything-but names, beside another', { type: [{ 'anything-but': ['Room'] }] }, { type: ['Other', 'Room'] }, false],
  ['a value that anything-but does not name', { type: [{ 'anything-but': ['Room'] }] }, { type: ['Other'] }, true],
  ['a missing attribute and anything-but', { type: [{ 'anything-but': ['Room'] }] }, {}, true],
  ['one key of two', { type: ['Room'], mentions: ['Bob'] }, { type: ['Room'] }, false],
  ['both keys', { type: ['Room'], mentions: ['Bob'] }, { type: ['Room'], mentions: ['Bob'] }, true],
  ['one rule of $or', { $or: [{ type: ['Room'] }, { mentions: ['Bob'] }] }, { mentions: ['Bob'] }, true],
  ['no rule of $or', { $or: [{ type: ['Room'] }, { mentions: ['Bob'] }] }, { mentions: ['Eve'] }, false],
  ['$or, but not the key beside it', { priority: ['High'], $or: [{ mentions: ['Bob'] }] }, { mentions: ['Bob'] }, false],
  ['the exact value of a mixed list', { k: ['a', { 'anything-but': ['a', 'b'] }] }, { k: ['a'] }, true],
  ['no value of a mixed list', { k: ['a', { 'anything-but': ['b'] }] }, { k: ['b'] }, false],
  ['a name that every object has', { constructor: ['Object'] }, {}, false],
])('a filter rule decides about %s', (_, rule, attributes, expected) => {
  expect(passesFilter(ruleText(rule), attributesOf(attributes))).toBe(expected)
})

test('a message passes exactly if the rule, read as logic, is true', () => {
  const few = fc.constantFrom('a', 'b', 'c')
  const items = fc.array(fc.oneof(few, fc.record({ 'anything-but': fc.array(few, { minLength: 1, maxLength: 2 }) })), {
    minLength: 1,
    maxLength: 2,
  })
  const leaf = fc.dictionary(few, items, { minKeys: 1, maxKeys: 2 })
  const branches = fc.array(leaf, { minLength: 1, maxLength: 3 })
  const rules: fc.Arbitrary<Rule> = fc.oneof(
    leaf,
    fc.tuple(leaf, branches).map(([rule, $or]) => ({ ...rule, $or })),
    fc.tuple(leaf, branches).map(([rule, $or]) => ({ $or: [rule, { $or }] })),
  )
  const model = (rule: Rule, given: Readonly<Record<string, readonly string[]>>): boolean =>
    Object.entries(rule).every(([key, list]) => {
      if (key === '$or') return (list as Rule[]).some(branch => model(branch, given))
      const has = (value: string) => given[key]?.includes(value) === true
      return (list as (string | { 'anything-but': string[] })[]).some(item =>
        typeof item === 'string' ? has(item) : item['anything-but'].every(value => !has(value)),
      )
    })
  const messages = fc.dictionary(few, fc.array(few, { maxLength: 2 }), { maxKeys: 3 })
  fc.assert(
    fc.property(rules, messages, (rule, given) => {
      expect(passesFilter(ruleText(rule), attributesOf(given))).toBe(model(rule, given))
    }),
    { numRuns: 1000 },
  )
})
