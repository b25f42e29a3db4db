import { parseArn } from '../arn.ts'
import { invalidUserArn } from '../errors.ts'
import type { Queries } from '../database/database.ts'
import { identityByArn, lockIdentities, type Identity, type IdentityRecord } from '../store/identities.ts'

/** The user or bot of that ARN, where it lives. */
export async function findIdentity(db: Queries, text: string): Promise<IdentityRecord | undefined> {
  const arn = parseArn(text)
  return arn && identityByArn(db, arn)
}

/** Returns the user or bot of that ARN, or throws Forbidden in Amazon's words (docs/service/authorization.md#which-error-when). */
export async function requireIdentity(db: Queries, text: string): Promise<IdentityRecord> {
  const found = await findIdentity(db, text)
  if (!found) throw invalidUserArn(`${text} is not a user or bot that exists.`)
  return found
}

/** Until the commit nobody can delete the user or bot. Whoever locks a channel too has done so before. */
export async function holdIdentities(tx: Queries, identities: readonly Identity[]) {
  const [deleted] = await lockIdentities(tx, identities)
  if (deleted) throw invalidUserArn(`${deleted.arn} has just been deleted.`)
}

export const holdIdentity = async (tx: Queries, identity: Identity) => holdIdentities(tx, [identity])
