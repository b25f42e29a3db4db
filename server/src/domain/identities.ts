import type { Arn } from '../arn.ts'
import { invalidUserArn } from '../errors.ts'
import type { Queries } from '../database/database.ts'
import { findIdentity, lockIdentities, type Identity, type IdentityRecord } from '../store/identities.ts'

/**
 * The user or bot of that ARN. Throws ForbiddenException in Amazon's words if there is none
 * (docs/service/authorization.md#which-error-when).
 */
export async function requireIdentity(db: Queries, arn: Arn): Promise<IdentityRecord> {
  const found = await findIdentity(db, arn)
  if (!found) throw invalidUserArn(`${arn.text} is not a user or bot that exists.`)
  return found
}

/** Locks users and bots: until the commit nobody can delete them. A transaction that also locks a channel must lock the channel first. */
export async function holdIdentities(tx: Queries, identities: readonly Identity[]) {
  const [deleted] = await lockIdentities(tx, identities)
  if (deleted) throw invalidUserArn(`${deleted.arn} has just been deleted.`)
}

export const holdIdentity = async (tx: Queries, identity: Identity) => holdIdentities(tx, [identity])
