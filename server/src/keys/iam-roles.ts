import { claimConditionOf } from '../auth/iam/claims.ts'
import { badRequest, conflict, failure, limitExceeded, notFound } from '../errors.ts'
import { changeAccess, type AccessChange } from '../store/access-version.ts'
import type { Database, Queries } from '../database/database.ts'
import { accessKeyOf } from '../store/access-keys.ts'
import {
  countIamRoles,
  deleteIamRole,
  iamRoleOf,
  insertIamRole,
  updateIamRole,
  type StoredIamRole,
  type Trust,
} from '../store/iam-roles.ts'
import { isKeyId, newId } from '../tools/access-key-ids.ts'
import { checkName } from './access-keys.ts'

/** The most roles, since each node holds all of them in memory. */
const mostIamRoles = 1000

/** Amazon's bounds for the sessions of a role, in seconds. */
const shortestRoleSession = 900
const longestRoleSession = 43_200
export const usualRoleSession = 3600

/** The properties of a role, without its name. */
export type GivenIamRole = Pick<StoredIamRole, 'policy' | 'trust' | 'tags' | 'longestSeconds'>

const principalArn = /^arn:aws:(?:iam::\d{12}:(?:root|(?:user|role)\/[\w+=,.@-]+)|sts::\d{12}:assumed-role\/[\w+=,.@-]+\/[\w+=,.@-]+)$/

async function checkTrust(db: Queries, { principals, oidc, externalId }: Trust) {
  for (const principal of principals) {
    if (isKeyId(principal)) {
      if (!(await accessKeyOf(db, principal))) throw badRequest('A principal cannot be trusted', `There is no access key ${principal}.`)
    } else if (!principalArn.test(principal)) {
      throw badRequest(
        'A principal cannot be trusted',
        `'${principal}' must be an access key id, arn:aws:iam::ACCOUNT:user/NAME, …:role/NAME, ` +
          'arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, or arn:aws:iam::ACCOUNT:root for all principals whose policy allows it.',
      )
    }
  }
  if (oidc?.audiences.length === 0)
    throw badRequest(
      'A role for JSON Web Tokens needs an audience',
      'Give the audiences of the tokens, so that tokens for other clients of the issuer are not accepted.',
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

async function checkIamRole(db: Queries, { trust, tags, longestSeconds }: GivenIamRole) {
  await checkTrust(db, trust)
  const wrong = tags.find(tag => tag !== '*' && !tagKey.test(tag))
  if (wrong !== undefined) throw badRequest('The session tags are not valid', `'${wrong}' cannot be the key of a session tag.`)
  if (!Number.isInteger(longestSeconds) || longestSeconds < shortestRoleSession || longestSeconds > longestRoleSession)
    throw badRequest(
      'The longest session is not valid',
      `The sessions of a role last at least ${shortestRoleSession} and at most ${longestRoleSession} seconds.`,
    )
}

/** Amazon's pattern for the keys of session tags. */
export const tagKey = /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+@-]{1,128}$/iu
export const tagValue = /^[\p{L}\p{Z}\p{N}_.:/=+@-]{0,256}$/u

const ofRole = (name: string) => (): AccessChange => ({ kind: 'role', name })

/** Creates a role. */
export async function createIamRole(db: Database, name: string, given: GivenIamRole, now: number) {
  checkName(name, 'role')
  const create = async (tx: Queries) => {
    await checkIamRole(tx, given)
    if ((await countIamRoles(tx)) >= mostIamRoles)
      throw limitExceeded('The limit of roles is reached', `There are ${mostIamRoles} roles already. Delete unused ones.`)
    const at = new Date(now)
    if (!(await insertIamRole(tx, { ...given, name, id: newId('AROA'), createdAt: at, updatedAt: at })))
      throw conflict('The name is in use', `There is already a role with the name ${name}. Update that one, or choose another name.`)
  }
  await changeAccess(db, create, ofRole(name))
}

export async function requireIamRole(db: Queries, name: string): Promise<StoredIamRole> {
  const found = await iamRoleOf(db, name)
  if (!found) throw noSuchIamRole(name)
  return found
}

const noSuchIamRole = (name: string) =>
  notFound(`There is no role with the name ${name}`, 'carillon roles list, or ListIamRoles, lists the roles.')

/** Replaces the role by the result of `change`; its sessions get the new policy immediately. */
export async function changeIamRole(db: Database, name: string, change: (role: StoredIamRole) => GivenIamRole, now: number) {
  const work = async (tx: Queries) => {
    const role = await requireIamRole(tx, name)
    const changed = change(role)
    await checkIamRole(tx, changed)
    await updateIamRole(tx, { ...role, ...changed, updatedAt: new Date(now) })
  }
  await changeAccess(db, work, ofRole(name))
}

/** Deletes a role, which ends all its sessions. */
export async function removeIamRole(db: Database, name: string) {
  const work = async (tx: Queries) => {
    if (!(await deleteIamRole(tx, name))) throw noSuchIamRole(name)
  }
  await changeAccess(db, work, ofRole(name))
}
