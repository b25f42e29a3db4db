import { randomUUID } from 'node:crypto'
import { arnWithin } from '../arn.ts'
import type { Handlers } from '../call.ts'
import type { Input } from '../contract/index.ts'
import { notFound } from '../errors.ts'
import { checkCount, holdAppInstance } from '../domain/counts.ts'
import { deleteIdentity, findIdentity } from '../domain/identities.ts'
import { checkMetadataSize } from '../domain/sizes.ts'
import { tagNew } from '../domain/tags.ts'
import type { Queries } from '../store/database.ts'
import { countIdentities, insertIdentity, listIdentities, updateIdentity, type IdentityRecord } from '../store/identities.ts'
import { requireAppInstance } from './app-instances.ts'
import { once } from './idempotency.ts'
import { paged } from './paging.ts'

type Configuration = Input<'CreateAppInstanceBot'>['Configuration']

async function requireBot(db: Queries, text: string): Promise<IdentityRecord> {
  const found = await findIdentity(db, text)
  if (!found) throw notFound('The app instance bot does not exist.', `There is no bot ${text}.`)
  return found
}

/** Without RespondsTo and InvokedBy a bot answers all standard messages and no targeted ones (spec/decisions.md). */
function withDefaults(configuration: Configuration): Configuration {
  const { Lex } = configuration
  if (Lex.RespondsTo || Lex.InvokedBy) return configuration
  return { ...configuration, Lex: { ...Lex, InvokedBy: { StandardMessages: 'ALL', TargetedMessages: 'NONE' } } }
}

export const bots: Handlers<
  'CreateAppInstanceBot' | 'DescribeAppInstanceBot' | 'ListAppInstanceBots' | 'UpdateAppInstanceBot' | 'DeleteAppInstanceBot'
> = {
  async CreateAppInstanceBot(input, call) {
    checkMetadataSize(input.Metadata)
    const { AppInstanceArn, Name, Metadata, Configuration } = input
    const appInstance = await requireAppInstance(call, AppInstanceArn)
    return once(call, AppInstanceArn, input, async tx => {
      await holdAppInstance(tx, appInstance.id)
      checkCount(await countIdentities(tx, appInstance.id, 'bot'), 'botsPerAppInstance', call.limits)
      const externalId = randomUUID()
      const id = await insertIdentity(tx, {
        appInstanceArn: AppInstanceArn,
        kind: 'bot',
        externalId,
        name: Name ?? '',
        metadata: Metadata,
        configuration: withDefaults(Configuration),
        now: call.now(),
      })
      if (id !== undefined) await tagNew(tx, { kind: 'identity', id }, input.Tags)
      return { AppInstanceBotArn: arnWithin(AppInstanceArn, 'bot', externalId) }
    })
  },

  async DescribeAppInstanceBot({ AppInstanceBotArn }, { db }) {
    const bot = await requireBot(db, AppInstanceBotArn)
    return {
      AppInstanceBot: {
        AppInstanceBotArn: bot.arn,
        Name: bot.name,
        Configuration: bot.configuration as Configuration,
        CreatedTimestamp: bot.createdAt,
        LastUpdatedTimestamp: bot.updatedAt,
        Metadata: bot.metadata,
      },
    }
  },

  async ListAppInstanceBots(input, call) {
    const { AppInstanceArn } = input
    await requireAppInstance(call, AppInstanceArn)
    const { items, NextToken } = await paged(call, input, [AppInstanceArn], (after, limit) =>
      listIdentities(call.db, AppInstanceArn, 'bot', after, limit),
    )
    const AppInstanceBots = items.map(({ arn, name, metadata }) => ({ AppInstanceBotArn: arn, Name: name, Metadata: metadata }))
    return { AppInstanceArn, AppInstanceBots, NextToken }
  },

  async UpdateAppInstanceBot({ AppInstanceBotArn, Name, Metadata, Configuration }, { db, now }) {
    checkMetadataSize(Metadata)
    await db.transaction(async tx => {
      const { id } = await requireBot(tx, AppInstanceBotArn)
      const configuration = Configuration && withDefaults(Configuration)
      await updateIdentity(tx, id, { name: Name, metadata: Metadata, configuration, now: now() })
    })
    return { AppInstanceBotArn }
  },

  async DeleteAppInstanceBot({ AppInstanceBotArn }, { db, now, purgeSoon }) {
    const bot = await findIdentity(db, AppInstanceBotArn)
    if (!bot) return
    await db.transaction(tx => deleteIdentity(tx, bot.id, now()))
    purgeSoon()
  },
}
