import type { Subject } from './subject.ts'
import { conditionsOf } from './conditions.ts'
import { valueUnder, type ConditionKey } from './condition-keys.ts'
import { PolicyError } from './policy-error.ts'
import type { RequestContext } from './request-context.ts'

/** The claims of a token, by name. */
type Claims = Readonly<Record<string, unknown>>

/**
 * The name of an issuer in IAM and Cognito: its URL without scheme and final slash. Condition keys for its claims begin with it.
 */
export const providerOf = (issuer: string) => issuer.replace(/^https?:\/\//, '').replace(/\/$/, '')

const keyOf =
  (issuer: string) =>
  (name: string): ConditionKey => {
    const provider = providerOf(issuer)
    const isOfIssuer = name.toLowerCase().startsWith(provider.toLowerCase())
    const [, claim] = (isOfIssuer && /^\/?:(.+)$/s.exec(name.slice(provider.length))) || []
    if (claim === undefined) throw new PolicyError(`${name} is not a claim of ${issuer}: write ${provider}:CLAIM, such as ${provider}:sub.`)
    return { name, isList: false, usesResourceTags: false, read: (_, { claims }) => valueUnder(claims, claim) }
  }

/** A claim that is a list has several values. A claim of another type than string, number, boolean or list of these has none. */
function valueOf(claim: unknown): string | readonly string[] | undefined {
  if (Array.isArray(claim)) {
    const values = claim.map(valueOf).filter(value => typeof value === 'string')
    return values.length > 0 ? values : undefined
  }
  return ['string', 'number', 'boolean'].includes(typeof claim) ? String(claim) : undefined
}

const nobody: Subject = { arn: '', userId: '', tags: new Map() }
const nowhere: RequestContext = {
  now: 0,
  sourceAddress: undefined,
  isSecure: false,
  headers: {},
  region: '',
  account: '',
  resource: '*',
  requestTags: undefined,
  resourceTags: undefined,
}

/**
 * Compiles a Condition element over the claims of a token; its keys must be those of the issuer. A condition on a claim that is a
 * list matches if one of the values matches; with a negated operator, if all do. Throws a PolicyError for anything that it does not
 * understand.
 */
export function claimConditionOf(element: unknown, issuer: string): (claims: Claims) => boolean {
  if (JSON.stringify(element).includes('${')) throw new PolicyError('Variables have no place in a condition on claims.')
  const conditions = conditionsOf(element, { keyOf: keyOf(issuer), variables: false })
  if (conditions.length === 0) throw new PolicyError('It is empty.')
  return claims => {
    const values = Object.entries(claims).flatMap(([claim, given]) => {
      const value = valueOf(given)
      return value === undefined ? [] : [[claim, value] as const]
    })
    const context = { ...nowhere, claims: new Map(values) }
    return conditions.every(({ holds }) => holds(nobody, context))
  }
}
