import type { Arn } from '../arn.ts'
import { invalidUserArn } from '../errors.ts'
import type { Queries } from '../database/database.ts'
import { findIdentity, lockIdentities, type Identity, type IdentityRecord } from '../store/identities.ts'

/** Returns the user or bot of that ARN, or throws Forbidden in Amazon's words (docs/service/authorization.md#which-error-when). */
export async function requireIdentity(db: Queries, arn: Arn): Promise<IdentityRecord> {
  const found = await findIdentity(db, arn)
  if (!found) throw invalidUserArn(`${arn.text} is not a user or bot that exists.`)
  return found
}

/** Until the commit nobody can delete the user or bot. Whoever locks a channel too has done so before. */
export async function holdIdentities(tx: Queries, identities: readonly Identity[]) {
  const [deleted] = await lockIdentities(tx, identities)
  if (deleted) throw invalidUserArn(`${deleted.arn} has just been deleted.`)
}

export const holdIdentity = async (tx: Queries, identity: Identity) => holdIdentities(tx, [identity])
