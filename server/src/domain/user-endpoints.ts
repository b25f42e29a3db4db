import { conflict, notFound } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { Transaction } from '../database/database.ts'
import {
  countEndpoints,
  deactivateDevice,
  deleteEndpoint,
  deleteOldestInactive,
  endpointOfDevice,
  insertEndpoint,
  leaveOtherUsers,
  updateEndpoint,
  type AllowMessages,
  type NewEndpoint,
  type StatusReason,
} from '../store/user-endpoints.ts'
import { lockAppInstanceOf } from '../store/app-instances.ts'
import { lockIdentity, type Identity } from '../store/identities.ts'
import type { Doing } from './acting.ts'
import { checkCount } from './counts.ts'

type Device = Omit<NewEndpoint, 'endpointId'>

/**
 * Registers a device and returns its EndpointId. For other users of the app instance the device is INACTIVE from then on: whoever
 * has logged in last receives its pushes. An INACTIVE device makes room for a new one. Throws NotFoundException if the user was
 * deleted meanwhile.
 */
export async function registerEndpoint(tx: Transaction, { now, limits, ids }: Doing, user: Identity, device: Device): Promise<string> {
  // The app instance, so that of two users who register the same device at once one sees the other.
  const isThere = (await lockIdentity(tx, user.id)) && (await lockAppInstanceOf(tx, user.id))
  if (!isThere) throw notFound('The app instance user does not exist.', `There is no user ${user.arn}.`)
  const endpointId = await insertEndpoint(tx, user.id, { ...device, endpointId: ids.resource() }, now())
  if (endpointId === undefined) {
    const present = await endpointOfDevice(tx, user.id, device)
    throw conflict(
      'The device is registered already',
      `The endpoint with the EndpointId ${present} of this user has this Type, ResourceArn and DeviceToken: update that one, or deregister it.`,
    )
  }
  let others = (await countEndpoints(tx, user.id)) - 1
  const removed = others < limits.endpointsPerUser ? undefined : await deleteOldestInactive(tx, user.id)
  if (removed) {
    others -= 1
    await emit(tx, { kind: 'EndpointDeregistered', ...removed })
  }
  checkCount(others, 'endpointsPerUser', limits)
  for (const left of await leaveOtherUsers(tx, user.id, device, now()))
    await emit(tx, { kind: 'EndpointDeactivated', ...left, reason: 'INVALID_DEVICE_TOKEN' })
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

/** Makes a device INACTIVE; false if it is so already or was registered again meanwhile. */
export async function deactivateEndpoint(tx: Transaction, device: { id: number; createdAt: number }, reason: StatusReason, now: number) {
  const found = await deactivateDevice(tx, device, reason, now)
  if (found) await emit(tx, { kind: 'EndpointDeactivated', ...found, reason })
  return found !== undefined
}
