import type { Handlers } from './call.ts'
import { requireAppInstance } from '../domain/app-instances.ts'
import { changeBot, createBot, deleteBot, requireBot, type BotConfiguration } from '../domain/bots.ts'
import { listIdentities } from '../store/identities.ts'
import { once } from './idempotency.ts'
import { named } from './named.ts'
import { paged } from './paging.ts'

export const bots = {
  async CreateAppInstanceBot(input, call) {
    const appInstance = await requireAppInstance(call.db, input.AppInstanceArn)
    const bot = { name: input.Name, metadata: input.Metadata, configuration: input.Configuration, tags: input.Tags }
    return once(call, appInstance.arn, input, async tx => ({ AppInstanceBotArn: await createBot(tx, call, appInstance, bot) }))
  },

  async DescribeAppInstanceBot(_, call) {
    const bot = await requireBot(call.db, named(call, 'AppInstanceBotArn'))
    return {
      AppInstanceBot: {
        AppInstanceBotArn: bot.arn,
        Name: bot.name,
        Configuration: bot.configuration as BotConfiguration,
        CreatedTimestamp: bot.createdAt,
        LastUpdatedTimestamp: bot.updatedAt,
        Metadata: bot.metadata,
      },
    }
  },

  async ListAppInstanceBots(input, call) {
    const { AppInstanceArn } = input
    await requireAppInstance(call.db, AppInstanceArn)
    const { items, NextToken } = await paged(call, input, [AppInstanceArn], (after, limit) =>
      listIdentities(call.db, AppInstanceArn, 'bot', after, limit),
    )
    const AppInstanceBots = items.map(({ arn, name, metadata }) => ({ AppInstanceBotArn: arn, Name: name, Metadata: metadata }))
    return { AppInstanceArn, AppInstanceBots, NextToken }
  },

  async UpdateAppInstanceBot({ AppInstanceBotArn, Name, Metadata, Configuration }, call) {
    const given = { name: Name, metadata: Metadata, configuration: Configuration }
    await call.db.transaction(tx => changeBot(tx, call, named(call, 'AppInstanceBotArn'), given))
    return { AppInstanceBotArn }
  },

  async DeleteAppInstanceBot(_, call) {
    await call.db.transaction(tx => deleteBot(tx, call, named(call, 'AppInstanceBotArn')))
  },
} satisfies Partial<Handlers>
