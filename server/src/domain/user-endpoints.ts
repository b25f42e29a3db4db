import { randomUUID } from 'node:crypto'
import { conflict, notFound } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { Transaction } from '../database/database.ts'
import {
  countEndpoints,
  deleteEndpoint,
  endpointOfDevice,
  insertEndpoint,
  updateEndpoint,
  type AllowMessages,
  type UserEndpoint,
} from '../store/user-endpoints.ts'
import { lockIdentity, type Identity } from '../store/identities.ts'
import type { Doing } from './acting.ts'
import { checkCount } from './counts.ts'

type Device = Omit<UserEndpoint, 'endpointId' | 'createdAt' | 'updatedAt'>

/** Registers a device and returns its EndpointId. Throws NotFoundException if the user was deleted meanwhile. */
export async function registerEndpoint(tx: Transaction, { now, limits }: Doing, user: Identity, device: Device): Promise<string> {
  if (!(await lockIdentity(tx, user.id))) throw notFound('The app instance user does not exist.', `There is no user ${user.arn}.`)
  const endpointId = randomUUID()
  if (!(await insertEndpoint(tx, user.id, { ...device, endpointId }, now()))) {
    const present = await endpointOfDevice(tx, user.id, device)
    throw conflict(
      'The device is registered already',
      `The endpoint with the EndpointId ${present} of this user has this Type, ResourceArn and DeviceToken: update that one, or deregister it.`,
    )
  }
  checkCount((await countEndpoints(tx, user.id)) - 1, 'endpointsPerUser', limits)
  await emit(tx, { kind: 'EndpointRegistered', userId: user.id, endpointId })
  return endpointId
}

export const missingEndpoint = (endpointId: string, { arn }: Identity) =>
  notFound('The app instance user endpoint does not exist.', `${arn} has no endpoint ${endpointId}.`)

/** Changes the given members. Throws NotFoundException if there is no such device. */
export async function changeEndpoint(
  tx: Transaction,
  { now }: Doing,
  user: Identity,
  endpointId: string,
  given: { name: string | undefined; allowMessages: AllowMessages | undefined },
) {
  if (!(await updateEndpoint(tx, user.id, endpointId, { ...given, now: now() }))) throw missingEndpoint(endpointId, user)
  await emit(tx, { kind: 'EndpointUpdated', userId: user.id, endpointId })
}

/** Removes a device. If it does not exist, nothing happens. */
export async function deregisterEndpoint(tx: Transaction, user: Identity, endpointId: string) {
  if (await deleteEndpoint(tx, user.id, endpointId)) await emit(tx, { kind: 'EndpointDeregistered', userId: user.id, endpointId })
}
