import type { Arn } from '../arn.ts'
import type { ArnMember } from '../contract/arns.ts'
import { requireIdentity } from '../domain/identities.ts'
import type { Identity } from '../store/identities.ts'
import type { BearerCall, Call } from './call.ts'

/** The ARN in a required member of the input. */
export function named({ arns }: Call, member: ArnMember): Arn {
  const [arn] = arns.get(member) ?? []
  if (!arn) throw new Error(`${member} is not a required ARN of this operation.`)
  return arn
}

/** The same for a member that may be left out. */
export const namedIfGiven = ({ arns }: Call, member: ArnMember): Arn | undefined => arns.get(member)?.[0]

/** The bearer, or the user or bot that an admin names. */
export async function subjectOf(call: BearerCall): Promise<Identity> {
  const { caller } = call.facts
  const arn = namedIfGiven(call, 'AppInstanceUserArn')
  return arn === undefined || arn.text === caller.arn ? caller : requireIdentity(call.db, arn)
}

/** The ARNs of a list; empty if it is left out. */
export const allNamed = ({ arns }: Call, member: ArnMember): readonly Arn[] => arns.get(member) ?? []
