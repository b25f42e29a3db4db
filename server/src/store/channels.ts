import { give } from './counters.ts'
import type { ChannelExpiration, ExpirationCriterion } from './channel-expiration.ts'
import { statement, type Queries } from '../database/database.ts'
import { flowArn, identityArn } from './arns.ts'
import { livingSummary, summary, summaryColumns, type ChannelSummary, type Mode, type Privacy, type SummaryRow } from './channel-summary.ts'
import type { Identity } from './identities.ts'
import { pageById, type Cursor, type Page } from './page.ts'
import { json, jsonIfGiven, jsonOfObject, parsed, parsedIfGiven, type RowOf } from './text.ts'
import { changeRow, countRows } from './queries.ts'

/** The number and size of an elastic channel's sub-channels. */
export interface Elastic {
  readonly maximum: number
  readonly target: number
  /** A sub-channel with fewer members than this percentage of the target is removed if another one has room for them. */
  readonly percentage: number
}

export interface Channel extends ChannelSummary {
  readonly elastic: Elastic | undefined
  readonly expiration: ChannelExpiration | undefined
  readonly flowArn: string | undefined
  readonly createdBy: Identity
  readonly createdAt: Date
  readonly updatedAt: Date
}

interface Row extends SummaryRow, RowOf<Pick<Channel, 'elastic' | 'flowArn' | 'createdAt' | 'updatedAt'>> {
  expirationDays: number | null
  expirationCriterion: ExpirationCriterion | null
  creatorId: number
  creatorArn: string
  creatorName: string
}

/** Undefined for an ordinary channel. */
export const elasticOf = (text: string | null | undefined) => parsedIfGiven<Elastic>(text ?? null)

/** Where events of a living app instance are streamed to. */
const streamOf = (column: string, channel: string) =>
  `(select ${column} from app_instances where id = ${channel}.app_instance_id and deleted_at is null)`
export const streamsOf = (channel: string) =>
  `${streamOf('channel_stream', channel)} as "channelStream", ${streamOf('message_stream', channel)} as "messageStream"`

const insert = statement<{ id: number } & Streams>(`
  insert into channels (app_instance_id, external_id, name, metadata, mode, privacy, created_by,
    created_at, updated_at, last_event_at, expiration_days, expiration_criterion, expires_at,
    elastic)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8, $9, $10, $11, $12)
  on conflict (app_instance_id, external_id) where deleted_at is null do nothing
  returning id, ${streamsOf('channels')}`)
const selectOne = statement<Row>(`
  select ${summaryColumns}, c.elastic, c.created_at as "createdAt", c.updated_at as "updatedAt",
    c.expiration_days as "expirationDays", c.expiration_criterion as "expirationCriterion",
    ${flowArn} as "flowArn",
    creator.id as "creatorId", ${identityArn('creator')} as "creatorArn", creator.name as "creatorName"
  from channels c
  join app_instances a on a.id = c.app_instance_id
  join identities creator on creator.id = c.created_by
  left join channel_flows f on f.id = c.flow_id
  where c.id = $2 and c.deleted_at is null`)
const selectByPrivacy = statement<SummaryRow>(`
  select ${summaryColumns} from channels c join app_instances a on a.id = c.app_instance_id
  where c.app_instance_id = $2 and c.privacy = $3 and c.deleted_at is null and c.id > $4 order by c.id limit $5`)
const selectModerated = statement<SummaryRow>(`
  select ${summaryColumns} from moderators m
  join channels c on c.id = m.channel_id
  join app_instances a on a.id = c.app_instance_id
  where m.identity_id = $2 and m.channel_id > $3 order by m.channel_id limit $4`)
const selectOneModerated = statement<SummaryRow>(`
  select ${summaryColumns} from moderators m
  join channels c on c.id = m.channel_id and c.deleted_at is null
  join app_instances a on a.id = c.app_instance_id
  where m.identity_id = $2 and m.channel_id = $3`)
const update = statement(`
  update channels set name = coalesce($2, name), mode = coalesce($3, mode), metadata = coalesce($4, metadata), updated_at = $5
  where id = $1 and deleted_at is null`)
/**
 * The time of the present event. It is $2, or later if a clock is slow: always after the last event and after any read marker that follows
 * it.
 */
const nextAt = `case when last_event_at + 2 < $2 then $2 else last_event_at + 2 end`
const advance = statement<Moment>(`
  update channels set sequence = sequence + 1, last_event_at = ${nextAt}
  where id = $1 and deleted_at is null
  returning sequence, last_event_at as at, counted, bots, ${streamsOf('channels')}`)
/** Several messages of one channel in one commit have numbers and times in the order of their calls. */
const advanceWithMessage = statement<Moment>(
  `update channels set sequence = sequence + 1,
    last_event_at = ${nextAt}, last_message_at = ${nextAt}, counted = counted + $3
  where id = $1 and deleted_at is null
  returning sequence, last_event_at as at, counted, bots, ${streamsOf('channels')}`,
  `with asked as (select * from unnest($1::bigint[], $2::bigint[], $3::bigint[]) with ordinality as asked (id, at, counts, whose)),
  locked as (select id from channels where id = any($1) and deleted_at is null order by id for no key update),
  advanced as (
    update channels c set sequence = c.sequence + each.count,
      last_event_at = greatest(c.last_event_at + 2, each.at) + 2 * (each.count - 1),
      last_message_at = greatest(c.last_event_at + 2, each.at) + 2 * (each.count - 1),
      counted = c.counted + each.counts
    from (select id, count(*) as count, max(at) as at, sum(counts)::bigint as counts from locked join asked using (id) group by id) each
    where c.id = each.id
    returning c.id, c.sequence - each.count as before, c.last_event_at - 2 * each.count as at_before, c.counted - each.counts as counted_before, c.bots, ${streamsOf('c')})
  select before + row_number() over (partition by id order by whose) as sequence,
    at_before + 2 * row_number() over (partition by id order by whose) as at,
    counted_before + (sum(counts) over (partition by id order by whose))::bigint as counted, advanced.bots, "channelStream", "messageStream", whose
  from asked join advanced using (id)`,
)
const catchUp = statement(`update channels set last_event_at = $2 where id = $1 and last_event_at < $3`)
const bury = statement<{ appInstanceId: number }>(`
  update channels set deleted_at = $2 where id = $1 and deleted_at is null returning app_instance_id as "appInstanceId"`)

/** The ARNs of the streams of a channel's app instance: that of its channels and that of its messages. */
export interface Streams {
  readonly channelStream: string | null
  readonly messageStream: string | null
}

export interface NewChannel extends Pick<Channel, 'name' | 'metadata' | 'mode' | 'privacy' | 'elastic' | 'expiration'> {
  readonly appInstanceId: number
  readonly externalId: string
  readonly createdBy: number
  readonly expiresAt: number | undefined
  readonly now: number
}

/** Returns the id of the new channel and where its events are streamed to, or undefined if a channel with that ChannelId exists. */
export async function insertChannel(tx: Queries, given: NewChannel): Promise<({ readonly id: number } & Streams) | undefined> {
  const { appInstanceId, externalId, name, metadata, mode, privacy, createdBy, now, expiration, expiresAt, elastic } = given
  const shown = [json(name), jsonIfGiven(metadata), mode, privacy]
  const over = [expiration?.days ?? null, expiration?.criterion ?? null, expiresAt ?? null]
  return tx.get(insert, appInstanceId, externalId, ...shown, createdBy, now, ...over, jsonOfObject(elastic))
}

export async function findChannel(db: Queries, id: number, viewerId: number): Promise<Channel | undefined> {
  const row = await db.get(selectOne, viewerId, id)
  if (!row) return undefined
  return {
    ...summary(row),
    flowArn: row.flowArn ?? undefined,
    elastic: elasticOf(row.elastic),
    createdBy: { id: row.creatorId, arn: row.creatorArn, name: parsed(row.creatorName) },
    createdAt: new Date(row.createdAt),
    updatedAt: new Date(row.updatedAt),
    expiration: row.expirationDays === null ? undefined : { days: row.expirationDays, criterion: row.expirationCriterion! },
  }
}

export const countElasticChannels = countRows<[appInstanceId: number]>(`
  select count(*) as count from channels where app_instance_id = $1 and elastic is not null and deleted_at is null`)

/** A page of the channels of an app instance, in the order of creation; one index range for each privacy. */
export async function listChannels(
  db: Queries,
  asked: { appInstanceId: number; privacies: readonly Privacy[]; viewerId: number },
  after: Cursor | undefined,
  limit: number,
): Promise<Page<ChannelSummary>> {
  const ranges = asked.privacies.map(privacy =>
    db.all(selectByPrivacy, asked.viewerId, asked.appInstanceId, privacy, after?.[0] ?? 0, limit + 1),
  )
  const rows = (await Promise.all(ranges)).flat().toSorted((a, b) => a.id - b.id)
  return pageById(rows.slice(0, limit + 1), limit, livingSummary)
}

/** A page of the channels that an identity moderates. */
export async function listModeratedChannels(
  db: Queries,
  { identityId, viewerId }: { identityId: number; viewerId: number },
  after: Cursor | undefined,
  limit: number,
): Promise<Page<ChannelSummary>> {
  const rows = await db.all(selectModerated, viewerId, identityId, after?.[0] ?? 0, limit + 1)
  return pageById(rows, limit, livingSummary)
}

export async function findModeratedChannel(db: Queries, channelId: number, identityId: number, viewerId: number) {
  const row = await db.get(selectOneModerated, viewerId, identityId, channelId)
  return row && summary(row)
}

/** Changes the given members and leaves the others. */
export async function updateChannel(
  tx: Queries,
  id: number,
  given: { name: string | undefined; mode: Mode | undefined; metadata: string | undefined; now: number },
) {
  await tx.run(update, id, jsonIfGiven(given.name), given.mode ?? null, jsonIfGiven(given.metadata), given.now)
}

/** Locks the channel until the commit; false if it is deleted. */
export const lockChannel = changeRow<[id: number]>(`update channels set deleted_at = deleted_at where id = $1 and deleted_at is null`)

/**
 * The number and time of an event in a channel, in commit order. Between two commits there are at least two milliseconds, so a read marker
 * fits between them, whatever the clocks of nodes and restarts.
 */
export interface Moment extends Streams {
  readonly sequence: number
  readonly at: number
  /** How many messages of the channel, or of the sub-channel that the event is about, have counted as unread so far, this one included. */
  readonly counted: number
  /** The ids of the bots in the channel, as `store/bots.ts` reads them; null if there are none. */
  readonly bots: string | null
}

/**
 * What takes a channel's number: a message that becomes visible to all members, such a message that also counts as unread, or any other
 * event.
 */
export type Advancing = 'message' | 'counted message' | 'other'

/**
 * Takes the channel's next number; until the commit nobody else can take one. Undefined if the channel is deleted. With a message
 * the time becomes the channel's LastMessageTimestamp too.
 */
export async function advanceChannel(tx: Queries, id: number, now: number, what: Advancing = 'other'): Promise<Moment | undefined> {
  return what === 'other' ? tx.get(advance, id, now) : tx.get(advanceWithMessage, id, now, what === 'counted message' ? 1 : 0)
}

/** A read marker advances a channel's clock that is behind by more than this. */
const nearEnough = 500

/**
 * Advances the channel's clock to the present if it is behind by more than half a second. Below that, marking a channel as read
 * does not need to lock the channel's row.
 */
export async function catchUpChannel(tx: Queries, id: number, now: number) {
  await tx.run(catchUp, id, now - 1, now - nearEnough)
}

/** Makes the channel and all its contents unreachable; the purge removes them. */
export async function buryChannel(tx: Queries, id: number, now: number) {
  const buried = await tx.get(bury, id, now)
  if (buried) await give(tx, 'channels', buried.appInstanceId)
}
