import { channelArn, channelArnIn } from './arns.ts'
import { secondsText, parsed, parsedIfGiven, type RowOf } from './text.ts'

export type Mode = 'UNRESTRICTED' | 'RESTRICTED'
export type Privacy = 'PUBLIC' | 'PRIVATE'

/** A channel as a list shows it. `lastMessageAt` is the time of the newest persistent message that the viewer may see. */
export interface ChannelSummary {
  readonly id: number
  readonly arn: string
  readonly name: string
  readonly metadata: string | undefined
  readonly mode: Mode
  readonly privacy: Privacy
  readonly lastMessageAt: Date | undefined
}

/** The names of ChannelSummary's members on the wire, for present/channels.ts and for SQL. */
export const wireSummary = {
  name: 'Name',
  arn: 'ChannelArn',
  mode: 'Mode',
  privacy: 'Privacy',
  metadata: 'Metadata',
  lastMessageAt: 'LastMessageTimestamp',
} as const satisfies Record<Exclude<keyof ChannelSummary, 'id'>, string>

/**
 * SQL for concat(), which leaves out null: the wire's ChannelSummary of the channel `c` as JSON. `lastMessageAt` is SQL for
 * milliseconds or null.
 */
export const summaryText = (appInstanceArn: string, lastMessageAt: string) => `
  '{"${wireSummary.name}":', c.name, ',"${wireSummary.arn}":"', ${channelArnIn(appInstanceArn, 'c')},
  '","${wireSummary.mode}":"', c.mode, '","${wireSummary.privacy}":"', c.privacy, '"', ',"${wireSummary.metadata}":' || c.metadata,
  ',"${wireSummary.lastMessageAt}":' || ${secondsText(lastMessageAt)}, '}'`

/** The columns of `channelColumns`. */
export type ChannelRow = RowOf<Omit<ChannelSummary, 'lastMessageAt'>>

export interface SummaryRow extends ChannelRow {
  publicAt: number | null
  privateAt: number | null
  deletedAt: number | null
}

/** SQL: the columns of a summary of the channel `c` in the app instance `a`, except its last message. */
export const channelColumns = `c.id, ${channelArn} as arn, c.name, c.metadata, c.mode, c.privacy`

/** $1 is the viewer in every query that shows channels: a message that is private to the viewer moves its LastMessageTimestamp. */
export const summaryColumns = `
  ${channelColumns}, c.last_message_at as "publicAt", c.deleted_at as "deletedAt",
  (select max(p.created_at) from private_messages p
   where p.channel_id = c.id and p.sub_channel_id = 0 and p.viewer_id = $1 and p.failed = 0) as "privateAt"`

/** A summary of a channel; the last message that the viewer may see was at the latest of these times. */
export const summaryOf = (row: ChannelRow, ...times: readonly (number | null)[]): ChannelSummary => {
  const at = Math.max(...times.map(time => time ?? -Infinity))
  return {
    id: row.id,
    arn: row.arn,
    name: parsed(row.name),
    metadata: parsedIfGiven(row.metadata),
    mode: row.mode,
    privacy: row.privacy,
    lastMessageAt: at === -Infinity ? undefined : new Date(at),
  }
}

export const summary = (row: SummaryRow) => summaryOf(row, row.publicAt, row.privateAt)

/** Undefined for a channel that is deleted and not yet purged. */
export const livingSummary = (row: SummaryRow) => (row.deletedAt === null ? summary(row) : undefined)
