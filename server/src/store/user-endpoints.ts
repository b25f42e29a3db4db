import { createHash } from 'node:crypto'
import { statement, type Queries } from '../database/database.ts'
import { pageById, type Cursor } from './page.ts'
import { json, jsonIfGiven, parsed, parsedIfGiven, type RowOf } from './text.ts'
import { changeRow, countRows, firstRow } from './queries.ts'

type UserEndpointType = 'APNS' | 'APNS_SANDBOX' | 'GCM'
export type AllowMessages = 'ALL' | 'NONE'
/** Why a device is INACTIVE. */
export type StatusReason = 'INVALID_DEVICE_TOKEN' | 'INVALID_PINPOINT_ARN'

/** A device of a user that receives pushes. */
export interface UserEndpoint {
  readonly endpointId: string
  readonly name: string | undefined
  readonly type: UserEndpointType
  readonly resourceArn: string
  readonly deviceToken: string
  readonly voipDeviceToken: string | undefined
  readonly allowMessages: AllowMessages
  /** Undefined while it is ACTIVE. */
  readonly statusReason: StatusReason | undefined
  readonly createdAt: Date
  readonly updatedAt: Date
}

type Row = RowOf<UserEndpoint> & { readonly id: number }

/** A device and its user. */
export interface OfUser {
  readonly userId: number
  readonly endpointId: string
}

const columns = `
  id, external_id as "endpointId", name, type, resource_arn as "resourceArn", device_token as "deviceToken",
  voip_device_token as "voipDeviceToken", allow_messages as "allowMessages", status_reason as "statusReason",
  created_at as "createdAt", updated_at as "updatedAt"`

/** A device that is INACTIVE becomes ACTIVE again, under its EndpointId. */
const insert = statement<{ endpointId: string }>(`
  insert into endpoints (external_id, identity_id, device, name, type, resource_arn, device_token, voip_device_token,
    allow_messages, created_at, updated_at, app_instance_id)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, (select app_instance_id from identities where id = $2))
  on conflict (identity_id, device) do update set name = excluded.name, voip_device_token = excluded.voip_device_token,
    allow_messages = excluded.allow_messages, status_reason = null, created_at = excluded.created_at, updated_at = excluded.updated_at
  where endpoints.status_reason is not null
  returning external_id as "endpointId"`)
const selectOne = statement<Row>(`select ${columns} from endpoints where identity_id = $1 and external_id = $2`)
const selectOfDevice = statement<{ endpointId: string }>(`
  select external_id as "endpointId" from endpoints where identity_id = $1 and device = $2`)
const selectAfter = statement<Row>(`select ${columns} from endpoints where identity_id = $1 and id > $2 order by id limit $3`)
const update = statement(`
  update endpoints set name = coalesce($3, name), allow_messages = coalesce($4, allow_messages), updated_at = $5
  where identity_id = $1 and external_id = $2`)
const leaveOthers = statement<OfUser>(`
  update endpoints set status_reason = 'INVALID_DEVICE_TOKEN', updated_at = $3
  where device = $1 and identity_id <> $2 and status_reason is null
    and app_instance_id = (select app_instance_id from identities where id = $2)
  returning identity_id as "userId", external_id as "endpointId"`)
const deactivate = statement<OfUser>(`
  update endpoints set status_reason = $3, updated_at = $4 where id = $1 and created_at = $2 and status_reason is null
  returning identity_id as "userId", external_id as "endpointId"`)

const endpoint = (row: Row): UserEndpoint => {
  const { id: _, ...shown } = row
  return {
    ...shown,
    name: parsedIfGiven(row.name),
    deviceToken: parsed(row.deviceToken),
    voipDeviceToken: parsedIfGiven(row.voipDeviceToken),
    statusReason: row.statusReason ?? undefined,
    createdAt: new Date(row.createdAt),
    updatedAt: new Date(row.updatedAt),
  }
}

type Device = Pick<UserEndpoint, 'type' | 'resourceArn' | 'deviceToken'>

/** The columns that identify a device of a user. */
export const deviceOf = ({ type, resourceArn, deviceToken }: Device) =>
  createHash('sha256')
    .update(JSON.stringify([type, resourceArn, deviceToken]))
    .digest('base64url')

export type NewUserEndpoint = Omit<UserEndpoint, 'statusReason' | 'createdAt' | 'updatedAt'>

/** The EndpointId of the device: the given one, or that of an INACTIVE one that is ACTIVE again. Undefined if it is ACTIVE already. */
export async function insertUserEndpoint(
  tx: Queries,
  identityId: number,
  given: NewUserEndpoint,
  now: number,
): Promise<string | undefined> {
  const { endpointId, name, type, resourceArn, deviceToken, voipDeviceToken, allowMessages } = given
  const shown = [deviceOf(given), jsonIfGiven(name), type, resourceArn, json(deviceToken), jsonIfGiven(voipDeviceToken), allowMessages]
  return (await tx.get(insert, endpointId, identityId, ...shown, now))?.endpointId
}

/** Makes the device INACTIVE for all other users of the app instance, and returns the endpoints that were ACTIVE. */
export async function leaveOtherUsers(tx: Queries, identityId: number, device: Device, now: number): Promise<OfUser[]> {
  return tx.all(leaveOthers, deviceOf(device), identityId, now)
}

/** Makes the device INACTIVE, unless it was registered again at another time; undefined if nothing has changed. */
export async function deactivateDevice(
  tx: Queries,
  { id, createdAt }: { id: number; createdAt: number },
  reason: StatusReason,
  now: number,
): Promise<OfUser | undefined> {
  return tx.get(deactivate, id, createdAt, reason, now)
}

/** Removes the INACTIVE device of a user that was registered first; undefined if none is INACTIVE. */
export const deleteOldestInactive = firstRow<OfUser, [identityId: number]>(`
  delete from endpoints where id = (select min(id) from endpoints where identity_id = $1 and status_reason is not null)
  returning identity_id as "userId", external_id as "endpointId"`)

/** The EndpointId under which a device is registered. */
export async function userEndpointOfDevice(tx: Queries, identityId: number, device: Device): Promise<string | undefined> {
  return (await tx.get(selectOfDevice, identityId, deviceOf(device)))?.endpointId
}

export async function findUserEndpoint(db: Queries, identityId: number, endpointId: string): Promise<UserEndpoint | undefined> {
  const row = await db.get(selectOne, identityId, endpointId)
  return row && endpoint(row)
}

/** A page of the devices of a user, in the order of registration. */
export async function listUserEndpoints(db: Queries, identityId: number, after: Cursor | undefined, limit: number) {
  const rows = await db.all(selectAfter, identityId, after?.[0] ?? 0, limit + 1)
  return pageById(rows, limit, endpoint)
}

export const countUserEndpoints = countRows<[identityId: number]>(`select count(*) as count from endpoints where identity_id = $1`)

/** Changes the given members; false if there is no such device. */
export async function updateUserEndpoint(
  tx: Queries,
  identityId: number,
  endpointId: string,
  given: { name: string | undefined; allowMessages: AllowMessages | undefined; now: number },
) {
  return (await tx.run(update, identityId, endpointId, jsonIfGiven(given.name), given.allowMessages ?? null, given.now)) === 1
}

/** Removes a device; false if there was none. */
export const deleteUserEndpoint = changeRow<[identityId: number, endpointId: string]>(
  `delete from endpoints where identity_id = $1 and external_id = $2`,
)
