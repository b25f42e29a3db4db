import type { Arn } from '../arn.ts'
import { emit } from '../events/emit.ts'
import { countAdmins, deleteAdmin, findAdmin, insertAdmin } from '../store/admins.ts'
import type { Transaction } from '../database/database.ts'
import { findIdentity, type Identity } from '../store/identities.ts'
import type { Doing } from './acting.ts'
import { checkCount, holdAppInstance } from './counts.ts'
import { holdIdentity, requireIdentity } from './identities.ts'

/** Makes a user or bot an AppInstanceAdmin, unless it is one, and returns it. */
export async function addAdmin(
  tx: Transaction,
  { now, limits }: Pick<Doing, 'now' | 'limits'>,
  appInstanceId: number,
  arn: Arn,
): Promise<Identity> {
  const named = await requireIdentity(tx, arn)
  await holdIdentity(tx, named)
  await holdAppInstance(tx, appInstanceId)
  if (await findAdmin(tx, appInstanceId, named.id)) return named
  checkCount(await countAdmins(tx, appInstanceId), 'adminsPerAppInstance', limits)
  await insertAdmin(tx, appInstanceId, named.id, now())
  await emit(tx, { kind: 'AdminCreated', appInstanceId, identityId: named.id })
  return named
}

/** Ends the role of an admin. If the user or bot does not have the role, nothing happens. */
export async function removeAdmin(tx: Transaction, appInstanceId: number, arn: Arn) {
  const named = await findIdentity(tx, arn)
  if (!named || !(await deleteAdmin(tx, appInstanceId, named.id))) return
  await emit(tx, { kind: 'AdminDeleted', appInstanceId, identityId: named.id })
}
