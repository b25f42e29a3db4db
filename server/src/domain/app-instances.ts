import { forbidden, notFound } from '../errors.ts'
import { emit } from '../events/emit.ts'
import {
  appInstanceByArn,
  buryAppInstance,
  countAppInstances,
  insertAppInstance,
  putRetention,
  updateAppInstance,
  type AppInstance,
  type Retention,
} from '../store/app-instances.ts'
import type { Queries, Transaction } from '../database/database.ts'
import { lockCreation } from '../store/leases.ts'
import type { Doing } from './acting.ts'
import { checkCount } from './counts.ts'
import { retentionGrace } from './expiration.ts'
import { checkMetadataSize } from './sizes.ts'
import { tagNew, type GivenTag } from './tags.ts'

/**
 * The app instance in which something is created or listed. Throws ForbiddenException if it does not exist, as for a missing
 * permission (docs/service/operations.md#missing-resources).
 */
export async function requireAppInstance(db: Queries, arn: string): Promise<AppInstance> {
  const found = await appInstanceByArn(db, arn)
  if (!found) throw forbidden(`There is no app instance ${arn}.`)
  return found
}

const missing = (arn: string) => notFound('The app instance does not exist.', `There is no app instance ${arn}.`)

/** The app instance that the call itself is about. Throws NotFoundException if it does not exist. */
export async function namedAppInstance(db: Queries, arn: string): Promise<AppInstance> {
  const found = await appInstanceByArn(db, arn)
  if (!found) throw missing(arn)
  return found
}

interface AppInstanceToCreate {
  readonly region: string
  readonly account: string
  /** Its id; by default it is random, as on Amazon. */
  readonly id?: string
  readonly name: string
  readonly metadata: string | undefined
  readonly tags: readonly GivenTag[] | undefined
}

/** Creates an app instance and returns its ARN. */
export async function createAppInstance(tx: Transaction, { now, limits, ids }: Doing, asked: AppInstanceToCreate): Promise<string> {
  checkMetadataSize(asked.metadata)
  await lockCreation(tx, 'app-instances')
  checkCount(await countAppInstances(tx), 'appInstances', limits)
  const arn = `arn:aws:chime:${asked.region}:${asked.account}:app-instance/${asked.id ?? ids.resource()}`
  const appInstanceId = await insertAppInstance(tx, { arn, name: asked.name, metadata: asked.metadata, now: now() })
  await tagNew(tx, { kind: 'app-instance', id: appInstanceId }, asked.tags)
  await emit(tx, { kind: 'AppInstanceCreated', appInstanceId })
  return arn
}

/** Replaces name and metadata. */
export async function changeAppInstance(tx: Transaction, { now }: Doing, arn: string, given: { name: string; metadata: string }) {
  checkMetadataSize(given.metadata)
  const appInstanceId = await updateAppInstance(tx, arn, { ...given, now: now() })
  if (appInstanceId === undefined) throw missing(arn)
  await emit(tx, { kind: 'AppInstanceUpdated', appInstanceId })
}

/** Makes the app instance and all its contents unreachable. If it does not exist, nothing happens. */
export async function deleteAppInstance(tx: Transaction, { now }: Doing, arn: string) {
  const appInstanceId = await buryAppInstance(tx, arn, now())
  if (appInstanceId !== undefined) await emit(tx, { kind: 'AppInstanceDeleted', appInstanceId })
}

/**
 * Sets the retention period, or removes it. A new or changed period begins to delete messages after thirty days; until then it can be
 * changed back.
 */
export async function setRetention(tx: Transaction, { now }: Doing, arn: string, days: number | undefined): Promise<Retention> {
  const { id, retention } = await namedAppInstance(tx, arn)
  const startsAt = days === retention.days ? retention.startsAt : new Date(now() + retentionGrace)
  const changed = { days, startsAt: days === undefined ? undefined : startsAt }
  await putRetention(tx, id, changed)
  await emit(tx, { kind: 'AppInstanceUpdated', appInstanceId: id })
  return changed
}
