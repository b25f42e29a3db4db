import { anything } from '../common.ts'
import { text } from '../shapes.ts'

/** The members that operations on access keys and roles share. */

const name = { minLength: 1, maxLength: 64, pattern: String.raw`[\w+=,.@-]+` }

export const AccessKeyId = text({ minLength: 20, maxLength: 20, pattern: 'AKIA[A-Z2-7]{16}' })
/** The name of the IAM user whose key it is. */
export const UserName = text(name)
export const RoleName = text(name)
export const PrincipalArn = text({ pattern: anything })
/** IAM's JSON. White space does not count towards the 10,240 characters of a policy. */
export const Policy = text({ minLength: 1, maxLength: 40_960, pattern: anything })
/** Instead of a policy: the ARN of an AppInstanceUser, which may have a policy variable, for the usual policy of that user. */
export const UsualPolicyOf = text({ minLength: 1, maxLength: 1600, pattern: anything })
