import { ServiceUnavailableException, type SendChannelMessageCommandInput } from '@aws-sdk/client-chime-sdk-messaging'
import { jobsOf } from '../../src/jobs/index.ts'
import { purgeStep } from '../../src/jobs/purge.ts'
import { statement } from '../../src/database/database.ts'
import type { World } from '../support/world.ts'

type Extra = Partial<SendChannelMessageCommandInput>

/** Sends a persistent STANDARD message, unless the input says otherwise; resolves to its id. */
export async function say(
  { messaging }: Pick<World, 'messaging'>,
  bearer: string,
  channel: string,
  content = 'hello',
  extra: Extra = {},
): Promise<string> {
  const { MessageId } = await messaging.sendChannelMessage({
    ChannelArn: channel,
    ChimeBearer: bearer,
    Content: content,
    Type: 'STANDARD',
    Persistence: 'PERSISTENT',
    ...extra,
  })
  return MessageId!
}

/** Repeats a call as SDKs do by themselves: on a busy machine, some of many calls at once may be refused for a retry. */
export async function patiently<Result>(call: () => Promise<Result>, attempts = 20): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof ServiceUnavailableException) || attempts === 1) throw error
    return patiently(call, attempts - 1)
  }
}

/** Sends one of many messages at once, with a token. */
export async function sayAmongMany(world: Pick<World, 'messaging'>, bearer: string, channel: string, content: string): Promise<string> {
  const ClientRequestToken = crypto.randomUUID()
  return patiently(() => say(world, bearer, channel, content, { ClientRequestToken }))
}

/** When a message was created, as ListChannelMessages says to a bearer who may read it. */
export async function sentAt({ messaging }: World, bearer: string, channel: string, id: string): Promise<Date> {
  const { ChannelMessage } = await messaging.getChannelMessage({ ChannelArn: channel, MessageId: id, ChimeBearer: bearer })
  return ChannelMessage!.CreatedTimestamp!
}

/** A channel by its creator, PRIVATE unless the input says otherwise; resolves to its ARN. */
export async function open(
  { messaging }: Pick<World, 'messaging'>,
  creator: string,
  extra: Partial<Parameters<World['messaging']['createChannel']>[0]> = {},
): Promise<string> {
  const { ChannelArn } = await messaging.createChannel({
    AppInstanceArn: creator.replace(/\/(user|bot)\/.*$/, ''),
    Name: 'channel',
    Privacy: 'PRIVATE',
    ChimeBearer: creator,
    ...extra,
  })
  return ChannelArn!
}

interface AnyPage {
  NextToken?: string | undefined
}

/** Every page of a list, from the first to the one without a NextToken. */
export async function pages<Page extends AnyPage>(load: (NextToken: string | undefined, index: number) => Promise<Page>): Promise<Page[]> {
  const found: Page[] = []
  let token: string | undefined
  do {
    const page = await load(token, found.length)
    found.push(page)
    token = page.NextToken
  } while (token !== undefined)
  return found
}

/** The channels of the bearer, or of the member that the input names, by ARN. */
export async function channelsOf({ messaging }: World, bearer: string, named?: string) {
  const found = await pages(NextToken =>
    messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: bearer, AppInstanceUserArn: named, NextToken }),
  )
  const entries = found.flatMap(page => page.ChannelMemberships!)
  return new Map(entries.map(entry => [entry.ChannelSummary!.ChannelArn!, entry]))
}

/** How many rows a table has. */
export async function rowsIn({ app }: World, table: string): Promise<number> {
  const row = await app.db.get(statement<{ found: number }>(`select count(*) as found from ${table}`))
  return row!.found
}

const tablesOfColumn = {
  sqlite: `select m.name as name from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table' and c.name = 'channel_id'`,
  postgres: `
    select table_name as name from information_schema.columns where column_name = 'channel_id' and table_schema = current_schema()`,
}

/** The tables whose rows belong to a channel. */
export async function tablesOfChannels({ app }: World): Promise<string[]> {
  const rows = await app.db.all(statement<{ name: string }>(tablesOfColumn[app.db.kind]))
  return rows.map(({ name }) => name).toSorted()
}

/** Runs a job of the server to its end, by the server's clock. */
export async function runJob({ app, now }: World, name: string) {
  await jobsOf({ db: app.db, now })
    .find(job => job.name === name)!
    .run()
}

/** Resolves when all that is deleted has been purged. */
export async function purged({ app, now }: World) {
  while (await purgeStep(app.db, now()));
}

export const days = (count: number) => count * 24 * 60 * 60 * 1000
