import type { Arn } from '../arn.ts'
import { statement, type Queries } from '../database/database.ts'
import { joinIdentity, living } from './arns.ts'
import { elasticOf, type Elastic } from './channels.ts'
import type { Mode, Privacy } from './channel-summary.ts'
import type { Identity } from './identities.ts'
import { byMember, type MembershipType } from './memberships.ts'
import { findMessage, type Message } from './messages.ts'
import { parsed, parsedIfGiven } from './text.ts'

/** The user or bot that acts, and its app instance. */
export interface Actor extends Identity {
  readonly appInstanceId: number
  readonly appInstanceArn: string
}

/** The channel that a call is about. */
export interface CalledChannel {
  readonly id: number
  readonly arn: string
  readonly mode: Mode
  readonly privacy: Privacy
  /** The flow of its messages. */
  readonly flowId: number | undefined
  /** Whether its messages are streamed. */
  readonly isStreamed: boolean
  readonly hasBots: boolean
  /** The sub-channels of an elastic channel; undefined for an ordinary one. */
  readonly elastic: Elastic | undefined
}

/** The sub-channel of an elastic channel that a call names. */
export interface CalledSubChannel {
  readonly id: number
  /** Its SubChannelId. */
  readonly name: string
}

/** The facts about the bearer of a call, and about what the call names. Rules are predicates over them. */
export interface Facts {
  readonly caller: Actor
  /** Messages older than that many days are hidden; undefined for none. */
  readonly retentionDays: number | undefined
  /**
   * The kinds of events beyond Amazon's that the sessions of the app instance get by default. Only look-ups without a channel read them.
   */
  readonly ownEvents: readonly string[]
  /** Whether the bearer is an AppInstanceAdmin of the app instance that the call is about. */
  readonly admin: boolean
  readonly channel: CalledChannel | undefined
  /** Present if the call names an existing sub-channel. */
  readonly subChannel: CalledSubChannel | undefined
  /** The membership in the sub-channel that the call names; without one, in any. */
  readonly membership: MembershipType | undefined
  readonly moderator: boolean
  readonly banned: boolean
  /** The message that the call is about, whoever may see it; undefined if it does not exist. */
  readonly message: Message | undefined
}

/** The row of the look-up: a bearer, and its roles in the channel of the call. */
interface Row {
  readonly callerId: number
  readonly callerName: string
  readonly appInstanceId: number
  readonly adminId: number | null
  readonly retentionDays: number | null
  readonly channelId?: number | null
  readonly mode?: Mode | null
  readonly privacy?: Privacy | null
  readonly flowId?: number | null
  readonly messageStream: string | null
  readonly ownEvents?: string | null
  readonly bots?: string | null
  readonly elastic?: string | null
  readonly subChannelId?: number | null
  readonly membershipType?: MembershipType | null
  readonly moderatorId?: number | null
  readonly bannedId?: number | null
}

const caller = `bearer.id as "callerId", bearer.name as "callerName", a.id as "appInstanceId", a.retention_days as "retentionDays", a.message_stream as "messageStream",
  admin.identity_id as "adminId"`
const livingCaller = `
  from app_instances a
  ${joinIdentity('bearer')}
  left join admins admin on admin.app_instance_id = a.id and admin.identity_id = bearer.id`

const selectCaller = statement<Row>(`select ${caller}, a.own_events as "ownEvents" ${livingCaller} where ${living}`)
const inChannel = (selected: string, joined: string) =>
  statement<Row>(`
  select ${caller}, c.id as "channelId", c.mode, c.privacy, c.flow_id as "flowId", c.bots, c.elastic, ${selected},
    moderator.identity_id as "moderatorId", ban.identity_id as "bannedId"
  ${livingCaller}
  left join channels c on c.app_instance_id = a.id and c.external_id = $4 and c.deleted_at is null
  ${joined}
  left join moderators moderator on moderator.channel_id = c.id and moderator.identity_id = bearer.id
  left join bans ban on ban.channel_id = c.id and ban.identity_id = bearer.id
  where ${living}`)
/** In an elastic channel a moderator has a membership in each of many sub-channels; any of them will do here. */
const selectCallerInChannel = inChannel(
  `(select m.type from memberships m where m.channel_id = c.id and m.member_id = bearer.id and ${byMember} limit 1) as "membershipType"`,
  '',
)
/** A sub-channel that does not exist has no members. */
const selectCallerInSubChannel = inChannel(
  `m.type as "membershipType", sub.id as "subChannelId"`,
  `left join sub_channels sub on sub.channel_id = c.id and sub.external_id = $5 and sub.deleted_at is null
  left join memberships m
    on m.channel_id = c.id and m.member_id = bearer.id and m.sub_channel_id = coalesce(sub.id, 0) and ${byMember}`,
)

async function select(db: Queries, { appInstanceArn, kind, id }: Arn, { channel, subChannelName }: About): Promise<Row | undefined> {
  if (channel === undefined) return db.get(selectCaller, appInstanceArn, kind, id)
  return subChannelName === undefined
    ? db.get(selectCallerInChannel, appInstanceArn, kind, id, channel.id)
    : db.get(selectCallerInSubChannel, appInstanceArn, kind, id, channel.id, subChannelName)
}

const channelIn = (row: Row, channel: Arn | undefined): CalledChannel | undefined =>
  channel && row.channelId
    ? {
        id: row.channelId,
        arn: channel.text,
        mode: row.mode!,
        privacy: row.privacy!,
        flowId: row.flowId ?? undefined,
        isStreamed: row.messageStream !== null,
        hasBots: (row.bots ?? null) !== null,
        elastic: elasticOf(row.elastic),
      }
    : undefined

/** The subject of a call: a channel, a sub-channel and a message in it. */
interface About {
  readonly channel?: Arn | undefined
  readonly subChannelName?: string | undefined
  readonly messageId?: string | undefined
}

/** Loads the facts about the bearer with one look-up, and one more for a message; undefined if there is no such user or bot. */
export async function findFacts(db: Queries, bearer: Arn, about: About = {}): Promise<Facts | undefined> {
  const row = await select(db, bearer, about)
  if (!row) return undefined
  const { subChannelName, messageId } = about
  const channel = channelIn(row, about.channel)
  const subChannel = row.subChannelId ? { id: row.subChannelId, name: subChannelName! } : undefined
  return {
    caller: {
      id: row.callerId,
      arn: bearer.text,
      name: parsed(row.callerName),
      appInstanceId: row.appInstanceId,
      appInstanceArn: bearer.appInstanceArn,
    },
    retentionDays: row.retentionDays ?? undefined,
    ownEvents: parsedIfGiven<readonly string[]>(row.ownEvents ?? null) ?? [],
    admin: row.adminId !== null,
    channel,
    subChannel,
    membership: row.membershipType ?? undefined,
    moderator: (row.moderatorId ?? null) !== null,
    banned: (row.bannedId ?? null) !== null,
    message:
      channel && messageId !== undefined
        ? await findMessage(db, { channelId: channel.id, subChannelId: subChannel?.id ?? 0, messageId })
        : undefined,
  }
}
