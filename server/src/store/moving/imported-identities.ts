import { statement, type Queries } from '../../database/database.ts'
import { json, jsonIfGiven, jsonOfObject } from '../text.ts'
import { deviceOf } from '../user-endpoints.ts'
import { changeRow, firstRow } from '../queries.ts'

const insertIdentity = statement<{ id: number }>(`
  insert into identities (app_instance_id, kind, external_id, name, metadata, configuration, expiration_days, created_at, updated_at,
    deleted_at, purged_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
  on conflict (app_instance_id, kind, external_id) where deleted_at is null do nothing returning id`)
const insertReference = statement(`insert into imported_identities (app_instance_id, ref, identity_id) values ($1, $2, $3)`)
const insertDevice = statement(`
  insert into endpoints (app_instance_id, identity_id, external_id, device, name, type, resource_arn, device_token, voip_device_token,
    allow_messages, status_reason, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (identity_id, device) do nothing`)
const insertPresence = statement(`
  insert into presences (identity_id, status, status_text, last_seen_at) values ($1, $2, $3, $4) on conflict do nothing`)

export interface ImportedIdentity {
  readonly id: number
  readonly kind: 'user' | 'bot'
  /** Null for an identity that exists. A deleted one is exported because messages and memberships name it. */
  readonly deletedAt: number | null
}

export interface NewIdentityOfImport {
  readonly ref: string
  readonly kind: 'user' | 'bot'
  readonly id: string
  readonly name: string
  readonly metadata?: string
  readonly configuration?: unknown
  readonly expirationDays?: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly deletedAt?: number
}

/** Undefined if a user or bot of that id exists already. */
export async function importIdentity(
  tx: Queries,
  appInstanceId: number,
  given: NewIdentityOfImport,
): Promise<ImportedIdentity | undefined> {
  const { ref, kind, id, name, metadata, configuration, expirationDays, createdAt, updatedAt, deletedAt = null } = given
  const shown = [json(name), jsonIfGiven(metadata), jsonOfObject(configuration), expirationDays ?? null]
  const row = await tx.get(insertIdentity, appInstanceId, kind, id, ...shown, createdAt, updatedAt, deletedAt)
  if (!row) return undefined
  await tx.run(insertReference, appInstanceId, ref, row.id)
  return { id: row.id, kind, deletedAt }
}

export const importedIdentity = firstRow<ImportedIdentity, [appInstanceId: number, ref: string]>(`
  select i.id, i.kind, i.deleted_at as "deletedAt" from imported_identities r join identities i on i.id = r.identity_id
  where r.app_instance_id = $1 and r.ref = $2`)

export const importAdmin = changeRow<[appInstanceId: number, identityId: number, createdAt: number]>(
  `insert into admins (app_instance_id, identity_id, created_at) values ($1, $2, $3) on conflict do nothing`,
)

export interface NewDevice {
  readonly id: string
  readonly name?: string
  readonly platform: 'APNS' | 'APNS_SANDBOX' | 'GCM'
  readonly resourceArn: string
  readonly deviceToken: string
  readonly voipDeviceToken?: string
  readonly allowMessages: 'ALL' | 'NONE'
  readonly statusReason?: string
  readonly createdAt: number
  readonly updatedAt: number
}

export async function importDevice(tx: Queries, appInstanceId: number, identityId: number, given: NewDevice): Promise<boolean> {
  const { id, name, platform: type, resourceArn, deviceToken, voipDeviceToken, allowMessages, statusReason, createdAt, updatedAt } = given
  const device = [deviceOf({ type, resourceArn, deviceToken }), jsonIfGiven(name), type, resourceArn]
  const tokens = [json(deviceToken), jsonIfGiven(voipDeviceToken), allowMessages, statusReason ?? null]
  return (await tx.run(insertDevice, appInstanceId, identityId, id, ...device, ...tokens, createdAt, updatedAt)) === 1
}

export interface NewPresence {
  readonly status?: string
  readonly statusText?: string
  readonly lastSeenAt?: number
}

export async function importPresence(tx: Queries, identityId: number, { status, statusText, lastSeenAt }: NewPresence): Promise<boolean> {
  return (await tx.run(insertPresence, identityId, status ?? null, jsonIfGiven(statusText), lastSeenAt ?? null)) === 1
}
