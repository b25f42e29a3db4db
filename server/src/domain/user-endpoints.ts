import { conflict, notFound } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { Transaction } from '../database/database.ts'
import {
  countUserEndpoints,
  deactivateDevice,
  deleteUserEndpoint,
  deleteOldestInactive,
  userEndpointOfDevice,
  insertUserEndpoint,
  leaveOtherUsers,
  updateUserEndpoint,
  type AllowMessages,
  type NewUserEndpoint,
  type StatusReason,
} from '../store/user-endpoints.ts'
import { lockAppInstanceOf } from '../store/app-instances.ts'
import { lockIdentity, type Identity } from '../store/identities.ts'
import type { Doing } from './acting.ts'
import { checkCount } from './counts.ts'

type Device = Omit<NewUserEndpoint, 'endpointId'>

/**
 * Registers a device and returns its EndpointId. For other users of the app instance the device becomes INACTIVE: the user who has logged
 * in last receives its pushes. If the user has the most devices, an INACTIVE one is removed. Throws NotFoundException if the user was
 * deleted meanwhile.
 */
export async function registerUserEndpoint(tx: Transaction, { now, limits, ids }: Doing, user: Identity, device: Device): Promise<string> {
  // The app instance is locked, so that of two users who register the same device at once the second one sees the first.
  const isThere = (await lockIdentity(tx, user.id)) && (await lockAppInstanceOf(tx, user.id))
  if (!isThere) throw notFound('The app instance user does not exist.', `There is no user ${user.arn}.`)
  const endpointId = await insertUserEndpoint(tx, user.id, { ...device, endpointId: ids.resource() }, now())
  if (endpointId === undefined) {
    const present = await userEndpointOfDevice(tx, user.id, device)
    throw conflict(
      'The device is registered already',
      `The endpoint with the EndpointId ${present} of this user has this Type, ResourceArn and DeviceToken: update that one, or deregister it.`,
    )
  }
  let others = (await countUserEndpoints(tx, user.id)) - 1
  const removed = others < limits.endpointsPerUser ? undefined : await deleteOldestInactive(tx, user.id)
  if (removed) {
    others -= 1
    await emit(tx, { kind: 'UserEndpointDeregistered', ...removed })
  }
  checkCount(others, 'endpointsPerUser', limits)
  for (const left of await leaveOtherUsers(tx, user.id, device, now()))
    await emit(tx, { kind: 'UserEndpointDeactivated', ...left, reason: 'INVALID_DEVICE_TOKEN' })
  await emit(tx, { kind: 'UserEndpointRegistered', userId: user.id, endpointId })
  return endpointId
}

export const missingUserEndpoint = (endpointId: string, { arn }: Identity) =>
  notFound('The app instance user endpoint does not exist.', `${arn} has no endpoint ${endpointId}.`)

/** Changes the given members. Throws NotFoundException if there is no such device. */
export async function changeUserEndpoint(
  tx: Transaction,
  { now }: Doing,
  user: Identity,
  endpointId: string,
  given: { name: string | undefined; allowMessages: AllowMessages | undefined },
) {
  if (!(await updateUserEndpoint(tx, user.id, endpointId, { ...given, now: now() }))) throw missingUserEndpoint(endpointId, user)
  await emit(tx, { kind: 'UserEndpointUpdated', userId: user.id, endpointId })
}

/** Removes a device. If it does not exist, nothing happens. */
export async function deregisterUserEndpoint(tx: Transaction, user: Identity, endpointId: string) {
  if (await deleteUserEndpoint(tx, user.id, endpointId)) await emit(tx, { kind: 'UserEndpointDeregistered', userId: user.id, endpointId })
}

/** Makes a device INACTIVE; false if it is INACTIVE already or was registered again meanwhile. */
export async function deactivateUserEndpoint(
  tx: Transaction,
  device: { id: number; createdAt: number },
  reason: StatusReason,
  now: number,
) {
  const found = await deactivateDevice(tx, device, reason, now)
  if (found) await emit(tx, { kind: 'UserEndpointDeactivated', ...found, reason })
  return found !== undefined
}
