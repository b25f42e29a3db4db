import type { Facts } from '../../store/facts.ts'

/** The members of the input that a rule may use, beside the facts. */
export type RuleInput = Readonly<Record<string, unknown>>

/** One of the kinds of callers that a rule permits. */
interface Permitted {
  readonly who?: { readonly name: string; readonly asCondition: string }
  /** What else must be true. */
  readonly onlyIf: readonly string[]
}

/** Who may call: a predicate over facts and input, and its description for those who may not. */
export interface Rule {
  readonly says: string
  /** What the description is made of. */
  readonly permitted: readonly Permitted[]
  readonly holds: (facts: Facts, input: RuleInput) => boolean
}

const everybody = 'any user or bot of the app instance'

/** The words as part of a sentence: `a`, `a and b`, `a, b and c`. */
const listed = (words: readonly string[], last: 'and' | 'or') =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)!}`

/** Callers of one kind who need one of several conditions share a description. */
function described(permitted: readonly Permitted[]): string {
  const kinds = Map.groupBy(permitted, each => (each.onlyIf.length === 1 ? each.who?.name : each))
  const parts = [...kinds.values()].map(same => {
    const [{ who, onlyIf }] = same as [Permitted, ...Permitted[]]
    const conditions =
      same.length === 1
        ? listed(onlyIf, 'and')
        : listed(
            same.map(each => each.onlyIf.join('')),
            'or',
          )
    return `${who?.name ?? everybody}${conditions === '' ? '' : `, only if ${conditions}`}`
  })
  return parts.join('; ')
}

const rule = (permitted: readonly Permitted[], holds: Rule['holds']): Rule => ({ says: described(permitted), permitted, holds })

export const anyOf = (...rules: Rule[]): Rule =>
  rule(
    rules.flatMap(({ permitted }) => permitted),
    (facts, input) => rules.some(each => each.holds(facts, input)),
  )

/** Whoever meets both. Who it is comes from the first that says so; for the second it is a condition. */
function both(one: Permitted, other: Permitted): Permitted {
  const who = one.who ?? other.who
  return { ...(who && { who }), onlyIf: [...one.onlyIf, ...(one.who && other.who ? [other.who.asCondition] : []), ...other.onlyIf] }
}

export const allOf = (...rules: Rule[]): Rule =>
  rule(
    rules.map(({ permitted }) => permitted).reduce((all, more) => all.flatMap(one => more.map(other => both(one, other)))),
    (facts, input) => rules.every(each => each.holds(facts, input)),
  )

const requirement = (name: string, holds: Rule['holds'], asCondition = `it is ${name}`) =>
  rule([{ who: { name, asCondition }, onlyIf: [] }], holds)
const condition = (text: string, holds: Rule['holds']) => rule([{ onlyIf: [text] }], holds)

export const anyone = requirement(everybody, () => true)

/** An admin of the app instance that the call is about, which need not be the app instance of the caller. */
export const admin = requirement('an AppInstanceAdmin', facts => facts.admin)

export const moderator = requirement('a moderator of the channel', facts => facts.moderator)

/** A member; in an elastic channel, of the sub-channel that the call names. */
export const member = requirement('a member of the channel', facts => facts.membership !== undefined)

export const defaultMember = requirement('a DEFAULT member of the channel', facts => facts.membership === 'DEFAULT')

export const unlessHidden = condition('it is not a HIDDEN member', facts => facts.membership !== 'HIDDEN')

export const outsider = requirement('a user or bot that is not a member', facts => facts.membership === undefined)

export const publicChannel = condition('the channel is PUBLIC', facts => facts.channel?.privacy === 'PUBLIC')

/** The channel is not elastic. The content of a sub-channel is for its members, moderators and admins only. */
export const undividedChannel = condition('the channel is not elastic', facts => facts.channel?.elastic === undefined)

export const unrestrictedChannel = condition('the channel is UNRESTRICTED', facts => facts.channel?.mode === 'UNRESTRICTED')

/** The input names the caller, or leaves the member out. */
export const self = (name: string) =>
  requirement(
    'the user or bot itself',
    (facts, input) => input[name] === undefined || input[name] === facts.caller.arn,
    `${name} is its own ARN`,
  )

/** The list in the input has the caller only. */
export const onlySelf = (name: string) =>
  requirement('the user or bot itself and nobody else', (facts, input) => {
    const arns = input[name]
    return Array.isArray(arns) && arns.every(arn => arn === facts.caller.arn)
  })

/** The input does not have this member. */
export const leftOut = (name: string) => condition(`${name} is left out`, (_, input) => input[name] === undefined)

/** The input does not have this value. */
export const without = (name: string, value: string) => condition(`${name} is not ${value}`, (_, input) => input[name] !== value)

export const ownMessage = requirement('the sender of the message', facts => facts.message?.sender.id === facts.caller.id)
