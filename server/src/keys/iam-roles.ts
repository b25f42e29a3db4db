import { claimConditionOf } from '../auth/iam/claims.ts'
import { badRequest, conflict, failure, notFound } from '../errors.ts'
import { changeAccess } from '../store/access-version.ts'
import type { Database, Queries } from '../database/database.ts'
import { accessKeyOf } from '../store/access-keys.ts'
import { countRoles, deleteRole, iamRoleOf, insertRole, updateRole, type StoredIamRole, type Trust } from '../store/iam-roles.ts'
import { isKeyId, newId } from '../tools/access-key-ids.ts'
import { checkName } from './access-keys.ts'

/** Each node holds all of them in memory. */
const mostRoles = 1000

/** Between Amazon's bounds, in seconds. */
const shortestSession = 900
const longestRoleSession = 43_200
export const usualRoleSession = 3600

/** The properties of a role, without its name. */
export type GivenIamRole = Pick<StoredIamRole, 'policy' | 'trust' | 'tags' | 'longestSeconds'>

const principalArn = /^arn:aws:(?:iam::\d{12}:(?:root|(?:user|role)\/[\w+=,.@-]+)|sts::\d{12}:assumed-role\/[\w+=,.@-]+\/[\w+=,.@-]+)$/

async function checkTrust(db: Queries, { principals, oidc, externalId }: Trust) {
  for (const principal of principals) {
    if (isKeyId(principal)) {
      if (!(await accessKeyOf(db, principal)))
        throw badRequest('A principal cannot be trusted', `There is no access key ${principal} that could be trusted.`)
    } else if (!principalArn.test(principal)) {
      throw badRequest(
        'A principal cannot be trusted',
        `'${principal}' must be an access key id, arn:aws:iam::ACCOUNT:user/NAME, …:role/NAME, ` +
          'arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, or arn:aws:iam::ACCOUNT:root for whoever a policy allows.',
      )
    }
  }
  if (oidc?.audiences.length === 0)
    throw badRequest(
      'A role for JSON Web Tokens needs an audience',
      'Name the audiences that tokens must have: tokens for other clients of the issuer are not accepted.',
    )
  if (oidc?.condition !== undefined) checkCondition(oidc.condition, oidc.issuer)
  if (externalId !== undefined && !/^[\w+=,.@:/-]{2,1224}$/.test(externalId))
    throw badRequest('The external id is not valid', 'An external id has 2 to 1224 letters, digits and characters of _+=,.@:/-.')
}

function checkCondition(condition: object, issuer: string) {
  try {
    claimConditionOf(condition, issuer)
  } catch (error) {
    throw failure('BadRequestException', 'The condition on claims cannot be used', (error as Error).message, error)
  }
}

async function checkRole(db: Queries, { trust, tags, longestSeconds }: GivenIamRole) {
  await checkTrust(db, trust)
  const wrong = tags.find(tag => tag !== '*' && !tagKey.test(tag))
  if (wrong !== undefined) throw badRequest('The session tags are not valid', `'${wrong}' cannot be the key of a session tag.`)
  if (!Number.isInteger(longestSeconds) || longestSeconds < shortestSession || longestSeconds > longestRoleSession)
    throw badRequest(
      'The longest session is not valid',
      `The sessions of a role last at least ${shortestSession} and at most ${longestRoleSession} seconds.`,
    )
}

/** Amazon's pattern for the keys of session tags. */
export const tagKey = /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+@-]{1,128}$/iu
export const tagValue = /^[\p{L}\p{Z}\p{N}_.:/=+@-]{0,256}$/u

/** Creates a role. */
export async function createRole(db: Database, name: string, given: GivenIamRole, now: number) {
  checkName(name, 'role')
  await changeAccess(db, async tx => {
    await checkRole(tx, given)
    if ((await countRoles(tx)) >= mostRoles)
      throw failure(
        'ResourceLimitExceededException',
        'The limit of roles is reached',
        `There are ${mostRoles} roles already. Delete some that nobody uses.`,
      )
    const at = new Date(now)
    if (!(await insertRole(tx, { ...given, name, id: newId('AROA'), createdAt: at, updatedAt: at })))
      throw conflict('The name is in use', `There is already a role with the name ${name}. Update that one, or choose another name.`)
  })
}

export async function requireRole(db: Queries, name: string): Promise<StoredIamRole> {
  const found = await iamRoleOf(db, name)
  if (!found) throw noSuchRole(name)
  return found
}

const noSuchRole = (name: string) =>
  notFound(`There is no role with the name ${name}`, 'carillon roles list, or ListIamRoles, lists the roles.')

/** Replaces the role by the result of `change`; open sessions get the new policy at once. */
export async function changeRole(db: Database, name: string, change: (role: StoredIamRole) => GivenIamRole, now: number) {
  await changeAccess(db, async tx => {
    const role = await requireRole(tx, name)
    const changed = change(role)
    await checkRole(tx, changed)
    await updateRole(tx, { ...role, ...changed, updatedAt: new Date(now) })
  })
}

/** Deletes a role, which ends all its sessions. */
export async function removeRole(db: Database, name: string) {
  await changeAccess(db, async tx => {
    if (!(await deleteRole(tx, name))) throw noSuchRole(name)
  })
}
