import { parsePolicy, type Policy } from '../auth/iam/policy.ts'
import { badRequest, failure } from '../errors.ts'
import { usualPolicy } from '../keys/usual-policy.ts'

/** The two forms in which an input may give a policy: IAM's JSON, or the user whose usual policy it is. */
interface GivenPolicy {
  readonly Policy?: string
  readonly UsualPolicyOf?: string
}

/** Parses a policy. Throws BadRequestException if the server does not understand it. */
export function policyIn(text: string): Policy {
  try {
    return parsePolicy(text)
  } catch (error) {
    throw failure('BadRequestException', 'The policy cannot be used', (error as Error).message, error)
  }
}

/** The text of the policy that is to be stored; undefined if none is given. */
export function givenPolicy({ Policy, UsualPolicyOf }: GivenPolicy): string | undefined {
  if (Policy !== undefined && UsualPolicyOf !== undefined)
    throw badRequest('There are two policies', 'Give either Policy or UsualPolicyOf, not both.')
  if (UsualPolicyOf !== undefined) return usualPolicy(UsualPolicyOf)
  if (Policy !== undefined) policyIn(Policy)
  return Policy
}

/** The text of the policy of a new key or role. Throws BadRequestException if none is given. */
export function requirePolicy(given: GivenPolicy): string {
  const policy = givenPolicy(given)
  if (policy === undefined)
    throw badRequest('There is no policy', "Give Policy in IAM's JSON, or UsualPolicyOf with the ARN of an AppInstanceUser.")
  return policy
}
