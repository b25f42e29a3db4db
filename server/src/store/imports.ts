import { statement, type Database, type Queries, type Value } from '../database/database.ts'
import { unreadOfExisting } from '../database/migrations/013-unread.ts'
import { elasticOf, type Elastic } from './channels.ts'
import { placeOfId } from './message-ids.ts'
import { isSearchOn } from './search-generation.ts'
import { deviceOf } from './user-endpoints.ts'
import { json, jsonIfGiven, jsonOfObject } from './text.ts'

/** How far an import has come: that many lines of that part of the export are stored. */
export interface ImportPlace {
  readonly part: number
  readonly line: number
}

export interface UnfinishedImport extends ImportPlace {
  readonly appInstanceId: number
  readonly exportId: string
}

const selectByArn = statement<{ id: number; deletedAt: number | null; exportId: string | null; part: number; line: number }>(`
  select a.id, a.deleted_at as "deletedAt", p.export_id as "exportId", coalesce(p.part, 0) as part, coalesce(p.line, 0) as line
  from app_instances a left join imports p on p.app_instance_id = a.id where a.arn = $1`)
const insertAppInstance = statement<{ id: number }>(`
  insert into app_instances (arn, name, metadata, created_at, updated_at, retention_days, retention_starts_at, channel_stream, message_stream, deleted_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (arn) do nothing returning id`)
const insertImport = statement(`insert into imports (app_instance_id, export_id, part, line, started_at) values ($1, $2, 0, 0, $3)`)
const moveOn = statement(`
  update imports set part = $4, line = $5 where app_instance_id = $1 and part = $2 and line = $3`)
const removeImport = statement(`delete from imports where app_instance_id = $1`)
const removeReferences = statement(`
  delete from imported_identities where app_instance_id = $1 and ref in
    (select ref from imported_identities where app_instance_id = $1 limit $2)`)

const insertIdentity = statement<{ id: number }>(`
  insert into identities (app_instance_id, kind, external_id, name, metadata, configuration, expiration_days, created_at, updated_at,
    deleted_at, purged_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
  on conflict (app_instance_id, kind, external_id) where deleted_at is null do nothing returning id`)
const insertReference = statement(`insert into imported_identities (app_instance_id, ref, identity_id) values ($1, $2, $3)`)
const selectReference = statement<ImportedIdentity>(`
  select i.id, i.kind, i.deleted_at as "deletedAt" from imported_identities r join identities i on i.id = r.identity_id
  where r.app_instance_id = $1 and r.ref = $2`)
const insertAdmin = statement(`insert into admins (app_instance_id, identity_id, created_at) values ($1, $2, $3) on conflict do nothing`)
const insertDevice = statement(`
  insert into endpoints (app_instance_id, identity_id, external_id, device, name, type, resource_arn, device_token, voip_device_token,
    allow_messages, status_reason, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (identity_id, device) do nothing`)
const insertFlow = statement(`
  insert into channel_flows (app_instance_id, external_id, name, processors, created_at, updated_at) values ($1, $2, $3, $4, $5, $6)
  on conflict (app_instance_id, external_id) do nothing`)
const selectFlow = statement<{ id: number }>(`select id from channel_flows where app_instance_id = $1 and external_id = $2`)
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
const selectSubChannel = statement<{ id: number }>(`select id from sub_channels where channel_id = $1 and external_id = $2`)
const countSubChannels = statement<{ count: number }>(`select count(*) as count from sub_channels where channel_id = $1`)
const insertRole = (table: string) =>
  statement(`
  insert into ${table} (channel_id, identity_id, created_by, created_at) values ($1, $2, $3, $4) on conflict do nothing`)
const insertModerator = insertRole('moderators')
const insertBan = insertRole('bans')
const insertTag = statement(`
  insert into tags (resource_kind, resource_id, tag_key, tag_value) values ($1, $2, $3, $4) on conflict do nothing`)

/** So many rows a statement: on PostgreSQL each statement is a round trip. */
const atOnce = 100

/** The same insert for one row and for many. */
function insertsOf(columns: readonly string[], table: string) {
  const row = (index: number) => `(${columns.map((_, column) => `$${index * columns.length + column + 1}`).join(', ')})`
  const inserts = (rows: number) =>
    statement(
      `insert into ${table} (${columns.join(', ')}) values ${Array.from({ length: rows }, (_, index) => row(index)).join(', ')} on conflict do nothing`,
    )
  return { one: inserts(1), many: inserts(atOnce) }
}

const membershipInserts = insertsOf(
  ['channel_id', 'sub_channel_id', 'member_id', 'type', 'invited_by', 'created_at', 'updated_at', 'read_at', 'preferences', 'placed'],
  'memberships',
)
const messageInserts = insertsOf(
  // prettier-ignore
  ['channel_id', 'sub_channel_id', 'private', 'created_at', 'sequence', 'nonce', 'sender_id', 'target_id', 'type', 'content', 'metadata',
    'attributes', 'content_type', 'redacted', 'status', 'status_detail', 'edited_at', 'updated_at'],
  'messages',
)
const changeInserts = insertsOf(
  ['channel_id', 'sub_channel_id', 'created_at', 'sequence', 'sender_id', 'target_id', 'noted_at'],
  'search_changes',
)
const insertViewer = statement(`
  insert into private_messages (channel_id, sub_channel_id, viewer_id, created_at, sequence, failed) values ($1, $2, $3, $4, $5, $6)
  on conflict do nothing`)
const raiseChannel = statement(`
  update channels set sequence = case when sequence < $2 then $2 else sequence end,
    last_event_at = case when last_event_at < $3 then $3 else last_event_at end where id = $1`)

const raisePrivate = statement(`
  update memberships set last_private_at = $4
  where channel_id = $1 and member_id = $2 and sub_channel_id = $3 and (last_private_at is null or last_private_at < $4)`)

/** The end of the next range of rows that are finished together; null after the last one. */
const rangeEnd = (table: string) =>
  statement<{ last: number | null }>(`
  select max(id) as last from (
    select id from ${table} where app_instance_id = $1 and deleted_at is null and id > $2 order by id limit $3) ids`)
const inRange = `app_instance_id = $1 and deleted_at is null and id > $2 and id <= $3`
const newestPublic = (channel: string, subChannel: string) => `(
  select m.created_at from messages m where m.channel_id = ${channel} and m.sub_channel_id = ${subChannel} and m.private = 0
  order by m.created_at desc, m.sequence desc limit 1)`
const membersOf = (condition: string) => `(select count(*) from memberships m where ${condition})`
const millisecondsOfDays = (days: string) => `${days} * ${24 * 60 * 60 * 1000}`
const finishSubChannels = statement(`
  update sub_channels set
    member_count = ${membersOf('m.channel_id = sub_channels.channel_id and m.sub_channel_id = sub_channels.id and m.placed = 1')},
    moderator_count = ${membersOf('m.channel_id = sub_channels.channel_id and m.sub_channel_id = sub_channels.id and m.placed = 0')},
    last_message_at = ${newestPublic('sub_channels.channel_id', 'sub_channels.id')}
  where channel_id in (select id from channels where ${inRange} and elastic is not null)`)
const finishChannels = statement(`
  update channels set
    member_count = ${membersOf('m.channel_id = channels.id')},
    last_message_at = coalesce(${newestPublic('channels.id', '0')}, (select max(s.last_message_at) from sub_channels s where s.channel_id = channels.id)),
    expires_at = created_at + ${millisecondsOfDays('expiration_days')},
    bots = (select string_agg(cast(found.id as text), ' ') from (
      select distinct i.id from memberships m join identities i on i.id = m.member_id and i.kind = 'bot' where m.channel_id = channels.id) found)
  where ${inRange}`)
const finishIdentities = statement(`
  update identities set membership_count = ${membersOf('m.member_id = identities.id')},
    expires_at = created_at + ${millisecondsOfDays('expiration_days')}
  where ${inRange}`)
const finishUnread = unreadOfExisting(channelId => `${channelId} in (select id from channels where ${inRange})`).map(text =>
  statement(text),
)
/** So many rows are finished together; of channels, all whose messages are counted. */
const finishing = [
  { end: rangeEnd('channels'), rows: 500, updates: [finishSubChannels, finishChannels] },
  { end: rangeEnd('channels'), rows: 10, updates: finishUnread },
  { end: rangeEnd('identities'), rows: 500, updates: [finishIdentities] },
]
const overfull = statement<{ channel: string; subChannel: string }>(`
  select c.external_id as channel, s.external_id as "subChannel" from channels c
  join sub_channels s on s.channel_id = c.id and s.member_count > s.capacity
  where c.app_instance_id = $1 and c.elastic is not null limit 1`)
const count = (table: string, condition: string) =>
  `(select count(*) from ${table} where app_instance_id = $1 and deleted_at is null ${condition})`
const open = statement(`
  update app_instances set deleted_at = null, user_count = ${count('identities', `and kind = 'user'`)}, channel_count = ${count('channels', '')}
  where id = $1`)

export interface ImportedIdentity {
  readonly id: number
  readonly kind: 'user' | 'bot'
  /** Null for one that exists; a deleted one is named only by what it has sent or made. */
  readonly deletedAt: number | null
}

/** What is in the database under the ARN: nothing, an app instance, one that is being purged, or an unfinished import. */
export async function foundUnder(db: Queries, arn: string): Promise<'nothing' | 'app instance' | 'purge' | UnfinishedImport> {
  const row = await db.get(selectByArn, arn)
  if (!row) return 'nothing'
  if (row.deletedAt === null) return 'app instance'
  if (row.exportId === null) return 'purge'
  return { appInstanceId: row.id, exportId: row.exportId, part: row.part, line: row.line }
}

export interface NewAppInstance {
  readonly arn: string
  readonly name: string
  readonly metadata?: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly retentionDays?: number
  readonly retentionStartsAt?: number
  readonly channelStream?: string
  readonly messageStream?: string
}

/** Begins an import: stores the app instance so that nobody sees it. Undefined if its ARN is taken. */
export async function beginImport(tx: Queries, given: NewAppInstance, exportId: string, now: number): Promise<number | undefined> {
  const { arn, name, metadata, createdAt, updatedAt, retentionDays, retentionStartsAt, channelStream, messageStream } = given
  const settings = [retentionDays ?? null, retentionStartsAt ?? null, channelStream ?? null, messageStream ?? null]
  const row = await tx.get(insertAppInstance, arn, json(name), jsonIfGiven(metadata), createdAt, updatedAt, ...settings, now)
  if (row) await tx.run(insertImport, row.id, exportId, now)
  return row?.id
}

/** Records how far the import has come; false if another process has moved it meanwhile. */
export async function moveImport(tx: Queries, id: number, from: ImportPlace, to: ImportPlace): Promise<boolean> {
  return (await tx.run(moveOn, id, from.part, from.line, to.part, to.line)) === 1
}

/** Leaves what an unfinished import has stored to the purge. */
export async function abandonImport(tx: Queries, id: number) {
  await tx.run(removeImport, id)
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

export async function importedIdentity(tx: Queries, appInstanceId: number, ref: string): Promise<ImportedIdentity | undefined> {
  return tx.get(selectReference, appInstanceId, ref)
}

export async function importAdmin(tx: Queries, appInstanceId: number, identityId: number, createdAt: number): Promise<boolean> {
  return (await tx.run(insertAdmin, appInstanceId, identityId, createdAt)) === 1
}

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

export async function importedFlow(tx: Queries, appInstanceId: number, id: string): Promise<number | undefined> {
  return (await tx.get(selectFlow, appInstanceId, id))?.id
}

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

export async function importedSubChannel(tx: Queries, channelId: number, id: string): Promise<number | undefined> {
  return (await tx.get(selectSubChannel, channelId, id))?.id
}

export async function subChannelsImported(tx: Queries, channelId: number): Promise<number> {
  return (await tx.get(countSubChannels, channelId))!.count
}

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

/** Inserts rows, many with each statement; returns how many of them were not there before. */
async function insertRows(tx: Queries, { one, many }: ReturnType<typeof insertsOf>, rows: readonly Value[][]): Promise<number> {
  let inserted = 0
  let at = 0
  for (; at + atOnce <= rows.length; at += atOnce) inserted += await tx.run(many, ...rows.slice(at, at + atOnce).flat())
  for (const row of rows.slice(at)) inserted += await tx.run(one, ...row)
  return inserted
}

export interface NewMembershipOfImport {
  readonly channelId: number
  readonly subChannelId: number
  readonly memberId: number
  readonly visibility: string
  readonly invitedBy: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly readAt: number | undefined
  readonly preferences: unknown
  readonly placed: boolean
}

/** Returns how many were not there before. */
export async function importMemberships(tx: Queries, given: readonly NewMembershipOfImport[]): Promise<number> {
  return insertRows(
    tx,
    membershipInserts,
    given.map(each => {
      const { channelId, subChannelId, memberId, visibility, invitedBy, createdAt, updatedAt, readAt, preferences, placed } = each
      const shown = [visibility, invitedBy, createdAt, updatedAt, readAt ?? null, jsonOfObject(preferences)]
      return [channelId, subChannelId, memberId, ...shown, placed ? 1 : 0]
    }),
  )
}

export interface NewMessageOfImport {
  readonly channelId: number
  readonly subChannelId: number
  readonly id: string
  readonly senderId: number
  readonly targetId: number | undefined
  readonly kind: string
  readonly content?: string
  readonly metadata?: string
  readonly attributes?: unknown
  readonly contentType?: string
  readonly redacted: boolean
  readonly failed: boolean
  readonly statusDetail?: string
  readonly editedAt?: number
  readonly updatedAt: number
}

/** Who sees a message that not all members see: one that has FAILED is seen by its sender alone. */
const viewersOf = ({ senderId, targetId, failed }: NewMessageOfImport) =>
  failed || targetId === senderId ? [senderId] : targetId === undefined ? [] : [senderId, targetId]

/** Returns how many were not there before. The clocks of their channels are advanced to the newest of them. */
export async function importMessages(tx: Queries, given: readonly NewMessageOfImport[], now: number): Promise<number> {
  const newest = new Map<number, { at: number; sequence: number }>()
  const rows = given.map(each => {
    const { at, sequence, nonce } = placeOfId(each.id)!
    const known = newest.get(each.channelId)
    newest.set(each.channelId, { at: Math.max(at, known?.at ?? 0), sequence: Math.max(sequence, known?.sequence ?? 0) })
    const { channelId, subChannelId, senderId, targetId, kind, content, metadata, attributes, contentType, redacted, failed } = each
    const place = [channelId, subChannelId, viewersOf(each).length > 0 ? 1 : 0, at, sequence, nonce]
    const shown = [kind, jsonIfGiven(content), jsonIfGiven(metadata), jsonOfObject(attributes), jsonIfGiven(contentType)]
    const state = [redacted ? 1 : 0, failed ? 'FAILED' : null, jsonIfGiven(each.statusDetail), each.editedAt ?? null, each.updatedAt]
    return [...place, senderId, targetId ?? null, ...shown, ...state]
  })
  const inserted = await insertRows(tx, messageInserts, rows)
  if (await isSearchOn(tx)) {
    const changes = given.map(({ channelId, subChannelId, id, senderId, targetId }) => {
      const { at, sequence } = placeOfId(id)!
      return [channelId, subChannelId, at, sequence, senderId, targetId ?? null, now]
    })
    await insertRows(tx, changeInserts, changes)
  }
  for (const each of given) {
    const { at, sequence } = placeOfId(each.id)!
    for (const viewer of viewersOf(each)) {
      await tx.run(insertViewer, each.channelId, each.subChannelId, viewer, at, sequence, each.failed ? 1 : 0)
      if (!each.failed) await tx.run(raisePrivate, each.channelId, viewer, each.subChannelId, at)
    }
  }
  for (const [channelId, { at, sequence }] of newest) await tx.run(raiseChannel, channelId, sequence, at)
  return inserted
}

const referencesOfStep = 500

/**
 * Computes the counts and times that an export does not have, in short transactions. It can be repeated. Throws nothing; returns the
 * sub-channel that has more members than its capacity, if there is one.
 */
export async function finishImport(db: Database, appInstanceId: number): Promise<{ channel: string; subChannel: string } | undefined> {
  for (const { end, rows, updates } of finishing) {
    for (let after = 0; ;) {
      const last = (await db.get(end, appInstanceId, after, rows))?.last ?? undefined
      if (last === undefined) break
      const from = after
      await db.transaction(async tx => {
        for (const update of updates) await tx.run(update, appInstanceId, from, last)
      })
      after = last
    }
  }
  return db.get(overfull, appInstanceId)
}

/** Makes the app instance visible. What served the import alone is removed. */
export async function openImported(db: Database, appInstanceId: number) {
  await db.transaction(async tx => {
    await tx.run(open, appInstanceId)
    await tx.run(removeImport, appInstanceId)
  })
  while ((await db.run(removeReferences, appInstanceId, referencesOfStep)) > 0);
}
