import { badRequest } from '../errors.ts'
import { isObject } from '../tools/json.ts'
import type { MessageAttributes } from '../store/messages.ts'

/**
 * The rule that decides which messages push to a member (docs/service/push-and-bots.md#filter-rules): a JSON object whose keys name
 * message attributes. Keys are joined by AND; `$or` has up to five rules; a list has exact values and `anything-but`.
 */
interface FilterRule {
  /** All of these must match. */
  readonly attributes: readonly AttributeTest[]
  /** And one of these, if there are any. */
  readonly anyOf: readonly FilterRule[]
}

interface AttributeTest {
  readonly name: string
  readonly values: readonly string[]
  /** Lists of values that must not occur. */
  readonly anythingBut: readonly (readonly string[])[]
}

const largestRule = 2048
const mostBranches = 5
const mostComplexity = 20
const longestName = 64
const longestValue = 512
const deepestNesting = 5

/** Counts characters as the contract does, not UTF-16 units. */
const lengthOf = (text: string) => Array.from(text).length

const refused = (reason: string) =>
  badRequest(
    "1 validation error detected: Value at 'preferences.pushNotifications.filterRule' failed to satisfy constraint: Member must be a valid filter rule",
    reason,
  )

function words(value: unknown, where: string): string[] {
  if (!Array.isArray(value) || value.length === 0) throw refused(`${where} must be a list of one or more strings.`)
  return value.map(word => {
    if (typeof word !== 'string' || word.length === 0 || lengthOf(word) > longestValue) {
      throw refused(`${where} must hold strings of 1 to ${longestValue} characters.`)
    }
    return word
  })
}

function attributeTest(name: string, value: unknown): AttributeTest {
  if (name.length === 0 || lengthOf(name) > longestName)
    throw refused(`The key ${JSON.stringify(name)} must have 1 to ${longestName} characters.`)
  if (!Array.isArray(value) || value.length === 0) throw refused(`${JSON.stringify(name)} must be a list of values.`)
  const values: string[] = []
  const anythingBut: string[][] = []
  for (const item of value) {
    if (typeof item === 'string') values.push(...words([item], JSON.stringify(name)))
    else if (isObject(item) && Object.keys(item).length === 1 && 'anything-but' in item)
      anythingBut.push(words(item['anything-but'], 'anything-but'))
    else throw refused(`${JSON.stringify(name)} may hold strings and {"anything-but": […]} only.`)
  }
  return { name, values, anythingBut }
}

function ruleOf(value: unknown, depth: number): FilterRule {
  if (!isObject(value) || Object.keys(value).length === 0) throw refused('A rule is a JSON object with at least one key.')
  if (depth > deepestNesting) throw refused(`$or may be nested ${deepestNesting} times at the most.`)
  const attributes: AttributeTest[] = []
  let anyOf: FilterRule[] = []
  for (const [key, member] of Object.entries(value)) {
    if (key !== '$or') {
      attributes.push(attributeTest(key, member))
      continue
    }
    if (!Array.isArray(member) || member.length === 0 || member.length > mostBranches)
      throw refused(`$or takes 1 to ${mostBranches} rules.`)
    anyOf = member.map(branch => ruleOf(branch, depth + 1))
  }
  return { attributes, anyOf }
}

/** The number of keys and values; `$or` and `anything-but` do not count. */
function complexity({ attributes, anyOf }: FilterRule): number {
  const own = attributes.reduce((sum, { values, anythingBut }) => sum + 1 + values.length + anythingBut.flat().length, 0)
  return anyOf.reduce((sum, rule) => sum + complexity(rule), own)
}

/** Throws BadRequestException, which says what is wrong, if the text is not a rule or is too large. */
export function checkFilterRule(text: string) {
  if (Buffer.byteLength(text) > largestRule) throw refused(`A rule has at most ${largestRule} bytes of UTF-8.`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refused('The rule is not JSON.')
  }
  const rule = ruleOf(value, 0)
  const total = complexity(rule)
  if (total > mostComplexity) throw refused(`The rule has ${total} keys and values; at most ${mostComplexity} are allowed.`)
}

/** Whether a value passes one of the list: it is among the exact ones, or none of the values is among those of an `anything-but`. */
function passesTest({ name, values, anythingBut }: AttributeTest, attributes: MessageAttributes): boolean {
  const given = (Object.hasOwn(attributes, name) && attributes[name]?.StringValues) || []
  return given.some(value => values.includes(value)) || anythingBut.some(refused => !given.some(value => refused.includes(value)))
}

const passes = ({ attributes, anyOf }: FilterRule, given: MessageAttributes): boolean =>
  attributes.every(each => passesTest(each, given)) && (anyOf.length === 0 || anyOf.some(rule => passes(rule, given)))

/** Whether a message with these attributes passes a rule that `checkFilterRule` has accepted. */
export const passesFilter = (text: string, attributes: MessageAttributes = {}): boolean => passes(ruleOf(JSON.parse(text), 0), attributes)
