import { statement, type Queries } from '../../database/database.ts'
import { elasticOf, type Elastic } from '../channels.ts'
import type { Place } from '../places.ts'
import { json, jsonIfGiven, jsonOfObject } from '../text.ts'
import { insertRows, insertsOf } from './insert-rows.ts'
import { countRows, firstValue } from '../queries.ts'

const insertFlow = statement(`
  insert into channel_flows (app_instance_id, external_id, name, processors, created_at, updated_at) values ($1, $2, $3, $4, $5, $6)
  on conflict (app_instance_id, external_id) do nothing`)
const insertChannel = statement(`
  insert into channels (app_instance_id, external_id, name, metadata, mode, privacy, created_by, created_at, updated_at, sequence,
    last_event_at, expiration_days, expiration_criterion, flow_id, elastic)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
  on conflict (app_instance_id, external_id) where deleted_at is null do nothing`)
const selectChannel = statement<{ id: number; elastic: string | null }>(`
  select id, elastic from channels where app_instance_id = $1 and external_id = $2 and deleted_at is null`)
const insertSubChannel = statement(`
  insert into sub_channels (channel_id, external_id, capacity, wanted, is_open, created_at) values ($1, $2, $3, $4, $5, $6)
  on conflict (channel_id, external_id) do nothing`)
const insertRole = (table: string) =>
  statement(`
  insert into ${table} (channel_id, identity_id, created_by, created_at) values ($1, $2, $3, $4) on conflict do nothing`)
const insertModerator = insertRole('moderators')
const insertBan = insertRole('bans')
const insertTag = statement(`
  insert into tags (resource_kind, resource_id, tag_key, tag_value) values ($1, $2, $3, $4) on conflict do nothing`)
const membershipInserts = insertsOf(
  ['channel_id', 'sub_channel_id', 'member_id', 'type', 'invited_by', 'created_at', 'updated_at', 'read_at', 'preferences', 'placed'],
  'memberships',
)
const positionInserts = insertsOf(['member_id', 'channel_id', 'sub_channel_id', 'ordinal', 'arrival', 'read_at'], 'read_positions')

export interface NewFlow {
  readonly id: string
  readonly name: string
  readonly processors: unknown
  readonly createdAt: number
  readonly updatedAt: number
}

export async function importFlow(tx: Queries, appInstanceId: number, given: NewFlow): Promise<boolean> {
  const { id, name, processors, createdAt, updatedAt } = given
  return (await tx.run(insertFlow, appInstanceId, id, json(name), JSON.stringify(processors), createdAt, updatedAt)) === 1
}

export const importedFlow = firstValue<number, [appInstanceId: number, id: string]>(
  `select id as value from channel_flows where app_instance_id = $1 and external_id = $2`,
)

export interface NewChannelOfImport {
  readonly id: string
  readonly name: string
  readonly metadata?: string
  readonly mode: string
  readonly privacy: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly sequence: number
  readonly lastEventAt: number
  readonly expirationDays?: number
  readonly expirationCriterion?: string
  readonly elastic?: Elastic
}

export async function importChannel(
  tx: Queries,
  appInstanceId: number,
  given: NewChannelOfImport,
  { createdBy, flowId }: { readonly createdBy: number; readonly flowId: number | undefined },
): Promise<boolean> {
  const { id, name, metadata, mode, privacy, createdAt, updatedAt, sequence, lastEventAt, expirationDays, expirationCriterion, elastic } =
    given
  const shown = [json(name), jsonIfGiven(metadata), mode, privacy, createdBy, createdAt, updatedAt, sequence, lastEventAt]
  const settings = [expirationDays ?? null, expirationCriterion ?? null, flowId ?? null, jsonOfObject(elastic)]
  return (await tx.run(insertChannel, appInstanceId, id, ...shown, ...settings)) === 1
}

export interface ImportedChannel {
  readonly id: number
  readonly elastic: Elastic | undefined
}

export async function importedChannel(tx: Queries, appInstanceId: number, id: string): Promise<ImportedChannel | undefined> {
  const row = await tx.get(selectChannel, appInstanceId, id)
  return row && { id: row.id, elastic: elasticOf(row.elastic) }
}

export interface NewSubChannel {
  readonly id: string
  readonly capacity: number
  readonly wanted: number
  readonly isOpen: boolean
  readonly createdAt: number
}

export async function importSubChannel(tx: Queries, channelId: number, given: NewSubChannel): Promise<boolean> {
  const { id, capacity, wanted, isOpen, createdAt } = given
  return (await tx.run(insertSubChannel, channelId, id, capacity, wanted, isOpen ? 1 : 0, createdAt)) === 1
}

export const importedSubChannel = firstValue<number, [channelId: number, id: string]>(
  `select id as value from sub_channels where channel_id = $1 and external_id = $2`,
)

export const subChannelsImported = countRows<[channelId: number]>(`select count(*) as count from sub_channels where channel_id = $1`)

interface Role {
  readonly channelId: number
  readonly identityId: number
  readonly createdBy: number
  readonly createdAt: number
}

export async function importRole(
  tx: Queries,
  role: 'moderator' | 'ban',
  { channelId, identityId, createdBy, createdAt }: Role,
): Promise<boolean> {
  return (await tx.run(role === 'moderator' ? insertModerator : insertBan, channelId, identityId, createdBy, createdAt)) === 1
}

export async function importTag(tx: Queries, kind: string, id: number, key: string, value: string): Promise<boolean> {
  return (await tx.run(insertTag, kind, id, json(key), json(value))) === 1
}

export interface NewMembershipOfImport extends Place {
  readonly memberId: number
  readonly visibility: string
  readonly invitedBy: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly readAt?: number
  readonly preferences?: unknown
  readonly placed: boolean
  /** The number of the channel, and its time, up to which the member has read; computed from its messages where it is unknown. */
  readonly position: { readonly arrival: number; readonly at: number } | undefined
}

/** Returns how many were not there before. `finishImport` computes the ordinals of their read positions. */
export async function importMemberships(tx: Queries, given: readonly NewMembershipOfImport[]): Promise<number> {
  const positions = given.flatMap(({ memberId, channelId, subChannelId, position }) =>
    position ? [[memberId, channelId, subChannelId, 0, position.arrival, position.at]] : [],
  )
  await insertRows(tx, positionInserts, positions)
  const memberships = given.map(each => {
    const { channelId, subChannelId, memberId, visibility, invitedBy, createdAt, updatedAt, readAt, preferences, placed } = each
    const shown = [visibility, invitedBy, createdAt, updatedAt, readAt ?? null, jsonOfObject(preferences)]
    return [channelId, subChannelId, memberId, ...shown, placed ? 1 : 0]
  })
  return insertRows(tx, membershipInserts, memberships)
}
