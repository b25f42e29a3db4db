import { statement, type Queries } from '../database/database.ts'
import { identityArn } from './arns.ts'
import { byMember } from './memberships.ts'
import type { Place } from './places.ts'
import { parsed } from './text.ts'

/** The configuration of a bot, as CreateAppInstanceBot takes it. */
export interface LexConfiguration {
  readonly LexBotAliasArn: string
  readonly LocaleId: string
  readonly InvokedBy?: {
    readonly StandardMessages: 'AUTO' | 'ALL' | 'MENTIONS' | 'NONE'
    readonly TargetedMessages: 'ALL' | 'NONE'
  }
  readonly WelcomeIntent?: string
}

/** A bot that is a member. */
export interface MemberBot {
  readonly id: number
  readonly arn: string
  readonly lex: LexConfiguration
}

const selectBots = statement<{ bots: string | null }>(`select bots from channels where id = $1`)
const setBots = statement(`update channels set bots = $2 where id = $1`)
const selectMember = statement<{ id: number; arn: string; configuration: string }>(`
  select i.id, ${identityArn('i')} as arn, i.configuration
  from memberships m
  join identities i on i.id = m.member_id and i.kind = 'bot' and i.deleted_at is null
  join app_instances a on a.id = i.app_instance_id
  where m.channel_id = $1 and m.sub_channel_id = $2 and m.member_id = $3 and ${byMember}`)

/** The aliases of all bots, without repetitions; $1 is the most of them. */
export const configuredAliases = statement<{ configuration: string }>(`
  select distinct configuration from identities where kind = 'bot' and deleted_at is null and configuration is not null limit $1`)

/** The configuration of a bot, from its column. */
export const lexOf = (configuration: string) => parsed<{ Lex: LexConfiguration }>(configuration).Lex

/** The ids of bots from the column `bots` of a channel. */
export const botIds = (bots: string | null): number[] => (bots === null ? [] : bots.split(' ').map(Number))

/** The bots of a channel that is locked. */
export async function botsOfChannel(tx: Queries, channelId: number): Promise<number[]> {
  return botIds((await tx.get(selectBots, channelId))?.bots ?? null)
}

export async function putBotsOfChannel(tx: Queries, channelId: number, ids: readonly number[]) {
  await tx.run(setBots, channelId, ids.length === 0 ? null : ids.join(' '))
}

/** The bot, if it is a member of the channel and not deleted. */
export async function findMemberBot(db: Queries, { channelId, subChannelId }: Place, botId: number): Promise<MemberBot | undefined> {
  const row = await db.get(selectMember, channelId, subChannelId, botId)
  return row && { id: row.id, arn: row.arn, lex: lexOf(row.configuration) }
}
