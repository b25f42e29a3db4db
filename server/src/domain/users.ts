import { within, type Arn } from '../arn.ts'
import { conflict, notFound } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { AppInstance } from '../store/app-instances.ts'
import type { Queries, Transaction } from '../database/database.ts'
import {
  buryExpiredIdentity,
  buryIdentity,
  findIdentity,
  insertIdentity,
  updateIdentity,
  updateIdentityExpiration,
  type IdentityRecord,
} from '../store/identities.ts'
import type { Doing } from './acting.ts'
import { countOne, holdAppInstance } from './counts.ts'
import { expiryOf } from './expiration.ts'
import { checkMetadataSize } from './sizes.ts'
import { tagNew, type GivenTag } from './tags.ts'

/** The user of that ARN. Throws NotFoundException if there is none. */
export async function requireUser(db: Queries, arn: Arn): Promise<IdentityRecord> {
  const found = await findIdentity(db, arn)
  if (!found) throw notFound('The app instance user does not exist.', `There is no user ${arn.text}.`)
  return found
}

interface UserToCreate {
  readonly id: string
  readonly name: string
  readonly metadata?: string | undefined
  readonly expirationDays?: number | undefined
  readonly tags?: readonly GivenTag[] | undefined
}

/** Creates a user; false if one with that id exists, or the app instance does not. */
export async function addUser(
  tx: Transaction,
  { now, limits }: Pick<Doing, 'now' | 'limits'>,
  appInstance: Pick<AppInstance, 'id' | 'arn'>,
  asked: UserToCreate,
): Promise<boolean> {
  checkMetadataSize(asked.metadata)
  const userId = await insertIdentity(tx, {
    appInstanceArn: appInstance.arn,
    kind: 'user',
    externalId: asked.id,
    name: asked.name,
    metadata: asked.metadata,
    expirationDays: asked.expirationDays,
    expiresAt: expiryOf(now(), asked.expirationDays),
    now: now(),
  })
  if (userId === undefined) return false
  await countOne(tx, 'users', appInstance.id, 'usersPerAppInstance', limits)
  await tagNew(tx, { kind: 'identity', id: userId }, asked.tags)
  await emit(tx, { kind: 'UserCreated', userId })
  return true
}

/**
 * Creates a user and returns its ARN; an equal existing user is returned unchanged
 * (docs/service/operations.md#creating-what-exists).
 */
export async function createUser(
  tx: Transaction,
  doing: Doing,
  appInstance: Pick<AppInstance, 'id' | 'arn'>,
  asked: UserToCreate,
): Promise<string> {
  const arn = within(appInstance.arn, 'user', asked.id)
  if (await addUser(tx, doing, appInstance, asked)) return arn.text
  await holdAppInstance(tx, appInstance.id)
  const present = await requireUser(tx, arn)
  // An empty Metadata removes it.
  if (present.name === asked.name && (present.metadata ?? '') === (asked.metadata ?? '')) return arn.text
  throw conflict('The app instance user already exists', `${arn.text} exists with another Name or Metadata. Use UpdateAppInstanceUser.`)
}

/** Replaces name and metadata. */
export async function changeUser(tx: Transaction, { now }: Doing, arn: Arn, given: { name: string; metadata: string }) {
  checkMetadataSize(given.metadata)
  const { id } = await requireUser(tx, arn)
  await updateIdentity(tx, id, { ...given, now: now() })
  await emit(tx, { kind: 'UserUpdated', userId: id })
}

/** Sets the days after which the user is deleted, or removes them if they are undefined. */
export async function setUserExpiration(tx: Transaction, { now }: Doing, arn: Arn, days: number | undefined) {
  const { id, createdAt } = await requireUser(tx, arn)
  await updateIdentityExpiration(tx, id, { days, expiresAt: expiryOf(createdAt.getTime(), days), now: now() })
  await emit(tx, { kind: 'UserUpdated', userId: id })
}

/** Deletes a user: its sockets are closed, and its memberships end with the purge. If it does not exist, nothing happens. */
export async function deleteUser(tx: Transaction, { now }: Doing, arn: Arn) {
  const user = await findIdentity(tx, arn)
  if (user && (await buryIdentity(tx, user.id, now()))) await emit(tx, { kind: 'UserDeleted', userId: user.id })
}

/** The same for a user that has expired, unless its expiration was changed meanwhile; returns whether it was deleted. */
export async function expireUser(tx: Transaction, userId: number, now: number): Promise<boolean> {
  const isExpired = await buryExpiredIdentity(tx, userId, now)
  if (isExpired) await emit(tx, { kind: 'UserDeleted', userId })
  return isExpired
}
