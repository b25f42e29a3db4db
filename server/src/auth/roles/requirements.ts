import type { Facts } from '../../store/facts.ts'

/** The members of the input that a rule may use, beside the facts. */
export type RuleInput = Readonly<Record<string, unknown>>

/** Who may call: a predicate over facts and input, and its description for those who may not. */
export interface Rule {
  readonly says: string
  readonly holds: (facts: Facts, input: RuleInput) => boolean
}

export const anyOf = (...rules: Rule[]): Rule => ({
  says: rules.map(rule => rule.says).join('; '),
  holds: (facts, input) => rules.some(rule => rule.holds(facts, input)),
})

export const allOf = (...rules: Rule[]): Rule => ({
  says: rules.map(rule => rule.says).join(', '),
  holds: (facts, input) => rules.every(rule => rule.holds(facts, input)),
})

const requirement = (says: string, holds: Rule['holds']): Rule => ({ says, holds })

/** No bearer: any key that IAM permits. */
export const serviceKey = requirement('a service key', () => true)

export const anyone = requirement('any user or bot of the app instance', () => true)

/** An admin of the app instance that the call is about, which need not be the app instance of the caller. */
export const admin = requirement('an AppInstanceAdmin', facts => facts.admin)

export const moderator = requirement('a moderator of the channel', facts => facts.moderator)

/** A member; in an elastic channel, of the sub-channel that the call names. */
export const member = requirement('a member of the channel', facts => facts.membership !== undefined)

export const defaultMember = requirement('a DEFAULT member of the channel', facts => facts.membership === 'DEFAULT')

export const unlessHidden = requirement('unless it is a HIDDEN member', facts => facts.membership !== 'HIDDEN')

export const outsider = requirement('a user or bot that is not a member', facts => facts.membership === undefined)

export const publicChannel = requirement('where the channel is PUBLIC', facts => facts.channel?.privacy === 'PUBLIC')

/** The channel is not elastic. The content of a sub-channel is for its members, moderators and admins only. */
export const undividedChannel = requirement('where the channel is not elastic', facts => facts.channel?.elastic === undefined)

export const unrestrictedChannel = requirement('where the channel is UNRESTRICTED', facts => facts.channel?.mode === 'UNRESTRICTED')

/** The input names the caller, or leaves the member out. */
export const self = (name: string) =>
  requirement('the user or bot itself', (facts, input) => input[name] === undefined || input[name] === facts.caller.arn)

/** The list in the input has the caller only. */
export const onlySelf = (name: string) =>
  requirement('the user or bot itself and nobody else', (facts, input) => {
    const arns = input[name]
    return Array.isArray(arns) && arns.every(arn => arn === facts.caller.arn)
  })

/** The input does not have this member. */
export const leftOut = (name: string) => requirement(`where ${name} is left out`, (_, input) => input[name] === undefined)

/** The input does not have this value. */
export const without = (name: string, value: string) =>
  requirement(`with a ${name} other than ${value}`, (_, input) => input[name] !== value)

export const ownMessage = requirement('the sender of the message', facts => facts.message?.sender.id === facts.caller.id)
