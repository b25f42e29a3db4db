import { statement, type Queries, type Statement } from '../../database/database.ts'
import { ofChannels, pageOfChannels, type After, type ExportPage, type PartOfChannels } from './exported-messages.ts'
import { reference, shown, type Row } from './exported-rows.ts'
import { firstRow } from '../queries.ts'

/** The range of an export: an app instance, up to the ids that were the highest when the export began. */
export interface Scope {
  readonly appInstanceId: number
  readonly flows: number
  readonly identities: number
  readonly endpoints: number
  readonly channels: number
  readonly subChannels: number
  readonly memberships: number
}

const selectAppInstance = statement<Row>(`
  select arn, name, metadata, created_at as "createdAt", updated_at as "updatedAt", retention_days as "retentionDays",
    retention_starts_at as "retentionStartsAt", channel_stream as "channelStream", message_stream as "messageStream",
    own_events as "ownEvents", case when presence_off = 1 then 1 end as "presenceOff"
  from app_instances where id = $1 and deleted_at is null`)

const highest = (table: string) => `(select coalesce(max(id), 0) from ${table})`

/** SQL that joins the living channel of a row in the app instance $1. */
const ofChannel = (column: string) => `join channels c on c.id = ${column} and c.app_instance_id = $1 and c.deleted_at is null`
const ofLiving = (column: string) => `join identities i on i.id = ${column} and i.app_instance_id = $1 and i.deleted_at is null`

/**
 * A table that is read in ranges of ids, from $2 exclusive to $3 inclusive. So no statement takes long, however many rows of other app
 * instances are in between.
 */
interface Ranges {
  readonly select: Statement<Row>
  /** How many ids one statement searches for a page. */
  readonly width: number
  readonly last: keyof Scope
  /** $4 and further: the highest ids that a row may name. */
  readonly named?: readonly (keyof Scope)[]
}

const range = (id: string) => `${id} > $2 and ${id} <= $3`

const rolesOfChannels = (table: string): Ranges => ({
  select: statement<Row>(`
    select c.external_id as channel, ${reference('r.identity_id')} as identity, ${reference('r.created_by')} as "createdBy", r.created_at as "createdAt"
    from ${table} r ${ofChannel('r.channel_id')} ${ofLiving('r.identity_id')}
    where ${range('r.channel_id')} and r.identity_id <= $4 and r.created_by <= $4 order by r.channel_id, r.identity_id`),
  width: 100,
  last: 'channels',
  named: ['identities'],
})

const tagsOf = (kind: string, id: string, joined: string, last: Ranges['last']): Ranges => ({
  select: statement<Row>(`
    select t.resource_kind as "of", ${id} as id, t.tag_key as key, t.tag_value as value from tags t ${joined}
    where t.resource_kind = '${kind}' and ${range('t.resource_id')} order by t.resource_id, t.tag_key`),
  width: 1000,
  last,
})

const ranges = {
  flow: {
    select: statement<Row>(`
      select f.external_id as id, f.name, f.processors, f.created_at as "createdAt", f.updated_at as "updatedAt"
      from channel_flows f where f.app_instance_id = $1 and ${range('f.id')} order by f.id`),
    width: 10_000,
    last: 'flows',
  },
  identity: {
    select: statement<Row>(`
      select ${reference('i.id')} as ref, i.kind, i.external_id as id, i.name, i.metadata, i.configuration,
        i.expiration_days as "expirationDays", i.created_at as "createdAt", i.updated_at as "updatedAt", i.deleted_at as "deletedAt"
      from identities i where i.app_instance_id = $1 and ${range('i.id')} order by i.id`),
    width: 5000,
    last: 'identities',
  },
  admin: {
    select: statement<Row>(`
      select ${reference('s.identity_id')} as identity, s.created_at as "createdAt"
      from admins s ${ofLiving('s.identity_id')} where s.app_instance_id = $1 and ${range('s.identity_id')} order by s.identity_id`),
    width: 1_000_000,
    last: 'identities',
  },
  device: {
    select: statement<Row>(`
      select ${reference('e.identity_id')} as identity, e.external_id as id, e.name, e.type as platform, e.resource_arn as "resourceArn",
        e.device_token as "deviceToken", e.voip_device_token as "voipDeviceToken", e.allow_messages as "allowMessages",
        e.status_reason as "statusReason", e.created_at as "createdAt", e.updated_at as "updatedAt"
      from endpoints e ${ofLiving('e.identity_id')} where ${range('e.id')} and e.identity_id <= $4 order by e.id`),
    width: 5000,
    last: 'endpoints',
    named: ['identities'],
  },
  presence: {
    select: statement<Row>(`
      select ${reference('p.identity_id')} as identity, p.status, p.status_text as "statusText", p.last_seen_at as "lastSeenAt"
      from presences p ${ofLiving('p.identity_id')} where ${range('p.identity_id')} order by p.identity_id`),
    width: 5000,
    last: 'identities',
  },
  channel: {
    select: statement<Row>(`
      select c.external_id as id, c.name, c.metadata, c.mode, c.privacy, ${reference('c.created_by')} as "createdBy", c.created_at as "createdAt",
        c.updated_at as "updatedAt", c.sequence, c.last_event_at as "lastEventAt", c.expiration_days as "expirationDays",
        c.expiration_criterion as "expirationCriterion", f.external_id as flow, c.elastic
      from channels c left join channel_flows f on f.id = c.flow_id
      where c.app_instance_id = $1 and c.deleted_at is null and ${range('c.id')} order by c.id`),
    width: 5000,
    last: 'channels',
  },
  subChannel: {
    select: statement<Row>(`
      select c.external_id as channel, s.external_id as id, s.capacity, s.wanted, s.is_open as "isOpen", s.created_at as "createdAt"
      from sub_channels s ${ofChannel('s.channel_id')} where s.deleted_at is null and ${range('s.id')} and c.id <= $4 order by s.id`),
    width: 10_000,
    last: 'subChannels',
    named: ['channels'],
  },
  moderator: rolesOfChannels('moderators'),
  ban: rolesOfChannels('bans'),
  tagOfAppInstance: tagsOf('app-instance', `''`, 'join app_instances a on a.id = t.resource_id and a.id = $1', 'appInstanceId'),
  tagOfFlow: tagsOf('channel-flow', 'f.external_id', 'join channel_flows f on f.id = t.resource_id and f.app_instance_id = $1', 'flows'),
  tagOfIdentity: tagsOf('identity', reference('i.id'), ofLiving('t.resource_id'), 'identities'),
  tagOfChannel: tagsOf('channel', 'c.external_id', ofChannel('t.resource_id'), 'channels'),
  membership: {
    select: statement<Row>(`
      select c.external_id as channel, s.external_id as "subChannel", ${reference('m.member_id')} as member, m.type as visibility,
        ${reference('m.invited_by')} as "invitedBy", m.created_at as "createdAt", m.updated_at as "updatedAt", m.read_at as "readAt",
        m.preferences, m.placed, p.arrival as "readUpTo", p.read_at as "readUpToAt"
      from memberships m ${ofChannel('m.channel_id')} ${ofLiving('m.member_id')}
      left join sub_channels s on s.id = m.sub_channel_id
      left join read_positions p on p.member_id = m.member_id and p.channel_id = m.channel_id and p.sub_channel_id = m.sub_channel_id
      where ${range('m.id')} and m.member_id <= $4 and m.invited_by <= $4 and c.id <= $5 order by m.id`),
    width: 5000,
    last: 'memberships',
    named: ['identities', 'channels'],
  },
} as const satisfies Record<string, Ranges>

const texts = new Set([
  'name',
  'metadata',
  'configuration',
  'processors',
  'deviceToken',
  'voipDeviceToken',
  'elastic',
  'key',
  'value',
  'preferences',
  'ownEvents',
  'statusText',
])
/** The parts of an app instance, each a table, in the order in which they can be stored again. */
export const exportedParts = [
  ...(Object.keys(ranges) as (keyof typeof ranges)[]),
  ...(Object.keys(ofChannels) as PartOfChannels[]),
] as const
export type ExportedPart = (typeof exportedParts)[number]

/** Undefined if there is no such app instance. */
export const scopeOf = firstRow<Scope, [appInstanceArn: string]>(`
  select id as "appInstanceId", ${highest('channel_flows')} as flows, ${highest('identities')} as identities, ${highest('endpoints')} as endpoints,
    ${highest('channels')} as channels, ${highest('sub_channels')} as "subChannels", ${highest('memberships')} as memberships
  from app_instances where arn = $1 and deleted_at is null`)

/** The app instance itself; undefined if it has been deleted. */
export async function exportedAppInstance(db: Queries, { appInstanceId }: Scope) {
  const row = await db.get(selectAppInstance, appInstanceId)
  return row && shown(row, texts)
}

async function pageOfRange(db: Queries, { select, width, last, named = [] }: Ranges, scope: Scope, [from]: After): Promise<ExportPage> {
  const end = scope[last]
  const after = typeof from === 'number' ? from : 0
  const to = Math.min(after + width, end)
  const rows = await db.all(select, scope.appInstanceId, after, to, ...named.map(name => scope[name]))
  return { rows: rows.map(row => shown(row, texts)), next: to >= end ? undefined : [to] }
}

const isOfChannels = (part: ExportedPart): part is PartOfChannels => part in ofChannels

export async function exportPage(db: Queries, part: ExportedPart, scope: Scope, after: After): Promise<ExportPage> {
  return isOfChannels(part) ? pageOfChannels(db, part, scope, after) : pageOfRange(db, ranges[part], scope, after)
}
