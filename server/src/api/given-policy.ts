import { parsePolicy, type Policy } from '../auth/iam/policy.ts'
import { badRequest, failure } from '../errors.ts'
import { usualPolicy } from '../keys/usual-policy.ts'

/** What is allowed: a policy in IAM's JSON, or the usual one of a user. */
interface GivenPolicy {
  readonly Policy?: string
  readonly UsualPolicyOf?: string
}

/** The policy of a text. Throws BadRequestException for what the server does not understand. */
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
    throw badRequest('There are two policies', 'Policy and UsualPolicyOf both say what is allowed: give one of them.')
  if (UsualPolicyOf !== undefined) return usualPolicy(UsualPolicyOf)
  if (Policy !== undefined) policyIn(Policy)
  return Policy
}

/** The same for something new, which needs one. */
export function requirePolicy(given: GivenPolicy): string {
  const policy = givenPolicy(given)
  if (policy === undefined)
    throw badRequest(
      'There is no policy',
      "Say what is allowed: Policy in IAM's JSON, or UsualPolicyOf with the ARN of an AppInstanceUser.",
    )
  return policy
}
