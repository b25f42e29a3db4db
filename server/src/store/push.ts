import type { Arn } from '../arn.ts'
import { statement, type Queries, type Value } from '../database/database.ts'
import { identityArn } from './arns.ts'
import type { MembershipType } from './memberships.ts'
import type { Place } from './places.ts'
import type { Preferences } from './preferences.ts'
import { parsed, parsedIfGiven, type RowOf } from './text.ts'
import type { UserEndpoint } from './user-endpoints.ts'

/** An active device that accepts pushes. */
export interface Device extends Pick<UserEndpoint, 'endpointId' | 'type' | 'resourceArn' | 'deviceToken' | 'voipDeviceToken'> {
  readonly id: number
  readonly userArn: string
  /** When it was registered, in epoch milliseconds. */
  readonly createdAt: number
}

/** A membership and one of the member's devices; undefined where the member has none. */
export interface DeviceOfMember {
  readonly membership: { readonly type: MembershipType; readonly id: number }
  readonly preferences: Preferences | undefined
  readonly device: Device | undefined
}

type DeviceRow = RowOf<Device>

type Row = { membershipType: MembershipType; membershipId: number; preferences: string | null } & (
  DeviceRow | { [Column in keyof DeviceRow]: null }
)

const insert = statement(
  `insert into outbox (lane, payload, next_at, created_at)
  select $1, $2, cast($3 as bigint), cast($3 as bigint) from channels c
  where c.id = $4 and exists (select 1 from endpoints e where e.app_instance_id = c.app_instance_id and e.status_reason is null)`,
  `with pushed as (
    select asked.* from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) with ordinality
      as asked (lane, payload, at, channel_id, whose)
    join channels c on c.id = asked.channel_id
    where exists (select 1 from endpoints e where e.app_instance_id = c.app_instance_id and e.status_reason is null)),
  kept as (
    insert into outbox (lane, payload, next_at, created_at) select lane, payload, at, at from pushed order by whose)
  select whose from pushed`,
)

const acceptsPushes = `e.status_reason is null and e.allow_messages = 'ALL'`
const deviceColumns = `
  e.id, e.external_id as "endpointId", e.type, e.resource_arn as "resourceArn", e.device_token as "deviceToken",
  e.voip_device_token as "voipDeviceToken", ${identityArn('i')} as "userArn", e.created_at as "createdAt"`
/** The devices of some memberships, which the SQL `chosen` selects. A member without devices has one row without a device. */
const devicesOf = (chosen: string) =>
  statement<Row>(`
  with chosen as (${chosen})
  select chosen.type as "membershipType", chosen.id as "membershipId", chosen.preferences, ${deviceColumns}
  from chosen
  left join identities i on i.id = chosen.member_id and i.deleted_at is null
  left join app_instances a on a.id = i.app_instance_id
  left join endpoints e on e.identity_id = i.id and ${acceptsPushes}
  order by chosen.type, chosen.id, e.id`)
const membershipsIn = `
  select m.type, m.id, m.member_id, m.preferences from memberships m
  join channels c on c.id = m.channel_id and c.deleted_at is null
  where m.channel_id = $1 and m.sub_channel_id = $2`
const selectPage = devicesOf(`${membershipsIn} and (m.type, m.id) > ($3, $4) order by m.type, m.id limit $5`)
const selectOfTwo = devicesOf(`${membershipsIn} and m.member_id in ($3, $4)`)
const devicesAtOnce = 20
const selectDevices = statement<DeviceRow>(`
  select ${deviceColumns} from endpoints e
  join identities i on i.id = e.identity_id and i.deleted_at is null
  join app_instances a on a.id = i.app_instance_id and a.deleted_at is null
  join channels c on c.app_instance_id = a.id and c.external_id = $1 and c.deleted_at is null
  where e.id in (${Array.from({ length: devicesAtOnce }, (_, index) => `$${index + 2}`).join(', ')}) and ${acceptsPushes}
    and exists (select 1 from memberships m where m.channel_id = c.id and m.member_id = i.id)
  order by e.id`)

const device = (row: DeviceRow): Device => ({
  ...row,
  deviceToken: parsed(row.deviceToken),
  voipDeviceToken: parsedIfGiven(row.voipDeviceToken),
})

const deviceOfMember = ({ membershipType, membershipId, preferences, ...row }: Row): DeviceOfMember => ({
  membership: { type: membershipType, id: membershipId },
  preferences: parsedIfGiven<Preferences>(preferences),
  device: row.id === null ? undefined : device(row),
})

/** Appends an entry to the outbox; false if the app instance of the channel has no active device. */
export async function appendPush(tx: Queries, lane: string, payload: unknown, channelId: number, now: number) {
  return (await tx.run(insert, lane, JSON.stringify(payload), now, channelId)) === 1
}

/** The devices of the next members of a channel or sub-channel, at most `limit` members, in the order of type and id. */
export async function devicesOfMembers(
  db: Queries,
  { channelId, subChannelId }: Place,
  after: { readonly type: string; readonly id: number } | undefined,
  limit: number,
): Promise<DeviceOfMember[]> {
  return (await db.all(selectPage, channelId, subChannelId, after?.type ?? '', after?.id ?? 0, limit)).map(deviceOfMember)
}

/** The devices of two identities, as far as they are members. */
export async function devicesOfTwo(
  db: Queries,
  { channelId, subChannelId }: Place,
  [one, other]: readonly [number, number],
): Promise<DeviceOfMember[]> {
  return (await db.all(selectOfTwo, channelId, subChannelId, one, other)).map(deviceOfMember)
}

/** Which of these devices, at most 20, accept pushes of the channel now. Their users may have left it, or it may be deleted. */
export async function devicesOfIds(db: Queries, channel: Pick<Arn, 'id'>, ids: readonly number[]): Promise<Device[]> {
  const values = Array.from({ length: devicesAtOnce }, (_, index): Value => ids[index] ?? null)
  return (await db.all(selectDevices, channel.id, ...values)).map(device)
}
